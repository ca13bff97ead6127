/// Vectors of one length, as greedy matching wants them: exact, and as unit vectors that are quick to compare.
struct TokenVectors: Sendable {
  private(set) var count = 0
  private(set) var dimension = 0
  /// The numbers as doubles, times a power of two where squares would leave the range of doubles.
  fileprivate var values: [Double] = []
  /// The squared length of each vector; 0 for one that has no direction.
  fileprivate var squares: [Double] = []
  /// Unit vectors in single precision. Vectors are filled up with zeros to `stride` numbers, and their
  /// number to a multiple of four.
  fileprivate var units: [Float] = []
  fileprivate var stride = 0

  /// Takes vectors of a column in place of those that were there. Gives the first that has no direction,
  /// counted from the first of the range: one that is all zeros, or has a number that is not finite.
  mutating func load(_ column: NumericColumn, _ range: Range<Int>) -> Int? {
    count = range.count
    dimension = column.width
    stride = (dimension + 3) / 4 * 4
    // What is longer than now needed stays, to be used again.
    Self.extend(&values, to: count * dimension)
    Self.extend(&squares, to: count)
    Self.extend(&units, to: (count + 3) / 4 * 4 * stride)
    Kernels.widen(column.storage, from: range.lowerBound * dimension, &values, count * dimension)
    return Kernels.normalise(&self)
  }

  private static func extend<T: ExpressibleByIntegerLiteral>(_ array: inout [T], to count: Int) {
    if array.count < count {
      array.append(contentsOf: repeatElement(0, count: count - array.count))
    }
  }
}

