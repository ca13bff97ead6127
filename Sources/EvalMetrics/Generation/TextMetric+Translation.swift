// BLEU, chrF and TER.

extension TextMetric {
  private static let sacrebleu = "sacreBLEU 2.6.0"

  /// Options whose default is the stream's own.
  static func inherited(_ name: String, _ kind: OptionKind, _ summary: String) -> OptionSpec {
    OptionSpec(name, kind, default: .null, summary)
  }

  static let bleu = TextMetric(
    "bleu",
    "geometric mean of the clipped precisions of 1- to 4-grams, times a penalty for brevity",
    range: "[0, 100] percent",
    options: [
      inherited(
        "tokenizer", .choice(BLEUTokenizer.allCases.map(\.rawValue)), "how words are cut"),
      inherited(
        "smoothing", .choice(BLEUSmoothing.allCases.map(\.rawValue)),
        "how an order without a match is treated"),
      inherited(
        "smooth_value", .number(0...1),
        "the parameter of floor (0.1) and of add-k (1)"),
      inherited("lowercase", .boolean, "whether case is ignored"),
      inherited(
        "effective_order", .boolean,
        "leave out orders that all predictions are too short for; so for row_metrics"),
    ],
    source: sacrebleu + "; Papineni et al. 2002",
    statistics: { arguments, defaults in
      .bleu(
        BLEUTokenizer(rawValue: arguments.text("tokenizer")) ?? defaults.tokenizer,
        lowercase: arguments.flag("lowercase", else: defaults.lowercase))
    },
    signature: { arguments, defaults in
      let method = BLEU(arguments, defaults)
      let lowercase = arguments.flag("lowercase", else: defaults.lowercase)
      let tokenizer =
        BLEUTokenizer(rawValue: arguments.text("tokenizer")) ?? defaults.tokenizer
      return [
        lowercase ? "case:lc" : "case:mixed", method.usesEffectiveOrder ? "eff:yes" : "eff:no",
        "tok:\(tokenizer.rawValue)", "smooth:\(method.smoothingText)",
      ]
    },
    value: { sums, arguments in
      .value(BLEU(arguments, sums.state.configuration.defaults).score { sums.count($0) })
    })

  static let chrf = character(
    "chrf", "F2 of character n-grams of orders 1 to 6", "Popović 2015", wordOrder: 0)

  static let chrfPlusPlus = character(
    "chrf_plus_plus", "chrf with word n-grams of orders 1 and 2 besides", "Popović 2017",
    wordOrder: 2)

  private static func character(
    _ name: String, _ summary: String, _ paper: String, wordOrder: Int
  ) -> TextMetric {
    @Sendable func settings(_ arguments: Arguments, _ defaults: TextDefaults) -> CHRFSettings {
      CHRFSettings(
        wordOrder: wordOrder, lowercase: arguments.flag("lowercase", else: defaults.lowercase),
        whitespace: arguments.flag("whitespace"))
    }
    return TextMetric(
      name, summary, range: "[0, 100] percent",
      options: [
        inherited("lowercase", .boolean, "whether case is ignored"),
        OptionSpec(
          "whitespace", .boolean, default: .bool(false), "whether white space is characters"),
      ],
      source: "\(sacrebleu); \(paper)",
      statistics: { .chrf(settings($0, $1)) },
      signature: { arguments, defaults in
        let settings = settings(arguments, defaults)
        return [
          settings.lowercase ? "case:lc" : "case:mixed", "eff:yes",
          "nc:\(CHRFSettings.characterOrder)", "nw:\(wordOrder)",
          settings.whitespace ? "space:yes" : "space:no",
        ]
      },
      value: { sums, _ in
        .value(CHRF.score(orders: CHRFSettings.characterOrder + wordOrder) { sums.count($0) })
      })
  }

  static let ter = TextMetric(
    "ter", "edits and moves of words for each word of the reference",
    range: "[0, inf) percent", better: .lower,
    options: [
      OptionSpec(
        "normalized", .boolean, default: .bool(false), "cut punctuation off, as mteval does"),
      OptionSpec("no_punct", .boolean, default: .bool(false), "leave punctuation out"),
      OptionSpec(
        "asian_support", .boolean, default: .bool(false),
        "with the two above: also of Chinese, Japanese and Korean"),
      OptionSpec("case_sensitive", .boolean, default: .bool(false), "whether case counts"),
    ],
    source: sacrebleu + "; Snover et al. 2006",
    statistics: { arguments, _ in .ter(TERSettings(arguments)) },
    signature: { arguments, _ in
      let settings = TERSettings(arguments)
      return [
        settings.caseSensitive ? "case:mixed" : "case:lc", "tok:tercom",
        settings.normalized ? "norm:yes" : "norm:no",
        settings.noPunctuation ? "punct:no" : "punct:yes",
        settings.asianSupport ? "asian:yes" : "asian:no",
      ]
    },
    value: { sums, _ in
      let (edits, lengths) = (sums.count(0), sums.real(0))
      // Without words in the references any edit is all there is, as the original says.
      if lengths.isZero { return .value(edits > 0 ? 100 : 0) }
      return .value(100 * (edits / lengths.value))
    })
}

extension BLEU {
  /// Reads a metric's options, and the stream's where it has none.
  init(_ arguments: Arguments, _ defaults: TextDefaults) {
    smoothing = BLEUSmoothing(rawValue: arguments.text("smoothing")) ?? defaults.smoothing
    smoothValue = arguments["smooth_value"].exactDouble ?? smoothing.standardValue ?? 0
    usesEffectiveOrder = arguments.flag("effective_order")
  }

  /// The smoothing as sacreBLEU's signatures have it.
  var smoothingText: String {
    if smoothing.standardValue == nil { return smoothing.rawValue }
    return "\(smoothing.rawValue)[\(Self.twoDecimals(smoothValue))]"
  }

  private static func twoDecimals(_ x: Double) -> String {
    let hundredths = Int((x * 100).rounded(.toNearestOrEven))
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

extension TERSettings {
  /// Reads a metric's options.
  init(_ arguments: Arguments) {
    normalized = arguments.flag("normalized")
    noPunctuation = arguments.flag("no_punct")
    asianSupport = arguments.flag("asian_support")
    caseSensitive = arguments.flag("case_sensitive")
  }
}
