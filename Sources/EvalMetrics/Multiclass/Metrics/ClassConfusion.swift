extension Metric where S == MulticlassState {
  /// The most cells of a matrix that is written out.
  static var confusionLimit: Int { 4_000_000 }

  static let confusionMatrix = ofDecisions(
    "confusion_matrix",
    "{classes, matrix}: rows by label, columns by prediction, counts or their shares; sparse as lists of cells; abstained by label where rows abstain",
    range: "counts, or [0, 1]", better: .neither, undefined: [.overflow],
    options: [
      OptionSpec(
        "normalize", .choice(["true", "pred", "all"]), default: .null,
        "divide by the labels' counts, the predictions' counts, or all rows, those that abstain among them; 0/0 is 0"
      ),
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
    if values.cells.contains(where: { !($0.exactDouble?.isFinite ?? false) }) {
      return .undefined(.overflow)
    }
    var fields = [Value.Field("classes", .list(names))]
    if isSparse {
      fields.append(.init("labels", .list(cells.map { .integer(Int64($0.label)) })))
      fields.append(.init("predictions", .list(cells.map { .integer(Int64($0.prediction)) })))
      fields.append(.init("counts", .list(values.cells)))
    } else {
      if names.count * names.count > limit { return .undefined(.overflow) }
      let zero: Value = normalize == nil ? .integer(0) : .number(0)
      var rows = Array(repeating: Array(repeating: zero, count: names.count), count: names.count)
      for (cell, value) in zip(cells, values.cells) { rows[cell.label][cell.prediction] = value }
      fields.append(.init("matrix", .list(rows.map(Value.list))))
    }
    if !values.abstained.isEmpty && abstained.contains(where: { !$0.isZero }) {
      fields.append(.init("abstained", .list(values.abstained)))
    }
    return .value(.record(fields))
  }

  /// The cells, and the rows of each label that abstain: none of what is predicted.
  private func shares(_ normalize: String?) -> (cells: [Value], abstained: [Value]) {
    let tallies = cells.map(\.tally)
    switch normalize {
    case nil: return (tallies.map { .count($0.value) }, abstained.map { .count($0.value) })
    case "true":
      let divisors = counts.map(\.labelled)
      return (
        cells.map { Self.share($0.tally, divisors[$0.label]) },
        zip(abstained, divisors).map(Self.share)
      )
    case "pred":
      return (cells.map { Self.share($0.tally, counts[$0.prediction].predicted) }, [])
    default:
      var all = Tally()
      for count in counts { all.merge(count.labelled) }
      return (tallies.map { Self.share($0, all) }, abstained.map { Self.share($0, all) })
    }
  }

  private static func share(_ tally: Tally, _ all: Tally) -> Value {
    .number(Tally.ratio(tally, all) ?? 0)
  }
}
