// Exact sums over columns of pairs. Like Kernels.swift, this file may use unsafe pointers, and what it
// offers may be called with columns of any size and content.
//
// A sum lies in limbs of 32 digits for every exponent that a term can have, so adding a term is two
// additions at places that its exponent tells, without a branch. All sums of a row are taken side by side,
// since each waits for its own last addition.

import RowLoops

/// Sums over pairs of a prediction and a target, none of them rounded.
///
/// Everything of mean errors, variances and correlations follows from these, without a residual being
/// rounded: the sum of absolute residuals is 2 larger - predictions - targets.
struct PairSums: Sendable {
  var predictions = ExactSum()
  var targets = ExactSum()
  /// Of the larger one of each pair.
  var larger = ExactSum()
  var predictionSquares = ExactSum()
  var targetSquares = ExactSum()
  var products = ExactSum()

  /// Adds a pair.
  mutating func add(_ prediction: Double, _ target: Double) {
    predictions.add(prediction)
    targets.add(target)
    larger.add(max(prediction, target))
    predictionSquares.add(product: prediction, prediction)
    targetSquares.add(product: target, target)
    products.add(product: prediction, target)
  }

  /// Adds a pair that counts as `weight` pairs.
  mutating func add(_ prediction: Double, _ target: Double, weight: Double) {
    predictions.add(product: weight, prediction)
    targets.add(product: weight, target)
    larger.add(product: weight, max(prediction, target))
    predictionSquares.add(product: weight, prediction, prediction)
    targetSquares.add(product: weight, target, target)
    products.add(product: weight, prediction, target)
  }

  /// Adds the sums of a block.
  mutating func add(_ block: BlockSums) {
    predictions.add(block.predictions)
    targets.add(block.targets)
    larger.add(block.larger)
    predictionSquares.add(block.upper.0)
    predictionSquares.add(block.lower.0)
    targetSquares.add(block.upper.1)
    targetSquares.add(block.lower.1)
    products.add(block.upper.2)
    products.add(block.lower.2)
  }

  mutating func merge(_ other: PairSums) {
    predictions.merge(other.predictions)
    targets.merge(other.targets)
    larger.merge(other.larger)
    predictionSquares.merge(other.predictionSquares)
    targetSquares.merge(other.targetSquares)
    products.merge(other.products)
  }
}

extension Kernels {
  /// From so many rows on the tables of limbs are worth being cleared.
  private static let fewRows = 24

  /// Adds a column of finite numbers.
  static func add(_ column: [Double], to sum: inout ExactSum) {
    if column.count < fewRows { return sum.add(contentsOf: column) }
    // Two tables in turn, so that an addition need not wait for the last.
    LimbTables.use(2, limbs: LimbTables.ofDoubles, base: LimbTables.baseOfDoubles) { tables in
      for row in column.indices {
        tables.reserve(1)
        tables.add(column[row], to: row & 1)
      }
      tables.finish(0, into: &sum)
      tables.finish(1, into: &sum)
    }
  }

  /// Adds pairs of finite numbers, as far as both columns go.
  static func addPairs(
    _ predictions: [Float], _ targets: [Float], to sums: inout PairSums, form: RowForm = .best
  ) {
    let count = min(predictions.count, targets.count)
    if count < fewRows {
      for row in 0..<count { sums.add(Double(predictions[row]), Double(targets[row])) }
      return
    }
    predictions.withUnsafeBufferPointer { predictions in
      targets.withUnsafeBufferPointer { targets in
        guard let p = predictions.baseAddress, let t = targets.baseAddress else { return }
        // Where blocks that cannot be summed at once begin.
        var start = 0
        for block in stride(from: 0, to: count, by: PairBlocks.mostPairs) {
          let size = min(PairBlocks.mostPairs, count &- block)
          guard let found = form.blockSums(p + block, t + block, size) else { continue }
          if start < block { addByTables(p + start, t + start, block &- start, &sums) }
          sums.add(found)
          start = block &+ size
        }
        if start < count { addByTables(p + start, t + start, count &- start, &sums) }
      }
    }
  }

