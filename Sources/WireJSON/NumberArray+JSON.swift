/// JSON arrays as numeric columns.
extension JSONValue {
  /// An array of numbers as a column: flat, or nested to at most four levels and rectangular.
  ///
  /// The elements are int64 when all of them are written as integers that fit, else uint64 when all
  /// of them are written as non-negative integers that fit, else float64 (nearest double;
  /// `overflowIndex` tells where one overflowed). The empty array is a column of shape [0]. Nil for
  /// everything that is not such a column: other kinds among the elements, rows of different
  /// length, empty rows. Strings such as "NaN" are another kind; walk `elements` where they may
  /// stand for numbers. Nil also where an integer of 64 bits beyond 2^53 stands beside floats, or
  /// beside others that no one type holds with it: as doubles two ids would become one.
  public var numbers: NumberArray? {
    guard let column = RectangularArray(self), column.leaves.isSubset(of: .numbers) else {
      return nil
    }
    if column.leaves.isSubset(of: .int64) {
      return NumberArray(storage: .int64(column.gatherInts()), shape: column.shape)
    }
    if column.leaves.isSubset(of: .integers), let unsigned = column.gatherUnsigned() {
      return NumberArray(storage: .uint64(unsigned), shape: column.shape)
    }
    let doubles = column.gatherDoubles()
    if doubles.hasLongIntegers, doubles.overflow == nil { return nil }
    return NumberArray(
      storage: .float64(doubles.values), shape: column.shape, overflowIndex: doubles.overflow)
  }

  /// An array of `true` and `false` as a column of bool, by the rules of `numbers`; nil for the empty
  /// array, which `numbers` answers.
  public var booleans: NumberArray? {
    guard let column = RectangularArray(self), column.leaves == .bools else { return nil }
    return NumberArray(storage: .bool(column.gatherBools()), shape: column.shape)
  }
}

/// What stands in an array at its innermost level.
private struct Leaves: OptionSet {
  let rawValue: UInt8
  /// integers that fit Int64, the minus zero of an integer among them
  static let int64 = Leaves(rawValue: 1)
  /// other integers
  static let largeIntegers = Leaves(rawValue: 2)
  static let floats = Leaves(rawValue: 4)
  static let bools = Leaves(rawValue: 8)
  static let others = Leaves(rawValue: 16)

  static let integers: Leaves = [.int64, .largeIntegers]
  static let numbers: Leaves = [.integers, .floats]
}

/// An array whose rows have the same length at every level.
private struct RectangularArray {
  static let maxDimensions = 4

  let tape: Tape
  /// The array's node and all its descendants.
  let range: Range<Int>
  let shape: [Int]
  let count: Int
  private(set) var leaves: Leaves = []
  /// How many of the elements stand in the pools.
  private var pooledInts = 0
  private var pooledDoubles = 0

  init?(_ value: JSONValue) {
    guard value.kind == .array else { return nil }
    tape = value.tape
    range = value.index..<value.tape.next(after: value.index)
    guard let shape = Self.shape(of: value.index, in: tape) else { return nil }
    self.shape = shape
    count = shape.reduce(1, &*)
    for i in range { note(tape.nodes[i]) }
  }

  private mutating func note(_ node: Node) {
    switch node.tag {
    case .array, .end: break
    case .intArray:
      pooledInts += node.count
      leaves.insert(.int64)
    case .doubleArray:
      pooledDoubles += node.count
      leaves.insert(.floats)
    case .int: leaves.insert(.int64)
    case .uint: leaves.insert(.largeIntegers)
    case .double:
      let isMinusZero = node.payload == Double(-0.0).bitPattern
      let isInteger = node.flags & Node.integerText != 0
      leaves.insert(isInteger ? (isMinusZero ? .int64 : .largeIntegers) : .floats)
    case .boolFalse, .boolTrue: leaves.insert(.bools)
    case .null, .string, .object, .words: leaves.insert(.others)
    }
  }

