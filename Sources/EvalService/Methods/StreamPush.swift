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
      Parameter(
        "row_metrics",
        "Metrics to be answered for each row of this batch by itself; row_values has them.",
        schema: #"{"type": "array", "items": {"type": ["string", "object"]}}"#),
    ],
    resultSchema: """
      {"type": "object", "required": ["count", "total_count", "revision", "duplicate", \
      "dropped_duplicates", "clamped"]}
      """,
    errors: [
      "StreamNotFound", "InvalidBatch", "OutOfSequence", "AlreadyRefused", "UnknownMetric",
      "MemoryLimit", "TooManyValues", "DurabilityFailed",
    ]
  ) { server, params, writer throws(RPCError) in
    let batch = try params.required("batch")
    let sender = try Sender(params)
    let (name, place) = try server.find(params)
    var rowMetrics: [MetricRequest] = []
    let isNew = try server.look(at: place) { stream throws(RPCError) in
      rowMetrics = try stream.rowMetrics(params)
      return try stream.isNew(sender, params)
    }
    var report: PushReport?
    if isNew {
      report = try server.push(batch, to: name, at: place, from: sender, rowMetrics, params)
      server.counters.pushes += 1
      server.counters.rows += UInt64(report?.applied ?? 0)
      server.changes += 1
    }
    // A notification has no reply.
    if params.caller.isNotification { return writer.null() }
    try server.look(at: place) { stream throws(RPCError) in
      writer.pushResult(stream, report, rowMetrics)
    }
  }

  /// Applies a batch that is the next of its sender.
  private mutating func push(
    _ batch: JSONValue, to name: Name, at place: Place, from sender: Sender?,
    _ rowMetrics: [MetricRequest], _ params: Params
  ) throws(RPCError) -> PushReport {
    let path = "/params/batch"
    do {
      // Before they are copied: what is in shared memory may be far more than the line that names it.
      let shared = max(Self.sharedBytes(batch), batch["slices"].map(Self.sharedBytes) ?? 0)
      try reserveMemory(shared, for: "this batch", path: path)
      let isWritten = journal != nil
      // What is written down is what was counted, so it has to be there before.
      let isLeft = !isWritten && shared >= BatchReader.leastUnread
      let (whole, readByRow) = try look(at: place) { stream throws(RPCError) in
        (stream.engine.wholeColumns, isLeft ? stream.engine.columnsReadByRow : [])
      }
      let reader = BatchReader(
        sharedMemory: sharedMemory, wholeColumns: whole, readByRow: readByRow)
      let columns = try reader.read(batch, path: path)
      let bytes = try look(at: place) { stream throws(RPCError) in
        columns.mostBytesNeeded(by: stream.engine, isWritten: isWritten)
      }
      try reserveMemory(bytes, for: "this batch", path: path)
      try readyJournal()
      let commit = pushCommit(to: name, from: sender, columns, params)
      return try withStream(at: place) { stream throws(RPCError) in
        try stream.push(columns, from: sender, rowMetrics, path: path, commit: commit)
      }
    } catch {
      // What the batch holds will not get better by sending it again; room may be found.
      let isForWhatItHolds = [ErrorKind.invalidBatch.name, ErrorKind.tooManyValues.name]
      if let sender, isForWhatItHolds.contains(error.kind) {
        try useUp(sender, of: name, for: error, params)
      }
      throw error
    }
  }
}

extension Server {
  /// Notes that a number was used up by a batch that was refused. Where the batch was a notification, the
  /// taint of its stream is in the same record: a crash must not come between the two.
  private mutating func useUp(
    _ sender: Sender, of name: Name, for error: RPCError, _ params: Params
  ) throws(RPCError) {
    let taint = params.caller.isNotification ? Self.refusal(params, error) : Refusals()
    let change = Change.refuse(stream: name, from: sender, taint: taint)
    // When this fails, the number is not used up, and the sender is told why.
    try commit(change, params)
    apply(change)
    isTaintNoted = params.caller.isNotification
  }

