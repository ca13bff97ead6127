/// What regression metrics read: exact sums of each output, and its pairs.
public struct RegressionState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    /// Whether the values of several outputs are averaged, rather than given one by one.
    public var averagesOutputs: Bool

    public init(averagesOutputs: Bool) { self.averagesOutputs = averagesOutputs }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  private(set) var weight = Tally()
  /// Rows with a weight.
  private(set) var weightedRows = 0
  /// In the order of the columns; empty before the first row.
  private(set) var outputs: [OutputState] = []

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: RegressionBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    while outputs.count < batch.outputs.count { outputs.append(OutputState()) }
    guard let weights = batch.weights else {
      weight.add(batch.count)
      weightedRows = weightedRows.addingClamped(batch.count)
      for (place, pairs) in batch.outputs.enumerated() { outputs[place].add(pairs) }
      return
    }
    var units: [Int] = []
    var others: [Int] = []
    for (row, w) in weights.enumerated() {
      weight.add(weight: w)
      if w == 1 { units.append(row) } else if w > 0 { others.append(row) }
    }
    weightedRows = weightedRows.addingClamped(units.count + others.count)
    for (place, pairs) in batch.outputs.enumerated() {
      if !units.isEmpty { outputs[place].add(pairs.selecting(units)) }
      if !others.isEmpty {
        outputs[place].add(pairs.selecting(others), weights: others.map { weights[$0] })
      }
    }
  }

  public mutating func merge(_ other: RegressionState) {
    count = count.addingClamped(other.count)
    weight.merge(other.weight)
    weightedRows = weightedRows.addingClamped(other.weightedRows)
    while outputs.count < other.outputs.count { outputs.append(OutputState()) }
    for (place, output) in other.outputs.enumerated() { outputs[place].merge(output) }
  }

  public mutating func prepare() { for place in outputs.indices { outputs[place].prepare() } }

  public var byteCount: Int {
    // This is asked for at every push, so it reads two members of an output and does not copy it.
    var bytes = 128
    for place in outputs.indices {
      bytes += outputs[place].pairBytes
      if let order = outputs[place].order { bytes += order.byteCount }
    }
    return bytes
  }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(weightedRows))
    weight.encode(into: &writer)
    writer.write(UInt64(outputs.count))
    for output in outputs { output.encode(into: &writer) }
  }

  public init(_ configuration: Configuration, from reader: inout StateReader) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let rows = Int(exactly: try reader.read(UInt64.self)), rows <= count
    else { throw StateError("a count of rows is out of range") }
    self.count = count
    weightedRows = rows
    weight = try Tally(from: &reader)
    for _ in 0..<(try reader.readCount(ofSize: 16)) {
      outputs.append(try OutputState(from: &reader))
    }
  }
}

/// One output: its exact sums, and its pairs.
struct OutputState: Sendable {
  private(set) var sums = PairSums()
  /// Pairs that are in `losses`, and those that are not yet.
  private var folded = KeptPairs()
  private var fresh = KeptPairs()
  private(set) var losses = RowLosses()
  /// What needs order; nil when rows came since it was made.
  private(set) var order: PairOrder?
  private var sorted = PairOrder.SortedPairs()
  /// What all but the order takes: six sums of a few limbs each, five of the losses, and the pairs.
  private(set) var pairBytes = 1024

  init() {}

  /// Adds rows of weight one.
  mutating func add(_ pairs: PairColumn) {
    forgetOrder()
    switch pairs {
    case .single(let p, let t): Kernels.addPairs(p, t, to: &sums)
    case .double(let p, let t): Kernels.addPairs(p, t, to: &sums)
    }
    changeFresh { $0.append(pairs) }
  }

  /// Adds rows of other weights, none of them zero.
  mutating func add(_ pairs: PairColumn, weights: [Double]) {
    forgetOrder()
    let (predictions, targets) = pairs.doubles
    changeFresh { fresh in
      for (row, weight) in weights.enumerated() {
        fresh.append(predictions[row], targets[row], weight: weight)
      }
    }
    for (row, weight) in weights.enumerated() {
      sums.add(predictions[row], targets[row], weight: weight)
    }
  }

  /// Changes the pairs that are in no loss yet, and notes what they take then.
  private mutating func changeFresh(_ body: (inout KeptPairs) -> Void) {
    pairBytes -= fresh.byteCount
    body(&fresh)
    pairBytes += fresh.byteCount
  }

  mutating func merge(_ other: OutputState) {
    forgetOrder()
    sums.merge(other.sums)
    losses.merge(other.losses)
    folded.merge(other.folded)
    fresh.merge(other.fresh)
    countBytes()
  }

  private mutating func forgetOrder() {
    guard let order else { return }
    sorted = order.sorted
    self.order = nil
    countBytes()
  }

  private mutating func countBytes() {
    pairBytes = 1024 + folded.byteCount + fresh.byteCount + sorted.byteCount
  }

  private mutating func fold() {
    if fresh.count == 0 { return }
    losses.add(fresh)
    folded.merge(fresh)
    fresh = KeptPairs()
    countBytes()
  }

  mutating func prepare() {
    fold()
    if order != nil { return }
    order = PairOrder(folded, sorted)
    // Held once only, or sorting would copy what it changes.
    sorted = PairOrder.SortedPairs()
    countBytes()
  }

  func encode(into writer: inout StateWriter) {
    var all = folded
    all.merge(fresh)
    let singles = all.singles.all
    writer.write(singles.predictions.map(\.bitPattern))
    writer.write(singles.targets.map(\.bitPattern))
    for block in [all.doubles.all, all.weighted.all] {
      writer.write(block.predictions)
      writer.write(block.targets)
      writer.write(block.weights)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    let singles = (
      try reader.readArray(UInt32.self).map(Float.init(bitPattern:)),
      try reader.readArray(UInt32.self).map(Float.init(bitPattern:))
    )
    let doubles = (try reader.readDoubles(), try reader.readDoubles(), try reader.readDoubles())
    let weighted = (try reader.readDoubles(), try reader.readDoubles(), try reader.readDoubles())
    guard singles.0.count == singles.1.count, doubles.0.count == doubles.1.count,
      doubles.2.isEmpty, weighted.0.count == weighted.1.count,
      weighted.0.count == weighted.2.count
    else { throw StateError("predictions and targets are not equally many") }
    let numbers = doubles.0 + doubles.1 + weighted.0 + weighted.1
    guard singles.0.allSatisfy(\.isFinite), singles.1.allSatisfy(\.isFinite),
      numbers.allSatisfy(\.isFinite), weighted.2.allSatisfy({ $0 > 0 && $0 < .infinity })
    else { throw StateError("a prediction, a target or a weight is out of range") }
    add(.single(predictions: singles.0, targets: singles.1))
    add(.double(predictions: doubles.0, targets: doubles.1))
    add(.double(predictions: weighted.0, targets: weighted.1), weights: weighted.2)
  }
}
