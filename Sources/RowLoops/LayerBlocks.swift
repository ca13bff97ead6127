/// Blocks of the positives of a base, of which is counted what is below each.
///
/// Eight runs of 128 positives are counted side by side, so the columns of a block have the first of each run first.
/// Like Kernels.swift of EvalMetrics, this file may use unsafe pointers; whoever calls what it offers sees to it that
/// they are valid.
public enum LayerBlocks {
  /// Positives of a block, and of each run.
  @inlinable @inline(__always)
  public static var length: Int { 1024 }
  @inlinable @inline(__always)
  public static var runLength: Int { 128 }

  /// Where a positive of a block is in its columns.
  @inlinable @inline(__always)
  public static func slot(_ place: Int) -> Int {
    (place & (runLength &- 1)) &* 8 &+ place / runLength
  }

  /// Writes what is below each positive of a block, with 2^52 added: the positives, of which the block begins at
  /// `start`, and the negatives, of which `below` are in the base.
  ///
  /// `back` is how far a positive is from the first of the same score; `steps` are the rows of other layers between a
  /// positive and the one before it, negatives, and positives times 2^32, and are zero afterwards; `passed` is their
  /// number so far.
  @inlinable @inline(__always)
  public static func spread(
    _ start: Int, _ back: UnsafePointer<UInt8>, _ below: UnsafePointer<Int32>,
    _ steps: UnsafeMutablePointer<UInt64>, _ passed: inout UInt64,
    positives: UnsafeMutablePointer<Double>, negatives: UnsafeMutablePointer<Double>
  ) {
    typealias Lanes = SIMD8<UInt64>
    var counts = Lanes.zero
    for row in 0..<runLength { counts &+= lanes(steps + 8 &* row) }
    // Each run begins where the one before it ends.
    for lane in 0..<8 {
      let own = counts[lane]
      counts[lane] = passed
      passed &+= own
    }
    let bits = Lanes(repeating: 0x1p52.bitPattern)
    let runs = Lanes(0, 1, 2, 3, 4, 5, 6, 7) &* Lanes(repeating: UInt64(runLength))
    var places = runs &+ bits &+ Lanes(repeating: UInt64(truncatingIfNeeded: start))
    for row in 0..<runLength {
      let slot = 8 &* row
      counts &+= lanes(steps + slot)
      store(Lanes.zero, steps + slot)
      let far = Lanes(
        truncatingIfNeeded: UnsafeRawPointer(back + slot).loadUnaligned(as: SIMD8<UInt8>.self))
      let own = Lanes(
        truncatingIfNeeded: UnsafeRawPointer(below + slot).loadUnaligned(as: SIMD8<UInt32>.self))
      store(places &- far &+ (counts &>> Lanes(repeating: 32)), positives + slot)
      store((own | bits) &+ (counts & Lanes(repeating: 0xFFFF_FFFF)), negatives + slot)
      places &+= Lanes(repeating: 1)
    }
  }

  @inlinable @inline(__always)
  static func lanes(_ source: UnsafePointer<UInt64>) -> SIMD8<UInt64> {
    UnsafeRawPointer(source).loadUnaligned(as: SIMD8<UInt64>.self)
  }

  @inlinable @inline(__always)
  static func store<T>(_ lanes: SIMD8<UInt64>, _ target: UnsafeMutablePointer<T>) {
    UnsafeMutableRawPointer(target).storeBytes(of: lanes, as: SIMD8<UInt64>.self)
  }
}