  /// The bytes of the columns that stand in shared memory, by what their shapes say.
  private static func sharedBytes(_ columns: JSONValue) -> Int {
    var bytes = 0
    for column in columns.memberValues where column.kind == .object {
      guard column["shared_memory"] != nil, let shape = column["shape"] else { continue }
      // Far more than any limit is as good as the whole of it.
      bytes = min(bytes + min(BatchReader.elements(shape) ?? 0, 1 << 40) * 8, 1 << 50)
    }
    return bytes
  }
}

extension Stream {
  /// The metrics that are asked for by row.
  fileprivate func rowMetrics(_ params: Params) throws(RPCError) -> [MetricRequest] {
    guard let list = try params.optionalArray("row_metrics") else { return [] }
    return try Self.requests(list, path: params.path(of: "row_metrics"), task: schema.task)
  }

  /// Whether a batch is yet to be applied; a gap, or a number that was refused, is an error.
  fileprivate func isNew(_ sender: Sender?, _ params: Params) throws(RPCError) -> Bool {
    guard let sender else { return true }
    if contents.producers.isFull(for: sender.producer) {
      throw RPCError(
        .tooManyValues, "the stream has \(Producers.limit) producers",
        path: params.path(of: "producer"), hint: "reset the stream to forget them")
    }
    let known = contents.producers[sender.producer]
    let expected = ("expected", RPCValue.int(Int(known.expected)))
    switch known.verdict(on: sender.number) {
    case .next: return true
    case .duplicate: return false
    case .refusedBefore:
      throw RPCError(
        .alreadyRefused, "batch \(sender.number) was refused before",
        path: params.path(of: "seq"),
        hint: "its number is used up; go on with \(known.expected)", data: [expected])
    case .gap:
      throw RPCError(
        .outOfSequence, "batch \(known.expected) has not come, but \(sender.number) has",
        path: params.path(of: "seq"), hint: "send from \(known.expected) on", data: [expected])
    }
  }

  /// Applies columns, all of them or none.
  fileprivate mutating func push(
    _ columns: Columns, from sender: Sender?, _ rowMetrics: [MetricRequest], path: String,
    commit: JournalEntry?
  ) throws(RPCError) -> PushReport {
    do throws(InputError) {
      return try apply(columns, from: sender, rowMetrics, commit: commit)
    } catch {
      // What could not be written says nothing about a place in the batch.
      throw RPCError(error, at: error.kind == .durabilityFailed ? "/params" : path)
    }
  }

  /// The same, also for a batch that is read from the journal.
  @discardableResult
  mutating func apply(
    _ columns: Columns, from sender: Sender?, _ rowMetrics: [MetricRequest] = [],
    commit: JournalEntry? = nil
  ) throws(InputError) -> PushReport {
    var record: UInt64 = 0
    let report = try contents.engine.push(columns, rowMetrics: rowMetrics) {
      () throws(InputError) in
      if let commit { record = try commit.write() }
    }
    if let sender {
      contents.producers.note(
        sender, isRefused: false, record: record, durableTo: commit?.durableNumber ?? 0)
    }
    contents.totals.add(report)
    notePush()
    return report
  }
}

extension PushReport {
  /// Adds what another push did.
  fileprivate mutating func add(_ other: PushReport) {
    applied &+= other.applied
    clamped &+= other.clamped
    dropped &+= other.dropped
    duplicates &+= other.duplicates
    conflicting &+= other.conflicting
  }
}

extension Columns {
  /// An upper bound of the memory that a batch becomes. What `isWritten` to a journal stands there as
  /// bytes once more.
  fileprivate func mostBytesNeeded(by engine: any TaskEngine, isWritten: Bool) -> Int {
    let written = isWritten ? 8 : 0
    let kept = slices.values.reduce(0) { $0 + $1.elements } * (ColumnSpec.bytesKept + written)
    return columns.reduce(kept) { sum, column in
      sum + column.value.elements * (engine.bytesPerElement(of: column.key) + written)
    }
  }
}

