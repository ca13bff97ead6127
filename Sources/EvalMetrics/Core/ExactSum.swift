/// An exact sum of doubles and of products of up to three doubles.
///
/// It is a superaccumulator (R. Neal, "Fast exact summation using small and large superaccumulators",
/// 2015) whose window of limbs grows with the data instead of covering every exponent: a fixed-point
/// number, wide enough for all that was added. No addition rounds, so the same terms give the same
/// bits in any order, split or merge; `value` rounds once.
///
/// Memory: 16 bytes, and 32 + 8 bytes a limb on the heap once something was added. A limb covers 32
/// binary digits, so values between 1e-9 and 1e3 take about four.
public struct ExactSum: Sendable {
  /// Limb `i` weighs 2^(32 (base + i)). Between normalisations a limb is any signed number of
  /// magnitude below 2^63: 31 bits of room above its 32 digits, so that adding need not carry.
  var limbs: [Int64]
  /// The weight of the first limb, in steps of 32 binary digits.
  var base: Int32
  /// How many pieces were added since the limbs were last normalised. Each adds less than
  /// 2^52 + 2^32 to a limb, and normalised limbs are at most 2^40, so 1,024 pieces can't overflow.
  var pending: Int32

  static let digitMask: Int64 = 0xFFFF_FFFF
  static let pendingLimit: Int32 = 1024

  /// The sum of nothing, which is zero.
  public init() {
    limbs = []
    base = 0
    pending = 0
  }

  /// A sum from limbs that are below 2^40 in magnitude, the first of which weighs 2^(32 base).
  init(normalised limbs: [Int64], base: Int) {
    self.limbs = limbs
    self.base = Int32(truncatingIfNeeded: base)
    pending = 0
  }

  /// Adds `x` exactly. Callers have checked that `x` is finite; infinities and NaN are ignored.
  public mutating func add(_ x: Double) {
    guard let (significand, exponent) = Self.decompose(x) else { return }
    reserve(pieces: 1)
    addPiece(x.sign == .minus ? -significand : significand, at: exponent)
  }

  /// Adds the exact product of `x` and `y`, also where a double can't hold it.
  /// Infinities and NaN are ignored.
  public mutating func add(product x: Double, _ y: Double) {
    guard let (mx, ex) = Self.decompose(x), let (my, ey) = Self.decompose(y) else { return }
    reserve(pieces: 2)
    addProduct(mx, my, negative: (x.sign == .minus) != (y.sign == .minus), at: ex &+ ey)
  }

  /// Adds the exact product of `x`, `y` and `z`, also where a double can't hold it.
  /// Infinities and NaN are ignored.
  public mutating func add(product x: Double, _ y: Double, _ z: Double) {
    guard let (mx, ex) = Self.decompose(x), let (my, ey) = Self.decompose(y),
      let (mz, ez) = Self.decompose(z)
    else { return }
    reserve(pieces: 4)
    let (high, low) = Self.split(mx.magnitude.multipliedFullWidth(by: my.magnitude))
    let negative = ((x.sign == .minus) != (y.sign == .minus)) != (z.sign == .minus)
    let exponent = ex &+ ey &+ ez
    addProduct(low, mz, negative: negative, at: exponent)
    addProduct(high, mz, negative: negative, at: exponent &+ 53)
  }

  /// Adds every element of `xs` exactly. Infinities and NaN are ignored.
  public mutating func add(contentsOf xs: [Double]) {
    for x in xs { add(x) }
  }

  /// Adds the exact products of the elements of `xs` and `ys`, pair by pair, as far as both go.
  public mutating func add(products xs: [Double], _ ys: [Double]) {
    for index in 0..<min(xs.count, ys.count) { add(product: xs[index], ys[index]) }
  }

  /// Adds an integer exactly.
  public mutating func add(count n: Int) {
    let wide = Int64(n)
    reserve(pieces: 2)
    if wide.magnitude < 1 << 53 {
      addPiece(wide, at: 0)
    } else {
      addPiece(wide & Self.digitMask, at: 0)
      addPiece(wide >> 32, at: 32)
    }
  }

