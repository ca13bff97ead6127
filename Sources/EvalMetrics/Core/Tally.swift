/// A count of rows, weighted or not: exact, so that order and batching never show.
public struct Tally: Sendable, Equatable {
  /// Rows of weight one, which is all of them when there are no weights.
  public private(set) var units: Int = 0
  /// The sum of all other weights; nil while there are none, which keeps plain counting plain.
  public private(set) var weighted: ExactSum?

  public init() {}

  init(units: Int, weighted: ExactSum?) {
    self.units = units
    self.weighted = weighted
  }

  /// What adds up to a number that is not negative.
  init(total: Double) {
    if let rows = Int(exactly: total) { units = rows } else { add(weight: total) }
  }

  /// Adds rows of weight one.
  public mutating func add(_ rows: Int) { units = units.addingClamped(rows) }

  /// Adds one row.
  public mutating func add(weight: Double) {
    if weight == 1 {
      units = units.addingClamped(1)
    } else if weight > 0 {
      var sum = weighted ?? ExactSum()
      weighted = nil
      sum.add(weight)
      weighted = sum
    }
  }

  /// Adds something that a row has so many times.
  public mutating func add(_ times: Int, weight: Double) {
    if weight == 1 {
      add(times)
    } else if weight > 0 && times > 0 {
      var sum = weighted ?? ExactSum()
      weighted = nil
      // Counts of one row are far below 2^53.
      sum.add(product: weight, Double(times))
      weighted = sum
    }
  }

  /// Adds the rows of another tally.
  public mutating func merge(_ other: Tally) {
    units = units.addingClamped(other.units)
    guard let theirs = other.weighted else { return }
    if var mine = weighted {
      mine.merge(theirs)
      weighted = mine
    } else {
      weighted = theirs
    }
  }

  /// The total, rounded once.
  public var value: Double { weighted == nil ? Double(units) : exact.value }

  /// The total, not rounded.
  public var exact: ExactSum {
    var sum = weighted ?? ExactSum()
    sum.add(count: units)
    return sum
  }

  /// The quotient of two tallies, rounded once, also where neither fits a double; nil for 0/0 and x/0.
  public static func ratio(_ a: Tally, _ b: Tally) -> Double? {
    if b.isZero { return nil }
    if a.weighted == nil && b.weighted == nil { return Double(a.units) / Double(b.units) }
    return ExactSum.ratio(a.exact, b.exact)
  }

  /// True when nothing with a weight was added.
  public var isZero: Bool { units == 0 && (weighted?.isZero ?? true) }

  /// The sum of two tallies.
  public static func + (a: Tally, b: Tally) -> Tally {
    var sum = a
    sum.merge(b)
    return sum
  }
}

extension ExactSum {
  /// Adds the exact product of a tally and a number.
  mutating func add(product tally: Tally, _ x: Double) {
    if tally.weighted == nil { return add(product: Double(tally.units), x) }
    var factor = ExactSum()
    factor.add(x)
    merge(tally.exact * factor)
  }

  /// Adds the exact product of two tallies.
  mutating func add(product a: Tally, _ b: Tally) {
    if a.weighted == nil && b.weighted == nil {
      add(product: Double(a.units), Double(b.units))
    } else {
      merge(a.exact * b.exact)
    }
  }
}

extension Tally {
  public func encode(into writer: inout StateWriter) {
    writer.write(Int64(units))
    writer.write(weighted ?? ExactSum())
  }

  public init(from reader: inout StateReader) throws(StateError) {
    guard let units = Int(exactly: try reader.read(Int64.self)), units >= 0, units < Int.max / 4
    else { throw StateError("a count is out of range") }
    self.units = units
    let sum = try reader.readExactSum()
    weighted = sum.isZero ? nil : sum
  }
}
