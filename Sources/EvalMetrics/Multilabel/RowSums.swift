/// Sums over rows of what is found of each as a whole, exact.
struct RowSums: Sendable {
  /// The weight of all rows, of those with no class decided wrongly, and of those whose F1 is 0/0.
  private(set) var weight = Tally()
  private(set) var right = Tally()
  private(set) var withoutF1 = Tally()
  /// The weight of the decisions of all rows, and of the wrong ones.
  private(set) var decisions = ExactSum()
  private(set) var wrong = ExactSum()
  private(set) var f1 = ExactSum()
  private(set) var averagePrecision = ExactSum()
  private(set) var coverage = ExactSum()
  private(set) var rankingLoss = ExactSum()

  mutating func add(_ row: LabelRow, _ weight: Double, hasScores: Bool) {
    self.weight.add(weight: weight)
    if row.wrong == 0 { right.add(weight: weight) }
    decisions.add(product: weight, Double(row.classes))
    if row.wrong > 0 { wrong.add(product: weight, Double(row.wrong)) }
    if let x = row.f1 { f1.add(product: weight, x) } else { withoutF1.add(weight: weight) }
    guard hasScores else { return }
    averagePrecision.add(product: weight, row.averagePrecision)
    coverage.add(product: weight, row.coverage)
    rankingLoss.add(product: weight, row.rankingLoss)
  }

  mutating func merge(_ other: RowSums) {
    weight.merge(other.weight)
    right.merge(other.right)
    withoutF1.merge(other.withoutF1)
    decisions.merge(other.decisions)
    wrong.merge(other.wrong)
    f1.merge(other.f1)
    averagePrecision.merge(other.averagePrecision)
    coverage.merge(other.coverage)
    rankingLoss.merge(other.rankingLoss)
  }

  /// The weighted mean of a sum; nil without weight.
  func mean(_ sum: ExactSum) -> Double? {
    weight.isZero ? nil : ExactSum.ratio(sum, weight.exact)
  }

  /// The mean F1 of the rows, where rows with 0/0 count as `zero_division` says.
  func meanF1(_ zeroDivision: ZeroDivision) -> Double? {
    switch zeroDivision {
    case .report: return mean(f1)
    case .value(let x):
      var sum = f1
      sum.add(product: withoutF1, x)
      return mean(sum)
    case .skip:
      let rest = weight.exact - withoutF1.exact
      return rest.isZero ? nil : ExactSum.ratio(f1, rest)
    }
  }

  func encode(into writer: inout StateWriter) {
    for tally in [weight, right, withoutF1] { tally.encode(into: &writer) }
    for sum in [decisions, wrong, f1, averagePrecision, coverage, rankingLoss] {
      writer.write(sum)
    }
  }

  init() {}

  init(from reader: inout StateReader) throws(StateError) {
    weight = try Tally(from: &reader)
    right = try Tally(from: &reader)
    withoutF1 = try Tally(from: &reader)
    decisions = try reader.readExactSum()
    wrong = try reader.readExactSum()
    f1 = try reader.readExactSum()
    averagePrecision = try reader.readExactSum()
    coverage = try reader.readExactSum()
    rankingLoss = try reader.readExactSum()
  }
}
