/// Samples of programs: each row belongs to a problem.
public struct CodeGenerationBatch: RowBatch {
  /// The problems of the batch, each once: texts and integers.
  public var names: [Value]
  /// The problem of each row, as a place in `names`.
  public var problems: [Int32]
  /// How many samples each row stands for, and how many of them are correct.
  public var samples: [Int]
  public var correct: [Int]
  public var weights: [Double]?

  public var count: Int { problems.count }

  public func selecting(_ rows: [Int]) -> CodeGenerationBatch {
    CodeGenerationBatch(
      names: names, problems: rows.map { problems[$0] }, samples: rows.map { samples[$0] },
      correct: rows.map { correct[$0] }, weights: weights.map { w in rows.map { w[$0] } })
  }
}

/// What pass@k reads: samples and correct ones of every problem.
public struct CodeGenerationState: State {
  public static var version: UInt8 { 1 }

  /// Nothing to choose.
  public struct Configuration: Sendable, Equatable {
    public init() {}
  }

  /// The samples of a problem, in whatever batches they came.
  struct Problem: Sendable, Equatable {
    var samples = 0
    var correct = 0
    /// Rows, and the sum of their weights: the problem counts as their mean.
    var rows = 0
    var weight = Tally()

    mutating func add(_ other: Problem) {
      samples = samples.addingClamped(other.samples)
      correct = correct.addingClamped(other.correct)
      rows = rows.addingClamped(other.rows)
      weight.merge(other.weight)
    }
  }

  public private(set) var count = 0
  private var places: [Value: Int] = [:]
  private var names: [Value] = []
  private(set) var problems: [Problem] = []
  private var nameBytes = 0

  public init(_: Configuration) {}

  public mutating func update(_ batch: CodeGenerationBatch) {
    count = count.addingClamped(batch.count)
    var codes = [Int?](repeating: nil, count: batch.names.count)
    for row in 0..<batch.count {
      let weight = batch.weights?[row] ?? 1
      if weight == 0 { continue }
      let local = Int(batch.problems[row])
      let place = codes[local] ?? place(of: batch.names[local])
      codes[local] = place
      problems[place].samples = problems[place].samples.addingClamped(batch.samples[row])
      problems[place].correct = problems[place].correct.addingClamped(batch.correct[row])
      problems[place].rows = problems[place].rows.addingClamped(1)
      problems[place].weight.add(weight: weight)
    }
  }

  private mutating func place(of name: Value) -> Int {
    if let place = places[name] { return place }
    places[name] = names.count
    names.append(name)
    problems.append(Problem())
    nameBytes += name.string?.utf8.count ?? 8
    return names.count - 1
  }

  public mutating func merge(_ other: CodeGenerationState) {
    count = count.addingClamped(other.count)
    for (name, problem) in zip(other.names, other.problems) {
      problems[place(of: name)].add(problem)
    }
  }

  public var byteCount: Int { 256 + nameBytes + names.count * 192 }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(names.count))
    for (name, problem) in zip(names, problems) {
      name.encode(into: &writer)
      writer.write(UInt64(problem.samples))
      writer.write(UInt64(problem.correct))
      writer.write(UInt64(problem.rows))
      problem.weight.encode(into: &writer)
    }
  }

  public init(_: Configuration, from reader: inout StateReader) throws(StateError) {
    func number() throws(StateError) -> Int {
      guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
        throw StateError("a count is out of range")
      }
      return count
    }
    count = try number()
    for _ in 0..<(try reader.readCount(ofSize: 33)) {
      let name = try Value(from: &reader)
      let problem = Problem(
        samples: try number(), correct: try number(), rows: try number(),
        weight: try Tally(from: &reader))
      guard places[name] == nil, problem.correct <= problem.samples, problem.rows > 0,
        !problem.weight.isZero
      else { throw StateError("a problem is out of range") }
      problems[place(of: name)].add(problem)
    }
  }
}
