extension OptionSpec {
  /// Over which pixels a score of classes is taken.
  static let aggregation = OptionSpec(
    "aggregation", .choice(["dataset", "image"]), default: .text("dataset"),
    "score the pixels of all images together, or each image, and take the mean of images")
}

extension Metric where S == SegmentationState {
  private static func score(
    _ name: String, _ summary: String, range: String = "[0, 1]",
    undefined: [Reason] = [.zeroDivision], options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (SegmentationState, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: .higher, undefined: undefined, options: options,
      source: source,
      signature: { configuration, _ in
        [
          "average_over:\(configuration.overDeclared ? "declared" : "seen")",
          "include_background:\(configuration.includesBackground)",
          "zero_division:\(configuration.zeroDivision.text)",
        ]
      },
      compute: { state, arguments, _ in
        let answer = compute(state, arguments)
        // A mean of nothing is 0/0, as the share of no pixels is.
        if answer.reason == .zeroDivision, case .value(let x) = state.configuration.zeroDivision {
          return .value(x)
        }
        return answer
      })
  }

  static let pixelAccuracy = score(
    "pixel_accuracy", "share of the pixels that are right",
    source: Source.sklearn + " accuracy_score"
  ) { state, _ in
    ClassAverages(state.counts(of: state.everyClass), state.configuration.zeroDivision)
      .answer(.recall, .micro)
  }

  static let meanAccuracy = score(
    "mean_accuracy", "mean of the recalls of classes that occur in targets",
    source: Source.sklearn + " balanced_accuracy_score"
  ) { state, _ in
    let counts = state.counts(of: state.scoredClasses).filter { !$0.labelled.isZero }
    return ClassAverages(counts, state.configuration.zeroDivision).answer(.recall, .macro)
  }

  static let iouMacro = score(
    "iou_macro", "mean over classes of intersection over union: TP / (TP + FP + FN)",
    undefined: [.zeroDivision, .notKept], options: [.aggregation],
    source: Source.sklearn + " jaccard_score"
  ) { state, arguments in state.mean(.jaccard, arguments) { $0.iou } }

  static let iouPerClass = score(
    "iou_per_class", "rows {class, value} of intersection over union",
    range: "rows of [0, 1]", undefined: [.notKept], options: [.aggregation],
    source: Source.sklearn + " jaccard_score"
  ) { state, arguments in state.perClass(.jaccard, arguments) { $0.iou } }

  static let frequencyWeightedIoU = score(
    "frequency_weighted_iou", "mean of intersection over union by how many pixels have the class",
    source: Source.sklearn + " jaccard_score(weighted)"
  ) { state, _ in
    // Without a pixel to weigh by, the mean itself is 0/0; a number for that makes it the plain mean.
    if state.configuration.zeroDivision == .skip, state.averages.all.labelled.isZero {
      return .undefined(.zeroDivision)
    }
    return state.averages.answer(.jaccard, .weighted)
  }

  static let diceMacro = score(
    "dice_macro", "mean over classes of the Dice coefficient: 2 TP / (2 TP + FP + FN)",
    undefined: [.zeroDivision, .notKept], options: [.aggregation],
    source: Source.sklearn + " f1_score"
  ) { state, arguments in state.mean(.f1, arguments) { $0.dice } }

  static let dicePerClass = score(
    "dice_per_class", "rows {class, value} of the Dice coefficient", range: "rows of [0, 1]",
    undefined: [.notKept], options: [.aggregation],
    source: Source.sklearn + " f1_score"
  ) { state, arguments in state.perClass(.f1, arguments) { $0.dice } }
}

extension SegmentationState {
  /// The classes that came, in targets or predictions, in order.
  private var seenClasses: [Int] { Set(labelled.codes).union(predicted.codes).sorted() }

  /// The classes that are declared, or that came, in order.
  var everyClass: [Int] {
    configuration.classes.declaredCount.map { Array(0..<$0) } ?? seenClasses
  }

  /// Those of them that take part in scores of classes.
  var scoredClasses: [Int] { everyClass.filter(isScored) }

  private func isScored(_ code: Int) -> Bool { configuration.includesBackground || code > 0 }

  func counts(of codes: [Int]) -> [ClassCount] {
    codes.map {
      ClassCount(hits: hits[$0], labelled: labelled[$0], predicted: predicted[$0])
    }
  }

  /// The classes that averages run over: those absent from both sides are left out, unless all are asked for.
  var averages: ClassAverages {
    let codes = configuration.overDeclared ? scoredClasses : seenClasses.filter(isScored)
    return ClassAverages(counts(of: codes), configuration.zeroDivision)
  }

  /// The mean over classes, of all pixels or of each image.
  func mean(
    _ quotient: ClassQuotient, _ arguments: Arguments, _ byImage: (ImageScores) -> ExactSum
  ) -> Answer {
    if arguments.text("aggregation") != "image" { return averages.answer(quotient, .macro) }
    if pooled > 0 { return .undefined(.notKept) }
    if images.weight.isZero { return .undefined(.zeroDivision) }
    return .value(ExactSum.ratio(byImage(images), images.weight.exact))
  }

  /// The value of each class: of all its pixels, or the mean of the images in which it is.
  func perClass(
    _ quotient: ClassQuotient, _ arguments: Arguments, _ byImage: (ImageScores.Class) -> ExactSum
  ) -> Answer {
    let byImages = arguments.text("aggregation") == "image"
    if byImages && pooled > 0 { return .undefined(.notKept) }
    let codes = scoredClasses
    // A class that is absent has no value, whatever 0/0 is elsewhere.
    let averages = ClassAverages(counts(of: codes), .report)
    return .value(
      .list(
        zip(codes, averages.counts).map { code, count in
          let value =
            byImages ? image(code, byImage) : averages.told(quotient, of: count)
          return .record([
            Value.Field("class", configuration.classes.name(ofCode: code)),
            Value.Field("value", value),
          ])
        }))
  }

  private func image(_ code: Int, _ byImage: (ImageScores.Class) -> ExactSum) -> Value {
    guard code < images.classes.count, !images.classes[code].weight.isZero else { return .null }
    let found = images.classes[code]
    return .number(ExactSum.ratio(byImage(found), found.weight.exact))
  }
}

extension DeclaredClasses {
  /// The name of a class by its place.
  fileprivate func name(ofCode code: Int) -> Value {
    if case .names(let names) = self, names.indices.contains(code) { return names[code].value }
    return .integer(Int64(code))
  }
}
