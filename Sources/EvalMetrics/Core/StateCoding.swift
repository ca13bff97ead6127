extension Int {
  /// The sum, or the nearest integer to it. Counts of decoded states can be anything, and merging them must not trap.
  public func addingClamped(_ other: Int) -> Int {
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
  /// What was written; of a writer that passes its bytes on, what has gathered since.
  public private(set) var bytes: [UInt8] = []
  /// Takes what has gathered, so that a large state never stands in memory as bytes.
  private let drain: (@Sendable ([UInt8]) -> Void)?

  /// How many bytes gather before they are passed on.
  private static var pieceBytes: Int { 1 << 20 }

  public init() { drain = nil }

  /// A writer that passes on what it is given, in pieces of about a megabyte; `finish` passes on the last.
  public init(passingTo drain: @escaping @Sendable ([UInt8]) -> Void) { self.drain = drain }

  /// Passes on what has gathered.
  public mutating func finish() {
    guard let drain, !bytes.isEmpty else { return }
    drain(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  @inline(__always)
  private mutating func passOn() {
    if bytes.count >= Self.pieceBytes, drain != nil { finish() }
  }

  /// Empties the writer and keeps its memory, unless that is much.
  public mutating func clear() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.pieceBytes)
  }

  /// Puts other bytes in the place of some that were written, as many of them as there are.
  public mutating func replace(at place: Int, with other: [UInt8]) {
    for (index, byte) in other.enumerated() where bytes.indices.contains(place + index) {
      bytes[place + index] = byte
    }
  }

  /// Appends bytes as they are.
  public mutating func write(raw bytes: [UInt8]) {
    self.bytes.append(contentsOf: bytes)
    passOn()
  }

  /// Appends numbers as they are, without their count.
  public mutating func write<T: BitwiseCopyable>(raw values: [T]) {
    guard drain != nil else { return Kernels.append(values, to: &bytes) }
    var rest = values[...]
    while !rest.isEmpty {
      Kernels.append(rest.prefix(Self.pieceBytes / MemoryLayout<T>.size), to: &bytes)
      rest = rest.dropFirst(Self.pieceBytes / MemoryLayout<T>.size)
      passOn()
    }
  }

  /// Appends an integer of its own width, which is at most 64 bits.
  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    var rest = UInt64(truncatingIfNeeded: value)
    for _ in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
    passOn()
  }

  /// Appends the bits of a double.
  public mutating func write(_ value: Double) { write(value.bitPattern) }

  /// Appends a string, its length in bytes first.
  public mutating func write(_ value: String) {
    write(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// Appends a name, as the string that it is.
  public mutating func write(_ name: Name) { write(name.text) }

  /// Appends an array of integers, its count first.
  public mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ values: [T]) {
    write(UInt64(values.count))
    write(raw: values)
  }

  /// Appends an array of doubles, its count first.
  public mutating func write(_ values: [Double]) {
    write(UInt64(values.count))
    write(raw: values)
  }

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
  private var position: Int
  private let end: Int

  public init(_ bytes: [UInt8]) { self.init(bytes, in: 0..<bytes.count) }

  /// Reads a part of the bytes.
  public init(_ bytes: [UInt8], in range: Range<Int>) {
    let range = range.clamped(to: 0..<bytes.count)
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// What is not read yet.
  public var rest: [UInt8] { Array(bytes[position..<end]) }

  /// Bytes not read yet.
  public var remaining: Int { end - position }

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

  /// The next string, which is a name.
  public mutating func readName() throws(StateError) -> Name { Name(try readString()) }

  /// The next array of integers.
  public mutating func readArray<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(StateError) -> [T] {
    let count = try readCount(ofSize: MemoryLayout<T>.size)
    return try read(raw: count, of: T.zero)
  }

  /// So many numbers without their count; `zero` is any of their type.
  public mutating func read<T: BitwiseCopyable>(
    raw count: Int, of zero: T
  ) throws(StateError) -> [T] {
    guard count >= 0, count <= remaining / MemoryLayout<T>.size else {
      throw StateError("the state ends too early")
    }
    let values = Kernels.numbers(of: zero, from: bytes, at: position, count: count)
    position += count * MemoryLayout<T>.size
    return values
  }

  /// The next array of doubles.
  public mutating func readDoubles() throws(StateError) -> [Double] {
    try read(raw: try readCount(ofSize: 8), of: 0.0)
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
