import Testing

@testable import EvalMetrics

@Suite struct EnclosureTests {
  private static func answer(_ x: Double, _ low: Double, _ high: Double) -> Answer {
    var answer = Answer.value(x)
    if low < high { answer.bounds = low...high }
    return answer
  }

  @Test func `a mean of answers lies between the means of their bounds`() throws {
    let parts = [
      (answer: Self.answer(0.5, 0.25, 0.75), weight: 1.0),
      (answer: Self.answer(0.25, 0.25, 0.25), weight: 3),
      (answer: Answer.undefined(.oneClass), weight: 100),
    ]
    let bounds = try #require(Answer.boundsOfMean(parts))
    #expect(bounds.contains(0.25) && bounds.contains(0.375))
    #expect(abs(bounds.lowerBound - 0.25) < 1e-12 && abs(bounds.upperBound - 0.375) < 1e-12)
    #expect(Answer.boundsOfMean([parts[1], parts[2]]) == nil)
  }

  @Test func `a step outward is more than rounding and never leaves the range`() throws {
    let third = 1.0 / 3
    let bounds = try #require(Enclosure(third, third.nextUp).outward(in: 0...1))
    #expect(bounds.lowerBound < third.nextDown && bounds.upperBound > third.nextUp.nextUp)
    #expect(Enclosure(0, 1).outward(in: 0...1) == 0...1)
    #expect(Enclosure(third, third).outward() == nil)
  }
}
