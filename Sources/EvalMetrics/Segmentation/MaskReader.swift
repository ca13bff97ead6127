/// Reads masks, and counts the pixels of each image by class.
struct MaskReader {
  private let columns: Columns
  private let declared: DeclaredClasses
  private let ignored: Int?

  init(_ columns: Columns, _ declared: DeclaredClasses, ignoring ignored: Int?) {
    self.columns = columns
    self.declared = declared
    self.ignored = ignored
  }

  func read() throws(InputError) -> SegmentationBatch {
    let targets = try masks("targets")
    let predictions = try masks("predictions")
    guard targets.shape == predictions.shape else {
      throw .batch(
        "predictions",
        "predictions has the shape \(predictions.shape) and targets \(targets.shape)",
        hint: "both are [n, h, w]")
    }
    if declared.integerNames != nil { return try readNamed(targets, predictions) }
    switch (targets.storage, predictions.storage) {
    case (.uint8(let t), .uint8(let p)), (.bool(let t), .bool(let p)),
      (.uint8(let t), .bool(let p)),
      (.bool(let t), .uint8(let p)):
      return try count(t, p, targets.width, ignored.flatMap { UInt8(exactly: $0) })
    case (.int32(let t), .int32(let p)):
      return try count(t, p, targets.width, ignored.flatMap { Int32(exactly: $0) })
    case (.int16(let t), .int16(let p)):
      return try count(t, p, targets.width, ignored.flatMap { Int16(exactly: $0) })
    default:
      let (t, p) = (try integers(targets, "targets"), try integers(predictions, "predictions"))
      return try count(t, p, targets.width, ignored.map { Int64($0) })
    }
  }

  private func masks(_ name: String) throws(InputError) -> NumericColumn {
    let column = try columns.numbers(name)
    guard column.shape.count >= 3 else {
      throw .batch(
        name, "\(name) has the shape \(column.shape), and a mask a row is wanted",
        hint: "[n, h, w]; one image is [1, h, w]")
    }
    return column
  }

  private func integers(
    _ column: NumericColumn, _ name: String
  ) throws(InputError) -> [Int64] {
    switch column.integers() {
    case .success(let integers): return integers
    case .failure(let fault):
      throw foreign(name, fault.index / max(1, column.width), column.value(at: fault.index))
    }
  }

  /// Masks of classes that are named by other integers than 0, 1, 2, …
  private func readNamed(
    _ targets: NumericColumn, _ predictions: NumericColumn
  ) throws(InputError) -> SegmentationBatch {
    var codes: [Int64: Int64] = [:]
    for (code, name) in (declared.integerNames ?? []).enumerated() { codes[name] = Int64(code) }
    if let ignored { codes[Int64(ignored)] = -1 }
    func coded(_ column: NumericColumn, _ name: String) throws(InputError) -> [Int64] {
      var found: [Int64] = []
      found.reserveCapacity(column.rows * column.width)
      var last: (value: Int64, code: Int64)?
      for (pixel, value) in try integers(column, name).enumerated() {
        if let last, last.value == value {
          found.append(last.code)
        } else if let code = codes[value] {
          found.append(code)
          last = (value, code)
        } else {
          throw foreign(name, pixel / column.width, .integer(value))
        }
      }
      return found
    }
    let t = try coded(targets, "targets")
    let p = try coded(predictions, "predictions")
    return try count(t, p, targets.width, ignored == nil ? nil : -1)
  }

  private func count<Code: FixedWidthInteger>(
    _ targets: [Code], _ predictions: [Code], _ width: Int, _ ignored: Code?
  ) throws(InputError) -> SegmentationBatch {
    let classes = try checkedClasses(targets, predictions, width, ignored)
    var batch = SegmentationBatch()
    var table = PixelTable(classes: classes)
    for row in 0..<columns.rows {
      if row > 0 { table.clear() }
      table.count(
        targets: targets, predictions: predictions, in: row * width..<(row + 1) * width,
        ignoring: ignored)
      for code in 0..<classes {
        let (labelled, hits) = table.targets(code)
        let predicted = table.predictions(code)
        if labelled == 0 && predicted == 0 { continue }
        batch.counts.append(
          PixelCount(
            code: Int32(truncatingIfNeeded: code), labelled: labelled, predicted: predicted,
            hits: hits))
      }
      batch.ends.append(batch.counts.count)
    }
    return batch
  }

  /// How many classes there are, after every pixel was found to be of one of them.
  private func checkedClasses<Code: FixedWidthInteger>(
    _ targets: [Code], _ predictions: [Code], _ width: Int, _ ignored: Code?
  ) throws(InputError) -> Int {
    let seen =
      declared.declaredCount
      ?? 1
      + max(
        Kernels.largest(targets, ignoring: ignored),
        Kernels.largest(predictions, ignoring: ignored))
    let classes = min(seen, SegmentationTask.mostClasses)
    for (name, masks) in [("targets", targets), ("predictions", predictions)] {
      if let pixel = Kernels.firstForeign(masks, classes: classes, ignoring: ignored) {
        throw foreign(name, pixel / max(1, width), .integer(Int64(clamping: masks[pixel])))
      }
    }
    return classes
  }

  private func foreign(_ name: String, _ row: Int, _ value: Value) -> InputError {
    let hint =
      switch declared {
      case .asSeen: "classes are integers from 0 to \(SegmentationTask.mostClasses - 1)"
      case .count(let count): "classes are integers from 0 to \(count - 1)"
      case .names(let names):
        declared.integerNames == nil
          ? "classes are integers from 0 to \(names.count - 1), as they are named"
          : "classes are the integers that were declared"
      }
    return .batch(
      name, row: row, "\(name) holds \(value.brief) where a class is wanted",
      hint: hint + "; ignore_index leaves pixels out")
  }
}
