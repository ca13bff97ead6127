/// Rows of a multiple choice task: what became of each question.
public struct MultipleChoiceBatch: RowBatch {
  /// Whether the choice with the highest score is the right one.
  public var right: [Bool]
  /// The same with scores over the lengths of the choices; nil where there are none.
  public var rightByLength: [Bool]?
  /// -log softmax of the right choice, clipped.
  public var losses: [Double]
  public var weights: [Double]?

  public var count: Int { right.count }

  public func selecting(_ rows: [Int]) -> MultipleChoiceBatch {
    MultipleChoiceBatch(
      right: rows.map { right[$0] }, rightByLength: rightByLength.map { x in rows.map { x[$0] } },
      losses: rows.map { losses[$0] }, weights: weights.map { x in rows.map { x[$0] } })
  }
}

/// What multiple choice metrics read.
public struct MultipleChoiceState: State {
  public static var version: UInt8 { 1 }

  /// Nothing to choose.
  public struct Configuration: Sendable, Equatable {
    public init() {}
  }

  public private(set) var count = 0
  private(set) var weight = Tally()
  private(set) var right = Tally()
  /// Nil until a batch has lengths.
  private(set) var rightByLength: Tally?
  private(set) var loss = LossSum()

  public init(_: Configuration) {}

  public mutating func update(_ batch: MultipleChoiceBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    var byLength = batch.rightByLength.map { _ in rightByLength ?? Tally() }
    for row in 0..<batch.count {
      let w = batch.weights?[row] ?? 1
      if w == 0 { continue }
      weight.add(weight: w)
      if batch.right[row] { right.add(weight: w) }
      if batch.rightByLength?[row] == true { byLength?.add(weight: w) }
      loss.add(batch.losses[row], weight: w)
    }
    if let byLength { rightByLength = byLength }
  }

  public mutating func merge(_ other: MultipleChoiceState) {
    count = count.addingClamped(other.count)
    weight.merge(other.weight)
    right.merge(other.right)
    if let theirs = other.rightByLength { rightByLength = (rightByLength ?? Tally()) + theirs }
    loss.merge(other.loss)
  }

  public var byteCount: Int { 512 }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    weight.encode(into: &writer)
    right.encode(into: &writer)
    writer.write(UInt8(rightByLength == nil ? 0 : 1))
    rightByLength?.encode(into: &writer)
    loss.encode(into: &writer)
  }

  public init(_: Configuration, from reader: inout StateReader) throws(StateError) {
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
      throw StateError("a count of rows is out of range")
    }
    self.count = count
    weight = try Tally(from: &reader)
    right = try Tally(from: &reader)
    if try reader.read(UInt8.self) != 0 { rightByLength = try Tally(from: &reader) }
    loss = try LossSum(from: &reader)
  }
}

extension Metric where S == MultipleChoiceState {
  static let accuracy = Metric(
    "accuracy", "share of the questions whose right choice scores highest, the first of equals",
    range: "[0, 1]", better: .higher, undefined: [.zeroDivision],
    source: "lm-evaluation-harness acc"
  ) { state, _, _ in .value(Tally.ratio(state.right, state.weight), else: .zeroDivision) }

  static let accuracyNorm = Metric(
    "accuracy_norm", "the same with each score divided by its choice's length",
    range: "[0, 1]", better: .higher, undefined: [.notKept, .zeroDivision],
    source: "lm-evaluation-harness acc_norm with lengths in characters"
  ) { state, _, _ in
    guard let right = state.rightByLength else { return .undefined(.notKept) }
    return .value(Tally.ratio(right, state.weight), else: .zeroDivision)
  }

  static let logLoss = Metric(
    "log_loss",
    "mean of -log p(right choice), p the softmax of the scores of a question, clipped to [2^-52, 1 - 2^-52]",
    range: "[0, 36.05]", better: .lower, undefined: [.zeroDivision],
    source: "scikit-learn 1.9 log_loss of scipy 1.17 softmax"
  ) { state, _, _ in state.loss.mean(of: state.weight.exact) }
}
