extension ExactSum {
  /// The square root of a / b, good to the last bit, also where the quotient fits no double but its
  /// root does. NaN where both are zero or the quotient is negative.
  static func rootOfRatio(_ a: ExactSum, _ b: ExactSum) -> Double {
    let quotient = ratio(a, b)
    if a.isZero || b.isZero || (0x1p-900...0x1p900).contains(quotient) {
      return Elementary.sqrt(quotient)
    }
    let (down, up) = quotient > 1 ? (0x1p-600, 0x1p600) : (0x1p600, 0x1p-600)
    var factor = ExactSum()
    factor.add(product: down, down)
    return Elementary.sqrt(ratio(a * factor, b)) * up
  }

  /// Covariance over the root of the product of both variances, each times the same factor: in
  /// [-1, 1], good to the last bits. NaN where a variance is zero.
  static func correlation(_ covariance: ExactSum, _ variances: (ExactSum, ExactSum)) -> Double {
    let size = rootOfRatio(covariance * covariance, variances.0 * variances.1)
    return covariance.isNegative ? -size : size
  }

  /// A double as a sum of one.
  init(_ x: Double) {
    self.init()
    add(x)
  }

  /// A wide integer, exactly.
  init(wide x: Int128) {
    self.init()
    var rest = x.magnitude
    var weight = x < 0 ? -1.0 : 1
    while rest != 0 {
      add(product: Double(UInt32(truncatingIfNeeded: rest)), weight)
      rest >>= 32
      weight *= 0x1p32
    }
  }
}
