/// A curve of `curve/query`.
public enum Curve: String, Sendable, CaseIterable {
  case roc
  case precisionRecall = "precision_recall"
  case threshold
  case reliability
  case gain
  case f1AtK = "f1_at_k"

  /// The curves of scores and labels.
  static let ofScores: [Curve] = [.roc, .precisionRecall, .threshold, .reliability, .gain]
}

/// The columns of a curve, all of one length, and the exact area under it.
public struct CurveReport: Sendable {
  /// By name, in order; nil where a value is undefined.
  public var columns: [(name: String, values: [Double?])] = []
  /// The area under the whole curve, whatever points were left out; nil where there is none.
  public var area: Double?
  /// Between which values the area lies; nil where it is exact.
  public var areaBounds: ClosedRange<Double>?
  /// Between which values those of columns lie; none of columns that are exact.
  public var columnBounds: [(name: String, values: [ClosedRange<Double>?])] = []
  /// Points of the whole curve.
  public var totalPoints = 0
  /// The point with the greatest value of those of the whole curve, by name; empty where no point is best.
  public var best: [(name: String, value: Value)] = []
}

extension ScoredRows {
  /// A curve of at most `points` real operating points.
  public func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport {
    if curve == .reliability { return try reliability(bins: 15) }
    if !Curve.ofScores.contains(curve) { throw .noCurve(curve, of: "scores", Curve.ofScores) }
    let all = scores.distinctScores
    let room = curve == .threshold ? points : points - 1
    var found = scores.operatingPoints(limit: all > room ? room : nil)
    if curve != .threshold {
      // The point where nothing is predicted.
      found.thresholds.insert(.infinity, at: 0)
      found.truePositives.insert(0, at: 0)
      found.falsePositives.insert(0, at: 0)
    }
    var report = columns(curve, found)
    report.totalPoints = all + (curve == .threshold ? 0 : 1)
    return report
  }

  private func columns(_ curve: Curve, _ points: OperatingPoints) -> CurveReport {
    let decisions = zip(points.truePositives, points.falsePositives).map { tp, fp in
      Decisions(
        truePositives: tp, falsePositives: fp, trueNegatives: scores.negatives - fp,
        falseNegatives: scores.positives - tp)
    }
    func column(_ name: String, _ value: (Decisions) -> Double?) -> (String, [Double?]) {
      (name, decisions.map(value))
    }
    let recall = { (d: Decisions) in d.truePositives.over(d.positives) }
    // Where nothing is predicted, precision ends at 1, as in scikit-learn.
    let precision = { (d: Decisions) in
      d.predictedPositives > 0 ? d.truePositives / d.predictedPositives : 1
    }
    let selection = { (d: Decisions) in d.predictedPositives.over(d.total) }
    let thresholds: (String, [Double?]) = ("threshold", points.thresholds)
    switch curve {
    case .roc:
      return CurveReport(
        columns: [
          column("false_positive_rate") { $0.falsePositives.over($0.negatives) },
          column("true_positive_rate", recall), thresholds,
        ], area: scores.ranks.rocArea, areaBounds: scores.rankBounds.rocArea)
    case .precisionRecall:
      return CurveReport(
        columns: [column("precision", precision), column("recall", recall), thresholds],
        area: scores.rankSummary.precisionRecallArea,
        areaBounds: scores.rankBounds.precisionRecallArea)
    case .threshold:
      return CurveReport(
        columns: [
          thresholds, column("precision", precision), column("recall", recall),
          column("f1") { Objective.fBeta(1).value(of: $0) }, column("selection_rate", selection),
        ])
    case .gain:
      return CurveReport(
        columns: [
          column("selection_rate", selection), column("gain", recall),
          column("lift") { d in
            recall(d).flatMap { gain in selection(d).flatMap { gain.over($0) } }
          },
        ], area: scores.ranks.rocArea.map(gainArea),
        areaBounds: scores.rankBounds.rocArea.flatMap {
          Enclosure(gainArea($0.lowerBound), gainArea($0.upperBound)).outward(in: .share)
        })
    case .reliability, .f1AtK: return CurveReport()
    }
  }

  /// The trapezoid under gain over selection rate: what the ROC area is over all rows instead of negatives.
  private func gainArea(_ area: Double) -> Double {
    let share = scores.positives / scores.total
    return share / 2 + (1 - share) * area
  }

  private func reliability(bins: Int) throws(InputError) -> CurveReport {
    let report = try calibration(bins: bins, .uniform)
    let bins = report.calibration.bins
    var curve = CurveReport(
      columns: [
        ("low", bins.map(\.low)), ("high", bins.map(\.high)), ("count", bins.map(\.weight)),
        ("mean_score", bins.map(\.meanScore)), ("positive_rate", bins.map(\.positiveRate)),
      ], totalPoints: bins.count)
    if let bounds = report.bounds?.bins {
      curve.columnBounds = [
        ("count", bounds.map(\.weight)), ("mean_score", bounds.map(\.meanScore)),
        ("positive_rate", bounds.map(\.positiveRate)),
      ]
    }
    return curve
  }
}

extension Double {
  /// A quotient; nil where the divisor is zero.
  fileprivate func over(_ divisor: Double) -> Double? { divisor > 0 ? self / divisor : nil }
}

extension InputError {
  /// A curve that rows of this kind have not.
  static func noCurve(_ curve: Curve, of rows: String, _ known: [Curve]) -> InputError {
    InputError(
      .notApplicable, [.key("curve")], "\(rows) have no curve \"\(curve.rawValue)\"",
      hint: "known: " + known.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
  }
}
