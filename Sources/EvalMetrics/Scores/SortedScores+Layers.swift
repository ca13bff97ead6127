// Ranks of long columns, in step with the rows that come: those of the base are found once and stay, so
// that a question costs the rows since then and one pass over the base's positives.

extension SortedScores {
  /// From so many rows on, ranks are kept.
  static let leastBase = 65_536.0

  /// The areas of unit-weight rows of one kind; nil where the walk for all metrics is to find them.
  var layeredAreas: RankAreas? {
    let base = layers?.base ?? self
    // Five bytes a positive, which must not be more than the scores themselves take.
    guard base.total >= Self.leastBase, base.positives <= 2 * base.negatives,
      total < Double(BaseRanks.mostKeys)
    else { return nil }
    switch (base.storage, layers?.recent.storage ?? .none(like: base.storage)) {
    case (.singles(let ones, let zeros), .singles(let newOnes, let newZeros)):
      let sums = LayerSums(
        base: KeyPair(positives: ones, negatives: zeros), base.keptRanks(ones, zeros),
        recent: KeyPair(positives: newOnes, negatives: newZeros))
      return RankAreas(sums, positives: positives, negatives: negatives) {
        Double(Kernels.float($0))
      }
    case (.doubles(let ones, let zeros), .doubles(let newOnes, let newZeros)):
      let sums = LayerSums(
        base: KeyPair(positives: ones, negatives: zeros), base.keptRanks(ones, zeros),
        recent: KeyPair(positives: newOnes, negatives: newZeros))
      return RankAreas(sums, positives: positives, negatives: negatives) { Kernels.double($0) }
    default: return nil
    }
  }

  private func keptRanks<Key: ScoreKey>(_ ones: [Key], _ zeros: [Key]) -> BaseRanks {
    once("kept ranks", bytes: \.byteCount) { BaseRanks(of: ones, among: zeros) }
  }
}

extension SortedScores.Storage {
  /// No rows, with keys of the same kind.
  fileprivate static func none(like other: SortedScores.Storage) -> SortedScores.Storage {
    if case .doubles = other { return .doubles(positives: [], negatives: []) }
    return .singles(positives: [], negatives: [])
  }
}
