import EvalMetrics
import WireJSON

// Guaranteed bounds on the wire: `bounds` stands beside approximate values only, and has their names.

extension JSONWriter {
  /// Writes bounds under a name; nothing where there are none.
  mutating func field(_ name: String, _ bounds: ClosedRange<Double>?) {
    guard let bounds else { return }
    key(name)
    beginObject()
    field("low", bounds.lowerBound)
    field("high", bounds.upperBound)
    endObject()
  }

  /// Writes the bounds of a record under its name.
  mutating func field(_ name: String, _ bounds: FieldBounds?) {
    guard let bounds else { return }
    key(name)
    beginObject()
    field("low", bounds.low)
    field("high", bounds.high)
    endObject()
  }

  /// Writes `bounds` of named answers. Where they may be left out they are, if all values are exact.
  mutating func bounds(
    _ answers: some Sequence<(key: Name, answer: Answer)>, mayLeaveOut: Bool = true
  ) {
    if mayLeaveOut
      && answers.allSatisfy({ $0.answer.bounds == nil && $0.answer.fieldBounds == nil })
    {
      return
    }
    key("bounds")
    beginObject()
    for (name, answer) in answers {
      field(name.text, answer.bounds)
      field(name.text, answer.fieldBounds)
    }
    endObject()
  }

  /// Writes `bounds` of what is told of a threshold, where any of it is approximate; `value` is the name of its value.
  mutating func bounds(_ bounds: ChoiceBounds?, value: String) {
    guard let bounds else { return }
    key("bounds")
    beginObject()
    field("threshold", bounds.threshold)
    field(value, bounds.value)
    field("confusion", bounds.confusion)
    field("precision", bounds.precision)
    field("recall", bounds.recall)
    endObject()
  }

  /// Writes `bounds` of a reliability diagram, those of its bins aside.
  mutating func bounds(_ report: CalibrationReport) {
    guard let bounds = report.bounds else { return }
    key("bounds")
    beginObject()
    field("ece", bounds.ece)
    field("mce", bounds.mce)
    field("ace", report.aceBounds)
    field("brier", bounds.brier)
    key("brier_decomposition")
    beginObject()
    field("reliability", bounds.reliability)
    field("resolution", bounds.resolution)
    field("within_bin", bounds.withinBin)
    endObject()
    endObject()
  }

  /// Writes `bounds` of losses, where any of them is approximate.
  mutating func bounds(_ bounds: CalibrationLossBounds?) {
    guard let bounds, !bounds.isExact else { return }
    key("bounds")
    beginObject()
    field("log_loss", bounds.logLoss)
    field("brier", bounds.brier)
    field("ece", bounds.ece)
    endObject()
  }

  /// Writes `bounds` of a bin, where any of it is approximate.
  mutating func bounds(_ bounds: CalibrationBounds.Bin?) {
    guard let bounds, !bounds.isExact else { return }
    key("bounds")
    beginObject()
    field("low", bounds.low)
    field("high", bounds.high)
    field("count", bounds.weight)
    field("mean_score", bounds.meanScore)
    field("positive_rate", bounds.positiveRate)
    endObject()
  }

  /// Writes `bounds` of a curve, where its area or a column is approximate: a column of lows and one of highs.
  mutating func bounds(_ report: CurveReport) {
    if report.areaBounds == nil && report.columnBounds.isEmpty { return }
    key("bounds")
    beginObject()
    field("area", report.areaBounds)
    if !report.columnBounds.isEmpty {
      key("columns")
      beginObject()
      for (name, bounds) in report.columnBounds {
        key(name)
        beginObject()
        column("low", name, report) { bounds[$0]?.lowerBound }
        column("high", name, report) { bounds[$0]?.upperBound }
        endObject()
      }
      endObject()
    }
    endObject()
  }

  /// Writes one end of the bounds of a column; the values themselves where they are exact.
  private mutating func column(
    _ end: String, _ name: String, _ report: CurveReport, _ bound: (Int) -> Double?
  ) {
    let values = report.columns.first { $0.name == name }?.values ?? []
    key(end)
    beginArray()
    for (place, value) in values.enumerated() {
      if let x = bound(place) ?? value { double(x) } else { null() }
    }
    endArray()
  }
}

/// Between which values what is made of several answers lies, where one of them is approximate.
struct SpreadBounds {
  /// The largest less the smallest, and the smallest divided by the largest.
  var difference: ClosedRange<Double>
  var ratio: ClosedRange<Double>
  var average: ClosedRange<Double>

  init?(_ answers: [Answer]) {
    let ranges = answers.compactMap(\.range)
    let lows = ranges.map(\.lowerBound)
    let highs = ranges.map(\.upperBound)
    guard answers.contains(where: { $0.bounds != nil }), let least = lows.min(),
      let smallest = highs.min(), let largest = lows.max(), let most = highs.max()
    else { return nil }
    difference = max(0, largest - smallest).nextDown...max(0, most - least).nextUp
    if largest > 0 || most < 0 {
      let quotients = [least / largest, least / most, smallest / largest, smallest / most]
      ratio = (quotients.min() ?? 0).nextDown...(quotients.max() ?? 0).nextUp
    } else {
      ratio = -.infinity ... .infinity
    }
    let count = Double(ranges.count)
    let slack = 0x1p-46 * max(abs(least), abs(most))
    average = (lows.reduce(0, +) / count - slack)...(highs.reduce(0, +) / count + slack)
  }
}
