/// Which official script's rules hold.
public enum AnswerRules: String, Sendable, CaseIterable {
  /// SQuAD 1.1: every question has an answer, and no common word is F1 0, also of two empty answers.
  case squad1
  /// SQuAD 2.0: a row without references has no answer; answers that normalise to nothing are no references.
  case squad2
}

/// What a prediction is worth against its references: the best over them, of each measure by itself.
public struct AnsweredQuestion: Sendable, Equatable {
  /// Whether it equals a reference.
  public var isExact = false
  /// In 0...1, of words as multisets.
  public var f1 = 0.0
  public var precision = 0.0
  public var recall = 0.0
  /// Whether the row has references.
  public var hasAnswer = true
  /// Whether the prediction, as it came, is more than the empty string.
  public var isAnswered = true
}

/// Compares predictions with references. It keeps its memory from row to row.
struct AnswerScorer {
  private let rules: AnswerRules
  private let normalizes: Bool
  private var prediction = AnswerText()
  private var reference = AnswerText()
  private var words = TokenTable()
  /// How often each word of the prediction is still to be matched, by its id.
  private var left: [Int] = []
  private var taken: [Int] = []

  init(rules: AnswerRules, normalizes: Bool) {
    self.rules = rules
    self.normalizes = normalizes
  }

  /// A row: its prediction, and which of the references are its own.
  mutating func score(
    _ text: [UInt8], _ range: Range<Int>, references: TextColumn, _ rows: Range<Int>
  ) -> AnsweredQuestion {
    var best = AnsweredQuestion()
    best.hasAnswer = !rows.isEmpty
    best.isAnswered = !range.isEmpty
    prediction.read(text, range, normalizing: normalizes)
    var isCounted = false
    var compared = 0
    for row in rows {
      reference.read(references.bytes, references.range(row), normalizing: normalizes)
      if rules == .squad2 && reference.isEmpty { continue }
      compared += 1
      compare(&best, &isCounted)
      if best.isExact && best.f1 == 1 { break }
    }
    if compared == 0 {
      // What has no answer is rightly answered by the empty string.
      reference.read([], 0..<0, normalizing: normalizes)
      compare(&best, &isCounted)
    }
    return best
  }

  private mutating func compare(_ best: inout AnsweredQuestion, _ isCounted: inout Bool) {
    let isExact = prediction.bytes == reference.bytes
    best.isExact = best.isExact || isExact
    let sizes = (prediction.words.count, reference.words.count)
    if sizes.0 == 0 || sizes.1 == 0 {
      guard rules == .squad2, sizes == (0, 0) else { return }
      (best.precision, best.recall, best.f1) = (1, 1, 1)
      return
    }
    let same = isExact ? sizes.0 : common(&isCounted)
    if same == 0 { return }
    let precision = Double(same) / Double(sizes.0)
    let recall = Double(same) / Double(sizes.1)
    best.precision = max(best.precision, precision)
    best.recall = max(best.recall, recall)
    best.f1 = max(best.f1, 2 * precision * recall / (precision + recall))
  }

  /// How many words the two have in common, each as often as both have it.
  private mutating func common(_ isCounted: inout Bool) -> Int {
    if !isCounted { countPrediction() }
    isCounted = true
    taken.removeAll(keepingCapacity: true)
    for word in reference.words {
      if let id = words.find(reference.bytes, word), left[id] > 0 {
        left[id] -= 1
        taken.append(id)
      }
    }
    for id in taken { left[id] += 1 }
    return taken.count
  }

  private mutating func countPrediction() {
    words.removeAll()
    left.removeAll(keepingCapacity: true)
    for word in prediction.words {
      let id = words.id(prediction.bytes, word)
      if id == left.count { left.append(1) } else { left[id] += 1 }
    }
  }
}