  /// Adds another sum exactly.
  public mutating func merge(_ other: ExactSum) {
    if other.limbs.isEmpty { return }
    if limbs.isEmpty {
      self = other
      return
    }
    if pending + other.pending >= Self.pendingLimit { normalise() }
    let first = Int(other.base)
    cover(first, first + other.limbs.count - 1)
    let offset = first - Int(base)
    for index in other.limbs.indices { limbs[offset + index] &+= other.limbs[index] }
    // The other's limbs as they were before its pieces count as one piece more.
    pending += other.pending + 1
    // Or else a sum that is merged into new ones again and again would never carry.
    if pending >= Self.pendingLimit { normalise() }
  }

  /// The 53-bit significand and the exponent of a finite non-zero double, both exact: the magnitude
  /// is significand * 2^exponent. Nil for zero, which must not widen the window, and for non-finite.
  static func decompose(_ x: Double) -> (significand: Int64, exponent: Int)? {
    let bits = x.bitPattern
    let field = Int(truncatingIfNeeded: (bits &>> 52) & 0x7FF)
    let fraction = Int64(truncatingIfNeeded: bits & 0x000F_FFFF_FFFF_FFFF)
    if field == 0x7FF { return nil }
    if field == 0 { return fraction == 0 ? nil : (fraction, -1074) }
    return (fraction | 0x0010_0000_0000_0000, field &- 1075)
  }

  /// A product of two 53-bit numbers as two numbers of 53 bits.
  @inline(__always)
  static func split(_ product: (high: UInt64, low: UInt64)) -> (high: Int64, low: Int64) {
    let low = product.low & ((1 << 53) - 1)
    let high = (product.high &<< 11) | (product.low &>> 53)
    return (Int64(truncatingIfNeeded: high), Int64(truncatingIfNeeded: low))
  }

  @inline(__always)
  mutating func addProduct(_ a: Int64, _ b: Int64, negative: Bool, at exponent: Int) {
    let (high, low) = Self.split(a.magnitude.multipliedFullWidth(by: b.magnitude))
    // A piece of zero must not widen the window.
    if low != 0 { addPiece(negative ? -low : low, at: exponent) }
    if high != 0 { addPiece(negative ? -high : high, at: exponent &+ 53) }
  }

  /// Makes sure that so many pieces can be added before a limb could overflow.
  mutating func reserve(pieces: Int32) {
    if pending &+ pieces > Self.pendingLimit { normalise() }
    pending &+= pieces
  }

  /// Adds `piece` * 2^exponent, for a piece of magnitude below 2^53: the low 32 digits go to one limb,
  /// the rest, at most 52 digits and the sign, to the next.
  mutating func addPiece(_ piece: Int64, at exponent: Int) {
    var index = (exponent &>> 5) &- Int(base)
    if index < 0 || index &+ 1 >= limbs.count {
      cover(exponent &>> 5, (exponent &>> 5) &+ 1)
      index = (exponent &>> 5) &- Int(base)
    }
    let shift = Int64(truncatingIfNeeded: exponent & 31)
    limbs[index] &+= (piece &<< shift) & Self.digitMask
    limbs[index &+ 1] &+= piece &>> (32 &- shift)
  }

  /// Widens the window so that it has the limbs `first` through `last`, counted from weight 1.
  mutating func cover(_ first: Int, _ last: Int) {
    if limbs.isEmpty {
      base = Int32(truncatingIfNeeded: first)
      limbs = [Int64](repeating: 0, count: last - first + 1)
      return
    }
    let low = min(first, Int(base))
    let high = max(last, Int(base) + limbs.count - 1)
    if high - low + 1 == limbs.count { return }
    // Of the exact size: there are thousands of these sums, and each grows only a few times.
    var wider = [Int64](repeating: 0, count: high - low + 1)
    let offset = Int(base) - low
    for index in limbs.indices { wider[offset + index] = limbs[index] }
    limbs = wider
    base = Int32(truncatingIfNeeded: low)
  }

  /// Carries, so that every limb but the last is one of 32 digits. The last keeps the sign.
  mutating func normalise() {
    pending = 0
    guard let last = limbs.indices.last else { return }
    var carry: Int64 = 0
    for index in 0..<last {
      let sum = limbs[index] &+ carry
      limbs[index] = sum & Self.digitMask
      carry = sum >> 32
    }
    let top = limbs[last] &+ carry
    limbs[last] = top
    if top.magnitude >= 1 << 40 {
      limbs[last] = top & Self.digitMask
      limbs.append(top >> 32)
    }
  }
}
