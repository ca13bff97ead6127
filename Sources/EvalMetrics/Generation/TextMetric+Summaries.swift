// ROUGE and METEOR.

extension TextMetric {
  /// F1, precision and recall of each kind.
  static let rouge: [TextMetric] = [
    ("rouge1", ROUGEKind.rouge1, "words of both texts"),
    ("rouge2", .rouge2, "pairs of words of both texts"),
    ("rougeL", .rougeL, "the longest common subsequence"),
    ("rougeLsum", .rougeLsum, "the union of longest common subsequences of lines"),
  ].flatMap { name, kind, what in
    [
      rouge(name, kind, "mean over the rows of the F1 of \(what), best reference", 2),
      rouge(name + "_precision", kind, "mean precision: \(what), in the prediction's words", 0),
      rouge(name + "_recall", kind, "mean recall: \(what), in the reference's words", 1),
    ]
  }

  private static func rouge(
    _ name: String, _ kind: ROUGEKind, _ summary: String, _ place: Int
  ) -> TextMetric {
    TextMetric(
      name, summary,
      options: [
        OptionSpec(
          "tokenizer", .choice(ROUGESettings.Tokenizer.allCases.map(\.rawValue)),
          default: .text("rouge_score"),
          "a-z and 0-9 alone (rouge_score), or letters, marks and numbers of any script (unicode)"),
        inherited("stemmer", .boolean, "whether English words of more than 3 letters are stemmed"),
      ],
      source: "rouge_score 0.1.2; Lin 2004",
      statistics: { .rouge(kind, ROUGESettings($0, $1)) },
      signature: { arguments, defaults in
        let settings = ROUGESettings(arguments, defaults)
        return [
          "tok:\(settings.tokenizer.rawValue)", settings.stemmer ? "stem:porter" : "stem:no",
          "refs:best", "mean:rows",
        ]
      },
      value: { sums, _ in .value(sums.mean(place), else: .zeroDivision) })
  }

  static let meteor = TextMetric(
    "meteor", "mean of METEOR, matching words, stems and, with a dictionary, synonyms",
    options: [
      inherited("wordnet", .text(1...4096), "a directory with WordNet's own files")
    ],
    source: "NLTK 3.10.4; Lavie and Agarwal 2007",
    statistics: { .meteor(dictionary($0, $1)) },
    signature: { arguments, defaults in
      let dictionary = dictionary(arguments, defaults)
      return [
        dictionary == nil ? "stages:exact,stem" : "stages:exact,stem,wordnet",
        "wordnet:\(dictionary ?? "none")", "alpha:0.9", "beta:3", "gamma:0.5", "tok:whitespace",
        "case:lc", "mean:rows",
      ]
    },
    value: { sums, _ in .value(sums.mean(0), else: .zeroDivision) })

  /// The name of the dictionary that a metric or the stream names; one that was not read when the stream was
  /// opened has none that is kept.
  private static func dictionary(_ arguments: Arguments, _ defaults: TextDefaults) -> String? {
    let own = arguments["wordnet"].string.map { Name($0) }
    guard let directory = own ?? defaults.wordNet else { return nil }
    return defaults.dictionaries[directory] ?? "not read"
  }
}

extension ROUGESettings {
  /// Reads a metric's options, and the stream's where it has none.
  init(_ arguments: Arguments, _ defaults: TextDefaults) {
    tokenizer = Tokenizer(rawValue: arguments.text("tokenizer")) ?? .rougeScore
    stemmer = arguments.flag("stemmer", else: defaults.stemmer)
  }
}
