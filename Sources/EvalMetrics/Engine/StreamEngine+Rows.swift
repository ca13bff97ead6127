// Answers for each row of a batch by itself.

extension StreamEngine {
  /// The most rows of a batch that are answered for by themselves.
  static var rowAnswerLimit: Int { 100_000 }

  /// What each metric answers for a state of one row, or of one unit, alone; undefined for rows that are left
  /// out. A metric is a function of a state, so every one of them has values by row.
  static func rowAnswers(
    _ requests: [MetricRequest], _ rows: Base.Batch, kept: [Int]?,
    _ configuration: Base.Configuration
  ) throws(InputError) -> [[Answer]] {
    if requests.isEmpty { return [] }
    let requests = requests.map(Task.rowRequest)
    let units = Task.units(of: rows)
    let count = units?.count ?? rows.count
    guard count <= rowAnswerLimit else {
      throw InputError(
        .tooManyValues, [], "row_metrics of \(count) rows are asked for",
        hint: "push at most \(rowAnswerLimit) rows at a time with row_metrics")
    }
    let keeps = kept.map(Set.init)
    let prepares = needPreparation(requests, nil)
    let fresh = Task.rowState(of: kept.map { rows.selecting($0) } ?? rows, configuration)
    var found = requests.map { _ in [Answer]() }
    for unit in 0..<count {
      let places = (units?[unit] ?? [unit]).filter { keeps?.contains($0) ?? true }
      var state = fresh
      if !places.isEmpty { state.update(rows.selecting(places)) }
      if prepares { state.prepare() }
      for (place, answer) in answers(requests, state, nil).enumerated() {
        found[place].append(answer)
      }
    }
    return found
  }
}
