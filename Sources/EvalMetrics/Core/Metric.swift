/// Whether more is better.
public enum Direction: String, Sendable {
  case higher
  case lower
  case neither
}

/// A metric: a pure function of a state, with all that the catalogue tells of it.
///
/// A new one is a `static let` in a file of its family's folder, and a line in its task's catalogue.
public struct Metric<S: State>: Sendable {
  /// The name on the wire, snake case; `name@k` where a rank belongs to the name.
  public var name: String
  /// One sentence with the formula.
  public var summary: String
  /// The values it can take, as an interval, with "percent" where the reference gives percents.
  public var range: String
  public var better: Direction
  /// The reasons for which it can be undefined, `no_rows` aside.
  public var undefined: [Reason]
  /// What may stand beside its name in a metric object.
  public var options: [OptionSpec]
  /// Paper or reference implementation with version.
  public var source: String
  /// True when the state must be prepared first: sorted scores, kept values.
  public var needsPreparation: Bool
  /// True when the value depends on what counts as a positive, so that `threshold` of a query applies.
  public var usesThreshold: Bool
  /// Whether the signature tells each option by name and value; false where `signature` tells all of them.
  public var signsOptions = true
  /// Set on a second name of a metric.
  public var aliasOf: String?
  /// What the signature says beyond the name: for each entry "key:value".
  public var signature: @Sendable (S.Configuration, Arguments) -> [String]
  /// The value for a state. `threshold` is the query's own, on the scale of the scores.
  public var compute: @Sendable (S, Arguments, _ threshold: Double?) -> Answer

  public init(
    _ name: String, _ summary: String, range: String, better: Direction,
    undefined: [Reason] = [], options: [OptionSpec] = [], source: String,
    needsPreparation: Bool = false, usesThreshold: Bool = false,
    signature: @escaping @Sendable (S.Configuration, Arguments) -> [String] = { _, _ in [] },
    compute: @escaping @Sendable (S, Arguments, Double?) -> Answer
  ) {
    self.name = name
    self.summary = summary
    self.range = range
    self.better = better
    self.undefined = undefined
    self.options = options
    self.source = source
    self.needsPreparation = needsPreparation
    self.usesThreshold = usesThreshold
    self.signature = signature
    self.compute = compute
  }

  /// The same metric under another name.
  public func alias(_ other: String) -> Metric {
    var copy = self
    copy.aliasOf = name
    copy.name = other
    return copy
  }
}

/// What the catalogue tells of a metric, without its state's type.
public struct MetricDescription: Sendable {
  public var name: String
  public var task: String
  public var summary: String
  public var range: String
  public var better: Direction
  public var undefined: [Reason]
  public var options: [OptionSpec]
  public var source: String
  /// Whether its state grows with the rows.
  public var keepsRows: Bool
  public var aliasOf: String?
}

/// A metric that was asked for: which one, with which options, and under which key it answers.
public struct MetricRequest: Sendable, Equatable {
  /// The key in the answer: the name, the canonical form of an object, or what `as` says.
  public var key: Name
  /// The place of the metric in its task's catalogue.
  public var index: Int
  public var arguments: Arguments
}

extension Metric {
  /// The base of a name with a rank: "recall" of "recall@k"; nil for other names.
  var rankedBase: Substring? { name.hasSuffix("@k") ? name.dropLast(2) : nil }
}

/// A way to find metrics by the names that people write.
public struct Catalogue<S: State>: Sendable {
  public let metrics: [Metric<S>]
  /// Their places by name.
  private let places: [String: Int]

  /// A catalogue of these, in this order.
  public init(metrics: [Metric<S>]) {
    self.metrics = metrics
    var places: [String: Int] = [:]
    for (place, metric) in metrics.enumerated() { places[metric.name] = place }
    self.places = places
  }

  /// All names, for hints.
  public var names: [String] { metrics.map(\.name) }

