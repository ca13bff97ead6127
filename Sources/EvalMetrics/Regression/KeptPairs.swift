/// Pairs of predictions and targets as they come, for what needs them in order.
///
/// Rows are only ever appended, so whoever has seen so many of them has seen a prefix. A copy shares
/// every full chunk.
struct KeptPairs: Sendable {
  /// Eight bytes a row, where both are floats.
  private(set) var singles = PairRuns<Float>()
  /// Sixteen bytes a row.
  private(set) var doubles = PairRuns<Double>()
  /// Rows whose weight is neither zero nor one.
  private(set) var weighted = PairRuns<Double>()

  /// How many rows there are of each kind.
  struct Position: Sendable, Equatable {
    var singles = 0
    var doubles = 0
    var weighted = 0
  }

  var position: Position {
    Position(singles: singles.count, doubles: doubles.count, weighted: weighted.count)
  }

  var count: Int { singles.count + doubles.count + weighted.count }
  var isWeighted: Bool { weighted.count > 0 }
  var byteCount: Int { singles.byteCount + doubles.byteCount + weighted.byteCount }

  /// Adds rows of weight one.
  mutating func append(_ pairs: PairColumn) {
    switch pairs {
    case .single(let p, let t): singles.append(p, t)
    case .double(let p, let t): doubles.append(p, t)
    }
  }

  /// Adds a row of any other weight that is not zero.
  mutating func append(_ prediction: Double, _ target: Double, weight: Double) {
    weighted.append(prediction, target, weight)
  }

  mutating func merge(_ other: KeptPairs) {
    singles.merge(other.singles)
    doubles.merge(other.doubles)
    weighted.merge(other.weighted)
  }

  /// Hands out the rows after a position in blocks, as doubles. Weights are empty where all are one.
  func forEachBlock(
    after start: Position = Position(),
    _ body: (_ predictions: [Double], _ targets: [Double], _ weights: [Double]) -> Void
  ) {
    singles.forEachBlock(after: start.singles) { block in
      body(block.predictions.map(Double.init), block.targets.map(Double.init), [])
    }
    doubles.forEachBlock(after: start.doubles) { body($0.predictions, $0.targets, []) }
    weighted.forEachBlock(after: start.weighted) { body($0.predictions, $0.targets, $0.weights) }
  }
}

/// Pairs of one type in chunks, so that appending costs the same however many there are.
struct PairRuns<Number: BinaryFloatingPoint & Sendable>: Sendable {
  struct Block: Sendable {
    var predictions: [Number] = []
    var targets: [Number] = []
    /// Empty where no row has a weight.
    var weights: [Double] = []

    var byteCount: Int {
      (predictions.capacity + targets.capacity) * MemoryLayout<Number>.size + weights.capacity * 8
    }
  }

  private var full: [Block] = []
  /// The one that is being filled.
  private var open = Block()
  private(set) var count = 0
  private var fullBytes = 0

  private static var capacity: Int { 65_536 }

  var byteCount: Int { fullBytes + open.byteCount }

  mutating func append(_ predictions: [Number], _ targets: [Number]) {
    if open.predictions.count >= 4096 && open.predictions.capacity < Self.capacity {
      // What is large already need not be copied at each doubling.
      open.predictions.reserveCapacity(Self.capacity + predictions.count)
      open.targets.reserveCapacity(Self.capacity + predictions.count)
    }
    open.predictions += predictions
    open.targets += targets
    count += predictions.count
    if open.predictions.count >= Self.capacity { seal() }
  }

  mutating func append(_ prediction: Number, _ target: Number, _ weight: Double) {
    open.predictions.append(prediction)
    open.targets.append(target)
    open.weights.append(weight)
    count += 1
    if open.predictions.count >= Self.capacity { seal() }
  }

  private mutating func seal() {
    if open.predictions.isEmpty { return }
    fullBytes += open.byteCount
    full.append(open)
    open = Block()
  }

  mutating func merge(_ other: PairRuns) {
    if other.full.isEmpty {
      open.predictions += other.open.predictions
      open.targets += other.open.targets
      open.weights += other.open.weights
      if open.predictions.count >= Self.capacity { seal() }
    } else {
      seal()
      full += other.full
      fullBytes += other.fullBytes
      open = other.open
    }
    count += other.count
  }

  func forEachBlock(after start: Int, _ body: (Block) -> Void) {
    var skipped = start
    for block in full + [open] {
      let rows = block.predictions.count
      if skipped == 0 {
        if rows > 0 { body(block) }
      } else if skipped < rows {
        body(
          Block(
            predictions: Array(block.predictions[skipped...]),
            targets: Array(block.targets[skipped...]),
            weights: Array(block.weights.dropFirst(skipped))))
      }
      skipped = max(0, skipped - rows)
    }
  }

  /// Everything in one block.
  var all: Block {
    var all = Block()
    forEachBlock(after: 0) { block in
      all.predictions += block.predictions
      all.targets += block.targets
      all.weights += block.weights
    }
    return all
  }
}
