// Sums over blocks of pairs of floats in plain arithmetic that rounds nothing. Like Kernels.swift, this file
// may use unsafe pointers, and what it offers may be called with columns of any size and content.
//
// All floats of a block are multiples of one unit 2^L and below 2^A. Where A - L is small enough, every sum
// of so many of them is a double, whatever the order; a product has twice the digits, so it is cut into an upper and
// a lower part, whose sums are doubles again. Other blocks, with numbers of very different size, are for
// the tables of limbs.

/// The sums of a block, each of them exact.
struct BlockSums {
  var predictions = 0.0
  var targets = 0.0
  var larger = 0.0
  /// Of the squares of predictions and of targets and the products of both: the upper and the lower parts.
  var upper = (0.0, 0.0, 0.0)
  var lower = (0.0, 0.0, 0.0)
}

extension Kernels {
  /// The most pairs of a block.
  static let pairsOfBlock = 512

  /// The sums of a block of finite floats; nil where they would be rounded.
  static func blockSums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> BlockSums? {
    guard count <= pairsOfBlock, let top = topExponent(predictions, targets, count) else {
      return nil
    }
    // Adding this number and taking it away again rounds to a multiple of 2^(2 top - 44).
    let cut = 1.5 * Double(sign: .plus, exponent: 2 * top + 8, significand: 1)
    return sums(predictions, targets, count, cut)
  }

  /// The least A with all numbers of the block below 2^A; nil where some number is too small beside it.
  ///
  /// The unit of a float is 2^-24 of the power of two above it. With 512 pairs sums have A - L + 9 digits,
  /// of the upper parts of products 53, and of the lower parts 2 (A - L) - 36: 52 where A - L is 44.
  @inline(__always)
  private static func topExponent(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> Int? {
    var most = Int32(0)
    var least = Int32.max
    for row in 0..<count {
      let p = Int32(bitPattern: predictions[row].bitPattern & 0x7FFF_FFFF)
      let t = Int32(bitPattern: targets[row].bitPattern & 0x7FFF_FFFF)
      most = max(most, max(p, t))
      // Zero is a multiple of any unit.
      least = min(least, min(p == 0 ? Int32.max : p, t == 0 ? Int32.max : t))
    }
    // Subnormal numbers have the unit of the least normal ones.
    let high = Int(max(most &>> 23, 1))
    let low = Int(max(least &>> 23, 1))
    return high - min(low, high) <= 20 ? high - 126 : nil
  }

  @inline(__always)
  private static func sums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int,
    _ cut: Double
  ) -> BlockSums {
    typealias Lanes = SIMD4<Double>
    var (sp, st, sl) = (Lanes.zero, Lanes.zero, Lanes.zero)
    var upper = (Lanes.zero, Lanes.zero, Lanes.zero)
    var lower = (Lanes.zero, Lanes.zero, Lanes.zero)
    let cuts = Lanes(repeating: cut)
    @inline(__always)
    func add(_ p: Lanes, _ t: Lanes) {
      sp += p
      st += t
      sl += p.replacing(with: t, where: t .> p)
      let (pp, tt, pt) = (p * p, t * t, p * t)
      let (a, b, c) = ((pp + cuts) - cuts, (tt + cuts) - cuts, (pt + cuts) - cuts)
      upper.0 += a
      upper.1 += b
      upper.2 += c
      lower.0 += pp - a
      lower.1 += tt - b
      lower.2 += pt - c
    }
    var row = 0
    while row &+ 4 <= count {
      let (p, t) = (predictions + row, targets + row)
      add(
        Lanes(Double(p[0]), Double(p[1]), Double(p[2]), Double(p[3])),
        Lanes(Double(t[0]), Double(t[1]), Double(t[2]), Double(t[3])))
      row &+= 4
    }
    while row < count {
      add(
        Lanes(Double(predictions[row]), 0, 0, 0), Lanes(Double(targets[row]), 0, 0, 0))
      row &+= 1
    }
    return BlockSums(
      predictions: sp.sum(), targets: st.sum(), larger: sl.sum(),
      upper: (upper.0.sum(), upper.1.sum(), upper.2.sum()),
      lower: (lower.0.sum(), lower.1.sum(), lower.2.sum()))
  }
}
