import EvalMetrics
import JSONRPC
import WireJSON

// Columns that are objects: packed in base64, in shared memory, or by a dictionary.

/// The members of a packed column.
private struct PackedParts {
  static let keys = ["dtype", "shape", "base64", "shared_memory", "offset"]
  private static let index = NameIndex(keys)
  private(set) var dtype, shape, base64, sharedMemory, offset: JSONValue?
  /// Whether there are no other members.
  private(set) var areAll = false

  init(_ column: JSONValue) {
    areAll = column.forEachMember(named: Self.index) { place, value in
      switch place {
      case 0: dtype = value
      case 1: shape = value
      case 2: base64 = value
      case 3: sharedMemory = value
      default: offset = value
      }
    }
  }
}

extension BatchReader {
  /// A column that is an object: packed, or by dictionary.
  func encoded(_ json: JSONValue, at place: ColumnPlace) throws(RPCError) -> Column {
    let parts = PackedParts(json)
    if !parts.areAll {
      if json["dictionary"] != nil { return try dictionary(json, at: place) }
      try refuseUnknown(json, PackedParts.keys, at: place)
    }
    guard let dtype = DType(parts.dtype) else {
      throw RPCError(
        .invalidBatch, "a packed column needs a dtype", path: place.pointer(to: "dtype"),
        hint: "one of " + DType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let lengths = parts.shape.flatMap(Self.lengths)
    let storage: Storage
    if parts.sharedMemory != nil {
      let bytes = try sharedBytes(parts, dtype, lengths, place)
      if let column = unread(bytes, dtype, lengths ?? [], place) { return .unread(column) }
      storage = try decoding(place, "shared_memory") { () throws(PackedError) in
        try decode(bytes, as: dtype)
      }
    } else {
      let text = try base64(parts, place)
      storage = try decoding(place, "base64") { () throws(PackedError) in
        try decodeBase64(text, as: dtype)
      }
    }
    let shape = try self.shape(parts.shape, lengths, of: storage.count, place)
    return .numeric(NumericColumn(storage: .init(storage), shape: shape))
  }

  private func decoding(
    _ place: ColumnPlace, _ source: String, _ body: () throws(PackedError) -> Storage
  ) throws(RPCError) -> Storage {
    do {
      return try body()
    } catch {
      throw RPCError(.invalidBatch, error.message, path: place.pointer(to: source))
    }
  }

  /// The text of a column in base64.
  private func base64(_ parts: PackedParts, _ place: ColumnPlace) throws(RPCError) -> JSONValue {
    if parts.offset != nil {
      throw RPCError(
        .invalidBatch, "offset belongs to shared_memory", path: place.pointer(to: "offset"))
    }
    guard let text = parts.base64, text.kind == .string else {
      throw RPCError(
        .invalidBatch, "a packed column needs base64 or shared_memory",
        path: place.pointer(to: "base64"),
        hint: "write {\"dtype\": \"float32\", \"base64\": \"…\"}")
    }
    return text
  }

  /// A column that is left where it is until its rows are wanted; nil where that cannot be.
  private func unread(
    _ bytes: ByteSource, _ dtype: DType, _ lengths: [Int], _ place: ColumnPlace
  ) -> UnreadColumn? {
    guard place.isReadByRow, bytes.count >= Self.leastUnread, let look = bytes.look,
      let type = UnreadColumn.NumberType(dtype)
    else { return nil }
    let gone = InputError(
      .invalidBatch, [.key(place.name), .key("shared_memory")],
      PackedError.cutShort(at: 0).message, hint: "")
    return UnreadColumn(type, shape: lengths, gone: gone, copy: bytes.copy, look: look)
  }

  /// The bytes of a column in shared memory. They are read before the push is answered, so that the space is free then.
  private func sharedBytes(
    _ parts: PackedParts, _ dtype: DType, _ lengths: [Int]?, _ place: ColumnPlace
  ) throws(RPCError) -> ByteSource {
    guard parts.base64 == nil, let name = parts.sharedMemory?.string else {
      throw RPCError(
        .invalidBatch, "a column is in shared memory or in base64",
        path: place.pointer(to: "shared_memory"),
        hint:
          "write {\"dtype\": \"float32\", \"shape\": [4096], \"shared_memory\": \"NAME\", \"offset\": 0}"
      )
    }
    guard let sharedMemory else {
      throw RPCError(
        .invalidBatch, "this machine has no shared memory for columns",
        path: place.pointer(to: "shared_memory"),
        hint: "send base64; initialize tells column_encodings")
    }
    guard let count = lengths.flatMap(Self.elements) else {
      throw RPCError(
        .invalidBatch, "a column in shared memory needs a shape", path: place.pointer(to: "shape"),
        hint: "the lengths of its dimensions, rows first")
    }
    var offset = 0
    if let given = parts.offset, !given.isNull {
      guard let value = given.int64.flatMap(Int.init(exactly:)), value >= 0 else {
        throw RPCError(
          .invalidBatch, "offset must be a number of bytes", path: place.pointer(to: "offset"))
      }
      offset = value
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.size)
    guard !overflow, bytes <= Self.sharedLimit else {
      throw RPCError(
        .invalidBatch, "a column in shared memory has more than \(Self.sharedLimit) bytes",
        path: place.pointer(to: "shape"), hint: "push it in several batches")
    }
    switch sharedMemory(name, offset, bytes) {
    case .success(let found): return found
    case .failure(let error):
      throw RPCError(
        .invalidBatch, error.message, path: place.pointer(to: "shared_memory"), hint: error.hint)
    }
  }

  /// A column of fewer bytes is read at once: it is still near when it is worked on.
  static let leastUnread = 64 << 10

  /// The most bytes of one column in shared memory.
  private static let sharedLimit = 1 << 30

  /// How many elements a shape has; nil when it is none.
  static func elements(_ json: JSONValue) -> Int? { lengths(json).flatMap(elements) }

  private static func lengths(_ json: JSONValue) -> [Int]? {
    guard json.kind == .array, (1...8).contains(json.count) else { return nil }
    if let lengths = json.flatIntegers {
      return lengths.contains { $0 < 0 } ? nil : lengths.map { Int(truncatingIfNeeded: $0) }
    }
    var lengths: [Int] = []
    lengths.reserveCapacity(json.count)
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
    _ json: JSONValue, _ known: [String], at place: ColumnPlace
  ) throws(RPCError) {
    let caller = Caller(session: SessionID(0), capabilities: .init(), isNotification: false)
    let fields = Params(json, path: place.pointer, caller: caller)
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
    _ json: JSONValue?, _ lengths: [Int]?, of count: Int, _ place: ColumnPlace
  ) throws(RPCError) -> [Int] {
    guard let json, !json.isNull else { return [count] }
    if let lengths, let rows = lengths.first, rows > 0, lengths.dropFirst().contains(0) {
      throw RPCError(
        .invalidBatch, "the rows of a packed column have at least one element",
        path: place.pointer(to: "shape"), hint: "lists that are all empty are written [[], []]")
    }
    guard let lengths, Self.elements(lengths) == count else {
      throw RPCError(
        .invalidBatch, "the shape does not fit the \(count) elements",
        path: place.pointer(to: "shape"), hint: "the lengths' product is the number of elements")
    }
    return lengths
  }

  private func dictionary(
    _ json: JSONValue, at place: ColumnPlace
  ) throws(RPCError) -> Column {
    try refuseUnknown(json, ["dictionary", "indices"], at: place)
    guard let words = json["dictionary"], words.kind == .array, let indices = json["indices"]
    else {
      throw RPCError(
        .invalidBatch, "a dictionary column needs dictionary and indices", path: place.pointer,
        hint: "write {\"dictionary\": [\"en\", \"fr\"], \"indices\": [0, 1, 0]}")
    }
    let values = words.elements.map { Value($0) }
    let place = ColumnPlace(path: place.pointer, name: "indices")
    guard case .numeric(let column) = try column(indices, at: place),
      column.isIntegral || column.rows == 0, column.width == 1 || column.rows == 0
    else {
      throw RPCError(
        .invalidBatch, "indices must be a column of integers", path: place.pointer,
        hint: "an index for each row, from 0")
    }
    var codes: [Int32] = []
    codes.reserveCapacity(column.rows)
    for row in 0..<column.rows {
      guard let code = column.value(at: row).exactInteger, code >= 0, code < values.count else {
        throw RPCError(
          .invalidBatch, "an index is \(column.value(at: row).brief)",
          path: jsonPointer(place.pointer, row), hint: "the dictionary has \(values.count) values")
      }
      codes.append(Int32(truncatingIfNeeded: code))
    }
    return .dictionary(values: values, codes: codes)
  }
}

extension UnreadColumn.NumberType {
  fileprivate init?(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float32
    case .float64: self = .float64
    default: return nil
    }
  }
}