extension Kernels {
  /// The best cosine of each vector of either side with any vector of the other; -1 where there is none.
  ///
  /// All pairs are compared in single precision, in blocks that stay in the cache. Whatever then is within
  /// the error of that of being the best is compared in double precision, and the best of those is taken. So
  /// the answer is that of double precision alone, and a pair's cosine has the same bits whatever is
  /// compared beside it, and from either side.
  static func bestCosines(
    _ a: TokenVectors, _ b: TokenVectors
  ) -> (a: [Double], b: [Double]) {
    var best = (
      a: [Double](repeating: -1, count: a.count), b: [Double](repeating: -1, count: b.count)
    )
    if a.count == 0 || b.count == 0 { return best }
    // A block of either side takes at most a quarter of a usual second-level cache.
    let longest = (max(a.count, b.count) + 3) / 4 * 4
    let most = min(longest, max(4, min(128, (1 << 16) / max(1, a.stride) / 4 * 4)))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: most * most) { buffer in
      guard let products = buffer.baseAddress else { return }
      for firstB in stride(from: 0, to: b.count, by: most) {
        let columns = firstB..<min(firstB + most, b.count)
        for firstA in stride(from: 0, to: a.count, by: most) {
          let rows = firstA..<min(firstA + most, a.count)
          multiply(a, rows, b, columns, products, most)
          refine(a, rows, b, columns, products, most, &best)
        }
      }
    }
    return best
  }

  /// The products of unit vectors in single precision, those of one vector of `a` in a line.
  private static func multiply(
    _ a: TokenVectors, _ rows: Range<Int>, _ b: TokenVectors, _ columns: Range<Int>,
    _ products: UnsafeMutablePointer<Float>, _ line: Int
  ) {
    let stride = a.stride
    a.units.withUnsafeBufferPointer { left in
      b.units.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return }
        var row = rows.lowerBound
        while row < rows.upperBound {
          var column = columns.lowerBound
          while column < columns.upperBound {
            let out = products + ((row - rows.lowerBound) * line + column - columns.lowerBound)
            multiply4x2(left + row * stride, right + column * stride, stride, out, line)
            column += 2
          }
          row += 4
        }
      }
    }
  }

  /// Four vectors times two: eight sums of four lanes, which is what the registers hold.
  @inline(__always)
  private static func multiply4x2(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ stride: Int,
    _ out: UnsafeMutablePointer<Float>, _ line: Int
  ) {
    let rows = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    let step = stride * MemoryLayout<Float>.size
    var (s00, s01) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    var (s10, s11) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    var (s20, s21) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    var (s30, s31) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    var at = 0
    while at < step {
      let b0 = rows.1.loadUnaligned(fromByteOffset: at, as: SIMD4<Float>.self)
      let b1 = rows.1.loadUnaligned(fromByteOffset: at &+ step, as: SIMD4<Float>.self)
      let a0 = rows.0.loadUnaligned(fromByteOffset: at, as: SIMD4<Float>.self)
      s00 += a0 * b0
      s01 += a0 * b1
      let a1 = rows.0.loadUnaligned(fromByteOffset: at &+ step, as: SIMD4<Float>.self)
      s10 += a1 * b0
      s11 += a1 * b1
      let a2 = rows.0.loadUnaligned(fromByteOffset: at &+ 2 &* step, as: SIMD4<Float>.self)
      s20 += a2 * b0
      s21 += a2 * b1
      let a3 = rows.0.loadUnaligned(fromByteOffset: at &+ 3 &* step, as: SIMD4<Float>.self)
      s30 += a3 * b0
      s31 += a3 * b1
      at &+= 16
    }
    (out[0], out[1]) = (s00.sum(), s01.sum())
    (out[line], out[line + 1]) = (s10.sum(), s11.sum())
    (out[2 * line], out[2 * line + 1]) = (s20.sum(), s21.sum())
    (out[3 * line], out[3 * line + 1]) = (s30.sum(), s31.sum())
  }

  /// Compares in double precision what single precision cannot rule out.
  private static func refine(
    _ a: TokenVectors, _ rows: Range<Int>, _ b: TokenVectors, _ columns: Range<Int>,
    _ products: UnsafePointer<Float>, _ line: Int, _ best: inout (a: [Double], b: [Double])
  ) {
    // Two products may each be off by the rounding of their factors and sums, which is at most this.
    let slack = 2 * Float(a.dimension + 8) * 0x1p-24
    var least = [Float](repeating: -.infinity, count: columns.count)
    for (place, column) in columns.enumerated() {
      var top = Float(best.b[column])
      for row in 0..<rows.count { top = max(top, products[row * line + place]) }
      least[place] = top - slack
    }
    a.values.withUnsafeBufferPointer { left in
      b.values.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return }
        for row in rows {
          let products = products + (row - rows.lowerBound) * line
          var top = Float(best.a[row])
          for place in 0..<columns.count { top = max(top, products[place]) }
          let leastOfRow = top - slack
          for (place, column) in columns.enumerated()
          where products[place] >= leastOfRow || products[place] >= least[place] {
            // Nothing is better than the same direction.
            if best.a[row] >= 1 && best.b[column] >= 1 { continue }
            let product = product(
              left + row * a.dimension, right + column * a.dimension, a.dimension)
            let cosine = product / (a.squares[row] * b.squares[column]).squareRoot()
            best.a[row] = max(best.a[row], min(1, cosine))
            best.b[column] = max(best.b[column], min(1, cosine))
          }
        }
      }
    }
  }

  /// A product of two vectors in double precision, always added up in the same order.
  @inline(__always)
  private static func product(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var (even, odd) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
    var place = 0
    while place &+ 8 <= count {
      let at = place &* 8
      even +=
        left.loadUnaligned(fromByteOffset: at, as: SIMD4<Double>.self)
        * right.loadUnaligned(fromByteOffset: at, as: SIMD4<Double>.self)
      odd +=
        left.loadUnaligned(fromByteOffset: at &+ 32, as: SIMD4<Double>.self)
        * right.loadUnaligned(fromByteOffset: at &+ 32, as: SIMD4<Double>.self)
      place &+= 8
    }
    var sum = (even + odd).sum()
    while place < count {
      sum += a[place] * b[place]
      place &+= 1
    }
    return sum
  }
}

// MARK: - Unit vectors

