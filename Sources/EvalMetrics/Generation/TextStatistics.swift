/// Sums that some metrics of `text_generation` are made of, and how the texts are read for them.
///
/// A stream keeps those that its metrics need. Each has so many integers and so many reals a row.
enum TextStatistics: Hashable, Sendable {
  case bleu(BLEUTokenizer, lowercase: Bool)
  case chrf(CHRFSettings)
  case ter(TERSettings)
  case rouge(ROUGEKind, ROUGESettings)
  /// With the name of the dictionary of synonyms, if there is one.
  case meteor(String?)
  case exactMatch
  case tokenF1
  case wer
  case cer

  /// Integers a row: counts, whose sums are exact as they are.
  var counts: Int {
    switch self {
    case .bleu: BLEUScorer.width
    case .chrf(let settings): 3 * settings.orders
    case .wer, .cer: 2
    case .ter, .exactMatch: 1
    case .tokenF1, .rouge, .meteor: 0
    }
  }

  /// Reals a row, whose sums are exact too.
  var reals: Int {
    switch self {
    case .bleu, .chrf, .exactMatch, .wer, .cer: 0
    case .ter, .tokenF1, .meteor: 1
    case .rouge: 3
    }
  }

  /// A text that tells it from all others, by which they are put in order.
  var name: String {
    func flags(_ flags: Bool...) -> String { flags.map { $0 ? "1" : "0" }.joined() }
    switch self {
    case .bleu(let tokenizer, let lowercase):
      return "bleu \(tokenizer.rawValue) \(flags(lowercase))"
    case .chrf(let s): return "chrf \(s.wordOrder) \(flags(s.lowercase, s.whitespace))"
    case .ter(let s):
      return "ter "
        + flags(s.normalized, s.noPunctuation, s.asianSupport, s.caseSensitive)
    case .rouge(let kind, let settings): return "\(kind.rawValue) \(settings.name)"
    case .meteor(let dictionary): return "meteor \(dictionary ?? "")"
    case .exactMatch: return "exact_match"
    case .tokenF1: return "token_f1"
    case .wer: return "wer"
    case .cer: return "cer"
    }
  }
}

/// What a stream keeps of each row, and where.
struct TextLayout: Sendable, Equatable {
  /// Without repetitions, in the order of their names.
  let kept: [TextStatistics]
  private let places: [TextStatistics: Place]
  /// Integers and reals of a row in all.
  let counts: Int
  let reals: Int

  /// Where the sums of some statistics begin.
  struct Place: Sendable, Equatable {
    var count: Int
    var real: Int
  }

  init(_ wanted: [TextStatistics]) {
    kept = Set(wanted).sorted { $0.name < $1.name }
    var places: [TextStatistics: Place] = [:]
    var (counts, reals) = (0, 0)
    for statistics in kept {
      places[statistics] = Place(count: counts, real: reals)
      counts += statistics.counts
      reals += statistics.reals
    }
    self.places = places
    self.counts = counts
    self.reals = reals
  }

  /// Where these statistics are; nil when they are not kept.
  func place(_ statistics: TextStatistics) -> Place? { places[statistics] }
}

/// What the stream's options say of metrics that don't say it themselves.
struct TextDefaults: Sendable, Equatable {
  var tokenizer = BLEUTokenizer.mteval13a
  var smoothing = BLEUSmoothing.exp
  var lowercase = false
  var stemmer = false
  /// Where the stream's dictionary is.
  var wordNet: Name?
  /// The names of dictionaries by the directories that they were read from.
  var dictionaries: [Name: String] = [:]
}
