/// All there is to know about thresholds: the distinct scores, with the weight of positives and negatives at each.
///
/// ROC, precision and recall, calibration by any bins, optima and losses are walks over it. It keeps
/// four bytes a float32 row, eight a float64 row, sixteen a weighted one; many 16-bit scores become a
/// table of counts. Once ranks were asked of a long one, they take five bytes a positive more. Answers
/// depend on the set of rows alone.
public struct ScoreIndex: Sendable {
  var singles = ByLabel(KeyRuns<UInt32>())
  var doubles = ByLabel(KeyRuns<UInt64>())
  var halves = ByLabel([Int]())
  var bfloats = ByLabel([Int]())
  var weighted = ByLabel(WeightedRuns())
  var sixteenBitRows = 0
  /// What a question walks; nil when rows came since it was made.
  public internal(set) var prepared: SortedScores?
  /// The rows when they were last put in one order, which the first run of keys of each label are; nil
  /// where they are few or not all of one kind.
  var base: SortedScores?
  /// How finely scores are kept: coarser than `unlimited` only where a memory budget asks for it.
  public internal(set) var precision = ScorePrecision.unlimited
  /// The rows in groups, where that is the precision; all but those that came since are in it.
  var buckets: ScoreBuckets?
  /// Whether the rows are sorted, and each is in its smallest form.
  var isTidy = false

  /// From here on 16-bit scores are counted in a table: fewer of them are smaller as float32 keys, which hold them exactly.
  private static let tableThreshold = 131_072

  /// One thing for positives, and the same for negatives.
  struct ByLabel<T: Sendable>: Sendable {
    var positives: T
    var negatives: T

    init(_ value: T) {
      positives = value
      negatives = value
    }
  }

  public init() {}

  /// Adds rows: finite scores, labels 0 or 1, finite weights >= 0. Rows of weight zero count for nothing.
  public mutating func update(_ scores: ScoreColumn, labels: [UInt8], weights: [Double]?) {
    if scores.count == 0 { return }
    forgetPrepared()
    isTidy = false
    guard let weights else { return update(scores, labels) }
    var units: [Int] = []
    let values = scores.doubles
    for row in 0..<values.count {
      let weight = weights[row]
      if weight == 1 {
        units.append(row)
      } else if weight > 0 {
        if labels[row] != 0 {
          weighted.positives.append(values[row], weight: weight)
        } else {
          weighted.negatives.append(values[row], weight: weight)
        }
      }
    }
    if !units.isEmpty { update(scores.selecting(units), units.map { labels[$0] }) }
  }

  private mutating func update(_ scores: ScoreColumn, _ labels: [UInt8]) {
    switch scores {
    case .single(let column): add(column, labels)
    case .double(let column):
      Kernels.partition(
        scores: column, labels: labels,
        positives: &doubles.positives, negatives: &doubles.negatives)
    case .half(let bits):
      if !wantsTable(bits.count) { return add(Kernels.floats(half: bits), labels) }
      Kernels.countTable(
        keys: bits.map(Kernels.key16), labels: labels,
        positives: &halves.positives, negatives: &halves.negatives)
    case .bfloat(let bits):
      if !wantsTable(bits.count) { return add(Kernels.floats(bfloat16: bits), labels) }
      Kernels.countTable(
        keys: bits.map(Kernels.key16), labels: labels,
        positives: &bfloats.positives, negatives: &bfloats.negatives)
    }
  }

  /// Whether so many more rows of 16 bits are counted in a table. Under a budget they are not: groups
  /// are as small, and join those of all other types.
  private mutating func wantsTable(_ rows: Int) -> Bool {
    if precision != .unlimited { return false }
    sixteenBitRows = sixteenBitRows.addingClamped(rows)
    return sixteenBitRows >= Self.tableThreshold
  }

  private mutating func add(_ column: [Float], _ labels: [UInt8]) {
    Kernels.partition(
      scores: column, labels: labels,
      positives: &singles.positives, negatives: &singles.negatives)
  }

  public mutating func merge(_ other: ScoreIndex) {
    if precision.isGrouped || other.precision.isGrouped { return mergeGroups(other) }
    precision = max(precision, other.precision)
    forgetPrepared()
    isTidy = false
    singles.positives.merge(other.singles.positives)
    singles.negatives.merge(other.singles.negatives)
    doubles.positives.merge(other.doubles.positives)
    doubles.negatives.merge(other.doubles.negatives)
    Self.add(other.halves.positives, to: &halves.positives)
    Self.add(other.halves.negatives, to: &halves.negatives)
    Self.add(other.bfloats.positives, to: &bfloats.positives)
    Self.add(other.bfloats.negatives, to: &bfloats.negatives)
    weighted.positives.merge(other.weighted.positives)
    weighted.negatives.merge(other.weighted.negatives)
    sixteenBitRows = sixteenBitRows.addingClamped(other.sixteenBitRows)
  }

