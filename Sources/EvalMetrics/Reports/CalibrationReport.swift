/// What `calibration/query` answers.
public struct CalibrationReport: Sendable {
  public var calibration: Calibration
  /// The mean gap over bins of equal mass, whatever the bins of the report.
  public var ace: Double?
  /// Between which values the numbers of the diagram lie, and `ace`; nil where they are exact.
  public var bounds: CalibrationBounds?
  public var aceBounds: ClosedRange<Double>?
  public var brier: Double? { calibration.brier }
}

extension ScoredRows {
  /// The reliability diagram and its numbers; an error for scores that are not probabilities.
  public func calibration(
    bins: Int, _ strategy: BinStrategy
  ) throws(InputError) -> CalibrationReport {
    guard let calibration = scores.calibration(bins: bins, strategy, kind) else {
      throw InputError(
        .notApplicable, [.key("stream")], "raw scores have no calibration",
        hint: "score_kind is \"score\"; open the stream with \"probability\" or \"logit\"")
    }
    return CalibrationReport(
      calibration: calibration, ace: scores.calibration(bins: bins, .quantile, kind)?.meanGap,
      bounds: scores.calibrationBounds(bins: bins, strategy, kind),
      aceBounds: scores.calibrationBounds(bins: bins, .quantile, kind)?.meanGap)
  }
}
