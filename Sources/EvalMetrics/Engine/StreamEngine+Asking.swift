// Answers of a stream's engine: which states a question is about, and what is merged for it.

extension StreamEngine {
  public var defaultRequests: [MetricRequest] {
    Task.defaultMetrics.compactMap { try? Task.catalogue.resolve(.text($0)) }
  }

  public func direction(of request: MetricRequest) -> Direction {
    Task.catalogue.metrics[request.index].better
  }

  public func signature(
    of request: MetricRequest, threshold: Double?, droppedBits: Int, notes: [String]
  ) -> String {
    let metric = Task.catalogue.metrics[request.index]
    var parts = [metric.aliasOf ?? metric.name, "task:\(Task.name)"]
    for option in metric.options
    where metric.signsOptions && request.arguments[option.name] != .null {
      parts.append("\(option.name):\(request.arguments[option.name].canonicalText)")
    }
    parts += metric.signature(task.configuration, request.arguments)
    if let threshold, metric.usesThreshold {
      parts.removeAll { $0.hasPrefix("threshold:") }
      parts.append("threshold:>=\(Value.number(threshold).canonicalText)")
    }
    if droppedBits > 0, Self.needPreparation([request], threshold) {
      parts.append("index:bits-dropped=\(droppedBits)")
    }
    parts += notes
    parts.append("v:1")
    return parts.joined(separator: "|")
  }

  public mutating func answers(
    _ requests: [MetricRequest], in scope: Scope, threshold: Double?
  ) throws(InputError) -> Answers {
    if threshold != nil, !Task.catalogue.metrics.contains(where: \.usesThreshold) {
      throw InputError(
        .notApplicable, [.key("threshold")], "a \(Task.name) stream decides by no threshold",
        hint: "leave threshold out")
    }
    let hasBudget = budget != nil
    return try withState(scope, preparing: Self.needPreparation(requests, threshold)) {
      Answers(
        count: $0.count, answers: Self.answers(requests, $0, threshold),
        droppedBits: hasBudget ? $0.droppedBits : 0)
    }
  }

  public mutating func inspect<R>(
    _ scope: Scope, _ body: (any State) throws(InputError) -> R
  ) throws(InputError) -> R {
    try withState(scope, preparing: true) { state throws(InputError) in try body(state) }
  }

  public mutating func sliceAnswers(
    _ requests: [MetricRequest], by places: [Int], in window: Window, minCount: Int
  ) throws(InputError) -> [SliceAnswers] {
    let prepares = Self.needPreparation(requests, nil)
    var found: [SliceAnswers] = []
    func add(_ key: SliceKey, _ state: Base) {
      if state.count < max(1, minCount) { return }
      found.append(
        SliceAnswers(
          key: key, count: state.count, answers: Self.answers(requests, state, nil)))
    }
    let parts = try parts(of: window)
    if prepares { settle() }
    if parts.count == 1 && places.count == dimensions.count {
      // Every cell is a slice of its own, so nothing is merged.
      change(parts[0]) { whole in
        whole.eachCell(preparing: prepares) { key, state in add(places.map { key[$0] }, state) }
      }
    } else {
      withGroups(Views.Grouping(window: window, places: places), parts, prepares, add)
    }
    return found.sorted { Whole.areInOrder($0.key, $1.key) }
  }

  static func needPreparation(
    _ requests: [MetricRequest], _ threshold: Double?
  ) -> Bool {
    requests.contains {
      let metric = Task.catalogue.metrics[$0.index]
      return metric.needsPreparation || (metric.usesThreshold && threshold != nil)
    }
  }

  static func answers(
    _ requests: [MetricRequest], _ state: Base, _ threshold: Double?
  ) -> [Answer] {
    requests.map { request in
      state.count == 0
        ? .undefined(.noRows)
        : Task.catalogue.metrics[request.index].compute(state, request.arguments, threshold)
    }
  }
}

// MARK: - Finding states

extension StreamEngine {
  /// One of the states that windows are made of.
  enum Part {
    case window(Windowed<Whole>.Part)
    case bucket(Int)
  }

