/// An interval that holds a number which is not known better.
///
/// Its ends are computed in floating point, so they are moved outward by more than all rounding there is:
/// that of the ends, and that of the answer which the rows themselves would have given.
struct Enclosure: Sendable, Equatable {
  var low: Double
  var high: Double

  init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }

  /// Whether nothing is left open.
  var isExact: Bool { low == high }

  /// 2^-46, relative to the number, or to `scale` where that is larger: answers are made of compensated sums and
  /// a few operations each, so they are off by some 2^-50.
  static let slack = 0x1p-46

  /// The interval with the slack on both sides, cut to what is possible; nil when nothing is left open.
  func outward(
    scale: Double = 1, in range: ClosedRange<Double> = -.infinity ... .infinity
  ) -> ClosedRange<Double>? { isExact ? nil : widened(scale: scale, in: range) }

  /// The interval with the slack on both sides, cut to what is possible.
  func widened(
    scale: Double = 1, in range: ClosedRange<Double> = -.infinity ... .infinity
  ) -> ClosedRange<Double> {
    let slack = Self.slack * max(abs(low), abs(high), scale)
    // An end that is not a number says nothing.
    let least = (low - slack).isNaN ? range.lowerBound : max(low - slack, range.lowerBound)
    let most = (high + slack).isNaN ? range.upperBound : min(high + slack, range.upperBound)
    return min(least, most)...max(least, most)
  }

  /// The interval as it is, for ends that are not rounded; nil when nothing is left open.
  var ends: ClosedRange<Double>? { low < high ? low...high : nil }

  /// The same under a rising function.
  func map(_ function: (Double) -> Double) -> Enclosure { Enclosure(function(low), function(high)) }
}

extension Answer {
  /// A number, with bounds where it is approximate, or why there is none.
  static func value(
    _ x: Double?, in bounds: ClosedRange<Double>?, else reason: Reason
  ) -> Answer {
    var answer = Answer.value(x, else: reason)
    if let number = answer.number, let bounds {
      // A bound is never on the wrong side of the value, whatever their rounding.
      answer.bounds = min(bounds.lowerBound, number)...max(bounds.upperBound, number)
    }
    return answer
  }

  /// Between which numbers a numeric answer lies; both are the value where it is exact.
  public var range: ClosedRange<Double>? { bounds ?? number.map { $0...$0 } }

  /// The bounds of a weighted mean of answers, such as those of classes; nil where all of them are exact.
  /// Answers without a number do not count.
  static func boundsOfMean(
    _ parts: some Sequence<(answer: Answer, weight: Double)>,
    in range: ClosedRange<Double> = .share
  ) -> ClosedRange<Double>? {
    var sums = SumOfEnclosures()
    var total = CompensatedSum()
    var isExact = true
    for (answer, weight) in parts {
      guard let bounds = answer.range else { continue }
      if answer.bounds != nil { isExact = false }
      sums.add(weight * bounds.lowerBound, weight * bounds.upperBound)
      total.add(weight)
    }
    return isExact || total.value <= 0 ? nil : sums.over(total.value).widened(in: range)
  }
}

extension ClosedRange<Double> {
  /// The values of a share.
  static var share: ClosedRange<Double> { 0...1 }

  /// The values of a metric, as its catalogue entry tells them; all numbers where it tells more.
  static func values(of range: String) -> ClosedRange<Double> {
    switch range {
    case "[0, 1]": share
    case "[-1, 1]": -1...1
    case "(-inf, 1]": -.infinity...1
    default: -.infinity ... .infinity
    }
  }
}
