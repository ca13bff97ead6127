/// Pixels of one class in an image, or in counts that a client made.
struct PixelCount: Sendable, Equatable {
  var code: Int32
  /// Pixels whose target is the class.
  var labelled: Int
  /// Pixels that are predicted to be of it.
  var predicted: Int
  /// Pixels that are both.
  var hits: Int

  /// Intersection over union; nil for a class that is absent from both sides.
  var iou: Double? {
    let union = Double(labelled) + Double(predicted) - Double(hits)
    return union > 0 ? Double(hits) / union : nil
  }

  /// The Dice coefficient; nil for a class that is absent from both sides.
  var dice: Double? {
    let both = Double(labelled) + Double(predicted)
    return both > 0 ? 2 * Double(hits) / both : nil
  }
}

/// Images, each as the pixels of its classes; the pixels themselves are not kept.
public struct SegmentationBatch: RowBatch {
  /// The counts of all images; a class is there once an image, in ascending order.
  var counts: [PixelCount] = []
  /// Where in `counts` each image ends.
  var ends: [Int] = []
  /// Whether the counts are of unknown images, since a client made them.
  var arePooled = false
  var weights: [Double]?

  public var count: Int { ends.count }

  func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  public func selecting(_ rows: [Int]) -> SegmentationBatch {
    var chosen = SegmentationBatch(
      arePooled: arePooled, weights: weights.map { w in rows.map { w[$0] } })
    for row in rows {
      chosen.counts.append(contentsOf: counts[range(row)])
      chosen.ends.append(chosen.counts.count)
    }
    return chosen
  }
}

/// What segmentation metrics read: the pixels of each class over all images, and the scores of images.
public struct SegmentationState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var classes: DeclaredClasses
    /// Whether class 0 takes part in scores of classes.
    public var includesBackground: Bool
    public var overDeclared: Bool
    public var zeroDivision: ZeroDivision
  }

  public let configuration: Configuration
  public private(set) var count = 0
  /// Rows that are counts of unknown images.
  public private(set) var pooled = 0
  /// Pixels by target, by prediction, and those where both are one class.
  private(set) var labelled = TallyColumn()
  private(set) var predicted = TallyColumn()
  private(set) var hits = TallyColumn()
  private(set) var images = ImageScores()

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: SegmentationBatch) {
    count = count.addingClamped(batch.count)
    if batch.arePooled { pooled = pooled.addingClamped(batch.count) }
    for row in 0..<batch.count {
      let weight = batch.weights?[row] ?? 1
      let image = batch.counts[batch.range(row)]
      for pixels in image {
        let code = Int(pixels.code)
        labelled.add(pixels.labelled, weight: weight, at: code)
        predicted.add(pixels.predicted, weight: weight, at: code)
        hits.add(pixels.hits, weight: weight, at: code)
      }
      if !batch.arePooled {
        images.add(image, weight: weight, from: configuration.includesBackground ? 0 : 1)
      }
    }
  }

  public mutating func merge(_ other: SegmentationState) {
    count = count.addingClamped(other.count)
    pooled = pooled.addingClamped(other.pooled)
    labelled.merge(other.labelled, nil)
    predicted.merge(other.predicted, nil)
    hits.merge(other.hits, nil)
    images.merge(other.images)
  }

  public var byteCount: Int {
    labelled.byteCount + predicted.byteCount + hits.byteCount + images.byteCount
  }
}

/// Sums of what single images score.
struct ImageScores: Sendable {
  /// Scores of classes by code, where the class is in the image, and the weight of those images.
  private(set) var classes: [Class] = []
  /// Means over the classes of an image, and the weight of the images that have any.
  private(set) var iou = ExactSum()
  private(set) var dice = ExactSum()
  private(set) var weight = Tally()

  struct Class: Sendable {
    var iou = ExactSum()
    var dice = ExactSum()
    var weight = Tally()
  }

  /// Adds an image; classes below `first` take no part.
  mutating func add(_ image: ArraySlice<PixelCount>, weight: Double, from first: Int32) {
    if weight == 0 { return }
    var sums = (iou: 0.0, dice: 0.0)
    var present = 0
    for pixels in image where pixels.code >= first {
      guard let iou = pixels.iou, let dice = pixels.dice else { continue }
      present += 1
      sums.iou += iou
      sums.dice += dice
      let code = Int(pixels.code)
      cover(code + 1)
      classes[code].iou.add(product: weight, iou)
      classes[code].dice.add(product: weight, dice)
      classes[code].weight.add(weight: weight)
    }
    if present == 0 { return }
    iou.add(product: weight, sums.iou / Double(present))
    dice.add(product: weight, sums.dice / Double(present))
    self.weight.add(weight: weight)
  }

  private mutating func cover(_ count: Int) {
    if classes.count < count {
      classes.append(contentsOf: repeatElement(Class(), count: count - classes.count))
    }
  }

  mutating func merge(_ other: ImageScores) {
    cover(other.classes.count)
    for (code, theirs) in other.classes.enumerated() where !theirs.weight.isZero {
      classes[code].iou.merge(theirs.iou)
      classes[code].dice.merge(theirs.dice)
      classes[code].weight.merge(theirs.weight)
    }
    iou.merge(other.iou)
    dice.merge(other.dice)
    weight.merge(other.weight)
  }

  /// A class takes about so much with its sums.
  var byteCount: Int { classes.count * 320 + 256 }
}

// MARK: - Encoding

extension SegmentationState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(pooled))
    labelled.encode(into: &writer)
    predicted.encode(into: &writer)
    hits.encode(into: &writer)
    images.encode(into: &writer)
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let pooled = Int(exactly: try reader.read(UInt64.self)), pooled <= count
    else { throw StateError("a count of rows is out of range") }
    self.count = count
    self.pooled = pooled
    labelled = try TallyColumn(from: &reader)
    predicted = try TallyColumn(from: &reader)
    hits = try TallyColumn(from: &reader)
    images = try ImageScores(from: &reader)
  }
}

extension ImageScores {
  func encode(into writer: inout StateWriter) {
    let codes = classes.indices.filter { !classes[$0].weight.isZero }
    writer.write(UInt64(codes.count))
    for code in codes {
      writer.write(UInt32(truncatingIfNeeded: code))
      writer.write(classes[code].iou)
      writer.write(classes[code].dice)
      classes[code].weight.encode(into: &writer)
    }
    writer.write(iou)
    writer.write(dice)
    weight.encode(into: &writer)
  }

  init(from reader: inout StateReader) throws(StateError) {
    self.init()
    for _ in 0..<(try reader.readCount(ofSize: 4)) {
      let code = try reader.readClassCode()
      cover(code + 1)
      classes[code].iou = try reader.readExactSum()
      classes[code].dice = try reader.readExactSum()
      classes[code].weight = try Tally(from: &reader)
    }
    iou = try reader.readExactSum()
    dice = try reader.readExactSum()
    weight = try Tally(from: &reader)
  }
}

extension StateReader {
  fileprivate mutating func readClassCode() throws(StateError) -> Int {
    let code = Int(try read(UInt32.self))
    guard code < SegmentationTask.mostClasses else { throw StateError("a class is out of range") }
    return code
  }
}