  func parts(of window: Window) throws(InputError) -> [Part] {
    if case .rows(let count) = window { return try buckets(count) }
    if let parts = windows.parts(of: window) { return parts.map(Part.window) }
    let latest = keptMarks.suffix(8).map { "\"\($0)\"" }.joined(separator: ", ")
    throw InputError(
      .invalidParams, [.key("window")], "this window is not kept",
      hint: "keep_windows is \(windows.keep); "
        + (latest.isEmpty ? "no closed window is kept" : "the latest are \(latest)"))
  }

  private func buckets(_ count: Int) throws(InputError) -> [Part] {
    guard let rolling else {
      throw InputError(
        .invalidParams, [.key("window")], "the stream keeps no buckets of rows",
        hint: "open it with the option window_rows to ask for its last rows")
    }
    guard count <= rolling.rows else {
      throw InputError(
        .invalidParams, [.key("window")],
        "\(count) rows are asked for, and the last \(rolling.rows) are kept",
        hint: "window_rows is \(rolling.rows)")
    }
    return rolling.newest(count).map(Part.bucket)
  }

  /// Changes a state in place, without changing what it answers.
  mutating func change<R, E: Error>(
    _ part: Part, _ body: (inout Whole) throws(E) -> R
  ) throws(E) -> R {
    switch part {
    case .window(let part): return try windows.change(part, body)
    case .bucket(let index):
      if let result = try rolling?.change(index, body) { return result }
      // Never so: there is such a part only where there are buckets.
      var none = Whole(windows.configuration)
      return try body(&none)
    }
  }

  /// Whether a part holds the state of this slice, so that nothing need be merged.
  private func soleCell(_ part: Part, _ slice: [Int: SliceValue]) -> Whole.Cell? {
    switch part {
    case .window(let part): windows.state(part).soleCell(slice)
    case .bucket(let index): rolling?.states[index].soleCell(slice)
    }
  }

  /// Finds or makes the state of a scope. What preparing it did stays, so asking again costs nothing.
  private mutating func withState<R>(
    _ scope: Scope, preparing prepares: Bool, _ body: (Base) throws(InputError) -> R
  ) throws(InputError) -> R {
    let parts = try parts(of: scope.window)
    if prepares { settle() }
    if parts.count == 1, let cell = soleCell(parts[0], scope.slice) {
      return try change(parts[0]) { whole throws(InputError) in
        try whole.look(at: cell, preparing: prepares, body)
      }
    }
    var view = view(scope, parts, prepares)
    if prepares { view.state.prepare() }
    defer { views.keep(view, for: scope, limit: viewLimit) }
    return try body(view.state)
  }

  /// What merged states may take: no more than what they are made of, unless that is little; under a
  /// budget a quarter of it.
  private var viewLimit: Int {
    budget.map { $0.bytes / 4 } ?? max(1 << 20, windows.byteCount + (rolling?.byteCount ?? 0))
  }

  private mutating func view(_ scope: Scope, _ parts: [Part], _ prepares: Bool) -> Views<Base>.View
  {
    if let known = views.take(scope), known.isPrepared || !prepares { return known }
    var merged: Base?
    for part in parts {
      change(part) { whole in
        whole.each(of: scope.slice, preparing: prepares) { state in
          if merged == nil { merged = state } else { merged?.merge(state) }
        }
      }
    }
    return Views.View(
      state: merged ?? Base(windows.configuration.base), isPrepared: prepares)
  }

  /// Hands out the state of every slice of a grouping.
  private mutating func withGroups(
    _ grouping: Views<Base>.Grouping, _ parts: [Part], _ prepares: Bool,
    _ body: (SliceKey, Base) -> Void
  ) {
    var groups = groups(grouping, parts, prepares)
    for place in groups.states.indices {
      if prepares { groups.states.values[place].prepare() }
      body(groups.states.keys[place], groups.states.values[place])
    }
    views.keep(groups, for: grouping, limit: viewLimit)
  }

  private mutating func groups(
    _ grouping: Views<Base>.Grouping, _ parts: [Part], _ prepares: Bool
  ) -> Views<Base>.Groups {
    if let known = views.take(grouping), known.isPrepared || !prepares { return known }
    var states: [SliceKey: Base] = [:]
    for part in parts {
      change(part) { whole in
        whole.eachCell(preparing: prepares) { key, state in
          let group = grouping.places.map { key[$0] }
          if let place = states.index(forKey: group) {
            states.values[place].merge(state)
          } else {
            states[group] = state
          }
        }
      }
    }
    return Views.Groups(states: states, isPrepared: prepares)
  }
}
