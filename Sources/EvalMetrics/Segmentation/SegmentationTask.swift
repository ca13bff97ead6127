/// Images, each with a class for every pixel.
public struct SegmentationTask: EvaluationTask {
  public static let name = "segmentation"

  public static let columns = [
    ColumnSpec(
      "predictions", "[n, h, w]: the class of every pixel",
      bytesPerElement: ColumnSpec.bytesPassing),
    ColumnSpec(
      "targets", "[n, h, w]: the class that is right", bytesPerElement: ColumnSpec.bytesPassing),
    ColumnSpec(
      "confusion", "[classes, classes]: pixels that the client counted, rows the truth",
      isPerRow: false),
  ]

  public static let options = [
    DeclaredClasses.option,
    OptionSpec(
      "ignore_index", .integer(-1_000_000_000...1_000_000_000), default: .null,
      "pixels whose target is this count nowhere"),
    OptionSpec(
      "include_background", .boolean, default: .bool(true),
      "whether the first class takes part in scores of classes"),
  ]

  public static let catalogue = Catalogue<SegmentationState>(metrics: [
    .pixelAccuracy,
    .meanAccuracy,
    .iouMacro,
    .iouPerClass,
    .frequencyWeightedIoU,
    .diceMacro,
    .dicePerClass,
  ])

  public static let defaultMetrics = ["pixel_accuracy", "mean_accuracy", "iou_macro", "dice_macro"]

  /// The most classes that masks may have.
  static let mostClasses = 65_536

  public let configuration: SegmentationState.Configuration
  private let ignored: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    let classes = try DeclaredClasses(options["classes"])
    if let count = classes.declaredCount, count > Self.mostClasses {
      throw InputError(
        .invalidParams, [.key("classes")], "there are \(count) classes",
        hint: "masks have at most \(Self.mostClasses)")
    }
    configuration = SegmentationState.Configuration(
      classes: classes, includesBackground: options.flag("include_background"),
      overDeclared: options["average_over"] == .text("declared"),
      zeroDivision: ZeroDivision(options))
    ignored = options["ignore_index"].exactInteger
  }

  public func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> SegmentationBatch {
    if columns.rows == 0 { return SegmentationBatch() }
    if columns.has("confusion") { return try readConfusion(columns) }
    var batch = try MaskReader(columns, configuration.classes, ignoring: ignored).read()
    batch.weights = try columns.weights()
    return batch
  }
}

extension DeclaredClasses {
  /// How many classes are declared; nil where they are those that come.
  var declaredCount: Int? {
    switch self {
    case .asSeen: nil
    case .count(let count): count
    case .names(let names): names.count
    }
  }
}

// MARK: - Counts that the client made

extension SegmentationTask {
  private func readConfusion(_ columns: Columns) throws(InputError) -> SegmentationBatch {
    for name in ["predictions", "targets"] where columns.has(name) {
      throw .batch(
        name, "a batch has masks or a confusion matrix, not both", hint: "push them one by one")
    }
    guard columns.rows == 1 else {
      throw .batch(
        "confusion", "a confusion matrix is one row, and other columns have \(columns.rows)",
        hint: "give it one weight and one id")
    }
    let column = try columns.numbers("confusion")
    let size = column.rows
    let wanted = configuration.classes.declaredCount
    guard column.shape.count == 2, column.width == size, size <= wanted ?? Self.mostClasses,
      size == wanted ?? size
    else {
      throw .batch(
        "confusion", "confusion has the shape \(column.shape)",
        hint:
          "[classes, classes], the truth in rows\(wanted.map { "; there are \($0) classes" } ?? "")"
      )
    }
    var batch = SegmentationBatch(arePooled: true, weights: try columns.weights())
    batch.counts = try counts(column, size)
    batch.ends = [batch.counts.count]
    return batch
  }

  private func counts(_ column: NumericColumn, _ size: Int) throws(InputError) -> [PixelCount] {
    var found = (0..<size).map {
      PixelCount(code: Int32(truncatingIfNeeded: $0), labelled: 0, predicted: 0, hits: 0)
    }
    // Where it is told, the place of the class that is to be ignored.
    let gone = configuration.classes.code(ofMask: ignored)
    var total = 0
    for index in 0..<size * size {
      let (truth, prediction) = (index / size, index % size)
      let value = column.value(at: index)
      guard let pixels = value.exactInteger, pixels >= 0, pixels <= 1 << 53 else {
        throw .batch(
          "confusion", row: truth, "confusion holds \(value.brief) where a count is wanted",
          hint: "whole numbers from 0 to 2^53")
      }
      if truth == gone { continue }
      let (sum, overflow) = total.addingReportingOverflow(pixels)
      if overflow {
        throw .batch("confusion", row: truth, "confusion adds up to more than 2^63", hint: "")
      }
      total = sum
      found[truth].labelled += pixels
      // As in masks, a prediction of it is one of no class.
      if prediction != gone { found[prediction].predicted += pixels }
      if prediction == truth { found[truth].hits += pixels }
    }
    return found.filter { $0.labelled > 0 || $0.predicted > 0 }
  }
}

extension DeclaredClasses {
  /// Names that are integers are what stands in masks; other names are those of 0, 1, 2, …
  var integerNames: [Int64]? {
    guard case .names(let names) = self else { return nil }
    var integers: [Int64] = []
    for name in names {
      guard case .integer(let x) = name else { return nil }
      integers.append(x)
    }
    return integers
  }

  /// The place of the class that stands in masks as this number; nil where there is none.
  func code(ofMask value: Int?) -> Int? {
    guard let value else { return nil }
    if let names = integerNames { return names.firstIndex(of: Int64(value)) }
    return value
  }
}