  private static func add(_ counts: [Int], to table: inout [Int]) {
    if table.isEmpty {
      table = counts
    } else {
      for (key, count) in counts.enumerated() where count != 0 { table[key] &+= count }
    }
  }

  /// Forgets the rows that are in no group.
  mutating func forgetRows() {
    base = nil
    singles = ByLabel(KeyRuns())
    doubles = ByLabel(KeyRuns())
    weighted = ByLabel(WeightedRuns())
    forgetTables()
  }

  mutating func forgetTables() {
    halves = ByLabel([])
    bfloats = ByLabel([])
    sixteenBitRows = 0
  }

  /// Rows in tables.
  var tableRows: Int {
    [halves.positives, halves.negatives, bfloats.positives, bfloats.negatives]
      .reduce(0) { $1.reduce($0) { $0.addingClamped($1) } }
  }

  var tableBytes: Int {
    (halves.positives.count + halves.negatives.count) * 8
      + (bfloats.positives.count + bfloats.negatives.count) * 8
  }

  public var byteCount: Int {
    singles.positives.byteCount + singles.negatives.byteCount + doubles.positives.byteCount
      + doubles.negatives.byteCount + weighted.positives.byteCount + weighted.negatives.byteCount
      + tableBytes + (buckets?.byteCount ?? 0) + ((prepared ?? base)?.byteCount ?? 0)
  }
}

// MARK: - Preparing

extension ScoreIndex {
  /// Sorts what is new, and makes what every question walks. Nothing to do when nothing came since.
  public mutating func prepare() {
    if prepared != nil { return }
    if precision.isGrouped { return prepareGroups() }
    prepared = layered()
    if prepared == nil { prepareWhole() }
  }

  /// The same with all rows in one order.
  mutating func prepareWhole() {
    if precision.isGrouped { return prepare() }
    base = nil
    let single = (
      singles.positives.sort(using: Kernels.sort, Kernels.merge),
      singles.negatives.sort(using: Kernels.sort, Kernels.merge)
    )
    let double = (
      doubles.positives.sort(using: Kernels.sort, Kernels.merge),
      doubles.negatives.sort(using: Kernels.sort, Kernels.merge)
    )
    weighted.positives.sort()
    weighted.negatives.sort()
    let hasTables = !halves.positives.isEmpty || !bfloats.positives.isEmpty
    let isWeighted = !weighted.positives.isEmpty || !weighted.negatives.isEmpty
    let hasSingles = !single.0.isEmpty || !single.1.isEmpty
    let hasDoubles = !double.0.isEmpty || !double.1.isEmpty
    if !hasTables && !isWeighted && !(hasSingles && hasDoubles) {
      prepared = SortedScores(
        hasDoubles
          ? .doubles(positives: double.0, negatives: double.1)
          : .singles(positives: single.0, negatives: single.1))
      keepBase()
      return
    }
    var groups = ScoreGroups(.singles(positives: single.0, negatives: single.1))
    groups.merge(ScoreGroups(.doubles(positives: double.0, negatives: double.1)))
    groups.merge(
      ScoreGroups(halves.positives, halves.negatives) {
        Double(Kernels.float(half: Kernels.bits16($0)))
      })
    groups.merge(
      ScoreGroups(bfloats.positives, bfloats.negatives) {
        Double(Kernels.float(bfloat16: Kernels.bits16($0)))
      })
    let unit = Self.unit(
      largest: max(
        groups.scores.isEmpty ? 0 : 1, weighted.positives.largest, weighted.negatives.largest))
    groups.multiply(by: unit)
    groups.merge(ScoreGroups(weighted.positives, weighted.negatives, unit: unit))
    prepared = SortedScores(.groups(groups), isWeighted: isWeighted, unit: unit)
  }

  /// The power of two that brings far too large or small weights near one. It is 1 for all others.
  private static func unit(largest: Double) -> Double {
    guard largest > 0, abs(largest.exponent) > 200 else { return 1 }
    return Double(sign: .plus, exponent: min(-largest.exponent, 1000), significand: 1)
  }
}
