import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let streamOpen = Method<Server>(
    name: "stream/open",
    summary: "Opens a stream, or finds it open with an equal schema.",
    parameters: [
      .stream,
      Parameter("task", "What the rows are.", required: true, schema: #"{"type": "string"}"#),
      Parameter("options", "Options of the task.", schema: #"{"type": "object"}"#),
      Parameter(
        "metrics", "What a query answers that names nothing.",
        schema: #"{"type": "array", "items": {"type": ["string", "object"]}}"#),
      Parameter(
        "slices", "Slice dimensions: names, or {\"name\", \"edges\"} for numeric ones.",
        schema: #"{"type": "array", "items": {"type": ["string", "object"]}}"#),
      Parameter(
        "keep_windows", "How many closed windows stay queryable by themselves.",
        schema: #"{"type": "integer", "minimum": 0, "default": 1}"#),
      Parameter("metadata", "Anything; it is given back.", schema: "true"),
      Parameter(
        "resume", "Whether the stream may, must or must never be there already.",
        schema: #"{"enum": ["allow", "must", "never"], "default": "allow"}"#),
    ],
    resultSchema: """
      {"type": "object", "required": ["stream", "created", "count", "revision", "producers", \
      "checkpoints"]}
      """,
    errors: [
      "InvalidParams", "UnknownTask", "UnknownMetric", "SchemaMismatch", "ResumeRefused",
      "TooManyValues", "MemoryLimit", "DurabilityFailed",
    ]
  ) { server, params, writer throws(RPCError) in
    let name = try streamName(params)
    let created = try server.open(name, params)
    guard let stream = server.streams[name] else { return }
    writer.beginObject()
    writer.field("stream", name)
    writer.field("created", created)
    writer.field("count", stream.engine.count)
    writer.field("revision", stream.revision)
    writer.producers("producers", stream.contents.producers)
    writer.field("checkpoints", stream.checkpoints.map(\.name))
    writer.endObject()
  }

  private mutating func open(_ name: Name, _ params: Params) throws(RPCError) -> Bool {
    let resume = try params.choice("resume", of: ["allow", "must", "never"], otherwise: "allow")
    var schema = try Self.schema(params)
    try translating(at: "/params") { () throws(InputError) in try Tasks.require(schema.task) }
    let metrics = try params.optionalArray("metrics").map { list throws(RPCError) in
      try Stream.requests(list, path: params.path(of: "metrics"), task: schema.task)
    }
    let trace = FileTrace(files.reader)
    let engine = try translating(at: "/params") { () throws(InputError) in
      try Tasks.engine(
        task: schema.task, options: schema.options, metrics: metrics ?? [],
        dimensions: schema.dimensions, keepWindows: schema.keepWindows,
        files: trace.reader)
    }
    schema.settings = engine.settings
    let metadata = try Self.metadata(params)
    if let stream = streams[name] {
      try reopen(stream, schema, resume, params)
      try change(stream, metrics, metadata, params)
      return false
    }
    if resume == "must" {
      throw RPCError(
        .resumeRefused, "there is no stream \(quoted(name)) to resume",
        path: params.path(of: "resume"), hint: "resume \"allow\" makes it")
    }
    guard streams.count < limits.maxStreams else {
      throw RPCError(
        .tooManyValues, "there are \(streams.count) streams", path: params.path(of: "stream"),
        hint: "delete some, or raise --max-streams")
    }
    let stream = Stream(
      name: name, schema: schema, engine: engine, metrics: metrics,
      metadata: metadata ?? Self.noMetadata, openedAt: changes + 1,
      files: journal == nil ? [] : trace.files)
    try reserveMemory(stream.byteCount, for: "this stream", path: params.path(of: "stream"))
    try commit(.open(Opening(stream)), params)
    changes += 1
    add(stream)
    return true
  }

  static var noMetadata: [UInt8] { Array("null".utf8) }

  /// Gives an open stream another default answer and other metadata, where they were given.
  private mutating func change(
    _ stream: Stream, _ metrics: [MetricRequest]?, _ metadata: [UInt8]?, _ params: Params
  ) throws(RPCError) {
    if metrics == nil && metadata == nil { return }
    let incoming = Stream.byteCount(stream.schema, metrics ?? [], metadata ?? [])
    try reserveMemory(incoming, for: "the metadata", path: params.path(of: "metadata"))
    // A client that opens the same again changes nothing.
    if metrics ?? stream.metrics == stream.metrics, metadata ?? stream.metadata == stream.metadata {
      return
    }
    let change = Change.alter(stream: stream.name, metrics: metrics, metadata: metadata)
    try commit(change, params)
    apply(change)
  }

  private func reopen(
    _ stream: Stream, _ schema: Schema, _ resume: String, _ params: Params
  ) throws(RPCError) {
    if resume == "never" {
      throw RPCError(
        .resumeRefused, "the stream \(quoted(stream.name)) is there already",
        path: params.path(of: "resume"), hint: "reset or delete it, or choose another name")
    }
    guard let difference = stream.schema.difference(from: schema) else { return }
    throw RPCError(
      .schemaMismatch,
      "the stream \(quoted(stream.name)) is open with another \(quoted(difference))",
      path: params.path(of: difference),
      hint: "stream/describe shows its schema; delete it, or choose another name")
  }
}

// MARK: - Reading the schema

extension Server {
  /// A name that may be given to a stream, a mark or a checkpoint.
  static func checkedName(_ key: String, _ params: Params) throws(RPCError) -> Name {
    let name = try params.string(key)
    guard !name.isEmpty, name.utf8.count <= 200,
      !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw params.invalid(key, "must have 1 to 200 bytes and no control characters")
    }
    return Name(name)
  }

  private static func streamName(_ params: Params) throws(RPCError) -> Name {
    try checkedName("stream", params)
  }

  private static func schema(_ params: Params) throws(RPCError) -> Schema {
    Schema(
      task: try params.string("task"),
      options: try params.optionalObject("options")?.value.map { Value($0).fields } ?? [],
      dimensions: try dimensions(params),
      keepWindows: try params.optionalInt("keep_windows", in: 0...10_000) ?? 1)
  }

  private static func metadata(_ params: Params) throws(RPCError) -> [UInt8]? {
    guard let json = params.present("metadata") else { return nil }
    return try shortText(of: json, "metadata", params)
  }

  /// A value that is kept only to be given back, as compact JSON text.
  static func shortText(
    of json: JSONValue, _ key: String, _ params: Params
  ) throws(RPCError) -> [UInt8] {
    var writer = JSONWriter()
    writer.value(json)
    guard writer.bytes.count <= 65_536 else {
      throw params.invalid(key, "is longer than 65536 bytes")
    }
    return writer.bytes
  }

  private static func dimensions(_ params: Params) throws(RPCError) -> [SliceDimension] {
    guard let list = try params.optionalArray("slices") else { return [] }
    let path = params.path(of: "slices")
    guard list.count <= 16 else {
      throw RPCError(
        .tooManyValues, "\(list.count) slice dimensions", path: path, hint: "at most 16")
    }
    var dimensions: [SliceDimension] = []
    for (index, json) in list.elements.enumerated() {
      let place = jsonPointer(path, index)
      let dimension = try dimension(json, path: place, caller: params.caller)
      if dimensions.contains(where: { $0.name == dimension.name }) {
        throw RPCError(
          .invalidParams, "the slice \(quoted(dimension.name)) is declared twice", path: place)
      }
      dimensions.append(dimension)
    }
    return dimensions
  }

  private static func dimension(
    _ json: JSONValue, path: String, caller: Caller
  ) throws(RPCError) -> SliceDimension {
    let hint = "write \"language\" or {\"name\": \"length\", \"edges\": [64, 512]}"
    if let name = json.string, !name.isEmpty, name.utf8.count <= 200 {
      return SliceDimension(name: Name(name))
    }
    guard json.kind == .object else {
      throw RPCError(.invalidParams, "a slice is a name or an object", path: path, hint: hint)
    }
    let fields = Params(json, path: path, caller: caller)
    try fields.refuseUnknownKeys(["name", "edges"])
    let edges = try fields.optionalDoubles("edges") ?? []
    guard edges.count <= 1000, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw fields.invalid("edges", "must be ascending, and at most 1000", hint: hint)
    }
    return SliceDimension(name: try checkedName("name", fields), edges: edges)
  }
}

extension JSONWriter {
  /// Writes a number of each producer: the last one, unless another is asked for.
  mutating func producers(
    _ name: String, _ producers: Producers, _ number: (Producer) -> Int64 = \.last
  ) {
    key(name)
    beginObject()
    for (producer, sent) in producers.byName.sorted(by: { $0.key < $1.key }) {
      field(producer.text, Value.integer(number(sent)))
    }
    endObject()
  }
}
