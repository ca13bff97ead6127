/// What was generated against what was wanted: translations, summaries, transcripts.
public struct TextGenerationTask: EvaluationTask {
  public static let name = "text_generation"

  public static let columns = [
    ColumnSpec("predictions", "a text a row"),
    ColumnSpec("references", "a list of texts a row, at least one; or a text"),
  ]

  public static let options = [
    OptionSpec(
      "tokenizer", .choice(BLEUTokenizer.allCases.map(\.rawValue)), default: .text("13a"),
      "how BLEU cuts words, unless a metric says otherwise"),
    OptionSpec(
      "smoothing", .choice(BLEUSmoothing.allCases.map(\.rawValue)), default: .text("exp"),
      "how BLEU treats an order without a match"),
    OptionSpec(
      "lowercase", .boolean, default: .bool(false), "whether BLEU and chrF ignore case"),
    OptionSpec(
      "stemmer", .boolean, default: .bool(false), "whether ROUGE compares stems of English words"),
    OptionSpec(
      "keep", .choice(["all", "named"]), default: .text("all"),
      "whether a stream that names metrics keeps what all others need too, or only what those need"),
    wordNet(
      "a directory with WordNet's own files, for METEOR's synonyms"),
  ]

  /// The option that names a directory.
  static func wordNet(_ summary: String) -> OptionSpec {
    OptionSpec("wordnet", .text(1...4096), default: .null, summary)
  }

  public static let catalogue = Catalogue<GenerationState>(
    metrics: TextMetric.all.map(\.metric))
  public static let defaultMetrics = ["bleu", "chrf", "rouge1", "rouge2", "rougeL"]

  public let configuration: GenerationState.Configuration
  /// Dictionaries by name.
  private let dictionaries: [String: WordNet]

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    try self.init(options, metrics: metrics, files: nil)
  }

  public init(
    _ options: Arguments, metrics: [MetricRequest], files: FileReader?
  ) throws(InputError) {
    var defaults = TextDefaults(options)
    dictionaries = try Self.dictionaries(&defaults, metrics, files)
    let all = TextMetric.all
    var wanted = metrics.compactMap { request in
      all.indices.contains(request.index)
        ? all[request.index].statistics(request.arguments, defaults) : nil
    }
    // A stream can be asked for anything, unless it says that it will not be.
    if metrics.isEmpty || options.text("keep") == "all" {
      for metric in all {
        let plain = try Arguments([], for: metric.metric.options)
        wanted.append(metric.statistics(plain, defaults))
      }
    }
    configuration = GenerationState.Configuration(
      layout: TextLayout(wanted), defaults: defaults, zeroDivision: ZeroDivision(options))
  }

  public func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> ScoredSegments {
    let weights = try columns.weights()
    if columns.rows == 0 { return ScoredSegments(layout: configuration.layout) }
    let predictions = try columns.texts("predictions")
    let references = try columns.textLists("references", wrapsSingle: true)
    for row in 0..<references.count where references.range(row).isEmpty {
      throw .batch(
        "references", row: row, "the list of references is empty",
        hint: "at least one reference a row; it may be \"\"")
    }
    var scorer = SegmentScorer(configuration.layout, dictionaries)
    var scored = try scorer.score(predictions, references)
    scored.weights = weights
    return scored
  }

  public var byteCount: Int { dictionaries.values.reduce(0) { $0 + $1.byteCount } }

  /// Reads the dictionaries that the options or the metrics name, each directory once.
  private static func dictionaries(
    _ defaults: inout TextDefaults, _ metrics: [MetricRequest], _ files: FileReader?
  ) throws(InputError) -> [String: WordNet] {
    var found: [String: WordNet] = [:]
    func read(_ directory: Name?) throws(InputError) {
      guard let directory, defaults.dictionaries[directory] == nil else { return }
      guard let files else {
        throw InputError(
          .invalidParams, [.key("wordnet")], "no files can be read here",
          hint: "leave wordnet out, and METEOR has no synonyms")
      }
      let dictionary = try WordNet(directory: directory.text, files)
      defaults.dictionaries[directory] = dictionary.name
      found[dictionary.name] = dictionary
    }
    try read(defaults.wordNet)
    for (place, request) in metrics.enumerated() {
      do { try read(request.arguments["wordnet"].string.map { Name($0) }) } catch {
        throw error.under([.key("metrics"), .index(place)])
      }
    }
    return found
  }

  /// BLEU of one sentence leaves out orders that the sentence is too short for, as sacreBLEU does.
  public static func rowRequest(_ request: MetricRequest) -> MetricRequest {
    guard catalogue.metrics[request.index].name == "bleu",
      request.arguments["effective_order"] == .null
    else { return request }
    var changed = request
    changed.arguments.set("effective_order", .bool(true))
    return changed
  }
}

extension TextDefaults {
  /// Reads the stream's options.
  init(_ options: Arguments) {
    tokenizer = BLEUTokenizer(rawValue: options.text("tokenizer")) ?? .mteval13a
    smoothing = BLEUSmoothing(rawValue: options.text("smoothing")) ?? .exp
    lowercase = options.flag("lowercase")
    stemmer = options.flag("stemmer")
    wordNet = options["wordnet"].string.map { Name($0) }
  }
}
