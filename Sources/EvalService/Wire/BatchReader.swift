import EvalMetrics
import JSONRPC
import WireJSON

/// Finds `count` bytes of a shared memory segment; the one who does I/O hands it in. They are read before the push
/// is answered.
public typealias SharedMemoryReader =
  @Sendable (_ name: String, _ offset: Int, _ count: Int) -> Result<ByteSource, SharedMemoryError>

/// Why a shared memory segment could not be read.
public struct SharedMemoryError: Error, Sendable {
  var message: String
  var hint: String

  public init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }
}

/// Where a column stands. Errors name it by a pointer, which nobody else pays for.
struct ColumnPlace {
  /// The JSON pointer of the object that it is a member of.
  let path: String
  let name: String
  /// Whether the column may be left unread.
  var isReadByRow = false

  var pointer: String { jsonPointer(path, clipped(name)) }

  /// The pointer of a member of the column.
  func pointer(to key: String) -> String { jsonPointer(pointer, key) }
}

/// Makes columns of the `batch` of a push. JSON text, packed base64 and shared memory become the same types.
struct BatchReader {
  /// Nil where there is no shared memory.
  var sharedMemory: SharedMemoryReader?
  /// Columns whose length is not the number of rows.
  var wholeColumns: [String] = []
  /// Columns that may be left to be read row by row.
  var readByRow: [String] = []

  /// The most columns a batch may have.
  private static let columnLimit = 64

  /// Reads the `batch` object that stands at `path`.
  func read(_ batch: JSONValue, path: String) throws(RPCError) -> Columns {
    guard batch.kind == .object else {
      throw RPCError(
        .invalidBatch, "batch must be an object of columns", path: path,
        hint: "write {\"scores\": […], \"labels\": […]}")
    }
    guard batch.count <= Self.columnLimit else {
      throw RPCError(
        .invalidBatch, "the batch has \(batch.count) columns", path: path,
        hint: "at most \(Self.columnLimit) columns")
    }
    var columns: [(String, Column)] = []
    var slices: [(Name, Column)] = []
    for (name, json) in batch.members {
      let place = ColumnPlace(path: path, name: name, isReadByRow: readByRow.contains(name))
      if name == "slices" {
        slices = try readSlices(json, path: place.pointer)
      } else {
        columns.append((name, try column(json, at: place)))
      }
    }
    return try translating(at: path) { () throws(InputError) in
      try Columns(columns, slices: slices, whole: wholeColumns)
    }
  }

  private func readSlices(
    _ json: JSONValue, path: String
  ) throws(RPCError) -> [(Name, Column)] {
    guard json.kind == .object else {
      throw RPCError(
        .invalidBatch, "slices must be an object", path: path,
        hint: "write {\"language\": [\"en\", …]}, or {\"language\": \"en\"} for the whole batch")
    }
    var slices: [(Name, Column)] = []
    for (name, value) in json.members {
      let place = ColumnPlace(path: path, name: name)
      switch value.kind {
      case .array: slices.append((Name(name), try column(value, at: place)))
      case .object: slices.append((Name(name), try encoded(value, at: place)))
      default: slices.append((Name(name), .constant(Value(value))))
      }
    }
    return slices
  }

  /// One column: an array, a packed array or a dictionary.
  func column(_ json: JSONValue, at place: ColumnPlace) throws(RPCError) -> Column {
    switch json.kind {
    case .array: return try array(json, at: place)
    case .object: return try encoded(json, at: place)
    default:
      throw RPCError(
        .invalidBatch, "\(quoted(place.name)) must be a column", path: place.pointer,
        hint: "a column is an array, or an object with dtype and base64")
    }
  }

  private func array(_ json: JSONValue, at place: ColumnPlace) throws(RPCError) -> Column {
    if let numbers = json.numbers {
      if let index = numbers.overflowIndex {
        let width = max(1, numbers.shape.dropFirst().reduce(1, *))
        throw RPCError(
          .invalidBatch, "a number of \(quoted(place.name)) is too large for a float64",
          path: jsonPointer(place.pointer, index / width),
          hint: "write \"Infinity\" if that is meant")
      }
      return .numeric(NumericColumn(storage: .init(numbers.storage), shape: numbers.shape))
    }
    if let flags = json.booleans {
      return .numeric(NumericColumn(storage: .init(flags.storage), shape: flags.shape))
    }
    if let texts = json.texts { return .text(TextColumn(bytes: texts.bytes, ends: texts.ends)) }
    return lists(json) ?? .values(json.elements.map { Value($0) })
  }

  /// Arrays of strings, or arrays of numbers of unequal length; nil for anything else.
  private func lists(_ json: JSONValue) -> Column? {
    if let (texts, codes, ends) = json.codedTextLists {
      let words = TextColumn(bytes: texts.bytes, ends: texts.ends)
      let values = (0..<words.count).map { Value.text(words.text($0)) }
      return .lists(.dictionary(values: values, codes: codes), ends: ends)
    }
    if let (texts, ends) = json.textLists {
      return .lists(.text(TextColumn(bytes: texts.bytes, ends: texts.ends)), ends: ends)
    }
    var ends: [Int] = []
    ends.reserveCapacity(json.count)
    guard json.elements.allSatisfy(\.isFlatNumberArray) else { return nil }
    var numbers: [Double] = []
    for row in json.elements {
      for number in row.elements {
        // A long integer may be a name, and keeps its own text as a plain value.
        guard let x = number.double, x.isFinite, x.magnitude < 0x1p53 || !number.isInteger64
        else { return nil }
        numbers.append(x)
      }
      ends.append(numbers.count)
    }
    return .lists(
      .numeric(NumericColumn(storage: .float64(numbers), shape: [numbers.count])), ends: ends)
  }
}

extension NumericColumn.Storage {
  /// The same numbers in the metrics' own type.
  init(_ storage: Storage) {
    self =
      switch storage {
      case .bool(let x): .bool(x)
      case .int8(let x): .int8(x)
      case .int16(let x): .int16(x)
      case .int32(let x): .int32(x)
      case .int64(let x): .int64(x)
      case .uint8(let x): .uint8(x)
      case .uint16(let x): .uint16(x)
      case .uint32(let x): .uint32(x)
      case .uint64(let x): .uint64(x)
      case .float16(let x): .float16(x)
      case .bfloat16(let x): .bfloat16(x)
      case .float32(let x): .float32(x)
      case .float64(let x): .float64(x)
      }
  }
}
