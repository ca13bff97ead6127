// An index in two layers: rows that were put in one order, of which something is known, and those that came since.

extension ScoreIndex {
  /// How many times as many rows as came since must be in the base, so that it is worth keeping.
  private static let baseShare = 6

  /// The rows in layers; nil where all of them are to be put in one order.
  mutating func layered() -> SortedScores? {
    guard let base, precision == .unlimited, isOfOneKind(as: base) else { return nil }
    let rows = unitRows
    if (rows - Int(base.total)) * Self.baseShare > rows { return nil }
    let recent: SortedScores.Storage
    if case .doubles = base.storage {
      recent = .doubles(
        positives: doubles.positives.sortRecent(using: Kernels.sort, Kernels.merge),
        negatives: doubles.negatives.sortRecent(using: Kernels.sort, Kernels.merge))
    } else {
      recent = .singles(
        positives: singles.positives.sortRecent(using: Kernels.sort, Kernels.merge),
        negatives: singles.negatives.sortRecent(using: Kernels.sort, Kernels.merge))
    }
    return SortedScores(base: base, recent: SortedScores(recent))
  }

  /// Keeps what was prepared as the base of layers to come.
  mutating func keepBase() {
    guard precision == .unlimited, let prepared, prepared.total >= SortedScores.leastBase else {
      return
    }
    base = prepared
  }

  /// Forgets what was prepared, as rows come or go; layers that a question has merged stay so.
  mutating func forgetPrepared() {
    guard let last = prepared else { return }
    prepared = nil
    guard let merged = last.mergedLayers else { return }
    switch merged {
    case .singles(let ones, let zeros):
      singles.positives.replaceSorted(with: ones)
      singles.negatives.replaceSorted(with: zeros)
    case .doubles(let ones, let zeros):
      doubles.positives.replaceSorted(with: ones)
      doubles.negatives.replaceSorted(with: zeros)
    case .groups, .buckets: return
    }
    base = SortedScores(merged)
  }

  /// Takes over what a copy has sorted, where rows were only added here since it was made.
  mutating func adoptSorted(_ copy: ScoreIndex) {
    guard precision == .unlimited, copy.precision == .unlimited,
      singles.positives.canAdoptSorted(copy.singles.positives),
      singles.negatives.canAdoptSorted(copy.singles.negatives),
      doubles.positives.canAdoptSorted(copy.doubles.positives),
      doubles.negatives.canAdoptSorted(copy.doubles.negatives)
    else { return }
    // All or none, since a base is of all.
    prepared = nil
    base = copy.base
    singles.positives.adoptSorted(copy.singles.positives)
    singles.negatives.adoptSorted(copy.singles.negatives)
    doubles.positives.adoptSorted(copy.doubles.positives)
    doubles.negatives.adoptSorted(copy.doubles.negatives)
  }

  /// Rows that are neither weighted nor in tables.
  private var unitRows: Int {
    singles.positives.count + singles.negatives.count + doubles.positives.count
      + doubles.negatives.count
  }

  /// Whether there are rows only of the kind that the base has.
  private func isOfOneKind(as base: SortedScores) -> Bool {
    guard weighted.positives.isEmpty, weighted.negatives.isEmpty, halves.positives.isEmpty,
      bfloats.positives.isEmpty
    else { return false }
    if case .doubles = base.storage {
      return singles.positives.isEmpty && singles.negatives.isEmpty
    }
    return doubles.positives.isEmpty && doubles.negatives.isEmpty
  }
}
