// Rows of scores of many classes. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size and content.
//
// A row is read twice at most: once for its greatest score and the rank of its label, and for logits once more
// for the sums of exponentials. Sums run in lanes of fixed number, so a row's have the same bits in every batch.

/// A score of a class, in the type in which it came.
protocol RowScore: BinaryFloatingPoint, Sendable {
  associatedtype Bits: FixedWidthInteger & SignedInteger
  /// The order of the floats as one of integers, which loops over vectors compare; NaN is above or below all.
  static func order(_ x: Self) -> Bits
  /// 1 for a number below zero, else 0.
  static func sign(_ x: Self) -> Bits
  /// 0 for a finite number.
  static func fault(_ x: Self) -> Bits
}

extension Float: RowScore {
  @inline(__always)
  static func order(_ x: Float) -> Int32 {
    let bits = Int32(bitPattern: x.bitPattern)
    return bits ^ ((bits &>> 31) & 0x7FFF_FFFF)
  }
  @inline(__always)
  static func sign(_ x: Float) -> Int32 { Int32(bitPattern: x.bitPattern &>> 31) }
  @inline(__always)
  static func fault(_ x: Float) -> Int32 { Int32(bitPattern: (x - x).bitPattern) }
}

extension Double: RowScore {
  @inline(__always)
  static func order(_ x: Double) -> Int64 {
    let bits = Int64(bitPattern: x.bitPattern)
    return bits ^ ((bits &>> 63) & 0x7FFF_FFFF_FFFF_FFFF)
  }
  @inline(__always)
  static func sign(_ x: Double) -> Int64 { Int64(bitPattern: x.bitPattern &>> 63) }
  @inline(__always)
  static func fault(_ x: Double) -> Int64 { Int64(bitPattern: (x - x).bitPattern) }
}

extension Kernels {
  /// For each row the class of the greatest score, the first of equal ones, and the rank of the label: how many
  /// classes have a greater score, or an equal one and come earlier. A label of no class has rank -1.
  ///
  /// `isFinite` tells whether every score is; where one is not, its row means nothing.
  static func rankRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32]
  ) -> (best: [Int32], ranks: [Int32], isFinite: Bool) {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var best = [Int32](repeating: 0, count: rows)
    var ranks = [Int32](repeating: -1, count: rows)
    var faults: Score.Bits = 0
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = Int(labels[row])
        let hasLabel = label >= 0 && label < width
        let found = rank(scores, width, hasLabel ? label : 0)
        faults |= found.faults
        if hasLabel { ranks[row] = Int32(truncatingIfNeeded: found.rank) }
        // A label that nothing beats is the best class.
        best[row] =
          hasLabel && found.rank == 0
          ? labels[row] : firstIndex(of: found.greatest, scores, width)
      }
    }
    return (best, ranks, faults == 0)
  }

  @inline(__always)
  private static func rank<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int
  ) -> (rank: Int, greatest: Score.Bits, faults: Score.Bits) {
    // The sign of a difference tells which is greater, but that of two zeros depends on their own signs:
    // -0 - 0 is -0. Less a minus zero, or from a plus zero, it is plus.
    let own = scores[label] + 0
    let lower: Score = own == 0 ? -0.0 : own
    var greatest = Score.Bits.min
    var faults: Score.Bits = 0
    // Earlier classes count unless they are less, later ones only when they are greater.
    var less: Score.Bits = 0
    for place in 0..<label {
      let x = scores[place]
      less &+= Score.sign(x - lower)
      let order = Score.order(x)
      greatest = greatest > order ? greatest : order
      faults |= Score.fault(x)
    }
    var more: Score.Bits = 0
    for place in label..<width {
      let x = scores[place]
      more &+= Score.sign(own - x)
      let order = Score.order(x)
      greatest = greatest > order ? greatest : order
      faults |= Score.fault(x)
    }
    return (label - Int(less) + Int(more), greatest, faults)
  }

  private static func firstIndex<Score: RowScore>(
    of greatest: Score.Bits, _ scores: UnsafePointer<Score>, _ width: Int
  ) -> Int32 {
    // Minus zero is less by its bits and equal by its value.
    let other = greatest == 0 ? Score.order(-0.0) : greatest
    for place in 0..<width {
      let order = Score.order(scores[place])
      if order == greatest || order == other { return Int32(truncatingIfNeeded: place) }
    }
    return 0
  }
}

/// Sums over the classes of a row beside its label, of exponentials of z - (the greatest z).
struct ExponentialSums {
  var sum = 0.0
  var squares = 0.0
}

