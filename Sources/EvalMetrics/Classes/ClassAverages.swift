/// How the values of classes become one.
public enum Averaging: String, Sendable, CaseIterable {
  /// Of the counts of all classes together.
  case micro
  /// The mean of the classes.
  case macro
  /// The mean by how often each class is a label.
  case weighted
}

/// A quotient of the counts of a class.
public enum ClassQuotient: Sendable, Equatable {
  /// hits / predicted
  case precision
  /// hits / labelled
  case recall
  /// (1 + b^2) hits / (b^2 labelled + predicted), from counts as scikit-learn has it.
  case fBeta(Double)
  /// hits / (labelled + predicted - hits): intersection over union.
  case jaccard

  public static let f1 = ClassQuotient.fBeta(1)

  /// The value for these counts, rounded once or as float64 arithmetic has it; nil for 0/0.
  public func value(of count: ClassCount) -> Double? {
    switch self {
    case .precision: return Tally.ratio(count.hits, count.predicted)
    case .recall: return Tally.ratio(count.hits, count.labelled)
    case .fBeta(let beta): return Self.fBeta(count, beta * beta)
    case .jaccard:
      if count.hits.weighted == nil && count.labelled.weighted == nil
        && count.predicted.weighted == nil
      {
        let union = Double(count.labelled.units) + Double(count.predicted.units - count.hits.units)
        return union > 0 ? Double(count.hits.units) / union : nil
      }
      let union = (count.labelled + count.predicted).exact - count.hits.exact
      return union.isZero ? nil : ExactSum.ratio(count.hits.exact, union)
    }
  }

  private static func fBeta(_ count: ClassCount, _ b: Double) -> Double? {
    if count.hits.weighted == nil && count.labelled.weighted == nil
      && count.predicted.weighted == nil
    {
      let divisor = b * Double(count.labelled.units) + Double(count.predicted.units)
      // Rounded products must not make more than one of it.
      return divisor > 0 ? min((1 + b) * Double(count.hits.units), divisor) / divisor : nil
    }
    // Exactly, since weights may be so large or small that no product of them fits a double.
    var (square, more) = (ExactSum(), ExactSum())
    square.add(b)
    more.add(b)
    more.add(1)
    let divisor = square * count.labelled.exact + count.predicted.exact
    return divisor.isZero ? nil : ExactSum.ratio(more * count.hits.exact, divisor)
  }
}

/// The counts of the classes that an average runs over. The order of the classes changes no answer.
public struct ClassAverages: Sendable {
  public var counts: [ClassCount]
  public var zeroDivision: ZeroDivision

  public init(_ counts: [ClassCount], _ zeroDivision: ZeroDivision) {
    self.counts = counts
    self.zeroDivision = zeroDivision
  }

  /// The average of a quotient. A class with 0/0 counts as `zero_division` says: as 0 where it says report.
  public func answer(_ quotient: ClassQuotient, _ averaging: Averaging) -> Answer {
    answer(averaging) { quotient.value(of: $0) }
  }

  /// The average of any value of a class; nil is 0/0.
  public func answer(_ averaging: Averaging, _ value: (ClassCount) -> Double?) -> Answer {
    if averaging == .micro {
      if let x = value(all) { return .value(x) }
      if case .value(let x) = zeroDivision { return .value(x) }
      return .undefined(.zeroDivision)
    }
    var sum = ExactSum()
    var plain = ExactSum()
    var weight = ExactSum()
    var terms = 0
    for count in counts {
      guard let x = value(count) ?? standIn else { continue }
      terms += 1
      plain.add(x)
      if averaging == .weighted {
        sum.add(product: count.labelled, x)
        weight.merge(count.labelled.exact)
      }
    }
    if terms == 0 { return .undefined(.zeroDivision) }
    if averaging == .weighted && !weight.isZero { return .value(ExactSum.ratio(sum, weight)) }
    // Weights that are all zero: 0/0 itself, for which scikit-learn takes the plain mean.
    if averaging == .weighted && zeroDivision == .report { return .undefined(.zeroDivision) }
    var number = ExactSum()
    number.add(count: terms)
    return .value(ExactSum.ratio(plain, number))
  }

  /// What 0/0 of a class is in an average; nil where it is left out.
  private var standIn: Double? {
    switch zeroDivision {
    case .report: 0
    case .value(let x): x
    case .skip: nil
    }
  }

  /// The counts of all classes together.
  public var all: ClassCount {
    var all = ClassCount(hits: Tally(), labelled: Tally(), predicted: Tally())
    for count in counts {
      all.hits.merge(count.hits)
      all.labelled.merge(count.labelled)
      all.predicted.merge(count.predicted)
    }
    return all
  }

  /// A quotient of one class as it is told: null for 0/0 unless `zero_division` names a number.
  public func told(_ quotient: ClassQuotient, of count: ClassCount) -> Value {
    if let x = quotient.value(of: count) { return x.isFinite ? .number(x) : .null }
    if case .value(let x) = zeroDivision { return .number(x) }
    return .null
  }

  /// The rows of `per_class` and `per_type`: `{class, precision, recall, f1, support}`.
  public func rows(_ names: [Value]) -> Value {
    .list(
      zip(names, counts).map { name, count in
        .record([
          Value.Field("class", name),
          Value.Field("precision", told(.precision, of: count)),
          Value.Field("recall", told(.recall, of: count)),
          Value.Field("f1", told(.f1, of: count)),
          Value.Field("support", .count(count.labelled.value)),
        ])
      })
  }
}

extension ClassDecisions {
  /// The averages over the classes seen, or over all that are declared.
  public func averages(_ zeroDivision: ZeroDivision, overDeclared: Bool) -> ClassAverages {
    ClassAverages(averaged(overDeclared: overDeclared).map { self[$0] }, zeroDivision)
  }
}
