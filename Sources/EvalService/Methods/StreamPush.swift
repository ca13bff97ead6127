import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let streamPush = Method<Server>(
    name: "stream/push",
    summary: "Adds a batch to the current window: the whole of it, or nothing.",
    parameters: [
      .stream,
      Parameter(
        "batch", "Columns of equal length.", required: true, schema: #"{"type": "object"}"#),
      Parameter(
        "producer", "Who sends, where seq is given.", schema: #"{"type": "string"}"#),
      Parameter(
        "seq", "1, 2, 3, … for each stream and producer: a batch that comes twice counts once.",
        schema: #"{"type": "integer", "minimum": 1}"#),
    ],
    resultSchema: """
      {"type": "object", "required": ["count", "total_count", "revision", "duplicate", \
      "dropped_duplicates", "clamped"]}
      """,
    errors: [
      "StreamNotFound", "InvalidBatch", "OutOfSequence", "AlreadyRefused", "MemoryLimit",
      "TooManyValues",
    ]
  ) { server, params, writer throws(RPCError) in
    let batch = try params.required("batch")
    let sender = try Sender(params)
    _ = try server.streamName(params)
    try server.reserveMemory(bytesNeeded(by: batch), path: params.path(of: "batch"))
    let reader = BatchReader(sharedMemory: server.sharedMemory)
    let report = try server.withStream(params) { stream throws(RPCError) in
      try stream.push(batch, from: sender, reader, params)
    }
    server.counters.pushes += 1
    server.counters.rows += UInt64(report?.applied ?? 0)
    server.changes += 1
    try server.withStream(params) { stream throws(RPCError) in
      writer.pushResult(stream, report)
    }
  }

  /// An upper bound of the memory a batch becomes: its text holds every value but those in shared
  /// memory, and a state at most doubles it.
  private static func bytesNeeded(by batch: JSONValue) -> Int {
    var bytes = batch.sourceRange.count * 4
    for (_, column) in batch.members where column.kind == .object {
      guard column["shared_memory"] != nil, let shape = column["shape"] else { continue }
      // Far more than any limit is as good as the whole of it.
      bytes += min(BatchReader.elements(shape) ?? 0, 1 << 40) * 16
    }
    return bytes
  }
}

/// Who sent a batch, and as which number.
struct Sender {
  var producer: String
  var number: Int64

  /// Nil when the batch is not numbered.
  init?(_ params: Params) throws(RPCError) {
    let producer = try params.optionalString("producer")
    guard params.present("seq") != nil else { return nil }
    let number = try params.int("seq", in: 1...Int.max)
    guard let producer else {
      throw RPCError(
        .invalidParams, "seq needs a producer", path: params.path(of: "producer"),
        hint: "numbers are counted for each producer")
    }
    guard !producer.isEmpty, producer.utf8.count <= 200 else {
      throw params.invalid("producer", "must have 1 to 200 bytes")
    }
    self.producer = producer
    self.number = Int64(number)
  }
}

extension Stream {
  /// The most producers a stream remembers.
  private static var producerLimit: Int { 4096 }

  /// Applies a batch; nil when it was applied before.
  fileprivate mutating func push(
    _ batch: JSONValue, from sender: Sender?, _ reader: BatchReader, _ params: Params
  ) throws(RPCError) -> PushReport? {
    if let sender, try isDuplicate(sender, params) { return nil }
    let path = params.path(of: "batch")
    do {
      let columns = try reader.read(batch, path: path)
      let report = try translating(at: path) { () throws(InputError) in
        try contents.engine.push(columns)
      }
      if let sender {
        contents.producers[sender.producer, default: Producer()].apply(sender.number)
      }
      revision += 1
      return report
    } catch {
      let isForWhatItHolds = [ErrorKind.invalidBatch.name, ErrorKind.tooManyValues.name]
      if let sender, isForWhatItHolds.contains(error.kind) {
        contents.producers[sender.producer, default: Producer()].refuse(sender.number)
      }
      throw error
    }
  }

  /// Whether this number was applied before; a gap, or a number that was refused, is an error.
  private func isDuplicate(_ sender: Sender, _ params: Params) throws(RPCError) -> Bool {
    guard let known = contents.producers[sender.producer] else {
      if contents.producers.count >= Self.producerLimit {
        throw RPCError(
          .tooManyValues, "the stream has \(Self.producerLimit) producers",
          path: params.path(of: "producer"), hint: "reset the stream to forget them")
      }
      return try isDuplicate(sender, after: Producer(), params)
    }
    return try isDuplicate(sender, after: known, params)
  }

  private func isDuplicate(
    _ sender: Sender, after known: Producer, _ params: Params
  ) throws(RPCError) -> Bool {
    if known.refused.contains(sender.number) {
      throw RPCError(
        .alreadyRefused, "batch \(sender.number) was refused before", path: params.path(of: "seq"),
        hint: "its number is used up; go on with \(known.last + 1)",
        data: [("expected", .int(Int(known.last) + 1))])
    }
    if sender.number <= known.last { return true }
    if sender.number == known.last + 1 { return false }
    throw RPCError(
      .outOfSequence, "batch \(known.last + 1) has not come, but \(sender.number) has",
      path: params.path(of: "seq"), hint: "send from \(known.last + 1) on",
      data: [("expected", .int(Int(known.last) + 1))])
  }
}

extension JSONWriter {
  fileprivate mutating func pushResult(_ stream: Stream, _ report: PushReport?) {
    beginObject()
    field("count", stream.engine.count)
    field("total_count", stream.engine.totalCount)
    field("revision", stream.revision)
    field("duplicate", report == nil)
    field("dropped_duplicates", report?.duplicates ?? 0)
    if let conflicting = report?.conflicting, conflicting > 0 {
      field("conflicting_duplicates", conflicting)
    }
    field("clamped", report?.clamped ?? 0)
    field("dropped", report?.dropped ?? 0)
    endObject()
  }
}

// MARK: - Notifications that fail

extension Server {
  static let pushFailedNotification = ServerNotification(
    name: "stream/push_failed",
    summary:
      "A push without an id was refused; sent to connections that asked for it at initialize.",
    parameters: [
      .stream,
      Parameter("producer", "Of the refused batch.", schema: #"{"type": "string"}"#),
      Parameter("seq", "Of the refused batch.", schema: #"{"type": "integer"}"#),
      Parameter(
        "error", "As in a reply: code, message and data.", required: true,
        schema: #"{"type": "object"}"#),
    ])

  /// A refused notification taints its stream, so that no number is read unaware of it.
  mutating func notificationFailed(_ method: String, _ params: Params, _ error: RPCError) {
    guard method == "stream/push" else { return }
    counters.rejectedBatches += 1
    let fields = params.value?.kind == .object ? params.value : nil
    let name = fields?["stream"]?.string
    // A number that was refused before has tainted the stream before.
    if let name, error.kind != ErrorKind.alreadyRefused.name {
      let rows = fields?["batch"].map(Self.rowCount) ?? 0
      streams[name]?.contents.taint.add(rows: rows, error)
      streams[name]?.refusals.add(rows: rows, error)
    }
    guard params.caller.capabilities.pushFailed else { return }
    outbox.notify(params.caller.session, method: "stream/push_failed") { writer in
      writer.beginObject()
      writer.field("stream", name.map { .text(clipped($0)) } ?? .null)
      if let producer = fields?["producer"]?.string { writer.field("producer", clipped(producer)) }
      if let number = fields?["seq"]?.int64 { writer.field("seq", Value.integer(number)) }
      writer.errorMember(error)
      writer.endObject()
    }
  }

  /// How many rows a refused batch seems to have had: the length of its first column.
  private static func rowCount(_ batch: JSONValue) -> Int {
    guard batch.kind == .object else { return 0 }
    for (_, column) in batch.members {
      if column.kind == .array { return column.count }
      if column.kind != .object { continue }
      if let rows = column["shape"]?[0]?.int64, rows >= 0 { return Int(clamping: rows) }
      if let indices = column["indices"], indices.kind == .array { return indices.count }
      if let text = column["base64"], let size = column["dtype"]?.string.flatMap(DType.init)?.size {
        return text.sourceRange.count / 4 * 3 / size
      }
    }
    return 0
  }
}
