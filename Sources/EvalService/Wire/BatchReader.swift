import EvalMetrics
import JSONRPC
import WireJSON

/// Reads `count` bytes of a shared memory segment; the one who does I/O hands it in.
public typealias SharedMemoryReader =
  @Sendable (_ name: String, _ offset: Int, _ count: Int) -> Result<[UInt8], SharedMemoryError>

/// Why a shared memory segment could not be read.
public struct SharedMemoryError: Error, Sendable {
  var message: String
  var hint: String

  public init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }
}

/// Makes columns of the `batch` of a push. JSON text, packed base64 and shared memory become the same types.
struct BatchReader {
  /// Nil where there is no shared memory.
  var sharedMemory: SharedMemoryReader?

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
    var slices: [(String, Column)] = []
    for (name, json) in batch.members {
      let place = jsonPointer(path, clipped(name))
      if name == "slices" {
        slices = try readSlices(json, path: place)
      } else {
        columns.append((name, try column(json, name: name, path: place)))
      }
    }
    return try translating(at: path) { () throws(InputError) in
      try Columns(columns, slices: slices)
    }
  }

  private func readSlices(
    _ json: JSONValue, path: String
  ) throws(RPCError) -> [(String, Column)] {
    guard json.kind == .object else {
      throw RPCError(
        .invalidBatch, "slices must be an object", path: path,
        hint: "write {\"language\": [\"en\", …]}, or {\"language\": \"en\"} for the whole batch")
    }
    var slices: [(String, Column)] = []
    for (name, value) in json.members {
      let place = jsonPointer(path, clipped(name))
      switch value.kind {
      case .array: slices.append((name, try column(value, name: name, path: place)))
      case .object: slices.append((name, try encoded(value, name: name, path: place)))
      default: slices.append((name, .constant(Value(value))))
      }
    }
    return slices
  }

  /// One column: an array, a packed array or a dictionary.
  private func column(
    _ json: JSONValue, name: String, path: String
  ) throws(RPCError) -> Column {
    switch json.kind {
    case .array: return try array(json, name: name, path: path)
    case .object: return try encoded(json, name: name, path: path)
    default:
      throw RPCError(
        .invalidBatch, "\(quoted(name)) must be a column", path: path,
        hint: "a column is an array, or an object with dtype and base64")
    }
  }

  private func array(
    _ json: JSONValue, name: String, path: String
  ) throws(RPCError) -> Column {
    if let numbers = json.numbers {
      if let index = numbers.overflowIndex {
        let width = max(1, numbers.shape.dropFirst().reduce(1, *))
        throw RPCError(
          .invalidBatch, "a number of \(quoted(name)) is too large for a float64",
          path: jsonPointer(path, index / width), hint: "write \"Infinity\" if that is meant")
      }
      return .numeric(NumericColumn(storage: .init(numbers.storage), shape: numbers.shape))
    }
    return .values(json.elements.map { Value($0) })
  }

  /// A column that is an object: packed, or by dictionary.
  private func encoded(
    _ json: JSONValue, name: String, path: String
  ) throws(RPCError) -> Column {
    let fields = Params(
      json, path: path,
      caller: Caller(session: SessionID(0), capabilities: .init(), isNotification: false))
    if json["dictionary"] != nil {
      return try dictionary(fields, name: name)
    }
    try refuseUnknown(
      fields, ["dtype", "shape", "base64", "shared_memory", "offset"], name: name)
    guard let kind = json["dtype"]?.string, let dtype = DType(rawValue: kind) else {
      throw RPCError(
        .invalidBatch, "a packed column needs a dtype", path: fields.path(of: "dtype"),
        hint: "one of " + DType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let storage = try packed(json, dtype, fields)
    let shape = try self.shape(json["shape"], of: storage.count, fields)
    return .numeric(NumericColumn(storage: .init(storage), shape: shape))
  }

  /// The elements, from where they are.
  private func packed(
    _ json: JSONValue, _ dtype: DType, _ fields: Params
  ) throws(RPCError) -> Storage {
    let source = json["shared_memory"] == nil ? "base64" : "shared_memory"
    do {
      if source == "shared_memory" {
        return try decode(bytes: try sharedBytes(json, dtype, fields), as: dtype)
      }
      if json["offset"] != nil {
        throw RPCError(
          .invalidBatch, "offset belongs to shared_memory", path: fields.path(of: "offset"))
      }
      guard let text = json["base64"], text.kind == .string else {
        throw RPCError(
          .invalidBatch, "a packed column needs base64 or shared_memory",
          path: fields.path(of: "base64"),
          hint: "write {\"dtype\": \"float32\", \"base64\": \"…\"}")
      }
      return try decodeBase64(text, as: dtype)
    } catch let error as PackedError {
      throw RPCError(.invalidBatch, error.message, path: fields.path(of: source))
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(.internalError, "\(error)", path: fields.path(of: source))
    }
  }

  /// The bytes of a column in shared memory. They are copied here, so the space is free once the push is answered.
  private func sharedBytes(
    _ json: JSONValue, _ dtype: DType, _ fields: Params
  ) throws(RPCError) -> [UInt8] {
    let path = fields.path(of: "shared_memory")
    guard json["base64"] == nil, let name = json["shared_memory"]?.string else {
      throw RPCError(
        .invalidBatch, "a column is in shared memory or in base64", path: path,
        hint:
          "write {\"dtype\": \"float32\", \"shape\": [4096], \"shared_memory\": \"NAME\", \"offset\": 0}"
      )
    }
    guard let sharedMemory else {
      throw RPCError(
        .invalidBatch, "this machine has no shared memory for columns", path: path,
        hint: "send base64; initialize tells column_encodings")
    }
    guard let lengths = json["shape"], let count = Self.elements(lengths) else {
      throw RPCError(
        .invalidBatch, "a column in shared memory needs a shape", path: fields.path(of: "shape"),
        hint: "the lengths of its dimensions, rows first")
    }
    var offset = 0
    if let given = json["offset"], !given.isNull {
      guard let value = given.int64.flatMap(Int.init(exactly:)), value >= 0 else {
        throw RPCError(
          .invalidBatch, "offset must be a number of bytes", path: fields.path(of: "offset"))
      }
      offset = value
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.size)
    guard !overflow, bytes <= Self.sharedLimit else {
      throw RPCError(
        .invalidBatch, "a column in shared memory has more than \(Self.sharedLimit) bytes",
        path: fields.path(of: "shape"), hint: "push it in several batches")
    }
    switch sharedMemory(name, offset, bytes) {
    case .success(let found): return found
    case .failure(let error):
      throw RPCError(.invalidBatch, error.message, path: path, hint: error.hint)
    }
  }

  /// The most bytes of one column in shared memory.
  private static let sharedLimit = 1 << 30

  /// How many elements a shape has; nil when it is none.
  static func elements(_ json: JSONValue) -> Int? {
    guard json.kind == .array, (1...8).contains(json.count) else { return nil }
    var product = 1
    for element in json.elements {
      guard let length = element.int64.flatMap(Int.init(exactly:)), length >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      product = next
    }
    return product
  }

  private func refuseUnknown(
    _ fields: Params, _ known: [String], name: String
  ) throws(RPCError) {
    do {
      try fields.refuseUnknownKeys(known)
    } catch {
      var error = error
      error.code = ErrorKind.invalidBatch.code
      error.kind = ErrorKind.invalidBatch.name
      throw error
    }
  }

  /// The shape that was sent, checked against the number of elements; one dimension without one.
  private func shape(
    _ json: JSONValue?, of count: Int, _ fields: Params
  ) throws(RPCError) -> [Int] {
    guard let json, !json.isNull else { return [count] }
    let shape = json.kind == .array ? json.elements.compactMap { $0.int64.flatMap(Int.init) } : []
    guard Self.elements(json) == count else {
      throw RPCError(
        .invalidBatch, "the shape does not fit the \(count) elements",
        path: fields.path(of: "shape"), hint: "the lengths' product is the number of elements")
    }
    return shape
  }

  private func dictionary(_ fields: Params, name: String) throws(RPCError) -> Column {
    try refuseUnknown(fields, ["dictionary", "indices"], name: name)
    guard let words = fields["dictionary"], words.kind == .array, let indices = fields["indices"]
    else {
      throw RPCError(
        .invalidBatch, "a dictionary column needs dictionary and indices", path: fields.path,
        hint: "write {\"dictionary\": [\"en\", \"fr\"], \"indices\": [0, 1, 0]}")
    }
    let values = words.elements.map { Value($0) }
    let place = fields.path(of: "indices")
    guard case .numeric(let column) = try column(indices, name: "indices", path: place),
      column.isIntegral || column.rows == 0, column.shape.count == 1
    else {
      throw RPCError(
        .invalidBatch, "indices must be a column of integers", path: place,
        hint: "an index for each row, from 0")
    }
    var codes: [Int32] = []
    codes.reserveCapacity(column.rows)
    for row in 0..<column.rows {
      guard let code = column.value(at: row).exactInteger, code >= 0, code < values.count else {
        throw RPCError(
          .invalidBatch, "an index is \(column.value(at: row).brief)",
          path: jsonPointer(place, row), hint: "the dictionary has \(values.count) values")
      }
      codes.append(Int32(truncatingIfNeeded: code))
    }
    return .dictionary(values: values, codes: codes)
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
