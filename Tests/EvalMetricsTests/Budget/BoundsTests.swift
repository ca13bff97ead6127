import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Exact answers lie within the bounds that a budget gives, whatever the stream.
@Suite struct BoundsTests {
  @Test func holdEveryMetricOfAdversarialStreams() throws {
    var checked = 0
    for seed in 0..<1500 {
      let stream = AdversarialStream(seed: UInt64(seed))
      let pair = try Pair(stream)
      let sheet = AnswerSheet(BinaryTask.catalogue, thresholds: stream.thresholds)
      for (question, (exact, bounded)) in zip(
        sheet.questions, zip(sheet.answers(pair.exact), sheet.answers(pair.bounded)))
      {
        if bounded.bounds != nil { checked += 1 }
        if let fault = Self.fault(exact, bounded) {
          Issue.record("\(stream.name): \(question.text): \(fault)")
        }
      }
    }
    #expect(checked > 20_000)
  }

  /// What is wrong with an answer beside the exact one.
  static func fault(_ exact: Answer, _ bounded: Answer) -> String? {
    if exact.reason != bounded.reason { return "\(bounded) instead of \(exact)" }
    if case .record(let fields) = exact.value { return fault(fields, bounded) }
    guard let x = exact.number, let y = bounded.number else {
      return exact.value == nil && bounded.value == nil ? nil : "\(bounded) instead of \(exact)"
    }
    if let bounds = bounded.bounds {
      return bounds.contains(x) && bounds.contains(y) ? nil : "\(x) is not in \(bounds), given \(y)"
    }
    // Without bounds the answer is exact, but for the rounding of sums of weights.
    return isOff(x, y) ? "\(y) instead of \(x)" : nil
  }

  private static func isOff(_ x: Double?, _ y: Double?) -> Bool {
    guard let x, let y else { return true }
    return abs(x - y) > 1e-13 * max(1, abs(x))
  }

  private static func fault(_ fields: [Value.Field], _ bounded: Answer) -> String? {
    guard case .record(let found) = bounded.value else { return "no record" }
    guard let bounds = bounded.fieldBounds, case .record(let low) = bounds.low,
      case .record(let high) = bounds.high
    else {
      let differs = zip(fields, found).contains {
        isOff($0.value.exactDouble, $1.value.exactDouble)
      }
      return differs ? "\(found) instead of \(fields)" : nil
    }
    for place in fields.indices {
      guard let x = fields[place].value.exactDouble, let least = low[place].value.exactDouble,
        let most = high[place].value.exactDouble
      else { return "\(bounded)" }
      if x < least || x > most { return "\(fields[place]) is not in \(least)...\(most)" }
    }
    return nil
  }
}

/// A stream with and without a budget.
struct Pair {
  var exact: BinaryState
  var bounded: BinaryState
  var precision: ScorePrecision

  init(_ stream: AdversarialStream) throws {
    let hazard = Hazard(
      stream.name, options: [.init("score_kind", .text(stream.kind.rawValue))],
      thresholds: stream.thresholds, pieces: try stream.pieces())
    let subject = try lawSubject(BinaryTask.self, hazard)
    exact = BinaryState(subject.configuration)
    var budgeted = Budgeted<BinaryState>(.init(base: subject.configuration, bytes: stream.budget))
    for piece in subject.pieces {
      exact.update(piece)
      budgeted.update(piece)
    }
    exact.prepare()
    budgeted.prepare()
    bounded = budgeted.base
    precision = budgeted.budget.precision
  }
}
