/// Every task, by name. A new one is a line here.
public enum Tasks {
  private static let all: [any EvaluationTask.Type] = [
    BinaryTask.self,
    ScalarTask.self,
  ]

  /// The names on the wire.
  public static let names = all.map { $0.name }

  /// A stream's engine for a task.
  public static func engine(
    task name: String, options: [Value.Field], dimensions: [SliceDimension], keepWindows: Int
  ) throws(InputError) -> any TaskEngine {
    guard let task = all.first(where: { $0.name == name }) else {
      throw .unknownName(.unknownTask, [.key("task")], "task", name, known: names)
    }
    return try make(task, options, dimensions, keepWindows)
  }

  private static func make<Task: EvaluationTask>(
    _: Task.Type, _ options: [Value.Field], _ dimensions: [SliceDimension], _ keepWindows: Int
  ) throws(InputError) -> any TaskEngine {
    try StreamEngine<Task>(options: options, dimensions: dimensions, keepWindows: keepWindows)
  }

  /// All metrics of a task, or of every task.
  public static func metrics(of name: String? = nil) throws(InputError) -> [MetricDescription] {
    if let name, !names.contains(name) {
      throw .unknownName(.unknownTask, [.key("task")], "task", name, known: names)
    }
    return all.filter { name == nil || $0.name == name }.flatMap { descriptions($0) }
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
