extension MultilabelState: ThresholdState, CalibrationState, CurveState {
  /// The scores of a class, or of all classes together.
  public func thresholdRows(class name: Value?) throws(InputError) -> ScoredRows {
    guard let name else { return try calibrationRows() }
    guard let code = code(of: name) else {
      let known = (0..<min(width, 12)).map { self.name($0).brief }.joined(separator: ", ")
      throw InputError(
        .invalidParams, [.key("class")], "the stream has no class \(name.brief)",
        hint: width == 0 ? "it has no rows" : "it has \(known)" + (width > 12 ? ", …" : ""))
    }
    guard count > 0 else { return try calibrationRows() }
    guard let columns = sortedColumns, columns.indices.contains(code) else { throw withoutScores }
    return rows(of: code, columns[code])
  }

  public var thresholdClasses: [(name: Value, rows: ScoredRows)]? {
    let columns = sortedColumns ?? []
    // Declared classes are there before their first row.
    return (0..<max(columns.count, configuration.classes.count)).map {
      (name($0), rows(of: $0, $0 < columns.count ? columns[$0] : .none))
    }
  }

  private func code(of name: Value) -> Int? {
    guard let name = ClassName(name) else { return nil }
    if configuration.classes.grows {
      guard case .integer(let x) = name, x >= 0, x < Int64(width) else { return nil }
      return Int(x)
    }
    return configuration.classes.code(name)
  }

  private func rows(of code: Int, _ scores: SortedScores) -> ScoredRows {
    ScoredRows(
      scores: scores, kind: configuration.kind, threshold: configuration.threshold,
      decisions: decisions(of: code))
  }

  /// The four counts of a class at the stream's threshold.
  func decisions(of code: Int) -> Decisions {
    let count = count(of: code)
    let falsePositives = count.predicted.exact - count.hits.exact
    let falseNegatives = count.labelled.exact - count.hits.exact
    let rest = counted[code].exact - count.labelled.exact - falsePositives
    return Decisions(
      truePositives: count.hits.value, falsePositives: falsePositives.value,
      trueNegatives: rest.value, falseNegatives: falseNegatives.value)
  }

  private var withoutScores: InputError {
    InputError(
      .notApplicable, [.key("stream")], "this stream has predictions without scores",
      hint: "push scores to ask about thresholds, calibration and curves")
  }

  /// The scores of all classes together: each score of a row is one, with its own label.
  public func calibrationRows() throws(InputError) -> ScoredRows {
    guard let scores = pooled ?? (count == 0 ? SortedScores.none : nil) else {
      throw withoutScores
    }
    let all = (0..<width).map(count(of:))
    let sum = ClassAverages(all, configuration.zeroDivision).all
    let falsePositives = sum.predicted.exact - sum.hits.exact
    return ScoredRows(
      scores: scores, kind: configuration.kind, threshold: configuration.threshold,
      decisions: Decisions(
        truePositives: sum.hits.value, falsePositives: falsePositives.value,
        trueNegatives: (counted.total.exact - sum.labelled.exact - falsePositives).value,
        falseNegatives: (sum.labelled.exact - sum.hits.exact).value))
  }

  public func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport {
    try calibrationRows().curve(curve, points: points)
  }
}
