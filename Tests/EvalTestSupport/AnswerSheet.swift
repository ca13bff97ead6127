import EvalMetrics

/// Every question that a catalogue can be asked: each metric with its defaults, with other values of
/// each of its options, and at thresholds. A metric that is added to a catalogue is in it by itself.
public struct AnswerSheet<S: State>: Sendable {
  public struct Question: Sendable {
    public var text: String
    public var metric: Metric<S>
    public var arguments: Arguments
    public var threshold: Double?
  }

  public let questions: [Question]

  public init(_ catalogue: Catalogue<S>, thresholds: [Double] = []) {
    var questions: [Question] = []
    for metric in catalogue.metrics {
      for fields in Self.choices(metric.options) {
        guard let arguments = try? Arguments(fields, for: metric.options) else { continue }
        let text = "\(metric.name) \(fields.map { "\($0.key)=\($0.value)" })"
        questions.append(.init(text: text, metric: metric, arguments: arguments))
        for threshold in metric.usesThreshold ? thresholds : [] {
          questions.append(
            .init(
              text: text + " at \(threshold)", metric: metric, arguments: arguments,
              threshold: threshold))
        }
      }
    }
    self.questions = questions
  }

  /// The answers of a state, bit for bit, as the engine gives them.
  public func fill(_ state: inout S) -> [String] {
    state.prepare()
    return answers(state).map(\.bits)
  }

  /// The answers of a prepared state.
  public func answers(_ state: S) -> [Answer] {
    questions.map { question in
      state.count == 0
        ? .undefined(.noRows)
        : question.metric.compute(state, question.arguments, question.threshold)
    }
  }

  /// Sets of options: none, and for each option some other values of what it may be.
  private static func choices(_ options: [OptionSpec]) -> [[Value.Field]] {
    var sets: [[Value.Field]] = [[]]
    for option in options {
      for value in values(option.kind) { sets.append([Value.Field(option.name, value)]) }
    }
    return sets
  }

  private static func values(_ kind: OptionKind) -> [Value] {
    switch kind {
    case .number(let range):
      [0.05, 0.5, 2].filter(range.contains).map(Value.number)
        + [.number(range.lowerBound), .number(min(range.upperBound, 1e6))]
    case .integer(let range):
      [1, 2, 7].filter(range.contains).map { Value.integer(Int64($0)) }
    case .boolean: [.bool(false), .bool(true)]
    case .choice(let names): names.map(Value.text)
    case .oneOf(let values): values
    case .label, .text, .custom: []
    }
  }
}

extension Answer {
  /// Text that two answers share only if they have the same bits.
  public var bits: String {
    if let value {
      return value.bits + (bounds.map { " in \($0)" } ?? "")
        + (fieldBounds.map { " in \($0.low.bits)...\($0.high.bits)" } ?? "")
    }
    return "undefined: \(reason?.rawValue ?? "without a reason")"
  }
}

extension Value {
  fileprivate var bits: String {
    switch self {
    case .number(let x): "\(x) 0x\(String(x.bitPattern, radix: 16))"
    case .list(let values): "[\(values.map(\.bits).joined(separator: ", "))]"
    case .record(let fields):
      "{\(fields.map { "\($0.key): \($0.value.bits)" }.joined(separator: ", "))}"
    default: "\(self)"
    }
  }
}