  /// Reads `"f1"`, `"recall@5"` or `{"metric": "f_beta", "beta": 2, "as": "f2"}`.
  public func resolve(_ value: Value) throws(InputError) -> MetricRequest {
    switch value {
    case .text(let name):
      let (index, rank) = try find(name)
      return try request(index, rank: rank, fields: [], as: name)
    case .record(var fields):
      guard let place = fields.firstIndex(where: { $0.key == "metric" }),
        let name = fields[place].value.string
      else {
        throw InputError(
          .invalidParams, [], "a metric object has no \"metric\"",
          hint: "write {\"metric\": \"f_beta\", \"beta\": 2}")
      }
      fields.remove(at: place)
      var chosen: String?
      if let place = fields.firstIndex(where: { $0.key == "as" }) {
        guard let text = fields[place].value.string, !text.isEmpty, text.utf8.count <= 200 else {
          throw InputError(
            .invalidParams, [.key("as")], "as must be a string of 1 to 200 bytes",
            hint: "as names the result")
        }
        chosen = text
        fields.remove(at: place)
      }
      let (index, rank) = try find(name)
      if rank != nil, fields.contains(where: { $0.key == "k" }) {
        throw InputError(
          .invalidParams, [.key("k")], "\(Value.text(name).brief) has its k in its name",
          hint: "write {\"metric\": \"\(metrics[index].name)\", \"k\": 10}")
      }
      return try request(index, rank: rank, fields: fields, as: chosen)
    default:
      throw InputError(
        .invalidParams, [], "a metric is a name or an object, not \(value.kindName)",
        hint: "write \"f1\" or {\"metric\": \"f_beta\", \"beta\": 2}")
    }
  }

  /// A request in the form in which it can be asked for again, with its key.
  public func value(of request: MetricRequest) -> Value {
    let given = request.arguments.given.map { Value.Field($0, request.arguments[$0]) }
    return .record(
      [Value.Field("metric", .text(metrics[request.index].name))] + given
        + [Value.Field("as", .text(request.key.text))])
  }

  private func find(_ name: String) throws(InputError) -> (index: Int, rank: Int?) {
    if let index = places[name] { return (index, nil) }
    // As it is written in keys, so that no other way to write it is another key.
    if let at = name.lastIndex(of: "@"), let rank = Int(name[name.index(after: at)...]),
      name.hasSuffix("@\(rank)"), let index = places[name[..<at] + "@k"]
    {
      return (index, rank)
    }
    throw .unknownName(.unknownMetric, [], "metric", name, known: names)
  }

  private func request(
    _ index: Int, rank: Int?, fields: [Value.Field], as chosen: String?
  ) throws(InputError) -> MetricRequest {
    let metric = metrics[index]
    var fields = fields
    if let rank { fields.insert(Value.Field("k", .integer(Int64(rank))), at: 0) }
    let arguments = try Arguments(fields, for: metric.options)
    if let ranked = metric.rankedBase, arguments["k"] == .null {
      throw InputError(
        .invalidParams, [], "\(metric.name) needs its k", hint: "write \"\(ranked)@10\"")
    }
    for option in metric.options where option.isRequired && arguments[option.name] == .null {
      throw InputError(
        .invalidParams, [], "\(metric.name) needs its option \(option.name): \(option.summary)",
        hint: "write {\"metric\": \"\(metric.name)\", \"\(option.name)\": …}")
    }
    if let chosen { return MetricRequest(key: Name(chosen), index: index, arguments: arguments) }
    var base = metric.name
    var shown = arguments.given
    if let ranked = metric.rankedBase {
      base = "\(ranked)@\(arguments.integer("k"))"
      shown.removeAll { $0 == "k" }
    }
    let list = shown.map { "\($0)=\(arguments[$0].canonicalText)" }.joined(separator: ",")
    let key = list.isEmpty ? base : "\(base)(\(list))"
    return MetricRequest(key: Name(key), index: index, arguments: arguments)
  }
}

extension Value {
  /// The form in a canonical key: integral numbers without a fraction.
  var canonicalText: String {
    if let x = exactInteger { return "\(x)" }
    if let text = string { return text }
    return brief
  }
}
