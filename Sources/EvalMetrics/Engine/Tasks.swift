/// Every task, by name. A new one is a line here.
public enum Tasks {
  private static let all: [any EvaluationTask.Type] = [
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

  /// The names on the wire.
  public static let names = all.map { $0.name }

  /// A stream's engine for a task, which is told the metrics that the stream names. `files` reads those that
  /// options name.
  public static func engine(
    task name: String, options: [Value.Field], metrics: [MetricRequest] = [],
    dimensions: [SliceDimension] = [], keepWindows: Int = 1, files: FileReader? = nil
  ) throws(InputError) -> any TaskEngine {
    func make<Task: EvaluationTask>(_: Task.Type) throws(InputError) -> any TaskEngine {
      try StreamEngine<Task>(
        options: options, metrics: metrics, dimensions: dimensions, keepWindows: keepWindows,
        files: files)
    }
    return try make(try task(name))
  }

  /// Reads a metric's name or object for a task.
  public static func resolve(_ metric: Value, task name: String) throws(InputError) -> MetricRequest
  {
    func resolve<Task: EvaluationTask>(_: Task.Type) throws(InputError) -> MetricRequest {
      try Task.catalogue.resolve(metric)
    }
    return try resolve(try task(name))
  }

  /// A metric request in the form in which it can be asked for again.
  public static func value(of request: MetricRequest, task name: String) -> Value {
    func value<Task: EvaluationTask>(_: Task.Type) -> Value { Task.catalogue.value(of: request) }
    guard let task = all.first(where: { $0.name == name }) else { return .null }
    return value(task)
  }

  /// All metrics of a task, or of every task.
  public static func metrics(of name: String? = nil) throws(InputError) -> [MetricDescription] {
    if let name { return descriptions(try task(name)) }
    return all.flatMap { descriptions($0) }
  }

  /// Throws for a name that is no task's.
  public static func require(_ name: String) throws(InputError) { _ = try task(name) }

  private static func task(_ name: String) throws(InputError) -> any EvaluationTask.Type {
    if let task = all.first(where: { $0.name == name }) { return task }
    throw .unknownName(.unknownTask, [.key("task")], "task", name, known: names)
  }

  /// The columns and options of a task, for the documents.
  public static func inputs(
    of name: String
  ) -> (columns: [ColumnSpec], options: [OptionSpec])? {
    guard let task = all.first(where: { $0.name == name }) else { return nil }
    return (
      task.columns + CommonOptions.columns, task.options + CommonOptions.options
    )
  }

  private static func descriptions<Task: EvaluationTask>(_: Task.Type) -> [MetricDescription] {
    Task.catalogue.metrics.map { metric in
      MetricDescription(
        name: metric.name, task: Task.name, summary: metric.summary, range: metric.range,
        better: metric.better, undefined: metric.undefined, options: metric.options,
        source: metric.source, keepsRows: metric.needsPreparation, aliasOf: metric.aliasOf)
    }
  }
}
