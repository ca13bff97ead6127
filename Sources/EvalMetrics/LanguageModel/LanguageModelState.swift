/// Rows of a language model: a token or a sequence each.
public struct LanguageModelBatch: RowBatch {
  /// Minus the logarithm of the probability of the row, in nats: finite and not negative.
  public var losses: [Double]
  /// Tokens of each row; nil where every row is one.
  public var tokens: [Int]?
  /// Whether each token was the likeliest.
  public var correct: [Bool]?
  public var bytes: [Int]?
  public var words: [Int]?
  public var weights: [Double]?

  public var count: Int { losses.count }

  public func selecting(_ rows: [Int]) -> LanguageModelBatch {
    LanguageModelBatch(
      losses: rows.map { losses[$0] }, tokens: tokens.map { x in rows.map { x[$0] } },
      correct: correct.map { x in rows.map { x[$0] } },
      bytes: bytes.map { x in rows.map { x[$0] } }, words: words.map { x in rows.map { x[$0] } },
      weights: weights.map { x in rows.map { x[$0] } })
  }
}

/// What language model metrics read: exact sums, each weighted by the row.
public struct LanguageModelState: State {
  public static var version: UInt8 { 1 }

  /// Nothing to choose.
  public struct Configuration: Sendable, Equatable {
    public init() {}
  }

  public private(set) var count = 0
  private(set) var loss = ExactSum()
  private(set) var tokens = Tally()
  /// Nil until a batch has the column.
  private(set) var correct: Tally?
  private(set) var bytes: Tally?
  private(set) var words: Tally?

  public init(_: Configuration) {}

  public mutating func update(_ batch: LanguageModelBatch) {
    count = count.addingClamped(batch.count)
    if let weights = batch.weights {
      for row in weights.indices {
        if weights[row] > 0 { loss.add(product: weights[row], batch.losses[row]) }
      }
    } else {
      Kernels.add(batch.losses, to: &loss)
    }
    if batch.tokens == nil && batch.weights == nil {
      tokens.add(batch.count)
    } else {
      let counts = batch.tokens ?? Array(repeating: 1, count: batch.count)
      Self.add(counts, batch.weights, to: &tokens)
    }
    Self.add(batch.correct?.map { $0 ? 1 : 0 }, batch.weights, to: &correct)
    Self.add(batch.bytes, batch.weights, to: &bytes)
    Self.add(batch.words, batch.weights, to: &words)
  }

  private static func add(_ counts: [Int]?, _ weights: [Double]?, to tally: inout Tally?) {
    guard let counts, !counts.isEmpty else { return }
    var sum = tally ?? Tally()
    tally = nil
    add(counts, weights, to: &sum)
    tally = sum
  }

  private static func add(_ counts: [Int], _ weights: [Double]?, to tally: inout Tally) {
    if let weights {
      for row in weights.indices { tally.add(counts[row], weight: weights[row]) }
    } else {
      tally.add(counts.reduce(0) { $0.addingClamped($1) })
    }
  }

  public mutating func merge(_ other: LanguageModelState) {
    count = count.addingClamped(other.count)
    loss.merge(other.loss)
    tokens.merge(other.tokens)
    Self.merge(other.correct, into: &correct)
    Self.merge(other.bytes, into: &bytes)
    Self.merge(other.words, into: &words)
  }

  private static func merge(_ other: Tally?, into tally: inout Tally?) {
    if let other { tally = (tally ?? Tally()) + other }
  }

  public var byteCount: Int { 512 }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(loss)
    tokens.encode(into: &writer)
    for tally in [correct, bytes, words] {
      writer.write(UInt8(tally == nil ? 0 : 1))
      tally?.encode(into: &writer)
    }
  }

  public init(_: Configuration, from reader: inout StateReader) throws(StateError) {
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
      throw StateError("a count of rows is out of range")
    }
    self.count = count
    loss = try reader.readExactSum()
    tokens = try Tally(from: &reader)
    correct = try Self.tally(from: &reader)
    bytes = try Self.tally(from: &reader)
    words = try Self.tally(from: &reader)
  }

  private static func tally(from reader: inout StateReader) throws(StateError) -> Tally? {
    try reader.read(UInt8.self) == 0 ? nil : try Tally(from: &reader)
  }
}
