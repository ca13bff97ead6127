import EvalMetrics
import Testing

/// What has no pixels, for every `zero_division`.
@Suite struct AbsentClassTests {
  private static func mask(_ pixels: [Int64]) -> Column {
    .numeric(NumericColumn(storage: .int64(pixels), shape: [1, 1, pixels.count]))
  }

  private static func bench(
    _ options: [String: Value], _ zero: Value, targets: [Int64], predictions: [Int64]
  ) throws -> Bench {
    var bench = try Bench("segmentation", options.merging(["zero_division": zero]) { $1 })
    try bench.push(["targets": mask(targets), "predictions": mask(predictions)])
    return bench
  }

  private static let scalars: [Value] =
    ["pixel_accuracy", "mean_accuracy", "iou_macro", "dice_macro", "frequency_weighted_iou"].map {
      .text($0)
    }
    + ["iou_macro", "dice_macro"].map {
      .record([Value.Field("metric", .text($0)), Value.Field("aggregation", .text("image"))])
    }

  @Test(arguments: [Value.text("report"), .text("skip"), .integer(0), .integer(1)])
  func whereEveryPixelIsIgnored(_ zero: Value) throws {
    for classes in [Value.integer(2), .null] {
      var bench = try Self.bench(
        ["classes": classes, "ignore_index": .integer(9)], zero, targets: [9, 9],
        predictions: [0, 1])
      for metric in Self.scalars {
        let answer = try bench.ask(metric)
        #expect(answer.number == zero.exactDouble, "\(metric)")
        #expect((answer.reason == .zeroDivision) == (zero.exactDouble == nil), "\(metric)")
      }
    }
  }

  @Test(arguments: [Value.text("report"), .text("skip"), .integer(0), .integer(1)])
  func anAbsentClassHasNoValue(_ zero: Value) throws {
    var bench = try Self.bench(
      ["classes": .integer(3)], zero, targets: [0, 0], predictions: [0, 0])
    for name in ["iou_per_class", "dice_per_class"] {
      for aggregation in ["dataset", "image"] {
        let answer = try bench.ask(
          .record([
            Value.Field("metric", .text(name)), Value.Field("aggregation", .text(aggregation)),
          ]))
        #expect(
          answer.value
            == .list(
              [Value.number(1), .null, .null].enumerated().map { place, value in
                .record([
                  Value.Field("class", .integer(Int64(place))), Value.Field("value", value),
                ])
              }), "\(name) \(aggregation)")
      }
    }
    #expect(try bench.ask("iou_macro").number == 1)
  }

  /// Background alone in the targets: nothing to weigh by, and one class that was predicted wrongly.
  @Test(arguments: [
    (Value.text("report"), nil), (.text("skip"), nil), (.integer(0), 0.0), (.integer(1), 0),
  ])
  func noPixelsToWeighBy(_ zero: Value, _ expected: Double?) throws {
    var bench = try Self.bench(
      ["classes": .integer(2), "include_background": .bool(false)], zero, targets: [0, 0],
      predictions: [1, 0])
    #expect(try bench.ask("frequency_weighted_iou").number == expected)
    #expect(try bench.ask("iou_macro").number == 0)
  }
}
