/// A count of rows for each class, weighted or not, exact. Classes beyond the last that was counted take no memory.
public struct TallyColumn: Sendable {
  /// Rows of weight one, by code.
  public private(set) var units: [Int] = []
  /// The sums of all other weights, by code; empty while there are none.
  private var sums: [ExactSum] = []
  private var sumBytes = 0

  public init() {}

  /// How many codes have a place.
  public var count: Int { max(units.count, sums.count) }

  /// Makes place for so many codes.
  public mutating func cover(_ count: Int) {
    if units.count < count {
      units.append(contentsOf: repeatElement(0, count: count - units.count))
    }
  }

  /// Adds rows of weight one to a code, which must not be negative.
  @inline(__always)
  public mutating func add(_ rows: Int, at code: Int) {
    if code >= units.count { cover(code + 1) }
    units[code] = units[code].addingClamped(rows)
  }

  /// Adds a row to a code, which must not be negative.
  public mutating func add(weight: Double, at code: Int) {
    if weight == 1 { return add(1, at: code) }
    guard weight > 0 else { return }
    change(code) { $0.add(weight) }
  }

  private mutating func change(_ code: Int, _ body: (inout ExactSum) -> Void) {
    if code >= sums.count {
      sums.append(contentsOf: repeatElement(ExactSum(), count: code + 1 - sums.count))
    }
    if sums[code].limbs.isEmpty { sumBytes += 96 }
    body(&sums[code])
  }

  /// The count of a code.
  public subscript(code: Int) -> Tally {
    Tally(
      units: code < units.count ? units[code] : 0,
      weighted: code < sums.count && !sums[code].limbs.isEmpty ? sums[code] : nil)
  }

  /// All of them together.
  public var total: Tally {
    var total = Tally()
    for rows in units { total.add(rows) }
    for sum in sums where !sum.limbs.isEmpty { total.merge(Tally(units: 0, weighted: sum)) }
    return total
  }

  /// Whether nothing with a weight was counted.
  public var isZero: Bool { units.allSatisfy { $0 == 0 } && sums.allSatisfy(\.isZero) }

  /// Adds another column; `map` gives the code here of each code there, and nil says that they are the same.
  public mutating func merge(_ other: TallyColumn, _ map: [Int]?) {
    if map == nil { cover(other.units.count) }
    for (code, rows) in other.units.enumerated() where rows != 0 {
      if let place = Self.place(code, map) { add(rows, at: place) }
    }
    for (code, sum) in other.sums.enumerated() where !sum.limbs.isEmpty {
      if let place = Self.place(code, map) { change(place) { $0.merge(sum) } }
    }
  }

  private static func place(_ code: Int, _ map: [Int]?) -> Int? {
    guard let map else { return code }
    return map.indices.contains(code) && map[code] >= 0 ? map[code] : nil
  }

  public var byteCount: Int { units.capacity * 8 + sums.capacity * 16 + sumBytes }

  /// Adds an encoded tally to a code.
  mutating func add(_ tally: Tally, at code: Int) {
    if tally.units != 0 { add(tally.units, at: code) }
    if let sum = tally.weighted { change(code) { $0.merge(sum) } }
  }
}
