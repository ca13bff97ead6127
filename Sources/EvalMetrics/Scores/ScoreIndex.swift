/// All there is to know about thresholds: the distinct scores, with the weight of positives and negatives at each.
///
/// ROC, precision and recall, calibration by any bins, optima and losses are walks over it. It keeps
/// four bytes a float32 row, eight a float64 row, sixteen a weighted one; many 16-bit scores become a
/// table of counts. Answers depend on the set of rows alone.
public struct ScoreIndex: Sendable {
  private var singles = ByLabel(KeyRuns<UInt32>())
  private var doubles = ByLabel(KeyRuns<UInt64>())
  private var halves = ByLabel([Int]())
  private var bfloats = ByLabel([Int]())
  private var weighted = ByLabel(WeightedRuns())
  private var sixteenBitRows = 0
  /// What a question walks; nil when rows came since it was made.
  public private(set) var prepared: SortedScores?

  /// From here on 16-bit scores are counted in a table: fewer of them are smaller as float32 keys, which hold them exactly.
  private static let tableThreshold = 131_072

  /// One thing for positives, and the same for negatives.
  private struct ByLabel<T: Sendable>: Sendable {
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
    prepared = nil
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
      sixteenBitRows = sixteenBitRows.addingClamped(bits.count)
      if sixteenBitRows < Self.tableThreshold { return add(Kernels.floats(half: bits), labels) }
      Kernels.countTable(
        keys: bits.map(Kernels.key16), labels: labels,
        positives: &halves.positives, negatives: &halves.negatives)
    case .bfloat(let bits):
      sixteenBitRows = sixteenBitRows.addingClamped(bits.count)
      if sixteenBitRows < Self.tableThreshold { return add(Kernels.floats(bfloat16: bits), labels) }
      Kernels.countTable(
        keys: bits.map(Kernels.key16), labels: labels,
        positives: &bfloats.positives, negatives: &bfloats.negatives)
    }
  }

  private mutating func add(_ column: [Float], _ labels: [UInt8]) {
    Kernels.partition(
      scores: column, labels: labels,
      positives: &singles.positives, negatives: &singles.negatives)
  }

  public mutating func merge(_ other: ScoreIndex) {
    prepared = nil
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

  public var byteCount: Int {
    singles.positives.byteCount + singles.negatives.byteCount + doubles.positives.byteCount
      + doubles.negatives.byteCount + weighted.positives.byteCount + weighted.negatives.byteCount
      + (halves.positives.count + halves.negatives.count) * 8
      + (bfloats.positives.count + bfloats.negatives.count) * 8
      + (prepared?.byteCount ?? 0)
  }
}

// MARK: - Preparing

extension ScoreIndex {
  /// Sorts what is new, and makes what every question walks. Nothing to do when nothing came since.
  public mutating func prepare() {
    if prepared != nil { return }
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

// MARK: - Coding

extension ScoreIndex {
  /// Writes the rows in sorted order, so that the bytes are those of the set.
  public func encode(into writer: inout StateWriter) {
    var copy = self
    copy.prepare()
    for runs in [copy.singles.positives, copy.singles.negatives] {
      writer.write(runs.sorted.first ?? [])
    }
    for runs in [copy.doubles.positives, copy.doubles.negatives] {
      writer.write(runs.sorted.first ?? [])
    }
    for table in [halves.positives, halves.negatives, bfloats.positives, bfloats.negatives] {
      writer.write(table.map(UInt64.init))
    }
    for runs in [copy.weighted.positives, copy.weighted.negatives] {
      writer.write(runs.keys)
      writer.write(runs.weights)
    }
    writer.write(UInt64(sixteenBitRows))
  }

  public init(from reader: inout StateReader) throws(StateError) {
    singles.positives = KeyRuns(sorted: try Self.run(&reader))
    singles.negatives = KeyRuns(sorted: try Self.run(&reader))
    doubles.positives = KeyRuns(sorted: try Self.run(&reader))
    doubles.negatives = KeyRuns(sorted: try Self.run(&reader))
    halves.positives = try Self.table(&reader)
    halves.negatives = try Self.table(&reader)
    bfloats.positives = try Self.table(&reader)
    bfloats.negatives = try Self.table(&reader)
    guard halves.positives.count == halves.negatives.count,
      bfloats.positives.count == bfloats.negatives.count
    else { throw StateError("a table of scores lacks its other half") }
    weighted.positives = try Self.weights(&reader)
    weighted.negatives = try Self.weights(&reader)
    guard let rows = Int(exactly: try reader.read(UInt64.self)), rows < Int.max / 4 else {
      throw StateError("a count is out of range")
    }
    sixteenBitRows = rows
  }

  private static func run<Key: ScoreKey>(_ reader: inout StateReader) throws(StateError) -> [Key] {
    let keys = try reader.readArray(Key.self)
    for (a, b) in zip(keys, keys.dropFirst()) where a > b {
      throw StateError("scores are not in order")
    }
    return keys
  }

  private static func table(_ reader: inout StateReader) throws(StateError) -> [Int] {
    let counts = try reader.readArray(UInt64.self)
    guard counts.isEmpty || counts.count == 65_536, counts.allSatisfy({ $0 < 1 << 60 }) else {
      throw StateError("a table of scores is of the wrong size")
    }
    return counts.map { Int($0) }
  }

  private static func weights(_ reader: inout StateReader) throws(StateError) -> WeightedRuns {
    let keys = try reader.readArray(UInt64.self)
    let weights = try reader.readDoubles()
    guard keys.count == weights.count, weights.allSatisfy({ $0 > 0 && $0 < .infinity }) else {
      throw StateError("weights do not fit their scores")
    }
    return WeightedRuns(keys: keys, weights: weights)
  }
}
