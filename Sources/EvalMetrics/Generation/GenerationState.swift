/// Rows of `text_generation`, scored: the statistics of each, side by side.
public struct ScoredSegments: RowBatch {
  var layout: TextLayout
  /// The integers of each row, and its reals.
  var counts: [Int] = []
  var reals: [Double] = []
  /// How many references each row has.
  var references: [Int] = []
  var weights: [Double]?

  public var count: Int { references.count }

  public func selecting(_ rows: [Int]) -> ScoredSegments {
    var chosen = ScoredSegments(layout: layout)
    for row in rows {
      chosen.counts += counts[row * layout.counts..<(row + 1) * layout.counts]
      chosen.reals += reals[row * layout.reals..<(row + 1) * layout.reals]
      chosen.references.append(references[row])
    }
    chosen.weights = weights.map { weights in rows.map { weights[$0] } }
    return chosen
  }
}

/// Sums over segments. Every corpus score is a function of them, so no answer reads a text again.
public struct GenerationState: State {
  public static var version: UInt8 { 1 }

  /// What is kept, and what 0/0 is.
  public struct Configuration: Sendable, Equatable {
    var layout: TextLayout
    var defaults: TextDefaults
    var zeroDivision: ZeroDivision
  }

  let configuration: Configuration
  public private(set) var count = 0
  /// Sum of weights.
  private(set) var weight = Tally()
  /// The fewest and the most references that a row has.
  private(set) var fewestReferences = Int.max
  private(set) var mostReferences = 0
  /// Of rows of weight one.
  private var counts: [Int]
  /// Of all others, weighted; empty while there are none.
  private var weightedCounts: [ExactSum] = []
  private var reals: [ExactSum]

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    counts = Array(repeating: 0, count: configuration.layout.counts)
    reals = Array(repeating: ExactSum(), count: configuration.layout.reals)
  }

  public mutating func update(_ batch: ScoredSegments) {
    count = count.addingClamped(batch.count)
    for row in 0..<batch.count {
      let weight = batch.weights?[row] ?? 1
      self.weight.add(weight: weight)
      fewestReferences = min(fewestReferences, batch.references[row])
      mostReferences = max(mostReferences, batch.references[row])
      if weight == 1 {
        add(batch, row)
      } else if weight > 0 {
        add(batch, row, weight)
      }
    }
  }

  private mutating func add(_ batch: ScoredSegments, _ row: Int) {
    for place in counts.indices {
      counts[place] = counts[place].addingClamped(batch.counts[row * counts.count + place])
    }
    for place in reals.indices { reals[place].add(batch.reals[row * reals.count + place]) }
  }

  private mutating func add(_ batch: ScoredSegments, _ row: Int, _ weight: Double) {
    if weightedCounts.isEmpty {
      weightedCounts = Array(repeating: ExactSum(), count: counts.count)
    }
    for place in counts.indices {
      weightedCounts[place].add(
        product: weight, Double(batch.counts[row * counts.count + place]))
    }
    for place in reals.indices {
      reals[place].add(product: weight, batch.reals[row * reals.count + place])
    }
  }

  public mutating func merge(_ other: GenerationState) {
    count = count.addingClamped(other.count)
    weight.merge(other.weight)
    fewestReferences = min(fewestReferences, other.fewestReferences)
    mostReferences = max(mostReferences, other.mostReferences)
    for place in 0..<min(counts.count, other.counts.count) {
      counts[place] = counts[place].addingClamped(other.counts[place])
    }
    if weightedCounts.isEmpty {
      weightedCounts = other.weightedCounts
    } else {
      for place in 0..<min(weightedCounts.count, other.weightedCounts.count) {
        weightedCounts[place].merge(other.weightedCounts[place])
      }
    }
    for place in 0..<min(reals.count, other.reals.count) {
      reals[place].merge(other.reals[place])
    }
  }

  public var byteCount: Int {
    512 + counts.count * 8 + (weightedCounts.count + reals.count) * 80
  }
}

// MARK: - What metrics read

extension GenerationState {
  /// The sums of some statistics.
  struct Sums {
    let state: GenerationState
    let place: TextLayout.Place

    /// An integer sum, rounded once where rows have weights.
    func count(_ index: Int) -> Double {
      let plain = state.counts[place.count + index]
      if state.weightedCounts.isEmpty { return Double(plain) }
      var sum = state.weightedCounts[place.count + index]
      sum.add(count: plain)
      return sum.value
    }

    /// A sum of reals.
    func real(_ index: Int) -> ExactSum { state.reals[place.real + index] }

    /// The mean of a real over the rows, by weight; nil without weight.
    func mean(_ index: Int) -> Double? {
      state.weight.isZero ? nil : ExactSum.ratio(real(index), state.weight.exact)
    }
  }

  /// The sums of these statistics; nil when they are not kept.
  func sums(_ statistics: TextStatistics) -> Sums? {
    configuration.layout.place(statistics).map { Sums(state: self, place: $0) }
  }
}

// MARK: - Encoding

extension GenerationState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    weight.encode(into: &writer)
    writer.write(Int64(fewestReferences))
    writer.write(Int64(mostReferences))
    writer.write(counts.map(Int64.init))
    // Sums of no rows are left out, so that states of the same rows are the same bytes.
    let weighted = weightedCounts.allSatisfy(\.isZero) ? [] : weightedCounts
    writer.write(UInt64(weighted.count))
    for sum in weighted { writer.write(sum) }
    for sum in reals { writer.write(sum) }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.init(configuration)
    count = try Self.count(try reader.read(Int64.self))
    weight = try Tally(from: &reader)
    let (fewest, most) = (try reader.read(Int64.self), try reader.read(Int64.self))
    guard let fewest = Int(exactly: fewest), let most = Int(exactly: most), fewest >= 0, most >= 0
    else { throw StateError("a number of references is out of range") }
    (fewestReferences, mostReferences) = (fewest, most)
    let plain = try reader.readArray(Int64.self)
    guard plain.count == counts.count else { throw StateError("counts of another length") }
    for (place, value) in plain.enumerated() { counts[place] = try Self.count(value) }
    let weighted = try reader.readCount()
    guard weighted == 0 || weighted == counts.count else {
      throw StateError("weighted counts of another length")
    }
    for _ in 0..<weighted { weightedCounts.append(try reader.readExactSum()) }
    for place in reals.indices { reals[place] = try reader.readExactSum() }
  }

  private static func count(_ value: Int64) throws(StateError) -> Int {
    guard let count = Int(exactly: value), count >= 0, count < Int.max / 4 else {
      throw StateError("a count is out of range")
    }
    return count
  }
}