  private static func addByTables(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int,
    _ sums: inout PairSums
  ) {
    // Products of two floats are doubles.
    LimbTables.use(6, limbs: LimbTables.ofDoubles, base: LimbTables.baseOfDoubles) { tables in
      for row in 0..<count { tables.add(Double(predictions[row]), Double(targets[row])) }
      tables.finish(0, into: &sums.predictions)
      tables.finish(1, into: &sums.targets)
      tables.finish(2, into: &sums.larger)
      tables.finish(3, into: &sums.predictionSquares)
      tables.finish(4, into: &sums.targetSquares)
      tables.finish(5, into: &sums.products)
    }
  }

  /// Adds pairs of finite numbers, as far as both columns go.
  static func addPairs(_ predictions: [Double], _ targets: [Double], to sums: inout PairSums) {
    let count = min(predictions.count, targets.count)
    if count < fewRows {
      for row in 0..<count { sums.add(predictions[row], targets[row]) }
      return
    }
    predictions.withUnsafeBufferPointer { predictions in
      targets.withUnsafeBufferPointer { targets in
        addSums(predictions, targets, count, &sums)
        addProducts(predictions, targets, count, &sums)
      }
    }
  }

  private static func addSums(
    _ predictions: UnsafeBufferPointer<Double>, _ targets: UnsafeBufferPointer<Double>,
    _ count: Int, _ sums: inout PairSums
  ) {
    LimbTables.use(3, limbs: LimbTables.ofDoubles, base: LimbTables.baseOfDoubles) { tables in
      for row in 0..<count {
        let p = predictions[row]
        let t = targets[row]
        tables.reserve(1)
        tables.add(p, to: 0)
        tables.add(t, to: 1)
        tables.add(p > t ? p : t, to: 2)
      }
      tables.finish(0, into: &sums.predictions)
      tables.finish(1, into: &sums.targets)
      tables.finish(2, into: &sums.larger)
    }
  }

  private static func addProducts(
    _ predictions: UnsafeBufferPointer<Double>, _ targets: UnsafeBufferPointer<Double>,
    _ count: Int, _ sums: inout PairSums
  ) {
    LimbTables.use(3, limbs: LimbTables.ofProducts, base: LimbTables.baseOfProducts) { tables in
      for row in 0..<count {
        let p = LimbTables.Parts(predictions[row])
        let t = LimbTables.Parts(targets[row])
        tables.reserve(2)
        tables.add(p, times: p, to: 0)
        tables.add(t, times: t, to: 1)
        tables.add(p, times: t, to: 2)
      }
      tables.finish(0, into: &sums.predictionSquares)
      tables.finish(1, into: &sums.targetSquares)
      tables.finish(2, into: &sums.products)
    }
  }
}

/// Tables of limbs, one a sum, each wide enough for every finite term.
private struct LimbTables {
  let limbs: UnsafeMutablePointer<Int64>
  let count: Int
  /// Limbs a table, and what the first of them weighs: 2^(32 base).
  let width: Int
  let base: Int
  /// Pieces that were added to each table since its limbs were normalised: a piece adds less than
  /// 2^52 + 2^32 to a limb.
  var pending = 0

  /// The least bit of a double is 2^-1074, the highest 2^1023, and one limb more takes the carry.
  static let baseOfDoubles = -34
  static let ofDoubles = 68
  /// Products reach from 2^-2148 to 2^2047.
  static let baseOfProducts = -68
  static let ofProducts = 134

