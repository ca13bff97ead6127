// Loops over columns. The only file of this target with unsafe pointers: every function here may be
// called with columns of any size and content.

/// The loops over columns that decide evald's speed: keys of scores, sorting, merging, walking, checks.
public enum Kernels {
  // MARK: Keys

  /// The key of a score that is not NaN: key(a) < key(b) just when a < b; both zeros have one key.
  @inline(__always)
  public static func key(_ x: Float) -> UInt32 {
    // Adding zero makes -0.0 into 0.0 and changes nothing else.
    let bits = (x + 0).bitPattern
    return bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) &>> 31) | 0x8000_0000)
  }

  /// The key of a score that is not NaN: key(a) < key(b) just when a < b; both zeros have one key.
  @inline(__always)
  public static func key(_ x: Double) -> UInt64 {
    let bits = (x + 0).bitPattern
    return bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) &>> 63) | 1 << 63)
  }

  /// The score that a key stands for.
  @inline(__always)
  public static func float(_ key: UInt32) -> Float {
    Float(bitPattern: key ^ (key >> 31 == 1 ? 0x8000_0000 : 0xFFFF_FFFF))
  }

  /// The score that a key stands for.
  @inline(__always)
  public static func double(_ key: UInt64) -> Double {
    Double(bitPattern: key ^ (key >> 63 == 1 ? 1 << 63 : .max))
  }

  /// The key of 16 bits that hold a float16 or a bfloat16 other than NaN, in the order of the values
  /// of that type; both zeros have one key.
  @inline(__always)
  public static func key16(_ bits: UInt16) -> UInt16 {
    let positive = bits == 0x8000 ? 0 : bits
    return positive ^ (UInt16(bitPattern: Int16(bitPattern: positive) &>> 15) | 0x8000)
  }

  /// The bits that a 16-bit key stands for.
  @inline(__always)
  public static func bits16(_ key: UInt16) -> UInt16 {
    key ^ (key >> 15 == 1 ? 0x8000 : 0xFFFF)
  }

  // MARK: Widening

  /// The value of a float16, exactly.
  @inline(__always)
  public static func float(half bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF)
    let sign = UInt32(bits & 0x8000) << 16
    // Exponents are biased by 112 more in a Float; infinity and NaN go from 31 to 255, 112 further.
    let normal = magnitude << 13 &+ (magnitude >= 0x7C00 ? 224 << 23 : 112 << 23)
    let subnormal = (Float(Int32(magnitude)) * 0x1p-24).bitPattern
    return Float(bitPattern: sign | (magnitude < 0x0400 ? subnormal : normal))
  }

  /// The value of a bfloat16, exactly: it is the upper half of a Float.
  @inline(__always)
  public static func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The values of float16 numbers, exactly.
  public static func floats(half column: [UInt16]) -> [Float] {
    widen(column) { float(half: $0) }
  }

  /// The values of bfloat16 numbers, exactly.
  public static func floats(bfloat16 column: [UInt16]) -> [Float] {
    widen(column) { float(bfloat16: $0) }
  }

  /// The values of float16 numbers, exactly.
  public static func doubles(half column: [UInt16]) -> [Double] {
    widen(column) { Double(float(half: $0)) }
  }

  /// The values of bfloat16 numbers, exactly.
  public static func doubles(bfloat16 column: [UInt16]) -> [Double] {
    widen(column) { Double(float(bfloat16: $0)) }
  }

  @inline(__always)
  private static func widen<Value>(_ column: [UInt16], _ value: (UInt16) -> Value) -> [Value] {
    [Value](unsafeUninitializedCapacity: column.count) { values, count in
      count = column.count
      guard let first = values.baseAddress else { return }
      for row in 0..<count { (first + row).initialize(to: value(column[row])) }
    }
  }

  // MARK: Partition and count

  /// Counts the rows of each 16-bit key, those whose label is not 0 in `positives`, as far as both
  /// columns go. A table that hasn't 65,536 entries is made anew, empty.
  public static func countTable(
    keys: [UInt16], labels: [UInt8], positives: inout [Int], negatives: inout [Int]
  ) {
    if positives.count != 65_536 { positives = [Int](repeating: 0, count: 65_536) }
    if negatives.count != 65_536 { negatives = [Int](repeating: 0, count: 65_536) }
    let count = min(keys.count, labels.count)
    positives.withUnsafeMutableBufferPointer { ones in
      negatives.withUnsafeMutableBufferPointer { zeros in
        for row in 0..<count {
          let table = labels[row] != 0 ? ones : zeros
          table[Int(keys[row])] &+= 1
        }
      }
    }
  }

  /// The rows whose label is odd, those whose score is at least the threshold, and those that are both,
  /// as far as both columns go.
  public static func decisions(
    scores: [Float], labels: [UInt8], threshold: Float
  ) -> (positives: Int, decided: Int, both: Int) {
    var sums = (0, 0, 0)
    scores.withUnsafeBufferPointer { scores in
      labels.withUnsafeBufferPointer { labels in
        let count = min(scores.count, labels.count)
        // Sums of 32 bits can be vectorised beside floats.
        for start in stride(from: 0, to: count, by: 65_536) {
          var block: (UInt32, UInt32, UInt32) = (0, 0, 0)
          for row in start..<min(start &+ 65_536, count) {
            let label = UInt32(labels[row] & 1)
            let decided: UInt32 = scores[row] >= threshold ? 1 : 0
            block.0 &+= label
            block.1 &+= decided
            block.2 &+= label & decided
          }
          sums = (sums.0 + Int(block.0), sums.1 + Int(block.1), sums.2 + Int(block.2))
        }
      }
    }
    return sums
  }

  // MARK: Checks

  /// Whether all are 0 or 1.
  public static func areBits(_ xs: [UInt8]) -> Bool {
    xs.withUnsafeBufferPointer { xs in
      var bits: UInt8 = 0
      for x in xs { bits |= x }
      return bits <= 1
    }
  }

  /// The first row that is NaN or infinite.
  public static func firstNonFinite(_ xs: [Float]) -> Int? {
    firstNonFinite(xs, form: .best)
  }

  static func firstNonFinite(_ xs: [Float], form: RowForm) -> Int? {
    let areFinite = xs.withUnsafeBufferPointer { xs in
      xs.baseAddress.map { form.areFinite($0, xs.count) } ?? true
    }
    return areFinite ? nil : xs.firstIndex { !$0.isFinite }
  }

  /// The first row that is NaN or infinite.
  public static func firstNonFinite(_ xs: [Double]) -> Int? {
    // x - x is 0 for a finite x, else NaN.
    firstRow(xs) { ($0 - $0).bitPattern }
  }

  /// The first row that is NaN, below `low` or above `high`.
  public static func firstOutside(_ xs: [Float], _ low: Float, _ high: Float) -> Int? {
    firstRow(xs) { ($0 >= low ? 0 : 1) | ($0 <= high ? 0 : 1) as UInt32 }
  }

  /// The first row that is NaN, below `low` or above `high`.
  public static func firstOutside(_ xs: [Double], _ low: Double, _ high: Double) -> Int? {
    firstRow(xs) { ($0 >= low ? 0 : 1) | ($0 <= high ? 0 : 1) as UInt64 }
  }

  /// The first row whose fault is not 0. A whole block is looked at before any of its rows, because a
  /// loop that could end on every row can't be vectorised.
  @inline(__always)
  private static func firstRow<Value, Bits: FixedWidthInteger>(
    _ xs: [Value], fault: (Value) -> Bits
  ) -> Int? {
    xs.withUnsafeBufferPointer { xs in
      var start = 0
      while start < xs.count {
        let end = min(start &+ 1024, xs.count)
        var faults: Bits = 0
        for row in start..<end { faults |= fault(xs[row]) }
        if faults != 0 {
          for row in start..<end where fault(xs[row]) != 0 { return row }
        }
        start = end
      }
      return nil
    }
  }
}
