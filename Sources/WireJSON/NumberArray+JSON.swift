/// JSON arrays as numeric columns.
extension JSONValue {
  /// An array of numbers as a column: flat, or nested to at most four levels and rectangular.
  ///
  /// The elements are int64 when all of them are written as integers that fit, else uint64 when all
  /// of them are non-negative integers that fit, else float64 (nearest double; `overflowIndex` tells
  /// where one overflowed). The empty array is a column of shape [0]. Nil for everything that is not
  /// such a column: other kinds among the elements, rows of different length, empty rows.
  public var numbers: NumberArray? {
    guard kind == .array else { return nil }
    var collector = ColumnCollector(tape: tape)
    guard let shape = collector.shape(of: index, depth: 0), collector.collect(index) else {
      return nil
    }
    return collector.finish(shape: shape)
  }

  /// An array of `true` and `false` as a column of bool, by the rules of `numbers`.
  public var booleans: NumberArray? {
    guard kind == .array, count > 0 else { return nil }
    var collector = ColumnCollector(tape: tape)
    guard let shape = collector.shape(of: index, depth: 0) else { return nil }
    var bits: [UInt8] = []
    var child = index
    while child < node.upper {
      switch tape.nodes[child].tag {
      case .boolTrue: bits.append(1)
      case .boolFalse: bits.append(0)
      case .array: break
      default: return nil
      }
      child += 1
    }
    return NumberArray(storage: .bool(bits), shape: shape)
  }
}

/// Gathers the elements of a rectangular array.
private struct ColumnCollector {
  static let maxDimensions = 4

  let tape: Tape
  var ints: [Int64] = []
  var isAllInts = true

  init(tape: Tape) { self.tape = tape }

  /// The dimensions by the first element of each level; the rows are checked against them later.
  mutating func shape(of index: Int, depth: Int) -> [Int]? {
    guard depth < Self.maxDimensions else { return nil }
    let node = tape.nodes[index]
    switch node.tag {
    case .intArray, .doubleArray: return [node.count]
    case .array:
      if node.count == 0 { return depth == 0 ? [0] : nil }
      switch tape.nodes[index + 1].tag {
      case .array, .intArray, .doubleArray:
        guard let inner = shape(of: index + 1, depth: depth + 1) else { return nil }
        return isRectangular(index, inner: inner) ? [node.count] + inner : nil
      default: return [node.count]
      }
    default: return nil
    }
  }

  /// Whether every element of the array has the dimensions `inner`.
  private mutating func isRectangular(_ index: Int, inner: [Int]) -> Bool {
    var child = index + 1
    for _ in 0..<tape.nodes[index].count {
      guard hasShape(child, inner[...]) else { return false }
      child = tape.next(after: child)
    }
    return true
  }

  private func hasShape(_ index: Int, _ shape: ArraySlice<Int>) -> Bool {
    let node = tape.nodes[index]
    guard let length = shape.first else {
      return ![.array, .object, .intArray, .doubleArray].contains(node.tag)
    }
    switch node.tag {
    case .intArray, .doubleArray: return shape.count == 1 && node.count == length
    case .array:
      guard node.count == length else { return false }
      var child = index + 1
      for _ in 0..<length {
        guard hasShape(child, shape.dropFirst()) else { return false }
        child = tape.next(after: child)
      }
      return true
    default: return false
    }
  }

  /// Whether all leaves are numbers; notes on the way whether all are Int64.
  mutating func collect(_ index: Int) -> Bool {
    let end = tape.next(after: index)
    for i in index..<end {
      switch tape.nodes[i].tag {
      case .array, .intArray: break
      case .int: break
      case .doubleArray: isAllInts = false
      case .uint: isAllInts = false
      case .double:
        if JSONValue(tape: tape, index: i).int64 != 0 || tape.nodes[i].flags & Node.integerText == 0
        {
          isAllInts = false
        }
      default: return false
      }
    }
    range = index..<end
    return true
  }

  var range = 0..<0

  func finish(shape: [Int]) -> NumberArray {
    if isAllInts { return NumberArray(storage: .int64(gatherInts()), shape: shape) }
    if let unsigned = gatherUnsigned() {
      return NumberArray(storage: .uint64(unsigned), shape: shape)
    }
    let (values, overflow) = gatherDoubles()
    return NumberArray(storage: .float64(values), shape: shape, overflowIndex: overflow)
  }

  private func gatherInts() -> [Int64] {
    var result: [Int64] = []
    for i in range {
      let node = tape.nodes[i]
      switch node.tag {
      case .intArray:
        if result.isEmpty, node.count == tape.ints.count { return tape.ints }
        result += tape.ints[node.upper..<node.upper + node.count]
      case .int: result.append(Int64(bitPattern: node.payload))
      case .double: result.append(0)
      default: break
      }
    }
    return result
  }

  private func gatherUnsigned() -> [UInt64]? {
    var result: [UInt64] = []
    for i in range {
      let node = tape.nodes[i]
      switch node.tag {
      case .intArray:
        for value in tape.ints[node.upper..<node.upper + node.count] {
          guard let unsigned = UInt64(exactly: value) else { return nil }
          result.append(unsigned)
        }
      case .int, .uint, .double:
        let value = JSONValue(tape: tape, index: i)
        guard value.isIntegerText, let unsigned = value.uint64 else { return nil }
        result.append(unsigned)
      case .doubleArray: return nil
      default: break
      }
    }
    return result
  }

  private func gatherDoubles() -> ([Double], overflow: Int?) {
    var result: [Double] = []
    var overflow: Int?
    for i in range {
      let node = tape.nodes[i]
      switch node.tag {
      case .doubleArray:
        if result.isEmpty, node.count == tape.doubles.count, range.count == 1 {
          return (tape.doubles, nil)
        }
        result += tape.doubles[node.upper..<node.upper + node.count]
      case .intArray:
        result += tape.ints[node.upper..<node.upper + node.count].lazy.map { Double($0) }
      case .int, .uint, .double:
        if node.flags & Node.overflow != 0, overflow == nil { overflow = result.count }
        result.append(JSONValue(tape: tape, index: i).double ?? 0)
      default: break
      }
    }
    return (result, overflow)
  }
}
