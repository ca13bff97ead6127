extension Metric where S == EmbeddingState {
  private static func bertscore(
    _ part: String, _ summary: String, _ mean: KeyPath<MatchMeans, WeightedMean> & Sendable,
    _ baseline: KeyPath<RescaleBaseline, Double> & Sendable
  ) -> Metric {
    Metric(
      "bertscore_\(part)", summary, range: "(-inf, inf)", better: .higher,
      undefined: [.zeroDivision],
      source: "bert_score 0.3.13; Zhang et al. 2020", needsPreparation: true,
      signature: { configuration, _ in
        [
          configuration.model.map { "model:\($0)" },
          "idf:\(configuration.hasIDF ? "yes" : "no")",
          configuration.baseline.map {
            "rescale:\(Value.number($0[keyPath: baseline]).canonicalText)"
          } ?? "rescale:no",
          "references:best",
          configuration.hasIDF ? "zero_division:\(configuration.zeroDivision.text)" : nil,
        ].compactMap { $0 }
      },
      compute: { state, _, _ in
        var state = state
        state.prepare()
        let configuration = state.configuration
        guard let mean = state.means?[keyPath: mean].value(configuration.zeroDivision) else {
          return .undefined(.zeroDivision)
        }
        guard let low = configuration.baseline?[keyPath: baseline] else { return .value(mean) }
        return .value((mean - low) / (1 - low))
      })
  }

  static let bertscorePrecision = bertscore(
    "precision",
    "mean over rows of the mean best cosine of the prediction's tokens with the reference's",
    \.precision, \.precision)

  static let bertscoreRecall = bertscore(
    "recall",
    "mean over rows of the mean best cosine of the reference's tokens with the prediction's",
    \.recall, \.recall)

  static let bertscoreF1 = bertscore(
    "f1", "mean over rows of 2PR / (P + R), 0 where P + R is 0", \.f1, \.f1)
}

/// Baselines that scores are rescaled by: (x - baseline) / (1 - baseline), for each of the three by itself.
struct RescaleBaseline: Sendable, Equatable {
  var precision: Double
  var recall: Double
  var f1: Double

  /// Reads the option: a number for all three, or an object with a number for each.
  init?(_ value: Value) throws(InputError) {
    switch value {
    case .null: return nil
    case .record(let fields):
      func number(_ name: String) throws(InputError) -> Double {
        guard let field = fields.first(where: { $0.key == name }) else {
          throw InputError(
            .invalidParams, [.key("rescale_baseline")], "rescale_baseline has no \"\(name)\"",
            hint: "an object has precision, recall and f1")
        }
        return try Self.checked(field.value, [.key("rescale_baseline"), .key(name)])
      }
      let known = ["precision", "recall", "f1"]
      if let other = fields.first(where: { !known.contains($0.key) }) {
        throw .unknownName(
          .invalidParams, [.key("rescale_baseline"), .key(other.key)], "part of rescale_baseline",
          other.key, known: known)
      }
      precision = try number("precision")
      recall = try number("recall")
      f1 = try number("f1")
    default:
      let one = try Self.checked(value, [.key("rescale_baseline")])
      (precision, recall, f1) = (one, one, one)
    }
  }

  private static func checked(_ value: Value, _ path: [InputError.Step]) throws(InputError)
    -> Double
  {
    guard let x = value.exactDouble, x >= -1, x < 1 else {
      throw InputError(
        .invalidParams, path, "a baseline must be at least -1 and below 1; it is \(value.brief)",
        hint: "the score that unrelated texts have, as bert_score's tables list it")
    }
    return x
  }
}
