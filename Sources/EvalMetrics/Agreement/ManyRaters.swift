// Any number of raters: pairs of annotations of one item.

extension AgreementState {
  /// Codes in the order of their labels: numbers by value, then texts by their bytes.
  var labelOrder: [Int] {
    labels.indices.sorted { a, b in
      switch (labels[a].string, labels[b].string) {
      case (let x?, let y?): x.precedesByBytes(y)
      case (nil, nil):
        // Integers that are one double still differ by their digits.
        (labels[a].approximateDouble, labels[a].brief)
          < (labels[b].approximateDouble, labels[b].brief)
      case (let x, _): x == nil
      }
    }
  }

  /// Pairs of annotations of items with so many of them: all, and those that agree.
  private var agreeing: [Int32: (all: ExactSum, equal: ExactSum)] {
    var sums: [Int32: (all: ExactSum, equal: ExactSum)] = [:]
    for (key, tally) in itemPairs {
      let weight = tally.exact
      sums[key.annotations, default: (ExactSum(), ExactSum())].all.merge(weight)
      if key.pair.first == key.pair.second {
        sums[key.annotations, default: (ExactSum(), ExactSum())].equal.merge(weight)
      }
    }
    return sums
  }

  var percentAgreement: Answer {
    let agreeing = agreeing
    if let only = agreeing.first?.value, agreeing.count == 1 {
      return .value(ExactSum.ratio(only.equal, only.all))
    }
    var items = ExactSum()
    var shares = ExactSum()
    // Weights may be as large or small as doubles are; all of them times one number change nothing.
    let digits = agreeing.values.reduce(ExactSum()) { $0 + $1.all }.digitsToMove
    for (annotations, pairs) in agreeing {
      let pairsOfItem = ExactSum(Double(annotations) * Double(annotations - 1) / 2)
      items.add(ExactSum.ratio(pairs.all.moved(by: digits), pairsOfItem))
      shares.add(ExactSum.ratio(pairs.equal.moved(by: digits), pairsOfItem))
    }
    return items.isZero ? .undefined(.tooFewRows) : .value(ExactSum.ratio(shares, items))
  }

  /// (mean P_i - sum p_j^2) / (1 - sum p_j^2), over the items that every rater has seen.
  var fleissKappa: Answer {
    var all = ExactSum()
    var equal = ExactSum()
    // Of each label, so many times its annotations as an item has others.
    var shares: [Int32: ExactSum] = [:]
    for (key, tally) in itemPairs where Int(key.annotations) == raters {
      let weight = tally.exact
      all.merge(weight)
      if key.pair.first == key.pair.second { equal.merge(weight) }
      shares[key.pair.first, default: ExactSum()].merge(weight)
      shares[key.pair.second, default: ExactSum()].merge(weight)
    }
    if all.isZero { return .undefined(.tooFewRows) }
    let whole = (all + all) * (all + all)
    var expected = ExactSum()
    for share in shares.values { expected.merge(share * share) }
    let rest = whole - expected
    if rest.isZero { return .undefined(.noVariation) }
    return .value(ExactSum.ratio(all * (equal + equal + equal + equal) - expected, rest))
  }

  /// 1 - (n - 1) sum o_ck d_ck / sum n_c n_k d_ck, each sum over both orders of a pair.
  var krippendorffAlpha: Answer {
    var total = ExactSum()
    for tally in pairable { total.merge(tally.exact) }
    let rest = total - ExactSum(1.0)
    // Weights may add up to less than one annotation.
    if total.isZero || rest.isZero || rest.isNegative { return .undefined(.tooFewRows) }
    let positions = positions
    let expected = expectedDisagreement(positions, total)
    if expected.isZero { return .undefined(.noVariation) }
    let (observed, digits) = observedDisagreement(positions)
    let whole = expected.moved(by: digits)
    return .value(ExactSum.ratio(whole - rest * observed, whole))
  }

  /// Where a label stands, so that the disagreement of two is the square of their distance: its value, or
  /// for ordinal labels twice the annotations below it plus its own. Empty for nominal labels.
  private var positions: [ExactSum] {
    switch configuration.level {
    case .nominal: return []
    case .interval: return labels.map { ExactSum($0.approximateDouble) }
    case .ordinal:
      var positions = Array(repeating: ExactSum(), count: labels.count)
      var below = ExactSum()
      for code in labelOrder {
        let own = pairable[code].exact
        positions[code] = below + below + own
        below.merge(own)
      }
      return positions
    }
  }

  /// The sum over pairs of all annotations.
  private func expectedDisagreement(_ positions: [ExactSum], _ total: ExactSum) -> ExactSum {
    var sum = ExactSum()
    var squares = ExactSum()
    for (code, tally) in pairable.enumerated() where !tally.isZero {
      let weight = tally.exact
      let position = positions.isEmpty ? weight : positions[code] * weight
      sum.merge(position)
      squares.merge(positions.isEmpty ? weight * weight : positions[code] * position)
    }
    if positions.isEmpty { return total * total - squares }
    let half = total * squares - sum * sum
    return half + half
  }

  /// The sum over pairs of annotations of one item, each over one less than the item's annotations. The
  /// only division here is rounded, and the terms are all positive. Squares of labels may fit no double, so the
  /// sum is moved by so many digits, which are told.
  private func observedDisagreement(
    _ positions: [ExactSum]
  ) -> (sum: ExactSum, digits: Int) {
    var byAnnotations: [Int32: ExactSum] = [:]
    for (key, tally) in itemPairs where key.pair.first != key.pair.second {
      var term = tally.exact
      if !positions.isEmpty {
        let distance = positions[Int(key.pair.first)] - positions[Int(key.pair.second)]
        term = term * (distance * distance)
      }
      byAnnotations[key.annotations, default: ExactSum()].merge(term)
    }
    let digits = byAnnotations.values.reduce(ExactSum(), +).digitsToMove
    var sum = ExactSum()
    for (annotations, large) in byAnnotations {
      let term = large.moved(by: digits)
      if annotations == 2 || annotations == 3 {
        // 2 / (m - 1) is a whole number.
        sum.merge(annotations == 2 ? term + term : term)
        continue
      }
      sum.add(ExactSum.ratio(term + term, ExactSum(Double(annotations - 1))))
    }
    return (sum, digits)
  }
}

extension Value {
  /// The nearest double of a number; 0 for anything else.
  fileprivate var approximateDouble: Double {
    switch self {
    case .integer(let x): Double(x)
    case .unsigned(let x): Double(x)
    case .number(let x): x
    default: 0
    }
  }
}
