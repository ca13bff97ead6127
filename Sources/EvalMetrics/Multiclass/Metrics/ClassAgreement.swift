/// The sums that agreement beyond chance is made of, exact: of labels a, of predictions b, rows that abstain
/// being a prediction of their own.
private struct ChanceSums {
  var total = ExactSum()
  var hits = ExactSum()
  /// The sums over the classes of a b, a a and b b.
  var both = ExactSum()
  var labels = ExactSum()
  var predictions = ExactSum()

  init(_ decisions: ClassDecisions) {
    total = decisions.labelled.total.exact
    hits = decisions.hits.total.exact
    for code in Set(decisions.labelled.codes).union(decisions.predicted.codes) {
      let count = decisions[code]
      both.add(product: count.labelled, count.predicted)
      labels.add(product: count.labelled, count.labelled)
      predictions.add(product: count.predicted, count.predicted)
    }
    let abstained = decisions.abstained.total
    predictions.add(product: abstained, abstained)
  }

  /// Gorodkin's correlation; nil without variation.
  var matthews: Double? {
    let all = total * total
    let variation = (all - labels) * (all - predictions)
    if variation.isZero { return nil }
    let covariance = hits * total - both
    // The root of one quotient: of perfect predictions it is exactly 1.
    let square = ExactSum.ratio(covariance * covariance, variation)
    return covariance.isNegative ? -square.squareRoot() : square.squareRoot()
  }

  /// Cohen's kappa; nil where chance alone explains everything.
  var kappa: Double? {
    let chance = total * total - both
    return chance.isZero ? nil : ExactSum.ratio(hits * total - both, chance)
  }
}

extension Metric where S == MulticlassState {
  static let mcc = ofDecisions(
    "mcc", "Matthews correlation of label and prediction", range: "[-1, 1]",
    undefined: [.noVariation], source: Source.sklearn + "; Gorodkin 2004"
  ) { state, _ in .value(ChanceSums(state.decisions).matthews, else: .noVariation) }

  static let cohenKappa = ofDecisions(
    "cohen_kappa",
    "agreement of label and prediction beyond chance; weights tell how far classes are apart, in their order",
    range: "(-inf, 1]", undefined: [.noVariation],
    options: [
      OptionSpec(
        "weights", .choice(["none", "linear", "quadratic"]), default: .text("none"),
        "what a disagreement costs: 1, the distance of the classes, or its square")
    ], source: Source.sklearn + "; Cohen 1960"
  ) { state, arguments in
    let kappa =
      switch arguments.text("weights") {
      case "linear": state.decisions.orderedKappa(isQuadratic: false)
      case "quadratic": state.decisions.orderedKappa(isQuadratic: true)
      default: ChanceSums(state.decisions).kappa
      }
    return .value(kappa, else: .noVariation)
  }
}

extension ClassDecisions {
  /// Kappa where a disagreement costs the distance of the classes in their order, or its square. Rows that
  /// abstain have no place in it and are left out.
  fileprivate func orderedKappa(isQuadratic: Bool) -> Double? {
    let told = told
    var places: [Int: Int] = [:]
    for (place, code) in told.enumerated() { places[code] = place }
    var observed = ExactSum()
    for entry in errors.entries {
      guard let a = places[entry.first], let b = places[entry.second] else { continue }
      let distance = Double(abs(a - b))
      observed.add(product: entry.tally, isQuadratic ? distance * distance : distance)
    }
    let total = predicted.total.exact
    let rows = told.map { (labelled[$0].exact - abstained[$0].exact, predicted[$0].exact) }
    let chance = isQuadratic ? Self.squaredDistance(rows) : Self.distance(rows)
    if chance.isZero { return nil }
    return ExactSum.ratio(chance - observed * total, chance)
  }

  /// The sum over all pairs of (i - j)^2 a(i) b(j).
  private static func squaredDistance(_ rows: [(ExactSum, ExactSum)]) -> ExactSum {
    var (a, b) = ([ExactSum](), [ExactSum]())
    for power in 0..<3 {
      var (left, right) = (ExactSum(), ExactSum())
      for (place, row) in rows.enumerated() {
        var factor = ExactSum()
        factor.add(power == 0 ? 1 : power == 1 ? Double(place) : Double(place) * Double(place))
        left.merge(row.0 * factor)
        right.merge(row.1 * factor)
      }
      a.append(left)
      b.append(right)
    }
    let mixed = a[1] * b[1]
    return a[2] * b[0] + a[0] * b[2] - (mixed + mixed)
  }

  /// The sum over all pairs of |i - j| a(i) b(j): each step between neighbours counts for the pairs that it parts.
  private static func distance(_ rows: [(ExactSum, ExactSum)]) -> ExactSum {
    var below = (ExactSum(), ExactSum())
    var above = rows.reduce(into: (ExactSum(), ExactSum())) {
      $0.0.merge($1.0)
      $0.1.merge($1.1)
    }
    var sum = ExactSum()
    for row in rows {
      below = (below.0 + row.0, below.1 + row.1)
      above = (above.0 - row.0, above.1 - row.1)
      sum.merge(below.0 * above.1)
      sum.merge(below.1 * above.0)
    }
    return sum
  }
}