extension Column {
  fileprivate var elements: Int {
    switch self {
    case .numeric(let column): column.rows * max(1, column.width)
    case .unread(let column): column.rows * max(1, column.width)
    case .values(let values): values.count
    // Texts are kept as they are at most, and here 64 bytes stand for eight of theirs.
    case .text(let texts): texts.count + texts.bytes.count / 8
    case .lists(let inner, let ends): ends.count + inner.elements
    case .dictionary(let values, let codes): values.count + codes.count
    case .constant: 1
    }
  }
}

extension JSONWriter {
  fileprivate mutating func pushResult(
    _ stream: Stream, _ report: PushReport?, _ rowMetrics: [MetricRequest]
  ) {
    beginObject()
    field("count", stream.engine.count)
    field("total_count", stream.engine.totalCount)
    field("revision", stream.revision)
    field("duplicate", report == nil)
    field("dropped_duplicates", report?.duplicates ?? 0)
    field("conflicting_duplicates", report?.conflicting ?? 0)
    field("clamped", report?.clamped ?? 0)
    field("dropped", report?.dropped ?? 0)
    if let report, !rowMetrics.isEmpty { rowValues(rowMetrics, report.rowAnswers) }
    endObject()
  }
}

extension JSONWriter {
  private mutating func rowValues(_ requests: [MetricRequest], _ answers: [[Answer]]) {
    key("row_values")
    beginObject()
    for (request, answers) in zip(requests, answers) {
      key(request.key.text)
      beginArray()
      for answer in answers { value(answer.value ?? .null) }
      endArray()
    }
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
    let name = fields?["stream"]?.string.map { Name($0) }
    // A number that was refused before has tainted the stream before.
    let isNoted = isTaintNoted || error.kind == ErrorKind.alreadyRefused.name
    isTaintNoted = false
    if let name, !isNoted { taint(name, Self.refusal(params, error)) }
    guard params.caller.capabilities.pushFailed else { return }
    outbox.notify(params.caller.session, method: "stream/push_failed") { writer in
      writer.beginObject()
      writer.field("stream", name.map { .text(clipped($0.text)) } ?? .null)
      if let producer = fields?["producer"]?.string { writer.field("producer", clipped(producer)) }
      if let number = fields?["seq"]?.int64 { writer.field("seq", Value.integer(number)) }
      writer.errorMember(error)
      writer.endObject()
    }
  }

  /// Taints a stream. Where that cannot be written down, it is once it can.
  private mutating func taint(_ name: Name, _ refusal: Refusals) {
    if streams[name] == nil { return }
    apply(.refuse(stream: name, from: nil, taint: refusal))
    if journal == nil { return }
    unwrittenTaints[name, default: Refusals()].add(refusal)
    _ = try? readyJournal()
  }

  /// The refusal of the batch of these parameters.
  private static func refusal(_ params: Params, _ error: RPCError) -> Refusals {
    let fields = params.value?.kind == .object ? params.value : nil
    return Refusals(rows: fields?["batch"].map(rowCount) ?? 0, error)
  }

  /// How many rows a refused batch seems to have had: those of its first column. What its sender says of
  /// them is taken no further than what was sent.
  private static func rowCount(_ batch: JSONValue) -> Int {
    for (name, column) in batch.members where name != "slices" {
      if let rows = rowCount(ofColumn: column["indices"] ?? column) { return rows }
    }
    return 0
  }

  private static func rowCount(ofColumn column: JSONValue) -> Int? {
    if column.kind == .array { return column.count }
    guard let text = column["base64"], text.kind == .string,
      let size = column["dtype"]?.string.flatMap(DType.init)?.size
    else { return nil }
    let elements = text.sourceRange.count / 4 * 3 / size
    guard let rows = column["shape"]?[0]?.int64 else { return elements }
    return min(elements, Int(clamping: max(0, rows)))
  }
}
