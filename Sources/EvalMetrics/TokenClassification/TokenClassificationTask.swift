/// Entities in sequences of tags.
public struct TokenClassificationTask: EvaluationTask {
  public static let name = "token_classification"

  public static let columns = [
    ColumnSpec("predictions", "a list of tags a row, or [n, t] integers with the option tags"),
    ColumnSpec("references", "a list of tags a row, as long as that of predictions"),
  ]

  public static let options = [
    OptionSpec(
      "mode", .choice(["conlleval", "strict"]), default: .text("conlleval"),
      "whether any tag means something, as conlleval has it, or only what fits a scheme"),
    OptionSpec(
      "scheme", .choice(TagScheme.allCases.map(\.rawValue)), default: .null,
      "the scheme of the tags, for mode strict"),
    OptionSpec(
      "tags", .custom("a list of names"), default: .null,
      "the names of all tags, in the order of their numbers"),
    OptionSpec(
      "ignore_index", .label, default: .null,
      "a number or a tag: tokens whose reference is this are left out"),
  ]

  public static let catalogue = Catalogue<TokenClassificationState>(
    metrics: Metric.averages
      + [.perType, .tokenAccuracy, .f1Exact, .f1Partial, .f1Type]
      + aliases)

  /// The micro averages under their usual names.
  private static var aliases: [Metric<TokenClassificationState>] {
    ["precision", "recall", "f1"].compactMap { name in
      Metric.averages.first { $0.name == "\(name)_micro" }?.alias(name)
    }
  }

  public static let defaultMetrics = ["precision_micro", "recall_micro", "f1_micro"]

  public let configuration: TokenClassificationState.Configuration
  private let rules: TagRules
  private let tags: [String]?
  private let ignored: Value
  /// The types of all batches, so that their codes agree.
  private var types: ClassTable

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    let isStrict = options.text("mode") == "strict"
    let scheme = TagScheme(rawValue: options.text("scheme"))
    if isStrict && scheme == nil {
      throw InputError(
        .invalidParams, [.key("scheme")], "mode strict needs a scheme",
        hint: "one of " + TagScheme.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let strictScheme = isStrict ? scheme : nil
    rules = strictScheme.map(TagRules.strict) ?? .conlleval
    tags = try Self.tags(options["tags"])
    ignored = options["ignore_index"]
    let declared = try Self.types(tags, strictScheme)
    configuration = TokenClassificationState.Configuration(
      scheme: strictScheme, declaredTypes: declared,
      averagesDeclared: options.text("average_over") == "declared",
      zeroDivision: ZeroDivision(options))
    types = EntityCounts(declared).types
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> TokenClassificationBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return TokenClassificationBatch() }
    let declared = tags?.count ?? 0
    let predictions = try columns.tags("predictions", declared: declared)
    let references = try columns.tags("references", declared: declared)
    try Self.checkLengths(predictions.ends, references.ends)
    var table = try tagTable()
    let number = ignored.exactInteger.map { Int64($0) }
    var truth = try table.codes(of: references, "references", ignoring: number)
    var said = try table.codes(
      of: predictions, "predictions", ignoring: number, where: truth)
    if truth.codes.contains(TagTable.ignored) {
      said = said.leavingOut(TagTable.ignored, of: truth)
      truth = truth.leavingOut(TagTable.ignored, of: truth)
    }
    var counter = SequenceCounter(table, rules, said.codes, truth.codes)
    for row in truth.ends.indices { counter.add(truth.range(row)) }
    var batch = try counter.finish(&types)
    batch.weights = weights
    return batch
  }

  private static func checkLengths(
    _ predictions: [Int], _ references: [Int]
  ) throws(InputError) {
    guard let row = predictions.indices.first(where: { predictions[$0] != references[$0] }) else {
      return
    }
    let start = row == 0 ? 0 : predictions[row - 1]
    throw .batch(
      "predictions", row: row,
      "predictions has \(predictions[row] - start) tags where references has \(references[row] - start)",
      hint: "both have a tag for every token")
  }
}

// MARK: - Options

extension TokenClassificationTask {
  /// The most tags that may be declared.
  private static let tagLimit = 100_000

  private static func tags(_ option: Value) throws(InputError) -> [String]? {
    if option == .null { return nil }
    guard case .list(let values) = option, (1...tagLimit).contains(values.count) else {
      throw fault([], "tags is \(option.brief)")
    }
    var names: [String] = []
    var known: Set<Value> = []
    for (index, value) in values.enumerated() {
      guard let name = value.string, !name.isEmpty else {
        throw fault([.index(index)], "a tag is \(value.brief)")
      }
      guard known.insert(value).inserted else {
        throw fault([.index(index)], "the tag \(value.brief) is named twice")
      }
      names.append(name)
    }
    return names
  }

  private static func fault(_ path: [InputError.Step], _ message: String) -> InputError {
    InputError(
      .invalidParams, [.key("tags")] + path, message,
      hint: "a list of 1 to \(tagLimit) different strings")
  }

  /// The types that tags name, "O" aside.
  private static func types(
    _ tags: [String]?, _ scheme: TagScheme?
  ) throws(InputError) -> [String]? {
    guard let tags else { return nil }
    let table = try makeTable(tags, scheme, ignoring: nil)
    let used = Set(table.tags.filter { $0.prefix != .outside && $0.prefix != .dot }.map(\.type))
    return used.sorted().map { String(decoding: table.types.bytes(of: Int($0)), as: UTF8.self) }
  }

  private func tagTable() throws(InputError) -> TagTable {
    try Self.makeTable(tags, configuration.scheme, ignoring: ignored.string)
  }

  private static func makeTable(
    _ tags: [String]?, _ scheme: TagScheme?, ignoring ignored: String?
  ) throws(InputError) -> TagTable {
    do throws(TagTable.Fault) {
      return try TagTable(scheme: scheme, declared: tags, ignoring: ignored)
    } catch {
      throw InputError(
        .invalidParams, [.key("tags")], "tags holds \(error.message)", hint: error.hint)
    }
  }
}
