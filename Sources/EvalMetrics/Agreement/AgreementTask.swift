/// Several raters who say something of the same items.
public struct AgreementTask: EvaluationTask {
  public static let name = "agreement"

  public static let columns = [
    ColumnSpec("annotations", "[n, raters]: strings or numbers, null or NaN where missing")
  ]

  public static let options = [
    OptionSpec(
      "level", .choice(AgreementLevel.allCases.map(\.rawValue)), default: .text("nominal"),
      "what differences of labels mean: nothing, their order, or how far they are apart")
  ]

  public static let catalogue = Catalogue<AgreementState>(metrics: [
    .cohenKappa,
    .weightedKappa,
    .fleissKappa,
    .krippendorffAlpha,
    .percentAgreement,
    .f1Agreement,
  ])

  public static let defaultMetrics = ["percent_agreement", "fleiss_kappa", "krippendorff_alpha"]

  /// The most raters that a stream may have.
  static let raterLimit = 1000

  /// The most different pairs of labels of one item that a window keeps.
  static let pairLimit = 2_000_000

  public let configuration: AgreementState.Configuration
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows.
  private var raters: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = AgreementState.Configuration(
      level: AgreementLevel(rawValue: options.text("level")) ?? .nominal)
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public func check(_ batch: AgreementBatch, against state: AgreementState) throws(InputError) {
    let room = Self.pairLimit - state.itemPairs.count
    guard batch.mostPairs > room, state.newPairs(of: batch, upTo: room + 1) > room else { return }
    throw InputError(
      .tooManyValues, [.key("annotations")],
      "there would be more than \(Self.pairLimit) different pairs of labels of one item",
      hint: "labels that hardly ever agree are numbers: round them, or send fewer raters")
  }

  public var settled: Value { raters.map { .integer(Int64($0)) } ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    if let raters = other.exactInteger { try settle(raters: raters) }
  }

  private mutating func settle(raters given: Int) throws(InputError) {
    if let raters, raters != given {
      throw .batch(
        "annotations", "this stream has \(raters) raters, so it cannot take \(given)",
        hint: "the first batch settles how many; write null where one has said nothing")
    }
    raters = given
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> AgreementBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return AgreementBatch(count: 0, raters: 0, labels: [], codes: []) }
    let column = try columns.require("annotations")
    let raters = try Self.raters(of: column)
    try settle(raters: raters)
    var reader = LabelReader(level: configuration.level, skips: skipsNonFinite)
    reader.codes.reserveCapacity(columns.rows * raters)
    if case .numeric(let numbers) = column {
      for row in 0..<columns.rows {
        for place in 0..<raters {
          try reader.add(numbers.value(at: row * raters + place), row)
        }
      }
    } else {
      for row in 0..<columns.rows {
        guard case .list(let values) = column.value(at: row), values.count == raters else {
          throw .batch(
            "annotations", row: row,
            "annotations holds \(column.value(at: row).brief) where \(raters) annotations are wanted",
            hint: "a list a row with one for each rater, null where it is missing")
        }
        for value in values { try reader.add(value, row) }
      }
    }
    notes.dropped += reader.dropped.sorted()
    return AgreementBatch(
      count: columns.rows, raters: raters, labels: reader.labels, codes: reader.codes,
      weights: weights)
  }

  private static func raters(of column: Column) throws(InputError) -> Int {
    var raters = 0
    switch column {
    case .numeric(let numbers) where numbers.shape.count == 2: raters = numbers.width
    case .numeric: break
    default: if case .list(let values) = column.value(at: 0) { raters = values.count }
    }
    guard (2...raterLimit).contains(raters) else {
      throw .batch(
        "annotations", "annotations needs from 2 to \(raterLimit) raters",
        hint: "send [n, raters], null where a rater has said nothing")
    }
    return raters
  }
}

/// Gives the labels of a batch codes.
private struct LabelReader {
  let level: AgreementLevel
  let skips: Bool
  private(set) var labels: [Value] = []
  var codes: [Int32] = []
  private(set) var dropped = Set<Int>()
  private var places: [Value: Int32] = [:]

  init(level: AgreementLevel, skips: Bool) {
    self.level = level
    self.skips = skips
  }

  mutating func add(_ value: Value, _ row: Int) throws(InputError) {
    guard let label = try label(value, row) else {
      codes.append(-1)
      return
    }
    if let code = places[label] {
      codes.append(code)
    } else {
      let code = Int32(truncatingIfNeeded: labels.count)
      places[label] = code
      labels.append(label)
      codes.append(code)
    }
  }

  /// The label in its one form, whatever it was sent as; nil where it is missing.
  private mutating func label(_ value: Value, _ row: Int) throws(InputError) -> Value? {
    switch value {
    case .null, .text("NaN"): return nil
    case .text where level == .nominal: return value
    case .bool(let flag): return .integer(flag ? 1 : 0)
    case .integer, .unsigned, .number:
      if let x = value.exactInteger { return .integer(Int64(x)) }
      guard let x = value.exactDouble else {
        if level == .nominal { return value }
        throw .batch(
          "annotations", row: row, "\(value.brief) is too large to be a float64 exactly",
          hint: "integers up to 2^53 are exact")
      }
      if x.isNaN { return nil }
      if x.isFinite { return .number(x) }
      try drop(x, row)
      return nil
    case .text("Infinity") where level != .nominal, .text("-Infinity") where level != .nominal:
      try drop(.infinity, row)
      return nil
    default:
      throw .batch(
        "annotations", row: row, "annotations holds \(value.brief)",
        hint: level == .nominal
          ? "strings or numbers, null where one is missing"
          : "the level \(level.rawValue) needs numbers, null where one is missing")
    }
  }

  private mutating func drop(_ x: Double, _ row: Int) throws(InputError) {
    guard skips else {
      throw .batch(
        "annotations", row: row, "annotations holds \(Value.wireText(x))",
        hint: "open the stream with non_finite \"skip\" to leave such rows out")
    }
    dropped.insert(row)
  }
}
