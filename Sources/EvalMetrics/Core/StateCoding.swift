extension Int {
  /// The sum, or the nearest integer to it. Counts of decoded states can be anything, and merging them must not trap.
  func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}

/// Encoded state that cannot be read.
public struct StateError: Error, Sendable, Equatable {
  public var message: String
  /// Whether a newer evald wrote it, so that it may be whole.
  public var isTooNew: Bool

  public init(_ message: String, isTooNew: Bool = false) {
    self.message = message
    self.isTooNew = isTooNew
  }
}

/// Writes a state as bytes: fixed-width little-endian integers, and lengths before what they count.
public struct StateWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  /// Appends bytes as they are.
  public mutating func write(raw bytes: [UInt8]) { self.bytes.append(contentsOf: bytes) }

  public init() {}

  /// Appends an integer of its own width, which is at most 64 bits.
  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    var rest = UInt64(truncatingIfNeeded: value)
    for _ in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// Appends the bits of a double.
  public mutating func write(_ value: Double) { write(value.bitPattern) }

  /// Appends a string, its length in bytes first.
  public mutating func write(_ value: String) {
    write(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// Appends an array of integers, its count first.
  public mutating func write<T: FixedWidthInteger>(_ values: [T]) {
    write(UInt64(values.count))
    bytes.reserveCapacity(bytes.count + values.count * MemoryLayout<T>.size)
    for value in values { write(value) }
  }

  /// Appends an array of doubles, its count first.
  public mutating func write(_ values: [Double]) { write(values.map(\.bitPattern)) }

  /// Appends an exact sum in its canonical form, so that equal sums are equal bytes.
  public mutating func write(_ sum: ExactSum) {
    let form = sum.canonicalLimbs
    write(Int64(form.exponent))
    write(UInt8(form.negative ? 1 : 0))
    write(form.limbs)
  }
}

/// Reads what a `StateWriter` wrote, and refuses anything else.
public struct StateReader: Sendable {
  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What is not read yet.
  public var rest: [UInt8] { Array(bytes[position...]) }

  /// Bytes not read yet.
  public var remaining: Int { bytes.count - position }

  /// The next integer of this width.
  public mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws(StateError) -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else { throw StateError("the state ends too early") }
    var value: T = 0
    for index in (0..<size).reversed() {
      value =
        T(truncatingIfNeeded: (UInt64(truncatingIfNeeded: value) << 8))
        | T(truncatingIfNeeded: bytes[position + index])
    }
    position += size
    return value
  }

  /// The next double.
  public mutating func readDouble() throws(StateError) -> Double {
    Double(bitPattern: try read(UInt64.self))
  }

  /// A count of things that take at least `size` bytes each, so that a damaged count cannot ask for more than there is.
  public mutating func readCount(ofSize size: Int = 1) throws(StateError) -> Int {
    guard let count = Int(exactly: try read(UInt64.self)), count <= remaining / max(1, size) else {
      throw StateError("a count is larger than what follows")
    }
    return count
  }

  /// The next string.
  public mutating func readString() throws(StateError) -> String {
    let count = try readCount()
    let slice = bytes[position..<position + count]
    position += count
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw StateError("a string is not UTF-8")
    }
    return text
  }

  /// The next array of integers.
  public mutating func readArray<T: FixedWidthInteger>(_: T.Type = T.self) throws(StateError) -> [T]
  {
    let count = try readCount(ofSize: MemoryLayout<T>.size)
    var values: [T] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try read(T.self)) }
    return values
  }

  /// The next array of doubles.
  public mutating func readDoubles() throws(StateError) -> [Double] {
    try readArray(UInt64.self).map(Double.init(bitPattern:))
  }

  /// The next exact sum.
  public mutating func readExactSum() throws(StateError) -> ExactSum {
    let exponent = try read(Int64.self)
    let negative = try read(UInt8.self)
    let limbs = try readArray(UInt32.self)
    guard negative <= 1, let position = Int(exactly: exponent),
      let sum = ExactSum(exponent: position, negative: negative == 1, limbs: limbs)
    else { throw StateError("an exact sum is out of range") }
    return sum
  }
}
