/// A metric of `text_generation`: a function of the sums of some statistics.
struct TextMetric: Sendable {
  var metric: Metric<GenerationState>
  /// What it needs to be kept, by its options and those of the stream.
  var statistics: @Sendable (Arguments, TextDefaults) -> TextStatistics

  /// The order is that of `metric/catalog`.
  static let all: [TextMetric] =
    [
      .bleu,
      .chrf,
      .chrfPlusPlus,
      .ter,
    ]
    + rouge + [
      .meteor,
      .exactMatch,
      .tokenF1,
      .wer,
      .cer,
    ]

  /// `signature` and `value` see the stream's options; sums without weight are nobody's.
  init(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [], options: [OptionSpec] = [], source: String,
    statistics: @escaping @Sendable (Arguments, TextDefaults) -> TextStatistics,
    signature: @escaping @Sendable (Arguments, TextDefaults) -> [String] = { _, _ in [] },
    value: @escaping @Sendable (GenerationState.Sums, Arguments) -> Answer
  ) {
    self.statistics = statistics
    metric = Metric(
      name, summary, range: range, better: better,
      undefined: [.zeroDivision, .notKept] + undefined, options: options, source: source,
      signature: { configuration, arguments in signature(arguments, configuration.defaults) },
      compute: { state, arguments, _ in
        guard let sums = state.sums(statistics(arguments, state.configuration.defaults)) else {
          return .undefined(.notKept)
        }
        if state.weight.isZero { return .undefined(.zeroDivision) }
        var answer = value(sums, arguments)
        answer.notes = state.referenceNotes
        return answer
      })
    metric.signsOptions = false
  }
}

extension GenerationState {
  /// How many references the rows have, as sacreBLEU's signatures say it.
  fileprivate var referenceNotes: [String] {
    let number = fewestReferences == mostReferences ? "\(mostReferences)" : "var"
    return ["nrefs:\(number)"]
  }
}

extension Arguments {
  /// A flag of a metric, or that of the stream where the metric's own is not given.
  func flag(_ name: String, else standard: Bool) -> Bool {
    self[name] == .null ? standard : flag(name)
  }
}
