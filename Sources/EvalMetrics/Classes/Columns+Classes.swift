/// How a column of classes is read.
public struct ClassReading: Sendable {
  /// A null is no label, or an abstention: `ClassCode.none`. Otherwise it is refused.
  public var allowsNull: Bool
  /// Elements equal to this class are `ClassCode.ignored`.
  public var ignored: ClassName?
  /// Whether a row may hold several elements, whose codes then are flat.
  public var isFlat: Bool

  public init(allowsNull: Bool = false, ignored: ClassName? = nil, isFlat: Bool = true) {
    self.allowsNull = allowsNull
    self.ignored = ignored
    self.isFlat = isFlat
  }
}

extension Columns {
  /// The codes of a column of classes; those that are new are added to a table that grows.
  ///
  /// Integers, integral floats, booleans and strings are classes; a class outside the declared ones, a null
  /// where none may be, or anything else is an error that names the row.
  public func classCodes(
    _ name: String, in table: inout ClassTable, _ reading: ClassReading = ClassReading()
  ) throws(InputError) -> [Int32] {
    let column = try require(name)
    if reading.isFlat { try requireFlat(name) }
    if case .numeric(let numbers) = column, !numbers.isUnsigned64 {
      return try integerCodes(name, numbers, &table, reading)
    }
    var reader = ClassReader(name: name, table: table, reading: reading)
    if case .dictionary(let values, let indices) = column {
      let codes = try reader.codes(of: values, at: indices)
      table = reader.table
      return codes
    }
    let values = (0..<rows).lazy.map { self.value(name, row: $0) }
    let codes = try reader.codes(of: values)
    table = reader.table
    return codes
  }

  /// The usual case: numbers, of which each is the name of a class.
  private func integerCodes(
    _ name: String, _ column: NumericColumn, _ table: inout ClassTable, _ reading: ClassReading
  ) throws(InputError) -> [Int32] {
    var integers: [Int64]
    switch column.integers() {
    case .success(let found): integers = found
    case .failure(let fault):
      throw .batch(
        name, row: fault.index / max(1, column.width),
        "\(name) holds \(column.value(at: fault.index).brief) where a class is wanted",
        hint: "classes are integers or strings")
    }
    let ignored: Int64? = if case .integer(let x)? = reading.ignored { x } else { nil }
    if table.isRange {
      if table.grows, let most = integers.lazy.filter({ $0 != ignored }).max(), most >= 0,
        most < min(Int64(2 * table.count + 1024), Int64(DeclaredClasses.limit))
      {
        table.extend(to: Int(most) + 1)
      }
      let limit = Int64(table.count)
      if integers.allSatisfy({ ($0 >= 0 && $0 < limit) || $0 == ignored }) {
        guard let ignored else { return integers.map { Int32(truncatingIfNeeded: $0) } }
        return integers.map { $0 == ignored ? ClassCode.ignored : Int32(truncatingIfNeeded: $0) }
      }
    }
    var reader = ClassReader(name: name, table: table, reading: reading)
    let codes = try reader.codes(of: integers, width: max(1, column.width))
    table = reader.table
    return codes
  }
}

extension NumericColumn {
  fileprivate var isUnsigned64: Bool { if case .uint64 = storage { true } else { false } }

  /// Every element as an integer; else the index of the first that is none.
  func integers() -> Result<[Int64], InexactElement> {
    switch storage {
    case .bool(let x), .uint8(let x): .success(x.map(Int64.init))
    case .int8(let x): .success(x.map(Int64.init))
    case .int16(let x): .success(x.map(Int64.init))
    case .int32(let x): .success(x.map(Int64.init))
    case .int64(let x): .success(x)
    case .uint16(let x): .success(x.map(Int64.init))
    case .uint32(let x): .success(x.map(Int64.init))
    case .uint64(let x): Self.exact(x) { Int64(exactly: $0) }
    case .float16(let x): Self.exact(Kernels.floats(half: x)) { Int64(exactly: $0) }
    case .bfloat16(let x): Self.exact(Kernels.floats(bfloat16: x)) { Int64(exactly: $0) }
    case .float32(let x): Self.exact(x) { Int64(exactly: $0) }
    case .float64(let x): Self.exact(x) { Int64(exactly: $0) }
    }
  }

  private static func exact<T>(
    _ xs: [T], _ integer: (T) -> Int64?
  ) -> Result<[Int64], InexactElement> {
    var integers: [Int64] = []
    integers.reserveCapacity(xs.count)
    for (index, x) in xs.enumerated() {
      guard let found = integer(x) else { return .failure(InexactElement(index: index)) }
      integers.append(found)
    }
    return .success(integers)
  }
}

