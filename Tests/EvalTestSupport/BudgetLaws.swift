import EvalMetrics

/// A state with a memory budget of its own, as a stream's engine keeps one, so that the laws of states are
/// checked past the budget too.
public struct Budgeted<Base: State>: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var base: Base.Configuration
    public var bytes: Int

    public init(base: Base.Configuration, bytes: Int) {
      self.base = base
      self.bytes = bytes
    }
  }

  public private(set) var base: Base
  public private(set) var budget: MemoryBudget

  public init(_ configuration: Configuration) {
    base = Base(configuration.base)
    budget = MemoryBudget(bytes: configuration.bytes)
  }

  public var count: Int { base.count }
  public var byteCount: Int { base.byteCount }

  public mutating func update(_ batch: Base.Batch) {
    base.update(batch)
    budget.note(scores: batch.keptScores, in: &base)
  }

  public mutating func merge(_ other: Budgeted) {
    base.merge(other.base)
    budget.noteMove()
  }

  public mutating func prepare() { settled { $0.prepare() } }

  /// Hands out the state as a question finds it.
  public mutating func settled<R>(_ body: (inout Base) -> R) -> R {
    budget.settle(&base)
    return body(&base)
  }

  public func encode(into writer: inout StateWriter) {
    var copy = self
    copy.settled { $0.encode(into: &writer) }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.init(configuration)
    base = try Base(configuration.base, from: &reader)
  }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {
    base.forEachScoreIndex(body)
  }
}

/// The same rows and questions under a budget. What is kept of the scores is one of the answers.
public func budgetedSubject<S: State>(_ subject: LawSubject<S>, bytes: Int) -> LawSubject<
  Budgeted<S>
> {
  LawSubject(
    Budgeted<S>.Configuration(base: subject.configuration, bytes: bytes), pieces: subject.pieces
  ) { state in
    let answers = state.settled { subject.answers(&$0) }
    return ["\(state.budget.precision)"] + answers
  }
}

/// Checks the laws of a task's state past budgets of these sizes: by itself, sliced, and in windows.
public func checkBudgetLaws<Task: LawTask>(
  _: Task.Type, _ hazard: Hazard, budgets: [Int], _ effort: LawEffort
) throws -> [String] {
  let subject = try lawSubject(Task.self, hazard)
  var state = Task.TaskState(subject.configuration)
  for piece in subject.pieces { state.update(piece) }
  var handed = 0
  state.forEachScoreIndex { handed += $0.byteCount > 0 ? 1 : 0 }
  let held = scoreIndices(in: state)
  if handed != held {
    return ["\(held) indices of scores, of which forEachScoreIndex hands out \(handed)"]
  }
  if held == 0 { return [] }
  let sliced = slicedSubject(subject, seed: effort.seed)
  return budgets.flatMap { bytes in
    (checkStateLaws(budgetedSubject(subject, bytes: bytes), effort)
      + checkStateLaws(budgetedSubject(sliced, bytes: 3 * bytes), effort).map { "sliced, \($0)" }
      + checkWindowBudget(sliced, bytes: 3 * bytes, effort).map { "windows, \($0)" })
      .map { "\(bytes) bytes: \($0)" }
  }
}

/// How many indices of scores a value is made of that hold rows: all of them must keep to a budget.
private func scoreIndices(in value: Any) -> Int {
  if let index = value as? ScoreIndex { return index.byteCount > 0 ? 1 : 0 }
  return Mirror(reflecting: value).children.reduce(0) { $0 + scoreIndices(in: $1.value) }
}

extension LawTasks {
  /// One case for each task and hazard, past budgets of these sizes.
  public static func budgetCases(_ budgets: [Int]) throws -> [BudgetCase] {
    func cases<Task: LawTask>(of task: Task.Type) throws -> [BudgetCase] {
      try task.hazards().map { hazard in
        BudgetCase(name: "\(task.name): \(hazard.name)") { effort in
          try checkBudgetLaws(task, hazard, budgets: budgets, effort)
        }
      }
    }
    return try all.flatMap { try cases(of: $0) }
  }
}

/// A task with a hazard and budgets, without their types.
public struct BudgetCase: Sendable, CustomStringConvertible {
  public var name: String
  public var run: @Sendable (LawEffort) throws -> [String]

  public var description: String { name }
}

/// Checks that windows under one budget answer alike, however the rows between two marks come.
private func checkWindowBudget<S: State>(
  _ subject: LawSubject<S>, bytes: Int, _ effort: LawEffort
) -> [String] {
  var generator = LawGenerator(effort.seed)
  var expected: [String]?
  for round in 0..<max(2, effort.rounds) {
    var windows = Windowed<S>(subject.configuration, keep: 1)
    var budget = MemoryBudget(bytes: bytes)
    for piece in subject.pieces {
      let half = piece.count / 2
      for window in [0..<half, half..<piece.count] {
        let rows = window.shuffled(using: &generator)
        let cuts = generator.cuts(of: rows.count, upTo: round == 0 ? rows.count : rows.count / 3)
        for range in cuts {
          let batch = piece.selecting(Array(rows[range]))
          windows.current.update(batch)
          budget.note(scores: batch.keptScores, in: &windows)
          // A question in between settles what is there so far.
          if generator.chance(0.1) { budget.settle(&windows) }
        }
        budget.settle(&windows)
        windows.mark("")
        budget.noteMove()
      }
    }
    budget.settle(&windows)
    var answers = ["\(budget.precision)"]
    for window in [Window.current, .marks(1), .all] {
      guard var state = merged(windows, window) else { continue }
      answers += subject.answers(&state)
    }
    expected = expected ?? answers
    for (a, b) in zip(expected ?? [], answers) where a != b { return ["\(b) instead of \(a)"] }
  }
  return []
}
