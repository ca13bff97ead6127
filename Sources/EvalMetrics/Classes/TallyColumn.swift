/// A count of rows for each class, weighted or not, exact.
public struct TallyColumn: Sendable {
  /// Rows of weight one, by code.
  private var units = CodeColumn(zero: 0)
  /// The sums of all other weights, by code.
  private var sums = CodeColumn(zero: ExactSum())
  private var sumBytes = 0

  public init() {}

  /// Adds rows of weight one to a code, which must not be negative.
  @inline(__always)
  public mutating func add(_ rows: Int, at code: Int) {
    units.change(code) { $0 = $0.addingClamped(rows) }
  }

  /// Adds a row to a code, which must not be negative.
  public mutating func add(weight: Double, at code: Int) {
    if weight == 1 { return add(1, at: code) }
    if weight > 0 { change(code) { $0.add(weight) } }
  }

  /// Adds rows that all have one weight to a code, which must not be negative.
  public mutating func add(_ rows: Int, weight: Double, at code: Int) {
    if weight == 1 { return add(rows, at: code) }
    if weight > 0 && rows != 0 { change(code) { $0.add(product: weight, Double(rows)) } }
  }

  private mutating func change(_ code: Int, _ body: (inout ExactSum) -> Void) {
    sums.change(code) {
      if $0.limbs.isEmpty { sumBytes += 96 }
      body(&$0)
    }
  }

  /// Adds a tally to a code, which must not be negative.
  public mutating func add(_ tally: Tally, at code: Int) {
    if tally.units != 0 { add(tally.units, at: code) }
    if let sum = tally.weighted { change(code) { $0.merge(sum) } }
  }

  /// The count of a code.
  public subscript(code: Int) -> Tally {
    let sum = sums[code]
    return Tally(units: units[code], weighted: sum.limbs.isEmpty ? nil : sum)
  }

  /// The codes with a count other than zero, ascending.
  public var codes: [Int] {
    var codes = units.codes.filter { units[$0] != 0 }
    let weighted = sums.codes.filter { !sums[$0].isZero }
    if !weighted.isEmpty { codes = Set(codes).union(weighted).sorted() }
    return codes
  }

  /// All of them together.
  public var total: Tally { below(.max) }

  /// Those of codes below a limit together.
  public func below(_ limit: Int) -> Tally {
    var total = Tally()
    units.each { code, rows in if code < limit { total.add(rows) } }
    sums.each { code, sum in
      if code < limit && !sum.limbs.isEmpty { total.merge(Tally(units: 0, weighted: sum)) }
    }
    return total
  }

  /// Adds another column; `map` gives the code here of each code there, and nil says that they are the same.
  public mutating func merge(_ other: TallyColumn, _ map: [Int]?) {
    func place(_ code: Int) -> Int? {
      guard let map else { return code }
      return map.indices.contains(code) && map[code] >= 0 ? map[code] : nil
    }
    other.units.each { code, rows in
      if rows != 0, let place = place(code) { add(rows, at: place) }
    }
    other.sums.each { code, sum in
      if !sum.limbs.isEmpty, let place = place(code) { change(place) { $0.merge(sum) } }
    }
  }

  public var byteCount: Int { units.byteCount + sums.byteCount + sumBytes }
}

extension TallyColumn {
  /// Writes the codes with a count.
  public func encode(into writer: inout StateWriter) {
    let codes = codes
    writer.write(UInt64(codes.count))
    for code in codes {
      writer.write(UInt32(truncatingIfNeeded: code))
      self[code].encode(into: &writer)
    }
  }

  public init(from reader: inout StateReader) throws(StateError) {
    self.init()
    for _ in 0..<(try reader.readCount(ofSize: 29)) {
      let code = Int(try reader.read(UInt32.self))
      let tally = try Tally(from: &reader)
      guard code <= DeclaredClasses.limit else { throw StateError("a code is out of range") }
      add(tally, at: code)
    }
  }
}