extension Kernels {
  /// Fills in squares and unit vectors; gives the first vector that has no direction.
  fileprivate static func normalise(_ vectors: inout TokenVectors) -> Int? {
    let (count, dimension, stride) = (vectors.count, vectors.dimension, vectors.stride)
    var fault: Int?
    vectors.values.withUnsafeMutableBufferPointer { values in
      vectors.units.withUnsafeMutableBufferPointer { units in
        guard let values = values.baseAddress, let units = units.baseAddress else { return }
        for place in 0..<count {
          let vector = values + place * dimension
          let square = scaledSquare(vector, dimension)
          vectors.squares[place] = square
          if square == 0 && fault == nil { fault = place }
          let scale = square == 0 ? 0 : 1 / square.squareRoot()
          let unit = units + place * stride
          for index in 0..<dimension { unit[index] = Float(vector[index] * scale) }
          for index in dimension..<stride { unit[index] = 0 }
        }
        // What fills the last group of four up.
        for index in count * stride..<(count + 3) / 4 * 4 * stride { units[index] = 0 }
      }
    }
    // Without numbers there is nothing to point at, and without memory no loop has run.
    return dimension == 0 && count > 0 ? 0 : fault
  }

  /// The squared length of a vector, which is scaled by a power of two where that is far from 1; 0 where there
  /// is no length, because all is zero or something is not finite.
  private static func scaledSquare(_ vector: UnsafeMutablePointer<Double>, _ count: Int) -> Double {
    let square = product(vector, vector, count)
    // Products of two squares, and their roots, then are ordinary doubles.
    if (0x1p-400...0x1p400).contains(square) { return square }
    var most = 0.0
    for index in 0..<count {
      if !vector[index].isFinite { return 0 }
      most = max(most, vector[index].magnitude)
    }
    if most == 0 { return 0 }
    // In two steps, since no double is the inverse of the least ones.
    let half = most.exponent / 2
    let scales = (
      Double(sign: .plus, exponent: -half, significand: 1),
      Double(sign: .plus, exponent: half - most.exponent, significand: 1)
    )
    for index in 0..<count { vector[index] = vector[index] * scales.0 * scales.1 }
    return product(vector, vector, count)
  }

  /// The numbers of a column from a place on, as doubles. Integers beyond 2^53 are the nearest.
  fileprivate static func widen(
    _ storage: NumericColumn.Storage, from first: Int, _ values: inout [Double], _ count: Int
  ) {
    switch storage {
    case .bool(let x), .uint8(let x): copy(x, first, &values, count) { Double($0) }
    case .int8(let x): copy(x, first, &values, count) { Double($0) }
    case .int16(let x): copy(x, first, &values, count) { Double($0) }
    case .int32(let x): copy(x, first, &values, count) { Double($0) }
    case .int64(let x): copy(x, first, &values, count) { Double($0) }
    case .uint16(let x): copy(x, first, &values, count) { Double($0) }
    case .uint32(let x): copy(x, first, &values, count) { Double($0) }
    case .uint64(let x): copy(x, first, &values, count) { Double($0) }
    case .float16(let x): copy(x, first, &values, count) { Double(float(half: $0)) }
    case .bfloat16(let x): copy(x, first, &values, count) { Double(float(bfloat16: $0)) }
    case .float32(let x): copy(x, first, &values, count) { Double($0) }
    case .float64(let x): copy(x, first, &values, count) { $0 }
    }
  }

  @inline(__always)
  private static func copy<Number>(
    _ numbers: [Number], _ first: Int, _ values: inout [Double], _ count: Int,
    _ widened: (Number) -> Double
  ) {
    numbers.withUnsafeBufferPointer { numbers in
      values.withUnsafeMutableBufferPointer { values in
        let end = min(count, values.count, max(0, numbers.count - first))
        guard end > 0, let from = numbers.baseAddress, let to = values.baseAddress else { return }
        let source = from + first
        for index in 0..<end { to[index] = widened(source[index]) }
      }
    }
  }
}
