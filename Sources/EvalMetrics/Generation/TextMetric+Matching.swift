// Whole texts, bags of words, and edits over the corpus.

extension TextMetric {
  static let exactMatch = TextMetric(
    "exact_match", "share of the rows whose prediction is one of the references, byte for byte",
    source: "Hugging Face evaluate exact_match",
    statistics: { _, _ in .exactMatch },
    value: { sums, _ in .value(sums.count(0) / sums.state.weight.value) })

  static let tokenF1 = TextMetric(
    "token_f1", "mean F1 of the words that a row and its best reference share, cut at white space",
    source: "SQuAD 1.1, without its normalisation",
    statistics: { _, _ in .tokenF1 },
    value: { sums, _ in .value(sums.mean(0), else: .zeroDivision) })

  static let wer = rate("wer", "word", .wer)
  static let cer = rate("cer", "code point", .cer)

  private static func rate(
    _ name: String, _ unit: String, _ statistics: TextStatistics
  ) -> TextMetric {
    TextMetric(
      name, "edits for each \(unit) of the references, over all rows", range: "[0, inf)",
      better: .lower, source: "jiwer 4.0.0",
      statistics: { _, _ in statistics },
      value: { sums, _ in
        sums.state.configuration.zeroDivision.quotient(
          sums.count(0), sums.count(1), else: .zeroDivision)
      })
  }
}
