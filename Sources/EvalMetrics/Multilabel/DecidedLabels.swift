/// What is decided of each class: as it was counted at the stream's own threshold, or read from the scores at another.
struct DecidedLabels {
  let state: MultilabelState
  /// By class, the decisions at another threshold; nil at the stream's own.
  private let others: [Decisions]?

  /// At the stream's own threshold, or of its predictions.
  init(_ state: MultilabelState) {
    self.state = state
    others = nil
  }

  /// At another threshold, of these decisions by class.
  init(_ state: MultilabelState, _ others: [Decisions]) {
    self.state = state
    self.others = others
  }

  /// The four counts of a class.
  func decisions(of code: Int) -> Decisions { others?[code] ?? state.decisions(of: code) }

  /// Labels, decisions, and those that are both, of a class.
  func count(of code: Int) -> ClassCount {
    guard let found = others?[code] else { return state.count(of: code) }
    return ClassCount(
      hits: Tally(total: found.truePositives), labelled: Tally(total: found.positives),
      predicted: Tally(total: found.predictedPositives))
  }

  /// The counts of the classes that averages run over: those that a label or a decision is, or all.
  var averages: ClassAverages {
    let zeroDivision = state.configuration.zeroDivision
    guard others != nil else {
      return ClassAverages(state.averaged.map(count(of:)), zeroDivision)
    }
    var counts = (0..<state.width).map(count(of:))
    if !state.configuration.overDeclared {
      counts.removeAll { $0.labelled.isZero && $0.predicted.isZero }
    }
    return ClassAverages(counts, zeroDivision)
  }

  /// The share of all decisions that are wrong; nil for 0/0.
  var wrongShare: Double? {
    var wrong = state.rows.wrong
    var all = state.rows.decisions
    if let others {
      (wrong, all) = (ExactSum(), ExactSum())
      for found in others {
        wrong.add(contentsOf: [found.falsePositives, found.falseNegatives])
        all.add(contentsOf: [found.positives, found.negatives])
      }
    }
    return all.isZero ? nil : ExactSum.ratio(wrong, all)
  }
}
