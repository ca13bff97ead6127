// The first two raters: a table of what both said.

/// The sums of a table of two raters, in the order of its labels.
private struct TwoRaterTable {
  /// By label: how often the first rater gave it, the second, and both.
  private(set) var first: [ExactSum]
  private(set) var second: [ExactSum]
  private(set) var both: [ExactSum]
  /// Cells off the diagonal, with how many places lie between.
  private(set) var apart: [(places: Int, weight: ExactSum)] = []
  private(set) var total = ExactSum()

  init(_ state: AgreementState) {
    // Only labels that one of the two gave have a place.
    let used = Set(state.firstTwo.keys.flatMap { [$0.first, $0.second] })
    let order = state.labelOrder.filter { used.contains(Int32($0)) }
    var places: [Int32: Int] = [:]
    for (place, code) in order.enumerated() { places[Int32(code)] = place }
    first = Array(repeating: ExactSum(), count: order.count)
    second = first
    both = first
    for (pair, tally) in state.firstTwo {
      guard let a = places[pair.first], let b = places[pair.second] else { continue }
      let weight = tally.exact
      first[a].merge(weight)
      second[b].merge(weight)
      total.merge(weight)
      if a == b { both[a].merge(weight) } else { apart.append((abs(a - b), weight)) }
    }
  }

  /// The observed disagreement, and total^2 times the expected one.
  func disagreement(_ weights: DisagreementWeights) -> (observed: ExactSum, expected: ExactSum) {
    var observed = ExactSum()
    for (places, weight) in apart {
      switch weights {
      case .none: observed.merge(weight)
      case .linear: observed.merge(weight * ExactSum(Double(places)))
      case .quadratic:
        observed.merge(weight * ExactSum(Double(places)) * ExactSum(Double(places)))
      }
    }
    return (observed, expected(weights))
  }

  private func expected(_ weights: DisagreementWeights) -> ExactSum {
    var sum = ExactSum()
    switch weights {
    case .none:
      sum = total * total
      for place in first.indices { sum = sum - first[place] * second[place] }
    case .linear:
      // |i - j| counts the gaps between neighbours that lie between i and j.
      var below = (first: ExactSum(), second: ExactSum())
      for place in first.indices.dropLast() {
        below.first.merge(first[place])
        below.second.merge(second[place])
        sum.merge(below.first * (total - below.second) + below.second * (total - below.first))
      }
    case .quadratic:
      var moments = (first: ExactSum(), second: ExactSum(), squares: ExactSum())
      for place in first.indices {
        let position = ExactSum(Double(place))
        moments.first.merge(position * first[place])
        moments.second.merge(position * second[place])
        moments.squares.merge(position * position * (first[place] + second[place]))
      }
      let product = moments.first * moments.second
      sum = moments.squares * total - product - product
    }
    return sum
  }
}

extension AgreementState {
  /// Cohen's kappa of the first two raters.
  func kappa(_ weights: DisagreementWeights) -> Answer {
    let table = TwoRaterTable(self)
    if table.total.isZero { return .undefined(.tooFewRows) }
    let (observed, expected) = table.disagreement(weights)
    if expected.isZero { return .undefined(.noVariation) }
    return .value(ExactSum.ratio(expected - observed * table.total, expected))
  }

  /// The mean over the labels that one of the first two raters gave of 2 both / (first + second).
  var macroF1: Answer {
    let table = TwoRaterTable(self)
    if table.total.isZero { return .undefined(.tooFewRows) }
    var sum = ExactSum()
    for place in table.first.indices {
      sum.add(
        ExactSum.ratio(
          table.both[place] + table.both[place], table.first[place] + table.second[place]))
    }
    return .value(ExactSum.ratio(sum, ExactSum(Double(table.first.count))))
  }
}
