import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Pixels are counted in blocks where neighbours are alike; the counts are those of one pixel after another.
@Suite struct MaskTests {
  /// Regions of some classes, as masks have them, with some pixels gone wrong.
  private static func mask(_ count: Int, _ classes: Int, _ generator: inout LawGenerator) -> [UInt8]
  {
    var mask: [UInt8] = []
    while mask.count < count {
      let code = UInt8(generator.integer(0..<classes))
      mask += Array(repeating: code, count: generator.integer(1..<60))
    }
    for pixel in 0..<count where generator.chance(0.02) {
      mask[pixel] = UInt8(generator.integer(0..<classes))
    }
    return Array(mask[..<count])
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000]) func `a table counts every pixel`(_ count: Int) {
    var generator = LawGenerator(UInt64(count) + 3)
    for ignored in [nil, 1] as [UInt8?] {
      let targets = Self.mask(count, 4, &generator)
      // Half of it is the same, where blocks are uniform in both.
      let other = Self.mask(count, 4, &generator)
      let predictions = targets.indices.map { $0 < count / 2 ? targets[$0] : other[$0] }
      var table = PixelTable(classes: 4)
      table.count(targets: targets, predictions: predictions, in: 0..<count, ignoring: ignored)
      for code in 0..<4 {
        let own = UInt8(code)
        if own == ignored { continue }
        let seen = (0..<count).filter { targets[$0] != ignored }
        let (all, hits) = table.targets(code)
        #expect(all == seen.count { targets[$0] == own })
        #expect(hits == seen.count { targets[$0] == own && predictions[$0] == own })
        #expect(table.predictions(code) == seen.count { predictions[$0] == own })
      }
    }
  }

  /// Counts that the client has made say what the masks do, also where a class is ignored.
  @Test(arguments: [nil, 0, 2] as [Int?]) func `a confusion matrix is its masks`(_ ignored: Int?)
    throws
  {
    var generator = LawGenerator(17)
    var options: [String: Value] = ["classes": .integer(4)]
    if let ignored { options["ignore_index"] = .integer(Int64(ignored)) }
    let targets = Self.mask(600, 4, &generator)
    let predictions = Self.mask(600, 4, &generator)
    var matrix = [Int64](repeating: 0, count: 16)
    for (target, prediction) in zip(targets, predictions) {
      matrix[Int(target) * 4 + Int(prediction)] += 1
    }
    var masks = try Bench("segmentation", options)
    try masks.push([
      "targets": .numeric(NumericColumn(storage: .uint8(targets), shape: [1, 20, 30])),
      "predictions": .numeric(NumericColumn(storage: .uint8(predictions), shape: [1, 20, 30])),
    ])
    var counts = try Bench("segmentation", options)
    try counts.push(["confusion": .numeric(NumericColumn(storage: .int64(matrix), shape: [4, 4]))])
    for metric in try Tasks.metrics(of: "segmentation") {
      #expect(try masks.ask(metric.name) == counts.ask(metric.name), "\(metric.name)")
    }
  }
}
