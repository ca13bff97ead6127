/// Rows of question answering: each compared with its references already, so that text is read once.
public struct QuestionAnsweringBatch: RowBatch {
  public var questions: [AnsweredQuestion]
  /// In 0...1; nil where the stream has none.
  public var noAnswerProbabilities: [Double]?
  public var weights: [Double]?

  public var count: Int { questions.count }

  public func selecting(_ rows: [Int]) -> QuestionAnsweringBatch {
    QuestionAnsweringBatch(
      questions: rows.map { questions[$0] },
      noAnswerProbabilities: noAnswerProbabilities.map { p in rows.map { p[$0] } },
      weights: weights.map { w in rows.map { w[$0] } })
  }
}

/// Sums of scores, of the questions that have an answer and of those that have none, and what a threshold
/// on the probability of no answer needs.
public struct QuestionAnsweringState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var rules: AnswerRules
    /// Whether answers are normalised as SQuAD's are.
    public var normalizes: Bool
    public var zeroDivision: ZeroDivision

    public init(rules: AnswerRules, normalizes: Bool, zeroDivision: ZeroDivision) {
      self.rules = rules
      self.normalizes = normalizes
      self.zeroDivision = zeroDivision
    }
  }

  /// Sums over some of the rows. Scores are in 0...1.
  struct Sums: Sendable {
    var weight = Tally()
    var exact = Tally()
    var f1 = ExactSum()
    var precision = ExactSum()
    var recall = ExactSum()

    mutating func add(_ question: AnsweredQuestion, weight w: Double) {
      weight.add(weight: w)
      if question.isExact { exact.add(weight: w) }
      f1.add(product: question.f1, w)
      precision.add(product: question.precision, w)
      recall.add(product: question.recall, w)
    }

    mutating func merge(_ other: Sums) {
      weight.merge(other.weight)
      exact.merge(other.exact)
      f1.merge(other.f1)
      precision.merge(other.precision)
      recall.merge(other.recall)
    }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  private(set) var answerable = Sums()
  private(set) var unanswerable = Sums()
  /// Rows that came without a probability of no answer.
  private var unscored = 0
  private var index = NoAnswerIndex()
  /// The best thresholds for exact match and for F1; nil when rows came since they were found.
  private var found: (exact: NoAnswerIndex.Best, f1: NoAnswerIndex.Best)?

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: QuestionAnsweringBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    found = nil
    for (row, question) in batch.questions.enumerated() {
      let weight = batch.weights?[row] ?? 1
      if question.hasAnswer {
        answerable.add(question, weight: weight)
      } else {
        unanswerable.add(question, weight: weight)
      }
      guard let probability = batch.noAnswerProbabilities?[row] else {
        unscored = unscored.addingClamped(1)
        continue
      }
      let none: Double = question.isAnswered ? -1 : 0
      index.append(
        NoAnswerIndex.Row(
          probability: probability,
          exact: question.hasAnswer ? (question.isExact ? 1 : 0) : none,
          f1: question.hasAnswer ? question.f1 : none, weight: weight))
    }
  }

  public mutating func merge(_ other: QuestionAnsweringState) {
    if other.count > 0 { found = nil }
    count = count.addingClamped(other.count)
    answerable.merge(other.answerable)
    unanswerable.merge(other.unanswerable)
    unscored = unscored.addingClamped(other.unscored)
    index.merge(other.index)
  }

  public mutating func prepare() {
    if unscored > 0 || found != nil { return }
    index.prepare()
    let start = unanswerable.weight.value
    found = (index.best(\.exact, from: start), index.best(\.f1, from: start))
  }

  /// The sums over all rows.
  var all: Sums {
    var sums = answerable
    sums.merge(unanswerable)
    return sums
  }

  /// The best threshold for exact match; nil where a row came without a probability of no answer.
  var bestExact: NoAnswerIndex.Best? { unscored > 0 ? nil : found?.exact }
  /// The best threshold for F1; nil where a row came without a probability of no answer.
  var bestF1: NoAnswerIndex.Best? { unscored > 0 ? nil : found?.f1 }

  public var byteCount: Int { index.byteCount + 1024 }
}

extension QuestionAnsweringState.Sums {
  func encode(into writer: inout StateWriter) {
    weight.encode(into: &writer)
    exact.encode(into: &writer)
    for sum in [f1, precision, recall] { writer.write(sum) }
  }

  init(from reader: inout StateReader) throws(StateError) {
    weight = try Tally(from: &reader)
    exact = try Tally(from: &reader)
    f1 = try reader.readExactSum()
    precision = try reader.readExactSum()
    recall = try reader.readExactSum()
  }
}

extension QuestionAnsweringState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(unscored))
    answerable.encode(into: &writer)
    unanswerable.encode(into: &writer)
    index.encode(into: &writer)
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let unscored = Int(exactly: try reader.read(UInt64.self)), unscored <= count
    else { throw StateError("a count of rows is out of range") }
    self.count = count
    self.unscored = unscored
    answerable = try Sums(from: &reader)
    unanswerable = try Sums(from: &reader)
    index = try NoAnswerIndex(from: &reader)
    guard index.count <= count else { throw StateError("a count of rows is out of range") }
  }
}
