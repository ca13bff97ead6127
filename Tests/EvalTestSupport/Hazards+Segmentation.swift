import EvalMetrics

extension SegmentationTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try maskHazards() + optionHazards() + weightHazards() + confusionHazards()
  }

  private static func maskHazards() throws -> [Hazard] {
    let plain = images(12, 5, 7, classes: 4, seed: 1)
    let blocks = images(6, 16, 16, classes: 3, seed: 2, patch: 16)
    return [
      Hazard("masks", pieces: [try masks(plain)]),
      Hazard("masks of large patches", pieces: [try masks(blocks)]),
      Hazard("no images", pieces: [try Columns([])]),
      Hazard("one pixel", pieces: [try masks(images(1, 1, 1, classes: 2, seed: 3))]),
      Hazard("one class", pieces: [try masks(images(4, 3, 3, classes: 1, seed: 4))]),
      Hazard(
        "images with other classes each",
        pieces: [
          try masks(images(5, 4, 4, classes: 2, seed: 5)),
          try masks(images(5, 3, 6, classes: 9, seed: 6)),
        ]),
      Hazard(
        "masks of every type",
        pieces: try [
          NumericColumn.Storage.uint8([]), .int8([]), .int16([]), .int32([]), .int64([]),
          .uint16([]), .float32([]),
        ].enumerated().map { try masks(images(3, 4, 5, classes: 3, seed: UInt64($0)), as: $1) }),
    ]
  }

  private static func optionHazards() throws -> [Hazard] {
    let rows = images(10, 5, 5, classes: 4, seed: 7)
    // 255 in some of both, and a declared class that never comes.
    let holes = Images(
      count: rows.count, height: rows.height, width: rows.width,
      targets: rows.targets.enumerated().map { $0 % 7 == 0 ? 255 : $1 },
      predictions: rows.predictions.enumerated().map { $0 % 11 == 0 ? 255 : $1 })
    let nothing = Images(
      count: rows.count, height: rows.height, width: rows.width,
      targets: rows.targets.map { _ in 255 }, predictions: rows.predictions)
    let ignoring = [Value.Field("ignore_index", .integer(255))]
    let declared = [Value.Field("classes", .integer(6))]
    let named: [Value] = [.integer(-1), .integer(7), .integer(300), .integer(2)]
    let places = Images(
      count: rows.count, height: rows.height, width: rows.width,
      targets: rows.targets.map { [-1, 7, 300, 2][$0] },
      predictions: rows.predictions.map { [-1, 7, 300, 2][$0] })
    return [
      Hazard("pixels to be ignored", options: ignoring, pieces: [try masks(holes)]),
      Hazard("nothing but pixels to be ignored", options: ignoring, pieces: [try masks(nothing)]),
      Hazard("declared classes", options: ignoring + declared, pieces: [try masks(holes)]),
      Hazard(
        "averages over declared classes",
        options: declared + [.init("average_over", .text("declared"))],
        pieces: [try masks(rows)]),
      Hazard(
        "without background",
        options: declared + [.init("include_background", .bool(false))], pieces: [try masks(rows)]),
      Hazard(
        "0/0 is 1",
        options: declared + ignoring + [.init("zero_division", .integer(1))],
        pieces: [try masks(nothing), try masks(rows)]),
      Hazard(
        "classes with names",
        options: [.init("classes", .list(["sky", "sea", "ship", "shore"].map(Value.text)))],
        pieces: [try masks(rows)]),
      Hazard(
        "classes that are other numbers", options: [.init("classes", .list(named))],
        pieces: [try masks(places)]),
      Hazard(
        "a class to be ignored", options: [.init("ignore_index", .integer(1))],
        pieces: [try masks(rows)]),
    ]
  }

  private static func weightHazards() throws -> [Hazard] {
    let rows = images(10, 4, 4, classes: 3, seed: 8)
    let weights: [[Double]] = [
      (0..<10).map { Double($0 % 4) / 2 }, (0..<10).map { _ in 0 },
      (0..<10).map { [1e300, 1, 1e-300][$0 % 3] }, (0..<10).map { [1e16, 0.1, 1][$0 % 3] },
    ]
    let names = ["weights", "weights all zero", "huge weights", "weights of 1e16 beside 0.1"]
    return try zip(names, weights).map { name, weights in
      Hazard(name, pieces: [try masks(rows, weights: weights)])
    } + [
      Hazard(
        "batches with and without weights",
        pieces: [try masks(rows, weights: weights[0]), try masks(rows)])
    ]
  }

  private static func confusionHazards() throws -> [Hazard] {
    func confusion(_ counts: [Int64], _ more: [(String, Column)] = []) throws -> Columns {
      try Columns(
        [("confusion", .numeric(NumericColumn(storage: .int64(counts), shape: [3, 3])))] + more,
        whole: ["confusion"])
    }
    let counts: [Int64] = [5, 1, 0, 2, 9, 0, 0, 0, 0]
    return [
      Hazard(
        "counts that the client made",
        pieces: [try confusion(counts), try confusion([0, 0, 1, 0, 0, 0, 0, 2, 1 << 52])]),
      Hazard(
        "counts beside masks",
        pieces: [
          try confusion(counts), try masks(images(4, 3, 3, classes: 3, seed: 9)),
          try confusion(counts, [("weights", .values([.number(0.3)]))]),
        ]),
    ]
  }
}

private struct Images {
  var count: Int
  var height: Int
  var width: Int
  var targets: [Int]
  var predictions: [Int]
}

/// Images of square patches, of which most pixels are predicted right.
private func images(
  _ count: Int, _ height: Int, _ width: Int, classes: Int, seed: UInt64, patch: Int = 1
) -> Images {
  var generator = LawGenerator(seed)
  var targets: [Int] = []
  var predictions: [Int] = []
  for pixel in 0..<count * height * width {
    let target = pixel % patch == 0 ? generator.integer(0..<classes) : targets[pixel - 1]
    targets.append(target)
    predictions.append(
      pixel % patch != 0
        ? predictions[pixel - 1]
        : generator.chance(0.7) ? target : generator.integer(0..<classes))
  }
  return Images(
    count: count, height: height, width: width, targets: targets, predictions: predictions)
}

/// The images as one batch in a type of numbers.
private func masks(
  _ images: Images, as type: NumericColumn.Storage = .int64([]), weights: [Double]? = nil
) throws -> Columns {
  let shape = [images.count, images.height, images.width]
  func column(_ pixels: [Int]) -> Column {
    let storage: NumericColumn.Storage =
      switch type {
      case .uint8: .uint8(pixels.map { UInt8(truncatingIfNeeded: $0) })
      case .int8: .int8(pixels.map { Int8(truncatingIfNeeded: $0) })
      case .int16: .int16(pixels.map { Int16(truncatingIfNeeded: $0) })
      case .int32: .int32(pixels.map { Int32(truncatingIfNeeded: $0) })
      case .uint16: .uint16(pixels.map { UInt16(truncatingIfNeeded: $0) })
      case .float32: .float32(pixels.map { Float($0) })
      default: .int64(pixels.map { Int64($0) })
      }
    return .numeric(NumericColumn(storage: storage, shape: shape))
  }
  return try Columns(
    [("targets", column(images.targets)), ("predictions", column(images.predictions))]
      + (weights.map { [("weights", FloatType.float64.column($0))] } ?? []))
}
