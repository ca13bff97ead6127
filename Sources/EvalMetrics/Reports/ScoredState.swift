/// A state that can answer for any threshold: conforming gives its task `threshold/optimize` and
/// `threshold/evaluate`.
public protocol ThresholdState: State {
  /// The prepared scores of a class, or of all; an error where there are none.
  func thresholdRows(class name: Value?) throws(InputError) -> ScoredRows
  /// The prepared scores of each class by name; nil where there are no classes to choose from.
  var thresholdClasses: [(name: Value, rows: ScoredRows)]? { get }
}

extension ThresholdState {
  public var thresholdClasses: [(name: Value, rows: ScoredRows)]? { nil }
}

/// A state that has confidences and whether they were right: conforming gives its task `calibration/query`.
public protocol CalibrationState: State {
  /// The prepared confidences; an error where there are none.
  func calibrationRows() throws(InputError) -> ScoredRows
  /// A map from scores to probabilities; an error where the state keeps too little to fit one.
  func calibrationFit(_ method: CalibrationMethod) throws(InputError) -> CalibrationFit
}

extension CalibrationState {
  public func calibrationFit(_ method: CalibrationMethod) throws(InputError) -> CalibrationFit {
    try calibrationRows().fit(method)
  }
}

/// A state that curves can be drawn from: conforming gives its task `curve/query`.
public protocol CurveState: State {
  /// A curve of at most so many points; an error for a curve that this state has not.
  func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport
}

/// Scores in order, what they are, and where the stream decides.
public struct ScoredRows: Sendable {
  public var scores: SortedScores
  public var kind: ScoreKind
  public var threshold: Double
  /// The decisions there, where they were counted as rows came.
  public var decisions: Decisions?

  public init(
    scores: SortedScores, kind: ScoreKind, threshold: Double, decisions: Decisions? = nil
  ) {
    self.scores = scores
    self.kind = kind
    self.threshold = threshold
    self.decisions = decisions
  }

  /// The decisions at a threshold. Those at the stream's own are known, whatever is kept of the scores.
  func decisionRange(at threshold: Double) -> DecisionRange {
    if scores.approximation != nil, threshold == self.threshold, let decisions {
      return DecisionRange(decisions)
    }
    return scores.decisionRange(at: threshold)
  }
}

extension BinaryState: ThresholdState, CalibrationState, CurveState {
  public func thresholdRows(class name: Value?) throws(InputError) -> ScoredRows {
    if name != nil {
      throw InputError(
        .notApplicable, [.key("class")], "a binary stream has no classes to choose from",
        hint: "leave class out")
    }
    return try calibrationRows()
  }

  public func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport {
    try calibrationRows().curve(curve, points: points)
  }

  public func calibrationRows() throws(InputError) -> ScoredRows {
    guard let scores = scores ?? (count == 0 ? SortedScores.none : nil) else {
      throw InputError(
        .notApplicable, [.key("stream")], "this stream has predictions without scores",
        hint: "push scores to ask about thresholds, calibration and curves")
    }
    return ScoredRows(
      scores: scores, kind: configuration.kind, threshold: configuration.threshold,
      decisions: decisions)
  }
}

extension SortedScores {
  /// No scores.
  static let none = SortedScores(.singles(positives: [], negatives: []))
}
