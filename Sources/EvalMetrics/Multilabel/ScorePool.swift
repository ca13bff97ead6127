import Locks

/// The scores of several indices in one, made once they are asked for and kept until rows come.
final class ScorePool: Sendable {
  private let known = Lock<(scores: SortedScores, bytes: Int)?>(nil)

  /// The scores of all of these, sorted.
  func scores(of columns: [ScoreIndex]) -> SortedScores? {
    if let found = known.withLock({ $0?.scores }) { return found }
    var all = ScoreIndex()
    for column in columns { all.merge(column) }
    all.prepare()
    guard let scores = all.prepared else { return nil }
    known.withLock { $0 = (scores, all.byteCount) }
    return scores
  }

  var byteCount: Int { known.withLock { $0?.bytes ?? 0 } }
}