extension Kernels {
  /// For each row of logits the sums over all classes but the label's. Labels and best classes are those of `rankRows`.
  static func exponentialRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], best: [Int32]
  ) -> [ExponentialSums] {
    let rows = width > 0 ? min(labels.count, best.count, scores.count / width) : 0
    var sums = [ExponentialSums](repeating: ExponentialSums(), count: rows)
    scores.withUnsafeBufferPointer { all in
      powersOfTwo.withUnsafeBufferPointer { table in
        guard let first = all.baseAddress, let table = table.baseAddress else { return }
        for row in 0..<rows {
          let scores = first + row &* width
          let label = min(max(Int(labels[row]), 0), width - 1)
          let most = Double(scores[Int(best[row])])
          addExponentials(scores, 0..<label, most, table, &sums[row])
          addExponentials(scores, (label + 1)..<width, most, table, &sums[row])
        }
      }
    }
    return sums
  }

  @inline(__always)
  private static func addExponentials<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ range: Range<Int>, _ most: Double,
    _ table: UnsafePointer<Double>, _ sums: inout ExponentialSums
  ) {
    var sum = SIMD4<Double>.zero
    var squares = SIMD4<Double>.zero
    let shift = SIMD2<Double>(repeating: most)
    var place = range.lowerBound
    while place &+ 4 <= range.upperBound {
      let e = exponential(
        SIMD2(Double(scores[place]), Double(scores[place &+ 1])) - shift, table)
      let f = exponential(
        SIMD2(Double(scores[place &+ 2]), Double(scores[place &+ 3])) - shift, table)
      let both = SIMD4(lowHalf: e, highHalf: f)
      sum += both
      squares += both * both
      place &+= 4
    }
    let (a, b, c, d) = (sum[0], sum[1], sum[2], sum[3])
    let (aa, bb, cc, dd) = (squares[0], squares[1], squares[2], squares[3])
    while place < range.upperBound {
      let e = exponential(SIMD2(repeating: Double(scores[place]) - most), table)[0]
      sums.sum += e
      sums.squares += e * e
      place &+= 1
    }
    sums.sum += (a + b) + (c + d)
    sums.squares += (aa + bb) + (cc + dd)
  }

  /// 2^(i / 1024) for i from 0 to 1023.
  private static let powersOfTwo: [Double] = (0..<1024).map {
    Elementary.exp(Double($0) / 1024 * 0x1.62e42fefa39efp-1)
  }

  /// e to the power of x, for x of at most 0, to about 1e-13. What lies below -708 counts as that: nothing.
  ///
  /// x is (n + r) ln(2) / 1024 with r of at most a half, so e^x is a power of two, an entry of a table, and a
  /// polynomial in r: that of Taylor up to the third power, since the fourth is below 2^-50.
  @inline(__always)
  private static func exponential(
    _ x: SIMD2<Double>, _ table: UnsafePointer<Double>
  ) -> SIMD2<Double> {
    let least = SIMD2<Double>(repeating: -708 * 0x1.71547652b82fep10)
    let product = x * 0x1.71547652b82fep10
    let y = product.replacing(with: least, where: product .< least)
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    let shifted = y + 0x1.8p52
    let r = y - (shifted - 0x1.8p52)
    let n = unsafeBitCast(shifted, to: SIMD2<UInt64>.self)
    let (p, q) = (n[0], n[1])
    let entry = SIMD2<Double>(
      table[Int(truncatingIfNeeded: p & 1023)], table[Int(truncatingIfNeeded: q & 1023)])
    // The bits above the fraction of n are added to the exponent.
    let ten = SIMD2<UInt64>(repeating: 10)
    let fiftytwo = SIMD2<UInt64>(repeating: 52)
    let power = unsafeBitCast(
      unsafeBitCast(entry, to: SIMD2<UInt64>.self) &+ ((n &>> ten) &<< fiftytwo),
      to: SIMD2<Double>.self)
    // Powers of ln(2) / 1024, over 1, 2 and 6.
    let third = r * 0x1.c6b08d704a0c0p-35 + 0x1.ebfbdff82c58fp-23
    return power + power * (r * (r * third + 0x1.62e42fefa39efp-11))
  }

  /// The probability of each class, of rows of logits.
  static func softmaxRows<Score: RowScore>(
    _ scores: [Score], width: Int, best: [Int32]
  ) -> [Double] {
    let rows = width > 0 ? min(best.count, scores.count / width) : 0
    var result = [Double](repeating: 0, count: rows * width)
    powersOfTwo.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      for row in 0..<rows {
        let start = row * width
        let most = Double(scores[start + Int(best[row])])
        var sum = 0.0
        for place in start..<start + width {
          let x = Double(scores[place]) - most
          // So far down numbers still have an order, and a rank is made of it.
          let e = x < -708 ? Elementary.exp(x) : exponential(SIMD2(repeating: x), table)[0]
          result[place] = e
          sum += e
        }
        for place in start..<start + width { result[place] /= sum }
      }
    }
    return result
  }

  /// For each row of probabilities the sum of their squares over all classes but the label's.
  static func squareRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32]
  ) -> [Double] {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var sums = [Double](repeating: 0, count: rows)
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = min(max(Int(labels[row]), 0), width - 1)
        sums[row] =
          squares(scores, 0..<label) + squares(scores, (label + 1)..<width)
      }
    }
    return sums
  }

  @inline(__always)
  private static func squares<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ range: Range<Int>
  ) -> Double {
    var lanes = SIMD4<Double>.zero
    var rest = 0.0
    var place = range.lowerBound
    while place &+ 4 <= range.upperBound {
      let x = SIMD4<Double>(
        Double(scores[place]), Double(scores[place &+ 1]), Double(scores[place &+ 2]),
        Double(scores[place &+ 3]))
      lanes += x * x
      place &+= 4
    }
    while place < range.upperBound {
      let x = Double(scores[place])
      rest += x * x
      place &+= 1
    }
    return rest + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
  }

  /// Whether every score is in [0, 1].
  static func areProbabilities<Score: RowScore>(_ scores: [Score]) -> Bool {
    var faults: Score.Bits = 0
    // 1 - x and x + 0 are below zero for what is outside; a NaN was found before.
    for x in scores { faults |= Score.sign(1 - x) | Score.sign(x + 0) }
    return faults == 0
  }
}
