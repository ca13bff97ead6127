// Rows of scores of many classes. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size and content.
//
// The loops themselves are in RowLoops. A row is read twice at most: once for its greatest score and the rank of its
// label, and for logits once more for the sums of exponentials. Sums run in lanes of fixed number, so a row's have
// the same bits in every batch.

import RowLoops

extension Kernels {
  /// What is found of rows before anything is made of their scores.
  struct Ranks {
    /// The class of the greatest score, the first of equal ones.
    var best: [Int32]
    /// How many classes have a greater score than the label, or an equal one and come earlier; -1 for a label of
    /// no class.
    var ranks: [Int32]
    /// Whether every score is finite; where one is not, its row means nothing.
    var isFinite = true
  }

  /// The best class of each row, and the rank of its label.
  static func rankRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], form: RowForm = .best
  ) -> Ranks {
    rankRows(scores, width: width, labels: labels, form) { _, _, _ in }
  }

  /// The ranks of rows of logits, and for each row the sums over all classes but the label's.
  static func logitRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], form: RowForm = .best
  ) -> (Ranks, [ExponentialSums]) {
    var sums: [ExponentialSums] = []
    sums.reserveCapacity(labels.count)
    // A row is still near when it is read again.
    let ranks = rankRows(scores, width: width, labels: labels, form) { scores, label, most in
      sums.append(form.sums(scores, width, label, Double(most)))
    }
    return (ranks, sums)
  }

  @inline(__always)
  private static func rankRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], _ form: RowForm,
    then body: (UnsafePointer<Score>, _ label: Int, _ greatest: Score) -> Void
  ) -> Ranks {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var found = Ranks(
      best: Array(repeating: 0, count: rows), ranks: Array(repeating: -1, count: rows))
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = Int(labels[row])
        let hasLabel = label >= 0 && label < width
        let place = hasLabel ? label : 0
        let rank = form.rank(scores, width, place)
        found.isFinite = found.isFinite && rank.isFinite
        if hasLabel { found.ranks[row] = Int32(truncatingIfNeeded: rank.rank) }
        found.best[row] = Int32(truncatingIfNeeded: rank.best)
        body(scores, place, rank.greatest)
      }
    }
    return found
  }

  /// The probability of each class, of rows of logits.
  static func softmaxRows<Score: RowScore>(
    _ scores: [Score], width: Int, best: [Int32], form: RowForm = .best
  ) -> [Double] {
    let rows = width > 0 ? min(best.count, scores.count / width) : 0
    return [Double](unsafeUninitializedCapacity: rows * width) { result, written in
      scores.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress, let target = result.baseAddress else { return }
        for row in 0..<rows {
          let (scores, target) = (first + row &* width, target + row &* width)
          let most = Double(scores[Int(best[row])])
          let sum = form.write(scores, width, most, to: target)
          for place in 0..<width {
            let x = Double(scores[place]) - most
            // So far down numbers still have an order, and a rank is made of it.
            target[place] = (x < -708 ? Elementary.exp(x) : target[place]) / sum
          }
        }
      }
      written = rows * width
    }
  }

  /// For each row of probabilities the sum of their squares over all classes but the label's.
  static func squareRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32]
  ) -> [Double] {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var sums = [Double](repeating: 0, count: rows)
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = min(max(Int(labels[row]), 0), width - 1)
        sums[row] =
          squares(scores, 0..<label) + squares(scores, (label + 1)..<width)
      }
    }
    return sums
  }

  @inline(__always)
  private static func squares<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ range: Range<Int>
  ) -> Double {
    var lanes = SIMD4<Double>.zero
    var rest = 0.0
    var place = range.lowerBound
    while place &+ 4 <= range.upperBound {
      let x = SIMD4<Double>(
        Double(scores[place]), Double(scores[place &+ 1]), Double(scores[place &+ 2]),
        Double(scores[place &+ 3]))
      lanes += x * x
      place &+= 4
    }
    while place < range.upperBound {
      let x = Double(scores[place])
      rest += x * x
      place &+= 1
    }
    return rest + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
  }

  /// Whether every score is in [0, 1].
  static func areProbabilities<Score: RowScore>(_ scores: [Score]) -> Bool {
    // A branch for each would cost more than the comparisons.
    var outside = 0
    for x in scores { outside |= (x >= 0 ? 0 : 1) | (x <= 1 ? 0 : 1) }
    return outside == 0
  }
}
