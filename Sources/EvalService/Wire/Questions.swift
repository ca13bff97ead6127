import EvalMetrics
import JSONRPC
import WireJSON

/// Parameters that several methods share, as `rpc.discover` tells of them.
extension Parameter {
  static let stream = Parameter(
    "stream", "The name of the stream.", required: true, schema: #"{"type": "string"}"#)
  static let slice = Parameter(
    "slice", "Only rows with these slice values, such as {\"language\": \"fr\"}.",
    schema: #"{"type": "object"}"#)
  static let window = Parameter(
    "window",
    "Which rows: \"current\" (since the last mark), \"all\", {\"marks\": n}, {\"mark\": label} or {\"rows\": n}.",
    schema: #"{"type": ["string", "object"], "default": "current"}"#)
  static let metrics = Parameter(
    "metrics", "Names, or objects such as {\"metric\": \"f_beta\", \"beta\": 2, \"as\": \"f2\"}.",
    schema: #"{"type": "array", "items": {"type": ["string", "object"]}}"#)
  static let threshold = Parameter(
    "threshold", "Decide at this score instead of the stream's threshold.",
    schema: #"{"type": ["number", "string"]}"#)
}

/// Which rows a question is about, as it was asked.
struct Question: Sendable {
  var scope: Scope
  /// The window as it is echoed.
  var window: Value
  /// The slice as it is echoed; nil without one.
  var slice: Value?

  /// Reads `window` and `slice`.
  init(_ params: Params, dimensions: [SliceDimension]) throws(RPCError) {
    scope = Scope()
    window = .text("current")
    if let json = params.present("window") {
      scope.window = try Self.window(json, params)
      window = Value(json)
    }
    guard let json = params.present("slice") else { return }
    guard json.kind == .object else {
      throw params.invalid("slice", "must be an object", hint: "write {\"language\": \"fr\"}")
    }
    for (name, value) in json.members {
      let path = jsonPointer(params.path(of: "slice"), clipped(name))
      let place = try Self.place(of: Name(name), in: dimensions, path: path)
      do {
        scope.slice[place] = try dimensions[place].value(named: Value(value))
      } catch {
        throw RPCError(.invalidParams, error.message, path: path, hint: error.hint)
      }
    }
    slice = .record(
      scope.slice.sorted { $0.key < $1.key }.map {
        Value.Field(dimensions[$0.key].name.text, dimensions[$0.key].wire($0.value))
      })
  }

  /// The place of a dimension in the declaration.
  static func place(
    of name: Name, in dimensions: [SliceDimension], path: String
  ) throws(RPCError) -> Int {
    if let place = dimensions.firstIndex(where: { $0.name == name }) { return place }
    throw RPCError(
      .invalidParams, "the stream has no slice \(quoted(name))", path: path,
      hint: unknownNameHint(name, among: dimensions.map(\.name)))
  }

  private static func window(_ json: JSONValue, _ params: Params) throws(RPCError) -> Window {
    switch json.string {
    case "current": return .current
    case "all": return .all
    default: break
    }
    if json.kind == .object, json.count == 1 {
      if let label = json["mark"]?.string { return .mark(Name(label)) }
      if let count = count(json["marks"]) { return .marks(count) }
      if let count = count(json["rows"]) { return .rows(count) }
    }
    throw params.invalid(
      "window", "is not a window",
      hint: "\"current\", \"all\", {\"marks\": n}, {\"mark\": label} or {\"rows\": n}, n from 1 on")
  }

  private static func count(_ json: JSONValue?) -> Int? {
    guard let count = json?.int64.flatMap(Int.init(exactly:)), count >= 1 else { return nil }
    return count
  }
}

extension Params {
  /// A string that is a name.
  func name(_ key: String) throws(RPCError) -> Name { Name(try string(key)) }

  /// The same, or nil when it is absent.
  func optionalName(_ key: String) throws(RPCError) -> Name? {
    if let text = try optionalString(key) { Name(text) } else { nil }
  }

  /// The threshold of a query; infinities have their strings.
  func threshold() throws(RPCError) -> Double? {
    guard let x = try optionalDouble("threshold", finite: false) else { return nil }
    if x.isNaN { throw invalid("threshold", "must not be NaN") }
    return x
  }
}

extension Stream {
  /// The metrics a request asks for: its own, else those of the stream.
  func requests(_ params: Params) throws(RPCError) -> [MetricRequest] {
    guard let list = try params.optionalArray("metrics") else { return metrics }
    return try Self.requests(list, path: params.path(of: "metrics"), task: schema.task)
  }

  /// Reads a list of metrics; two equal keys are refused.
  static func requests(
    _ list: JSONValue, path: String, task: String
  ) throws(RPCError) -> [MetricRequest] {
    guard list.count <= 1000 else {
      throw RPCError(
        .tooManyValues, "\(list.count) metrics are asked for", path: path, hint: "at most 1000")
    }
    var requests: [MetricRequest] = []
    var keys: Set<Name> = []
    for (index, json) in list.elements.enumerated() {
      let place = jsonPointer(path, index)
      let request = try translating(at: place) { () throws(InputError) in
        try Tasks.resolve(Value(json), task: task)
      }
      guard keys.insert(request.key).inserted else {
        throw RPCError(
          .invalidParams, "two metrics have the key \(quoted(request.key))", path: place,
          hint: "name one of them with \"as\"")
      }
      requests.append(request)
    }
    return requests
  }
}

/// What a question found, and about which rows.
struct Found<T> {
  var question: Question
  /// Rows it is about.
  var count: Int
  var value: T
}

extension Stream {
  /// Asks the prepared state of the rows a request names for something that only some states have;
  /// `what` names it where this one has not.
  mutating func inspect<Asked, T>(
    _ params: Params, _ what: String, _ body: (Asked) throws(InputError) -> T
  ) throws(RPCError) -> Found<T> {
    let question = try Question(params, dimensions: schema.dimensions)
    let task = schema.task
    return try translating(at: "/params") { () throws(InputError) in
      try contents.engine.inspect(question.scope) { state throws(InputError) in
        guard let asked = state as? Asked else {
          throw InputError(
            .notApplicable, [.key("stream")], "a \(task) stream has no \(what)",
            hint: "this method is for other tasks")
        }
        return Found(question: question, count: state.count, value: try body(asked))
      }
    }
  }
}

// MARK: - Answers on the wire

extension JSONWriter {
  /// Writes what stands before every answer: which rows, and whether any are missing.
  mutating func header(_ stream: Stream, _ question: Question, count: Int) {
    field("stream", stream.name)
    field("window", question.window)
    if let slice = question.slice { field("slice", slice) }
    field("revision", stream.revision)
    field("count", count)
    field("total_count", stream.engine.totalCount)
    completeness(stream.contents.taint)
  }

  /// Writes `complete`, and what was refused when it is false.
  mutating func completeness(_ taint: Refusals) {
    field("complete", taint.isEmpty)
    if !taint.isEmpty { refusals("rejected", taint) }
  }

  /// Writes a count of refusals and the first of them.
  mutating func refusals(_ name: String, _ refusals: Refusals) {
    key(name)
    beginObject()
    field("batches", refusals.batches)
    field("rows", refusals.rows)
    if let first = refusals.first {
      key("first")
      beginObject()
      field("kind", first.kind)
      field("path", first.path)
      field("message", first.message)
      endObject()
    }
    endObject()
  }

  /// Writes `values`, and beside them why some have none.
  mutating func values(_ answers: some Sequence<(key: Name, answer: Answer)>) {
    key("values")
    beginObject()
    for (name, answer) in answers { field(name.text, answer.value ?? .null) }
    endObject()
    key("undefined")
    beginObject()
    for (name, answer) in answers {
      if let reason = answer.reason { field(name.text, reason.rawValue) }
    }
    endObject()
  }
}
