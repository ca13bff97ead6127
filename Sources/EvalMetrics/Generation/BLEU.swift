/// What BLEU needs of a segment: matches and totals of orders 1 to 4, and two lengths.
struct BLEUScorer {
  static let orders = 4
  /// Length of the prediction and of the reference, then matches, then totals.
  static let width = 2 + 2 * orders

  private var reader = BLEUWordReader()
  private let matcher = Kernels.NGramMatcher()

  /// Appends the statistics of a segment.
  mutating func score(
    _ segment: Segment, _ tokenizer: BLEUTokenizer, lowercase: Bool, into counts: inout [Int]
  ) {
    let words = reader.read(segment, tokenizer, lowercase: lowercase)
    let length = words.range(0).count
    counts.append(length)
    counts.append(Self.closest(words, to: length))
    matcher.match(words, orders: Self.orders)
    counts.append(contentsOf: matcher.clipped)
    for order in 1...Self.orders { counts.append(max(0, length - order + 1)) }
  }

  /// The length of a reference that is nearest, the shorter one of two.
  private static func closest(_ words: Symbols, to length: Int) -> Int {
    var best = words.range(1).count
    for index in 2..<max(2, words.count) {
      let other = words.range(index).count
      let (near, nearest) = (abs(other - length), abs(best - length))
      if near < nearest || (near == nearest && other < best) { best = other }
    }
    return best
  }
}

/// How BLEU treats an order without a match.
enum BLEUSmoothing: String, Sendable, CaseIterable {
  case none, floor
  case addK = "add-k"
  case exp

  /// What its parameter is unless given; nil where it has none.
  var standardValue: Double? {
    switch self {
    case .none, .exp: nil
    case .floor: 0.1
    case .addK: 1
    }
  }
}

/// BLEU of sums of statistics, in the order of sacreBLEU's arithmetic.
struct BLEU {
  var smoothing: BLEUSmoothing
  var smoothValue: Double
  /// Whether orders beyond the length of all predictions are left out.
  var usesEffectiveOrder: Bool

  /// In percent. 0 where nothing matches, as the original says.
  func score(_ sums: (Int) -> Double) -> Double {
    let (length, reference) = (sums(0), sums(1))
    var penalty = 1.0
    if length < reference {
      penalty = length > 0 ? Elementary.exp(1 - reference / length) : 0
    }
    let orders = BLEUScorer.orders
    guard (0..<orders).contains(where: { sums(2 + $0) != 0 }) else { return 0 }
    var precisions = Array(repeating: 0.0, count: orders)
    var halving = 1.0
    var effective = orders
    for order in 0..<orders {
      var (matches, total) = (sums(2 + order), sums(2 + orders + order))
      if smoothing == .addK && order > 0 {
        matches += smoothValue
        total += smoothValue
      }
      if total == 0 { break }
      if usesEffectiveOrder { effective = order + 1 }
      if matches != 0 {
        precisions[order] = 100 * matches / total
      } else if smoothing == .exp {
        halving *= 2
        precisions[order] = 100 / (halving * total)
      } else if smoothing == .floor {
        precisions[order] = 100 * smoothValue / total
      }
    }
    // The original's logarithm of zero, which makes the score zero.
    let logarithms = precisions[..<effective].reduce(0) {
      $0 + ($1 == 0 ? -9_999_999_999 : Elementary.log($1))
    }
    return Self.withoutExcess(penalty * Elementary.exp(logarithms / Double(effective)))
  }

  /// The logarithms of a perfect score round to a little more than a hundred.
  private static func withoutExcess(_ score: Double) -> Double {
    score > 100 && score < 100.000_000_1 ? 100 : score
  }
}