/// Finds the codes of classes, and collects those that are new so that they are added together.
private struct ClassReader {
  let name: String
  var table: ClassTable
  let reading: ClassReading
  /// The code of the class to be ignored where it is a declared one: those may have two names.
  private let ignoredCode: Int?
  /// New classes in the order in which they came, and the codes they will have.
  private var new: [ClassName] = []
  private var newCodes: [ClassName: Int32] = [:]

  init(name: String, table: ClassTable, reading: ClassReading) {
    self.name = name
    self.table = table
    self.reading = reading
    ignoredCode = table.grows ? nil : reading.ignored.flatMap(table.code)
  }

  /// Integers, of which neighbours are often equal and few are different.
  mutating func codes(of integers: [Int64], width: Int) throws(InputError) -> [Int32] {
    var known: [Int64: Int32] = [:]
    var codes: [Int32] = []
    codes.reserveCapacity(integers.count)
    var last: (Int64, Int32)?
    for (index, x) in integers.enumerated() {
      if let last, last.0 == x {
        codes.append(last.1)
        continue
      }
      let code: Int32
      if let found = known[x] {
        code = found
      } else {
        code = try self.code(ClassName.integer(x), row: index / width)
        known[x] = code
      }
      last = (x, code)
      codes.append(code)
    }
    return finish(codes)
  }

  mutating func codes(of values: some Collection<Value>) throws(InputError) -> [Int32] {
    var codes: [Int32] = []
    codes.reserveCapacity(values.count)
    for (row, value) in values.enumerated() {
      if !reading.isFlat, case .list = value {
        try append(value, row, to: &codes, depth: 0)
      } else {
        codes.append(try code(value, row: row))
      }
    }
    return finish(codes)
  }

  /// Elements of lists in lists, as deep as a column of numbers may be.
  private mutating func append(
    _ value: Value, _ row: Int, to codes: inout [Int32], depth: Int
  ) throws(InputError) {
    guard case .list(let values) = value, depth < 4 else {
      return codes.append(try code(value, row: row))
    }
    for inner in values { try append(inner, row, to: &codes, depth: depth + 1) }
  }

  mutating func codes(of values: [Value], at indices: [Int32]) throws(InputError) -> [Int32] {
    var table: [Int32?] = Array(repeating: nil, count: values.count)
    var codes: [Int32] = []
    codes.reserveCapacity(indices.count)
    for (row, index) in indices.enumerated() {
      // Entries are read as rows need them, so that a fault has a row.
      if let code = table[Int(index)] {
        codes.append(code)
      } else {
        let code = try code(values[Int(index)], row: row)
        table[Int(index)] = code
        codes.append(code)
      }
    }
    return finish(codes)
  }

  private mutating func code(_ value: Value, row: Int) throws(InputError) -> Int32 {
    if value == .null && reading.allowsNull { return ClassCode.none }
    guard let found = ClassName(value) else {
      throw .batch(
        name, row: row, "\(name) holds \(value.brief) where a class is wanted",
        hint: "classes are integers or strings"
          + (reading.allowsNull ? "; null abstains" : ""))
    }
    return try code(found, row: row)
  }

  private mutating func code(_ found: ClassName, row: Int) throws(InputError) -> Int32 {
    if let ignored = reading.ignored, found == ignored { return ClassCode.ignored }
    if let code = table.code(found) {
      return code == ignoredCode ? ClassCode.ignored : Int32(truncatingIfNeeded: code)
    }
    if let code = newCodes[found] { return code }
    guard table.grows else {
      throw .batch(
        name, row: row, "\(name) holds \(found.value.brief), which is none of the classes",
        hint: table.hint)
    }
    let code = table.count + new.count
    guard code < DeclaredClasses.limit else {
      throw InputError(
        .tooManyValues, [.key(name), .index(row)],
        "the stream would have more than \(DeclaredClasses.limit) classes",
        hint: "is \(name) a column of classes?")
    }
    new.append(found)
    newCodes[found] = Int32(truncatingIfNeeded: code)
    return Int32(truncatingIfNeeded: code)
  }

  /// Adds what is new. A table of integers can become longer than it is told, so the codes are looked up once more.
  private mutating func finish(_ codes: [Int32]) -> [Int32] {
    if new.isEmpty { return codes }
    let first = table.count
    table.add(new)
    let final = new.map { Int32(truncatingIfNeeded: table.code($0) ?? 0) }
    if final.enumerated().allSatisfy({ Int($1) == first + $0 }) { return codes }
    return codes.map { Int($0) >= first ? final[Int($0) - first] : $0 }
  }
}

extension ClassTable {
  /// What the classes are, for errors.
  public var hint: String {
    if isRange { return "the classes are the integers 0 to \(count - 1)" }
    let names = (0..<min(count, 12)).map { name($0).value.brief }.joined(separator: ", ")
    return "the classes are \(names)" + (count > 12 ? ", …" : "")
  }
}