  /// The dimensions by the first row of each level, when all other rows agree.
  private static func shape(of index: Int, in tape: Tape) -> [Int]? {
    var shape: [Int] = []
    var row = index
    while let length = rowLength(row, in: tape) {
      shape.append(length)
      guard shape.count <= maxDimensions else { return nil }
      if length == 0 { return shape.count == 1 ? shape : nil }
      row += 1
      if tape.nodes[row - 1].tag != .array { break }
      // Texts are no numbers, which their first one tells.
      if tape.nodes[row].tag == .string || tape.nodes[row].tag == .words { return nil }
    }
    var next = index
    return isRectangular(&next, shape[...], in: tape) ? shape : nil
  }

  private static func rowLength(_ index: Int, in tape: Tape) -> Int? {
    guard index < tape.nodes.count else { return nil }
    let node = tape.nodes[index]
    return switch node.tag {
    case .array, .intArray, .doubleArray: node.count
    default: nil
    }
  }

  /// Whether the value at `index` has the dimensions `shape`; moves `index` behind it. It calls
  /// itself at most four levels deep.
  private static func isRectangular(
    _ index: inout Int, _ shape: ArraySlice<Int>, in tape: Tape
  ) -> Bool {
    let length = rowLength(index, in: tape)
    guard index < tape.nodes.count, length == shape.first else { return false }
    let isRow = tape.nodes[index].tag == .array
    index += 1
    if !isRow || length == nil { return shape.count <= 1 }
    for _ in 0..<(length ?? 0) {
      guard isRectangular(&index, shape.dropFirst(), in: tape) else { return false }
    }
    // Over the end of the row.
    index += 1
    return true
  }

  func gatherInts() -> [Int64] {
    // When all stand in the pool they stand side by side, and often there are no others.
    if pooledInts == count, count == tape.ints.count { return tape.ints }
    var result: [Int64] = []
    result.reserveCapacity(count)
    for i in range {
      let node = tape.nodes[i]
      switch node.tag {
      case .intArray: result += tape.ints[node.upper..<node.upper + node.count]
      case .int: result.append(Int64(bitPattern: node.payload))
      case .double: result.append(0)
      default: break
      }
    }
    return result
  }

  func gatherUnsigned() -> [UInt64]? {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    for i in range {
      let node = tape.nodes[i]
      if node.tag == .intArray {
        for value in tape.ints[node.upper..<node.upper + node.count] {
          guard let unsigned = UInt64(exactly: value) else { return nil }
          result.append(unsigned)
        }
      } else if node.tag != .array, node.tag != .end {
        guard let unsigned = JSONValue(tape: tape, index: i).uint64 else { return nil }
        result.append(unsigned)
      }
    }
    return result
  }

  /// The elements as doubles, where the first one overflowed, and whether integers of 64 bits beyond 2^53 are
  /// among them.
  func gatherDoubles() -> (values: [Double], overflow: Int?, hasLongIntegers: Bool) {
    // The parser puts no integer into that pool beyond 2^53.
    if pooledDoubles == count, count == tape.doubles.count { return (tape.doubles, nil, false) }
    var result: [Double] = []
    result.reserveCapacity(count)
    var overflow: Int?
    var hasLongIntegers = false
    func append(_ integer: Int64) {
      if integer.magnitude > 1 << 53 { hasLongIntegers = true }
      result.append(Double(integer))
    }
    for i in range {
      let node = tape.nodes[i]
      switch node.tag {
      case .doubleArray: result += tape.doubles[node.upper..<node.upper + node.count]
      case .intArray:
        for value in tape.ints[node.upper..<node.upper + node.count] { append(value) }
      case .int: append(Int64(bitPattern: node.payload))
      case .uint:
        hasLongIntegers = true
        result.append(Double(node.payload))
      case .double:
        if node.flags & Node.overflow != 0, overflow == nil { overflow = result.count }
        result.append(Double(bitPattern: node.payload))
      default: break
      }
    }
    return (result, overflow, hasLongIntegers)
  }

  func gatherBools() -> [UInt8] {
    range.compactMap { i in
      switch tape.nodes[i].tag {
      case .boolTrue: 1
      case .boolFalse: 0
      default: nil
      }
    }
  }
}
