import EvalMetrics

/// Rows that were trouble for somebody, by name.
public struct Hazard: Sendable {
  public var name: String
  public var options: [Value.Field]
  /// Metrics that the stream names when it is opened.
  public var metrics: [Value]
  /// Batches as they come from outside, of types that may differ.
  public var pieces: [Columns]
  /// Thresholds worth asking for.
  public var thresholds: [Double]
  /// Whether answers may fit no double.
  public var mayOverflow: Bool

  public init(
    _ name: String, options: [Value.Field] = [], metrics: [Value] = [], thresholds: [Double] = [],
    mayOverflow: Bool = false, pieces: [Columns]
  ) {
    self.name = name
    self.mayOverflow = mayOverflow
    self.options = options
    self.metrics = metrics
    self.pieces = pieces
    self.thresholds = thresholds
  }
}

/// A task whose laws are checked. A new task conforms with its hazards, and is named in `LawTasks.all`.
public protocol LawTask: EvaluationTask {
  static func hazards() throws -> [Hazard]
}

/// Every task whose laws are checked.
public enum LawTasks {
  public static let all: [any LawTask.Type] = [
    BinaryTask.self,
    MulticlassTask.self,
    MultilabelTask.self,
    RegressionTask.self,
    RankingTask.self,
    LanguageModelTask.self,
    MultipleChoiceTask.self,
    SegmentationTask.self,
    QuestionAnsweringTask.self,
    TokenClassificationTask.self,
    TextGenerationTask.self,
    EmbeddingSimilarityTask.self,
    CodeGenerationTask.self,
    AgreementTask.self,
    ScalarTask.self,
  ]

  /// One case for each task and hazard.
  public static func cases() throws -> [LawCase] {
    try all.flatMap { try cases(of: $0) }
  }

  private static func cases<Task: LawTask>(of task: Task.Type) throws -> [LawCase] {
    try task.hazards().map { hazard in
      LawCase(
        name: "\(task.name): \(hazard.name)", mayOverflow: hazard.mayOverflow,
        run: { effort in try checkTaskLaws(task, hazard, effort) },
        answers: { try catalogueAnswers(task, hazard) })
    }
  }
}

/// A task with a hazard, without their types.
public struct LawCase: Sendable, CustomStringConvertible {
  public var name: String
  public var mayOverflow: Bool
  /// Checks the laws; gives what was violated.
  public var run: @Sendable (LawEffort) throws -> [String]
  /// The answers to every question of the catalogue.
  public var answers: @Sendable () throws -> [(question: AskedQuestion, answer: Answer)]

  public var description: String { name }
}

/// What the catalogue tells of a question.
public struct AskedQuestion: Sendable {
  public var text: String
  public var hasThreshold: Bool
  public var range: String
  public var undefined: [Reason]
}

private func catalogueAnswers<Task: LawTask>(
  _: Task.Type, _ hazard: Hazard
) throws -> [(question: AskedQuestion, answer: Answer)] {
  let subject = try lawSubject(Task.self, hazard)
  var state = Task.TaskState(subject.configuration)
  for piece in subject.pieces { state.update(piece) }
  state.prepare()
  let sheet = AnswerSheet(Task.catalogue, thresholds: hazard.thresholds)
  return zip(sheet.questions, sheet.answers(state)).map { question, answer in
    let asked = AskedQuestion(
      text: question.text, hasThreshold: question.threshold != nil, range: question.metric.range,
      undefined: question.metric.undefined)
    return (asked, answer)
  }
}

/// Checks every law of a task's state on these rows: by itself, sliced, and in windows.
public func checkTaskLaws<Task: LawTask>(
  _: Task.Type, _ hazard: Hazard, _ effort: LawEffort
) throws -> [String] {
  let subject = try lawSubject(Task.self, hazard)
  let sliced = slicedSubject(subject, seed: effort.seed)
  var less = effort
  less.rounds = max(1, effort.rounds / 3)
  less.damages = effort.damages / 4
  return checkStateLaws(subject, effort)
    + checkStateLaws(sliced, less).map { "sliced, \($0)" }
    + checkSliceRows(sliced, subject)
    + checkWindowLaws(subject, less)
    + checkRollingLaws(subject, less)
}

/// The rows of a hazard, read as a stream would, with every question of the catalogue.
public func lawSubject<Task: LawTask>(
  _: Task.Type, _ hazard: Hazard
) throws -> LawSubject<Task.TaskState> {
  var task = try Task(
    Arguments(hazard.options, for: CommonOptions.options + Task.options),
    metrics: hazard.metrics.map { try Task.catalogue.resolve($0) })
  var pieces: [Task.TaskState.Batch] = []
  for columns in hazard.pieces {
    var notes = ReadNotes()
    let batch = try task.read(columns, notes: &notes)
    let gone = Set(notes.dropped)
    pieces.append(batch.selecting((0..<batch.count).filter { !gone.contains($0) }))
  }
  let sheet = AnswerSheet(Task.catalogue, thresholds: hazard.thresholds)
  return LawSubject(task.configuration, pieces: pieces) { state in sheet.fill(&state) }
}
