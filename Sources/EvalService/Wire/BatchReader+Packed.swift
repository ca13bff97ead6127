import EvalMetrics
import JSONRPC
import WireJSON

// Columns that are objects: packed in base64, in shared memory, or by a dictionary.

/// The members of a packed column.
private struct PackedParts {
  static let keys = ["dtype", "shape", "base64", "shared_memory", "offset"]
  let dtype, shape, base64, sharedMemory, offset: JSONValue?

  /// From the members in the order of `keys`.
  init(_ values: [JSONValue?]) {
    (dtype, shape, base64) = (values[0], values[1], values[2])
    (sharedMemory, offset) = (values[3], values[4])
  }
}

extension BatchReader {
  /// A column that is an object: packed, or by dictionary.
  func encoded(
    _ json: JSONValue, name: String, path: String
  ) throws(RPCError) -> Column {
    let fields = Params(
      json, path: path,
      caller: Caller(session: SessionID(0), capabilities: .init(), isNotification: false))
    let (values, areAll) = json.members(named: PackedParts.keys)
    if !areAll {
      if json["dictionary"] != nil { return try dictionary(fields, name: name) }
      try refuseUnknown(fields, PackedParts.keys, name: name)
    }
    let parts = PackedParts(values)
    guard let dtype = DType(parts.dtype) else {
      throw RPCError(
        .invalidBatch, "a packed column needs a dtype", path: fields.path(of: "dtype"),
        hint: "one of " + DType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let storage = try packed(parts, dtype, fields)
    let shape = try self.shape(parts.shape, of: storage.count, fields)
    return .numeric(NumericColumn(storage: .init(storage), shape: shape))
  }

  /// The elements, from where they are.
  private func packed(
    _ parts: PackedParts, _ dtype: DType, _ fields: Params
  ) throws(RPCError) -> Storage {
    let source = parts.sharedMemory == nil ? "base64" : "shared_memory"
    do {
      if source == "shared_memory" {
        return try decode(try sharedBytes(parts, dtype, fields), as: dtype)
      }
      if parts.offset != nil {
        throw RPCError(
          .invalidBatch, "offset belongs to shared_memory", path: fields.path(of: "offset"))
      }
      guard let text = parts.base64, text.kind == .string else {
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

  /// The bytes of a column in shared memory. They are read at once, so the space is free once the push is answered.
  private func sharedBytes(
    _ parts: PackedParts, _ dtype: DType, _ fields: Params
  ) throws(RPCError) -> ByteSource {
    let path = fields.path(of: "shared_memory")
    guard parts.base64 == nil, let name = parts.sharedMemory?.string else {
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
    guard let lengths = parts.shape, let count = Self.elements(lengths) else {
      throw RPCError(
        .invalidBatch, "a column in shared memory needs a shape", path: fields.path(of: "shape"),
        hint: "the lengths of its dimensions, rows first")
    }
    var offset = 0
    if let given = parts.offset, !given.isNull {
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
  static func elements(_ json: JSONValue) -> Int? { lengths(json).flatMap(elements) }

  private static func lengths(_ json: JSONValue) -> [Int]? {
    guard json.kind == .array, (1...8).contains(json.count) else { return nil }
    var lengths: [Int] = []
    for element in json.elements {
      guard let length = element.int64.flatMap(Int.init(exactly:)), length >= 0 else { return nil }
      lengths.append(length)
    }
    return lengths
  }

  /// The product of the lengths; nil when it overflows, or rows are without elements. The lengths of a
  /// row are multiplied by themselves, since a first length of zero would hide that they overflow.
  private static func elements(_ lengths: [Int]) -> Int? {
    var width = 1
    for length in lengths.dropFirst() {
      let (product, overflow) = width.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      width = product
    }
    let rows = lengths.first ?? 0
    if width == 0 && rows > 0 { return nil }
    let (product, overflow) = rows.multipliedReportingOverflow(by: width)
    return overflow ? nil : product
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
    guard let shape = Self.lengths(json), Self.elements(shape) == count else {
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
      column.isIntegral || column.rows == 0, column.width == 1 || column.rows == 0
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
