/// A state that can answer for any threshold. Conforming gives a task `threshold/optimize`,
/// `threshold/evaluate`, `calibration/query` and `curve/query`.
public protocol ScoredState: State {
  /// The prepared scores of a class, or of all; an error where there are none.
  func scored(class name: Value?) throws(InputError) -> ScoredRows
}

/// Scores in order, what they are, and where the stream decides.
public struct ScoredRows: Sendable {
  public var scores: SortedScores
  public var kind: ScoreKind
  public var threshold: Double
}

extension BinaryState: ScoredState {
  public func scored(class name: Value?) throws(InputError) -> ScoredRows {
    if name != nil {
      throw InputError(
        .notApplicable, [.key("class")], "a binary stream has no classes to choose from",
        hint: "leave class out")
    }
    guard let scores = scores ?? (count == 0 ? SortedScores.none : nil) else {
      throw InputError(
        .notApplicable, [.key("stream")], "this stream has predictions without scores",
        hint: "push scores to ask about thresholds, calibration and curves")
    }
    return ScoredRows(scores: scores, kind: configuration.kind, threshold: configuration.threshold)
  }
}

extension SortedScores {
  /// No scores.
  static let none = SortedScores(.singles(positives: [], negatives: []))
}
