// Spearman's correlation: Pearson's of the ranks, where equal values share the mean of theirs.
// Ranks are counted from the middle and twice, which makes them integers: those below less those above.

extension KeptPairs {
  /// For rows of weight one. Nil where predictions or targets are all the same.
  var rankCorrelation: Double? {
    var predictions: [UInt64] = []
    var targets: [Double] = []
    predictions.reserveCapacity(count)
    targets.reserveCapacity(count)
    forEachBlock { p, t, _ in
      for row in p.indices {
        predictions.append(Kernels.key(p[row]))
        targets.append(Double(bitPattern: Kernels.key(t[row])))
      }
    }
    // By prediction, with the targets' keys beside them; then by target, with the predictions' ranks.
    Kernels.sort(keys: &predictions, payload: &targets)
    var ranks: [Double] = []
    ranks.reserveCapacity(count)
    var squares = (predictions: Int128(0), targets: Int128(0))
    Self.forEachRun(predictions) { range, rank in
      squares.predictions += Int128(range.count) * Int128(rank) * Int128(rank)
      for _ in range { ranks.append(Double(rank)) }
    }
    var keys = targets.map(\.bitPattern)
    Kernels.sort(keys: &keys, payload: &ranks)
    var products = Int128(0)
    Self.forEachRun(keys) { range, rank in
      squares.targets += Int128(range.count) * Int128(rank) * Int128(rank)
      var sum: Int64 = 0
      for row in range { sum &+= Int64(ranks[row]) }
      products += Int128(sum) * Int128(rank)
    }
    if squares.predictions == 0 || squares.targets == 0 { return nil }
    return ExactSum.correlation(
      ExactSum(wide: products),
      (ExactSum(wide: squares.predictions), ExactSum(wide: squares.targets)))
  }

  /// Calls `body` for every run of equal keys with how many keys lie below less how many above.
  private static func forEachRun(_ keys: [UInt64], _ body: (Range<Int>, Int64) -> Void) {
    var start = 0
    while start < keys.count {
      var end = start + 1
      while end < keys.count && keys[end] == keys[start] { end += 1 }
      body(start..<end, Int64(start) - Int64(keys.count - end))
      start = end
    }
  }

  /// With weights, which count as so many equal rows.
  var weightedRankCorrelation: Double? {
    var predictions = WeightedRanks(self) { p, _ in p }
    var targets = WeightedRanks(self) { _, t in t }
    var sums = (products: ExactSum(), predictions: ExactSum(), targets: ExactSum())
    forEachBlock { p, t, weights in
      for row in p.indices {
        let weight = weights.isEmpty ? 1 : weights[row]
        let x = predictions.rank(of: p[row])
        let y = targets.rank(of: t[row])
        sums.products.add(product: weight, x, y)
        sums.predictions.add(product: weight, x, x)
        sums.targets.add(product: weight, y, y)
      }
    }
    if sums.predictions.isZero || sums.targets.isZero { return nil }
    return ExactSum.correlation(sums.products, (sums.predictions, sums.targets))
  }
}

/// For every distinct value, the weight below it less the weight above.
private struct WeightedRanks {
  private var keys: [UInt64] = []
  private var ranks: [Double] = []

  init(_ pairs: KeptPairs, _ value: (Double, Double) -> Double) {
    var column: [UInt64] = []
    var weights: [Double] = []
    pairs.forEachBlock { p, t, w in
      for row in p.indices { column.append(Kernels.key(value(p[row], t[row]))) }
      weights += w.isEmpty ? Array(repeating: 1, count: p.count) : w
    }
    Kernels.sort(keys: &column, payload: &weights)
    var total = ExactSum()
    for weight in weights { total.add(weight) }
    // Twice the weight below, plus that of the run, less all of it.
    var rank = -total
    var row = 0
    while row < column.count {
      let key = column[row]
      var own = ExactSum()
      while row < column.count && column[row] == key {
        own.add(weights[row])
        row += 1
      }
      rank.merge(own)
      keys.append(key)
      ranks.append(rank.value)
      rank.merge(own)
    }
  }

  mutating func rank(of value: Double) -> Double {
    let place = Kernels.lowerBound(keys, Kernels.key(value))
    return ranks.indices.contains(place) ? ranks[place] : 0
  }
}
