// Rows of scores of many classes. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size and content.
//
// The loops themselves are in RowLoops. A row is read twice at most: once for its greatest score and the rank of its
// label, and for logits once more for the sums of exponentials. Of rows that somebody may change meanwhile the first
// look makes a copy, and all else is found in that. Sums run in lanes of fixed number, so a row's have the same bits in
// every batch.

import RowLoops

extension Kernels {
  /// What is found of rows before anything is made of their scores.
  struct Ranks<Score> {
    /// The class of the greatest score, the first of equal ones.
    var best: [Int32]
    /// How many classes have a greater score than the label, or an equal one and come earlier; -1 for a label of
    /// no class.
    var ranks: [Int32]
    /// The greatest score, and that of the label, or of the first class for a label of no class.
    var greatest: [Score]
    var own: [Score]
    /// Whether every score was there and finite; where one was not, nothing here means anything.
    var isFinite = true
  }

  /// The best class of each row, and the rank of its label.
  static func rankRows<Rows: RowSource>(
    _ source: Rows, width: Int, labels: [Int32], form: RowForm = .best
  ) -> Ranks<Rows.Number> where Rows.Number: RowScore {
    rankRows(source, width: width, labels: labels, form) { _, _, _ in }
  }

  /// The ranks of rows of logits, and for each row the sums over all classes but the label's.
  static func logitRows<Rows: RowSource>(
    _ source: Rows, width: Int, labels: [Int32], form: RowForm = .best
  ) -> (Ranks<Rows.Number>, [ExponentialSums]) where Rows.Number: RowScore {
    var sums: [ExponentialSums] = []
    sums.reserveCapacity(labels.count)
    // A row is still near when it is read again.
    let ranks = rankRows(source, width: width, labels: labels, form) { scores, label, most in
      sums.append(form.sums(scores, width, label, Double(most)))
    }
    return (ranks, sums)
  }

  /// The ranks of rows of probabilities, and for each row the sum of their squares over all classes but the label's;
  /// nil where a score is no probability.
  static func probabilityRows<Rows: RowSource>(
    _ source: Rows, width: Int, labels: [Int32], form: RowForm = .best
  ) -> (Ranks<Rows.Number>, squares: [Double])? where Rows.Number: RowScore {
    var sums: [Double] = []
    sums.reserveCapacity(labels.count)
    var areAll = true
    let ranks = rankRows(source, width: width, labels: labels, form) { scores, label, most in
      let before = squares(scores, 0..<label)
      let behind = squares(scores, (label &+ 1)..<width)
      sums.append(before.sum + behind.sum)
      areAll = areAll && before.areAtLeast0 && behind.areAtLeast0 && scores[label] >= 0 && most <= 1
    }
    return areAll && ranks.isFinite ? (ranks, sums) : nil
  }

  @inline(__always)
  private static func rankRows<Rows: RowSource>(
    _ source: Rows, width: Int, labels: [Int32], _ form: RowForm,
    then body: (UnsafePointer<Rows.Number>, _ label: Int, _ greatest: Rows.Number) -> Void
  ) -> Ranks<Rows.Number> where Rows.Number: RowScore {
    let rows = width > 0 ? min(labels.count, source.count / width) : 0
    var found = Ranks<Rows.Number>(
      best: Array(repeating: 0, count: rows), ranks: Array(repeating: -1, count: rows),
      greatest: Array(repeating: 0, count: rows), own: Array(repeating: 0, count: rows))
    withCopy(of: Rows.mayChange ? width : 0) { copy in
      let areThere = source.look { first in
        for row in 0..<rows {
          let label = Int(labels[row])
          let hasLabel = label >= 0 && label < width
          let place = hasLabel ? label : 0
          let (scores, rank) = look(at: first + row &* width, width, place, copyingTo: copy, form)
          found.isFinite = found.isFinite && rank.isFinite
          if hasLabel { found.ranks[row] = Int32(truncatingIfNeeded: rank.rank) }
          found.best[row] = Int32(truncatingIfNeeded: rank.best)
          found.greatest[row] = rank.greatest
          found.own[row] = scores[place]
          body(scores, place, rank.greatest)
        }
      }
      found.isFinite = found.isFinite && areThere
    }
    return found
  }

  /// Room for a copy of a row; nil for none.
  @inline(__always)
  private static func withCopy<Score: RowScore>(
    of width: Int, _ body: (UnsafeMutablePointer<Score>?) -> Void
  ) {
    if width == 0 { return body(nil) }
    var row = [Score](repeating: 0, count: width)
    row.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }

  /// What is found of a row, and where it lies from now on: where it was, or in a copy.
  @inline(__always)
  private static func look<Score: RowScore>(
    at scores: UnsafePointer<Score>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Score>?, _ form: RowForm
  ) -> (UnsafePointer<Score>, RowRank<Score>) {
    guard let copy else { return (scores, form.rank(scores, width, label)) }
    return (UnsafePointer(copy), form.rank(scores, width, label, copyingTo: copy))
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

  /// The sum of the squares of some scores, and whether none of them is negative.
  @inline(__always)
  private static func squares<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ range: Range<Int>
  ) -> (sum: Double, areAtLeast0: Bool) {
    typealias Bits = SIMD4<UInt64>
    var lanes = SIMD4<Double>.zero
    // A comparison is all ones where it holds. A branch for each would cost more.
    var negative = Bits.zero
    var place = range.lowerBound
    while place &+ 4 <= range.upperBound {
      let x = SIMD4<Double>(
        Double(scores[place]), Double(scores[place &+ 1]), Double(scores[place &+ 2]),
        Double(scores[place &+ 3]))
      lanes += x * x
      negative = negative | unsafeBitCast(x .< 0, to: Bits.self)
      place &+= 4
    }
    var rest = 0.0
    var isNegative = (negative[0] | negative[1]) | (negative[2] | negative[3]) != 0
    while place < range.upperBound {
      let x = Double(scores[place])
      rest += x * x
      isNegative = isNegative || x < 0
      place &+= 1
    }
    return (rest + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])), !isNegative)
  }
}
