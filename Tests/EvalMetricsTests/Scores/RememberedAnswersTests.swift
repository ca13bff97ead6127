import Testing

@testable import EvalMetrics

@Suite struct RememberedAnswersTests {
  private func scores() -> SortedScores {
    SortedScores(
      .doubles(positives: [0.6, 0.9].map(Kernels.key), negatives: [0.1, 0.7].map(Kernels.key)))
  }

  @Test func anOptionalAnswerIsWorkedOutTheFirstTime() {
    #expect(scores().bestThreshold(.fBeta(1), ThresholdConstraints())?.threshold == 0.6)
    #expect(scores().quantile(0) == 0.1)
    #expect(scores().median == (0.6 + 0.7) / 2)
    #expect(scores().calibration(bins: 2, .uniform, .probability)?.bins.count == 2)
    #expect(scores().logLoss(.probability) != nil)
  }

  @Test func askingAgainGivesWhatWasFoundAlsoWhereItIsNothing() {
    let sorted = scores()
    var runs = 0
    for _ in 0..<3 {
      let nothing: Int? = sorted.once("nothing") {
        runs += 1
        return nil
      }
      #expect(nothing == nil)
    }
    #expect(runs == 1)
  }
}