  @inline(__always)
  static func use(_ count: Int, limbs width: Int, base: Int, _ body: (inout LimbTables) -> Void) {
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: count * width) { buffer in
      guard let first = buffer.baseAddress else { return }
      buffer.initialize(repeating: 0)
      var tables = LimbTables(limbs: first, count: count, width: width, base: base)
      body(&tables)
    }
  }

  /// Makes sure that so many pieces can be added to each table.
  @inline(__always)
  mutating func reserve(_ pieces: Int) {
    if pending &+ pieces > 1024 {
      normalise()
      pending = 0
    }
    pending &+= pieces
  }

  /// Carries, so that every limb is below 2^32, and nothing is carried further than the sum reaches:
  /// digits go from -2^31 up, or else a sum below zero would fill all limbs above it.
  @inline(never)
  private func normalise() {
    for table in 0..<count {
      let row = limbs + table &* width
      var carry: Int64 = 0
      for limb in 0..<width &- 1 {
        let sum = row[limb] &+ carry
        let digit = Int64(Int32(truncatingIfNeeded: sum))
        row[limb] = digit
        carry = (sum &- digit) &>> 32
      }
      row[width &- 1] &+= carry
    }
  }

  /// Adds a pair of floats, whose products are doubles, to six tables.
  @inline(__always)
  mutating func add(_ p: Double, _ t: Double) {
    reserve(1)
    add(p, to: 0)
    add(t, to: 1)
    add(p > t ? p : t, to: 2)
    add(p * p, to: 3)
    add(t * t, to: 4)
    add(p * t, to: 5)
  }

  /// Adds a double.
  @inline(__always)
  func add(_ x: Double, to table: Int) {
    let parts = Parts(x)
    addPiece(parts.signed, at: parts.exponent &- 32 &* LimbTables.baseOfDoubles, to: table)
  }

  /// Adds a product of two doubles.
  @inline(__always)
  func add(_ x: Parts, times y: Parts, to table: Int) {
    let product = x.significand.multipliedFullWidth(by: y.significand)
    let sign = x.sign ^ y.sign
    let low = Int64(truncatingIfNeeded: product.low & ((1 << 53) - 1))
    let high = Int64(truncatingIfNeeded: (product.high &<< 11) | (product.low &>> 53))
    let place = x.exponent &+ y.exponent &- 32 &* LimbTables.baseOfProducts
    addPiece((low ^ sign) &- sign, at: place, to: table)
    addPiece((high ^ sign) &- sign, at: place &+ 53, to: table)
  }

  @inline(__always)
  private func addPiece(_ piece: Int64, at place: Int, to table: Int) {
    let limb = limbs + (table &* width &+ (place &>> 5))
    let shift = Int64(truncatingIfNeeded: place & 31)
    limb[0] &+= (piece &<< shift) & 0xFFFF_FFFF
    limb[1] &+= piece &>> (32 &- shift)
  }

  /// A finite double: ± significand 2^exponent.
  struct Parts {
    var significand: UInt64
    var exponent: Int
    /// 0, or -1 for a negative number.
    var sign: Int64

    @inline(__always)
    init(_ x: Double) {
      let bits = x.bitPattern
      let field = Int(truncatingIfNeeded: (bits &>> 52) & 0x7FF)
      // Subnormals have no hidden bit, and the exponent of the least normals.
      let hidden = UInt64(field == 0 ? 0 : 1)
      significand = (bits & 0x000F_FFFF_FFFF_FFFF) | hidden &<< 52
      exponent = (field == 0 ? 1 : field) &- 1075
      sign = Int64(bitPattern: bits) &>> 63
    }

    @inline(__always)
    var signed: Int64 { (Int64(bitPattern: significand) ^ sign) &- sign }
  }

  /// Adds what a table holds to a sum. All of them are finished at once, since that carries.
  mutating func finish(_ table: Int, into sum: inout ExactSum) {
    if pending > 0 { normalise() }
    pending = 0
    let row = UnsafeBufferPointer(start: limbs + table &* width, count: width)
    guard let first = row.firstIndex(where: { $0 != 0 }),
      let last = row.lastIndex(where: { $0 != 0 })
    else { return }
    sum.merge(ExactSum(normalised: Array(row[first...last]), base: base &+ first))
  }
}
