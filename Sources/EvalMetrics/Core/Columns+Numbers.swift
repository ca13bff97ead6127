// Columns of numbers, whatever they were encoded as.

extension Columns {
  /// A column of numbers. "NaN" and the infinities are understood, in nested arrays and dictionaries too.
  func numbers(_ name: String) throws(InputError) -> NumericColumn {
    switch try require(name) {
    case .numeric(let column): return column
    case .unread(let column): return try column.numbers()
    case .values(let values):
      var reader = NestedNumbers(name)
      return try reader.read(values)
    case .text(let texts):
      // The names of what JSON cannot write, or a fault that names its row.
      var doubles: [Double] = []
      for row in 0..<texts.count {
        doubles.append(try Self.double(.text(texts.text(row)), name, row))
      }
      return NumericColumn(storage: .float64(doubles), shape: [doubles.count])
    case .lists(let inner, let ends):
      var reader = NestedNumbers(name)
      return try reader.read(ends.indices.map { Column.lists(inner, ends: ends).value(at: $0) })
    case .dictionary(let values, let codes):
      var table: [Double?] = Array(repeating: nil, count: values.count)
      var doubles: [Double] = []
      doubles.reserveCapacity(codes.count)
      for (row, code) in codes.enumerated() {
        // Entries are read as rows need them, so that a fault has a row.
        if let known = table[Int(code)] {
          doubles.append(known)
        } else {
          let x = try Self.double(values[Int(code)], name, row)
          table[Int(code)] = x
          doubles.append(x)
        }
      }
      return NumericColumn(storage: .float64(doubles), shape: [doubles.count])
    case .constant(let value):
      let x = try Self.double(value, name, 0)
      return NumericColumn(storage: .float64(Array(repeating: x, count: rows)), shape: [rows])
    }
  }

  /// A column of numbers as doubles with its shape.
  public func doubles(_ name: String) throws(InputError) -> (values: [Double], shape: [Int]) {
    let column = try numbers(name)
    return (try Self.doubles(of: column, name), column.shape)
  }

  /// The numbers of a column of this name as doubles.
  static func doubles(of column: NumericColumn, _ name: String) throws(InputError) -> [Double] {
    switch column.doubles() {
    case .success(let values): return values
    case .failure(let fault): throw Self.inexact(name, fault.index / max(1, column.width))
    }
  }

  /// A column of numbers with one value a row; [n, 1] is taken as [n].
  public func flatDoubles(_ name: String) throws(InputError) -> [Double] {
    let (values, shape) = try doubles(name)
    guard values.count == rows else {
      throw .batch(
        name, "\(name) has the shape \(shape), and one value a row is wanted",
        hint: "send [n] or [n, 1]")
    }
    return values
  }

  /// An integer to which no double is equal, where numbers are wanted.
  static func inexact(_ name: String, _ row: Int?) -> InputError {
    .batch(
      name, row: row, "an integer of \(name) is too large to be a float64 exactly",
      hint: "integers up to 2^53 are exact")
  }

  /// A number, or the text of one that JSON cannot write.
  static func double(
    _ value: Value, _ name: String, _ row: Int
  ) throws(InputError) -> Double {
    switch value {
    case .text("NaN"): return .nan
    case .text("Infinity"): return .infinity
    case .text("-Infinity"): return -.infinity
    case .bool(let x): return x ? 1 : 0
    default:
      if let x = value.exactDouble { return x }
      switch value {
      case .integer, .unsigned: throw inexact(name, row)
      default: break
      }
      throw .batch(
        name, row: row, "\(name) holds \(value.brief) where a number is wanted",
        hint: "numbers, or the strings \"NaN\", \"Infinity\" and \"-Infinity\"")
    }
  }
}

/// Numbers in arrays within arrays, all rows of one shape.
private struct NestedNumbers {
  let name: String
  private var doubles: [Double] = []

  private static let mostDimensions = 4

  init(_ name: String) { self.name = name }

  mutating func read(_ rows: [Value]) throws(InputError) -> NumericColumn {
    doubles.reserveCapacity(rows.count)
    let shape = Self.shape(of: rows.first)
    for (row, value) in rows.enumerated() { try add(value, shape[...], row) }
    return NumericColumn(storage: .float64(doubles), shape: [rows.count] + shape)
  }

  /// The lengths of a row by the first of everything; empty for a number.
  private static func shape(of row: Value?) -> [Int] {
    var shape: [Int] = []
    var inner = row
    while case .list(let values)? = inner, shape.count < mostDimensions - 1 {
      shape.append(values.count)
      inner = values.first
    }
    return shape
  }

  /// Calls itself at most as deep as there are dimensions.
  private mutating func add(
    _ value: Value, _ shape: ArraySlice<Int>, _ row: Int
  ) throws(InputError) {
    switch (value, shape.first) {
    case (.list(let values), let length?) where values.count == length && length > 0:
      for inner in values { try add(inner, shape.dropFirst(), row) }
    case (.list, _):
      throw .batch(
        name, row: row, "\(name) holds \(value.brief) where another shape is wanted",
        hint: "all rows of a column have one shape")
    case (_, nil): doubles.append(try Columns.double(value, name, row))
    case (_, _?):
      throw .batch(
        name, row: row, "\(name) holds \(value.brief) where an array is wanted",
        hint: "all rows of a column have one shape")
    }
  }
}
