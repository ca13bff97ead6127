// Columns that are looked at where they lie. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size and content.

/// Numbers in a rectangle that nobody has read yet: they lie in memory where somebody else may change them at any
/// time.
///
/// To copy a large column takes as long as to work on it, so whoever reads each number just once may look at it where
/// it is. Nothing may follow from two looks at one number: a row that is needed again is copied while it is looked at,
/// as `Kernels.rankRows` does.
public struct UnreadColumn: Sendable {
  /// Which numbers there may be: of these any bits are one.
  public enum NumberType: Sendable {
    case float32
    case float64
  }

  /// Fills a room that is as large as the column; false where the numbers are not all there.
  public typealias Copy = @Sendable (_ room: UnsafeMutableRawBufferPointer) -> Bool
  /// Hands out where the numbers begin, for as long as the body runs; false where they were not all there all the
  /// time, so that what was seen means nothing.
  public typealias Look = @Sendable (_ body: (UnsafeRawPointer) -> Void) -> Bool

  public let type: NumberType
  /// The lengths of the dimensions, rows first.
  public let shape: [Int]
  /// What is thrown where the numbers are gone.
  private let gone: InputError
  private let copy: Copy
  private let look: Look

  /// - Parameter shape: lengths whose product is the number of elements; their bytes are at most `Int.max`.
  public init(
    _ type: NumberType, shape: [Int], gone: InputError, copy: @escaping Copy, look: @escaping Look
  ) {
    self.type = type
    self.shape = shape
    self.gone = gone
    self.copy = copy
    self.look = look
  }

  /// How many rows: the length of the first dimension.
  public var rows: Int { shape.first ?? 0 }

  /// Elements a row, all further dimensions together.
  public var width: Int { NumericColumn.width(shape) }

  /// A copy of all.
  func numbers() throws(InputError) -> NumericColumn {
    switch type {
    case .float32: NumericColumn(storage: .float32(try elements()), shape: shape)
    case .float64: NumericColumn(storage: .float64(try elements()), shape: shape)
    }
  }

  private func elements<Number: BitwiseCopyable>() throws(InputError) -> [Number] {
    let count = rows * width
    var areThere = false
    let found = [Number](unsafeUninitializedCapacity: count) { room, written in
      let size = count * MemoryLayout<Number>.stride
      areThere = copy(UnsafeMutableRawBufferPointer(start: room.baseAddress, count: size))
      written = areThere ? count : 0
    }
    if areThere { return found }
    throw gone
  }

  /// One element, by a look of its own; null where it is gone.
  func value(at index: Int) -> Value {
    guard index >= 0, index < rows * width else { return .null }
    var value = 0.0
    let isThere = look { numbers in
      switch type {
      case .float32: value = Double(numbers.load(fromByteOffset: index * 4, as: Float.self))
      case .float64: value = numbers.load(fromByteOffset: index * 8, as: Double.self)
      }
    }
    return isThere ? .number(value) : .null
  }

  /// Its rows, as numbers of the type that it has.
  struct Rows<Number>: RowSource {
    let column: UnreadColumn

    static var mayChange: Bool { true }

    var count: Int { column.rows * column.width }

    func look(_ body: (UnsafePointer<Number>) -> Void) -> Bool {
      column.look { body($0.assumingMemoryBound(to: Number.self)) }
    }
  }
}

/// Rows of numbers that lie side by side.
protocol RowSource<Number> {
  associatedtype Number
  /// Whether somebody may change them while they are looked at.
  static var mayChange: Bool { get }
  /// How many numbers there are.
  var count: Int { get }
  /// Hands out where they begin, for as long as the body runs; false where they were not all there all the time.
  func look(_ body: (UnsafePointer<Number>) -> Void) -> Bool
}

extension Array: RowSource {
  static var mayChange: Bool { false }

  func look(_ body: (UnsafePointer<Element>) -> Void) -> Bool {
    withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return isEmpty }
      body(first)
      return true
    }
  }
}
