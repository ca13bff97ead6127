extension MulticlassState: CalibrationState, CurveState {
  /// The greatest probability of each row, positive where its class is the label.
  public func calibrationRows() throws(InputError) -> ScoredRows {
    if configuration.kind == .score {
      throw InputError(
        .notApplicable, [.key("stream")], "raw scores have no calibration",
        hint: "score_kind is \"score\"; open the stream with \"probability\" or \"logit\"")
    }
    guard let scores = sortedConfidences ?? (count == 0 ? SortedScores.none : nil) else {
      throw InputError(
        .notApplicable, [.key("stream")], "this stream has predictions without scores",
        hint: "push scores to ask about calibration and curves")
    }
    return ScoredRows(scores: scores, kind: .probability, threshold: 0.5)
  }

  public func calibrationFit(_ method: CalibrationMethod) throws(InputError) -> CalibrationFit {
    throw InputError(
      .notApplicable, [.key("stream")], "a multiclass stream does not keep its logits",
      hint:
        "a map is fitted to the scores of a binary stream; calibration/query tells how far off these are"
    )
  }

  public func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport {
    if curve == .reliability { return try calibrationRows().curve(.reliability, points: points) }
    throw InputError(
      .notApplicable, [.key("curve")], "a multiclass stream has no threshold to draw a curve over",
      hint: "ask for \"reliability\", or push one class against the rest to a binary stream")
  }
}
