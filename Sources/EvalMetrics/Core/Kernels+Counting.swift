// Ranks of a few documents of a query. Like Kernels.swift, this file may use unsafe pointers, and what it offers may
// be called with columns of any size and content.

/// A document whose relevance is above zero, and its place in the list, from 1.
struct CountedHit: Sendable, Equatable {
  var rank: Int32
  var relevance: Double
}

extension Kernels {
  /// So many counts cost less than sorting, whatever the form of the loops.
  static let mostCounted = 64

  /// The hits among rows that are one query, by rank. Nil where there are more than `mostCounted`, where a hit shares
  /// its score with another row, and where a row has no score or no relevance of at least zero.
  static func countedHits(
    _ scores: [Double], _ relevances: [Double], _ rows: Range<Int>, form: RowForm = .best
  ) -> [CountedHit]? {
    let rows = rows.clamped(to: 0..<min(scores.count, relevances.count))
    if rows.count >= Int(Int32.max) { return nil }
    return scores.withUnsafeBufferPointer { scores in
      relevances.withUnsafeBufferPointer { relevances in
        guard let s = scores.baseAddress, let r = relevances.baseAddress else { return nil }
        return countedHits(s + rows.lowerBound, r + rows.lowerBound, rows.count, form)
      }
    }
  }

  private static func countedHits(
    _ scores: UnsafePointer<Double>, _ relevances: UnsafePointer<Double>, _ count: Int,
    _ form: RowForm
  ) -> [CountedHit]? {
    // A branch for each would cost more than the comparisons.
    var outside = 0
    var positive = 0
    for row in 0..<count {
      outside |= (relevances[row] >= 0 ? 0 : 1) | (scores[row] == scores[row] ? 0 : 1)
      positive &+= relevances[row] > 0 ? 1 : 0
    }
    if outside != 0 || positive > mostCounted { return nil }
    var hits: [CountedHit] = []
    hits.reserveCapacity(positive)
    for row in 0..<count where relevances[row] > 0 {
      let (above, equal) = form.countAbove(scores, count, scores[row])
      if equal > 1 { return nil }
      hits.append(
        CountedHit(rank: Int32(truncatingIfNeeded: above &+ 1), relevance: relevances[row]))
    }
    hits.sort { $0.rank < $1.rank }
    return hits
  }
}
