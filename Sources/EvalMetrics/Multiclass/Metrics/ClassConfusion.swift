extension Metric where S == MulticlassState {
  /// The most cells of a matrix that is written out.
  static var confusionLimit: Int { 4_000_000 }

  static let confusionMatrix = ofDecisions(
    "confusion_matrix",
    "{classes, matrix}: rows by label, columns by prediction, counts or their shares; sparse as lists of cells",
    range: "counts, or [0, 1]", better: .neither, undefined: [.overflow],
    options: [
      OptionSpec(
        "normalize", .choice(["true", "pred", "all"]), default: .null,
        "divide by the labels' counts, the predictions' counts, or all rows; 0/0 is 0"),
      OptionSpec(
        "sparse", .boolean, default: .bool(false),
        "only cells that are not zero: {classes, labels, predictions, counts}, places in classes; without it a matrix of more than 4,000,000 cells is undefined"
      ),
    ], source: Source.sklearn
  ) { state, arguments in
    ConfusionMatrix(state.decisions).answer(
      normalize: arguments["normalize"].string, isSparse: arguments.flag("sparse"),
      limit: confusionLimit)
  }
}

/// The cells of a confusion matrix over the classes that are told.
struct ConfusionMatrix {
  private struct Cell {
    var label: Int
    var prediction: Int
    var tally: Tally
  }

  private let names: [Value]
  private var cells: [Cell] = []
  private let counts: [ClassCount]
  private let abstained: [Tally]

  init(_ decisions: ClassDecisions) {
    let told = decisions.told
    names = told.map { decisions.classes.name($0).value }
    counts = told.map { decisions[$0] }
    abstained = told.map { decisions.abstained[$0] }
    var places: [Int: Int] = [:]
    for (place, code) in told.enumerated() {
      places[code] = place
      let hits = decisions.hits[code]
      if !hits.isZero { cells.append(Cell(label: place, prediction: place, tally: hits)) }
    }
    for entry in decisions.errors.entries {
      guard let label = places[entry.first], let prediction = places[entry.second] else { continue }
      cells.append(Cell(label: label, prediction: prediction, tally: entry.tally))
    }
    cells.sort { ($0.label, $0.prediction) < ($1.label, $1.prediction) }
  }

  /// Counts, or shares of the labels, of the predictions or of all; undefined where it is too large to write out.
  func answer(normalize: String?, isSparse: Bool, limit: Int) -> Answer {
    let values = shares(normalize)
    if values.contains(where: { !($0.exactDouble?.isFinite ?? false) }) {
      return .undefined(.overflow)
    }
    var fields = [Value.Field("classes", .list(names))]
    if isSparse {
      fields.append(.init("labels", .list(cells.map { .integer(Int64($0.label)) })))
      fields.append(.init("predictions", .list(cells.map { .integer(Int64($0.prediction)) })))
      fields.append(.init("counts", .list(values)))
    } else {
      if names.count * names.count > limit { return .undefined(.overflow) }
      let zero: Value = normalize == nil ? .integer(0) : .number(0)
      var rows = Array(repeating: Array(repeating: zero, count: names.count), count: names.count)
      for (cell, value) in zip(cells, values) { rows[cell.label][cell.prediction] = value }
      fields.append(.init("matrix", .list(rows.map(Value.list))))
    }
    if abstained.contains(where: { !$0.isZero }) {
      fields.append(.init("abstained", .list(abstained.map { .count($0.value) })))
    }
    return .value(.record(fields))
  }

  private func shares(_ normalize: String?) -> [Value] {
    guard let normalize else { return cells.map { .count($0.tally.value) } }
    // As scikit-learn divides: by what stands in the matrix, without the rows that abstain.
    var divisors = [Tally](repeating: Tally(), count: names.count)
    var all = Tally()
    for cell in cells {
      divisors[normalize == "true" ? cell.label : cell.prediction].merge(cell.tally)
      all.merge(cell.tally)
    }
    return cells.map { cell in
      let divisor =
        switch normalize {
        case "true": divisors[cell.label]
        case "pred": divisors[cell.prediction]
        default: all
        }
      return .number(Tally.ratio(cell.tally, divisor) ?? 0)
    }
  }
}
