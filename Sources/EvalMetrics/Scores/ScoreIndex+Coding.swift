// Scores as bytes.

extension ScoreIndex {
  /// Writes the rows in sorted order, so that the bytes are those of the set.
  public func encode(into writer: inout StateWriter) {
    var copy = self
    if precision != .unlimited { copy.coarsen(to: precision) }
    copy.prepareWhole()
    writer.write(UInt8(precision == .unlimited ? 0 : precision == .rows ? 1 : 2))
    copy.buckets?.encode(into: &writer)
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
    switch try reader.read(UInt8.self) {
    case 0: precision = .unlimited
    case 1: precision = .rows
    case 2:
      let found = try ScoreBuckets(from: &reader)
      buckets = found
      precision = .groups(droppedBits: found.droppedBits)
    default: throw StateError("scores are kept in an unknown form")
    }
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
