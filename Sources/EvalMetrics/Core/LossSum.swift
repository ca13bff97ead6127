/// A sum of losses of rows, each rounded once.
struct LossSum: Sendable {
  private var sum = ExactSum()
  /// A loss that fits no double.
  private var overflows = false
  /// A row for which the loss is not defined.
  private var isInfeasible = false

  /// Adds the loss of a row; nil where it has none.
  mutating func add(_ loss: Double?, weight: Double) {
    guard let loss else {
      isInfeasible = true
      return
    }
    if loss.isFinite { sum.add(product: weight, loss) } else { overflows = true }
  }

  mutating func merge(_ other: LossSum) {
    sum.merge(other.sum)
    overflows = overflows || other.overflows
    isInfeasible = isInfeasible || other.isInfeasible
  }

  /// The mean over rows of this weight.
  func mean(of weight: ExactSum) -> Answer {
    if isInfeasible { return .undefined(.infeasible) }
    if weight.isZero { return .undefined(.zeroDivision) }
    return overflows ? .undefined(.overflow) : .value(ExactSum.ratio(sum, weight))
  }
}

extension LossSum {
  func encode(into writer: inout StateWriter) {
    writer.write(sum)
    writer.write(UInt8((overflows ? 1 : 0) | (isInfeasible ? 2 : 0)))
  }

  init(from reader: inout StateReader) throws(StateError) {
    sum = try reader.readExactSum()
    let flags = try reader.read(UInt8.self)
    guard flags < 4 else { throw StateError("a sum of losses is out of range") }
    overflows = flags & 1 != 0
    isInfeasible = flags & 2 != 0
  }
}
