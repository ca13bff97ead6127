// Edit distances and longest common subsequences, 64 cells at a time.
extension Kernels {
  /// Aligns two texts of symbols by bit-parallel dynamic programming, a strip of 64 symbols of the one against
  /// the whole of the other (Myers 1999, Hyyrö 2003 and 2004). Time is the product of the lengths over 64,
  /// memory their sum.
  final class Aligner {
    /// For each symbol the places of the strip that hold it.
    private var masks = Scratch<UInt64>()
    /// What each place of the other text hands from one strip to the next.
    private var carries = Scratch<Int8>()
    /// The strips' bits after each symbol, where a path is wanted.
    private var rows = Scratch<UInt64>()

    init() {}

    /// How many insertions, deletions and substitutions make one range of symbols of another.
    func editDistance(_ symbols: [UInt32], _ first: Range<Int>, _ second: Range<Int>) -> Int {
      symbols.withUnsafeBufferPointer { symbols in
        let (a, b) = Kernels.withoutCommonEnds(symbols, first, second)
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        let swaps = (a.count + 63) / 64 * b.count > (b.count + 63) / 64 * a.count
        return swaps ? distance(symbols, b, a) : distance(symbols, a, b)
      }
    }

    private func distance(
      _ symbols: UnsafeBufferPointer<UInt32>, _ pattern: Range<Int>, _ text: Range<Int>
    ) -> Int {
      prepare(symbols, pattern, text)
      for place in 0..<text.count { carries.base[place] = 1 }
      var score = pattern.count
      var start = pattern.lowerBound
      while start < pattern.upperBound {
        let strip = start..<min(start + 64, pattern.upperBound)
        setMasks(symbols, strip)
        let change = distanceStrip(symbols, text, last: UInt64(strip.count - 1))
        if strip.upperBound == pattern.upperBound { score += change }
        clearMasks(symbols, strip)
        start = strip.upperBound
      }
      return score
    }

    /// One strip; gives by how much the distance of its last row changes along the text.
    private func distanceStrip(
      _ symbols: UnsafeBufferPointer<UInt32>, _ text: Range<Int>, last: UInt64
    ) -> Int {
      var (up, down): (UInt64, UInt64) = (.max, 0)
      var change = 0
      for place in 0..<text.count {
        let carry = carries.base[place]
        let falls: UInt64 = carry < 0 ? 1 : 0
        var equal = masks.base[Int(symbols[text.lowerBound + place])]
        let vertical = equal | down
        equal |= falls
        let horizontal = (((equal & up) &+ up) ^ up) | equal
        var rising = down | ~(horizontal | up)
        var falling = up & horizontal
        let out =
          Int8(truncatingIfNeeded: rising &>> last & 1)
          - Int8(truncatingIfNeeded: falling &>> last & 1)
        change += Int(out)
        carries.base[place] = out
        rising = rising << 1 | (carry > 0 ? 1 : 0)
        falling = falling << 1 | falls
        up = falling | ~(vertical | rising)
        down = rising & vertical
      }
      return change
    }

    /// The length of the longest common subsequence of two ranges of symbols.
    func longestCommonSubsequence(
      _ symbols: [UInt32], _ first: Range<Int>, _ second: Range<Int>
    ) -> Int {
      if first.isEmpty || second.isEmpty { return 0 }
      return symbols.withUnsafeBufferPointer { symbols in
        let ends = first.count
        let (first, second) = Kernels.withoutCommonEnds(symbols, first, second)
        let common = ends - first.count
        if first.isEmpty || second.isEmpty { return common }
        let swaps =
          (first.count + 63) / 64 * second.count > (second.count + 63) / 64 * first.count
        let (pattern, text) = swaps ? (second, first) : (first, second)
        prepare(symbols, pattern, text)
        for place in 0..<text.count { carries.base[place] = 0 }
        var length = 0
        var start = pattern.lowerBound
        while start < pattern.upperBound {
          let strip = start..<min(start + 64, pattern.upperBound)
          setMasks(symbols, strip)
          let bits = subsequenceStrip(symbols, text) { _, _ in }
          length += (~bits & Self.low(strip.count)).nonzeroBitCount
          clearMasks(symbols, strip)
          start = strip.upperBound
        }
        return common + length
      }
    }

    /// One strip of a common subsequence. A zero bit is a place where its length rises; `keep` is told the
    /// bits after each symbol of the text.
    @inline(__always)
    private func subsequenceStrip(
      _ symbols: UnsafeBufferPointer<UInt32>, _ text: Range<Int>,
      _ keep: (Int, UInt64) -> Void
    ) -> UInt64 {
      var bits = UInt64.max
      for place in 0..<text.count {
        let mask = masks.base[Int(symbols[text.lowerBound + place])]
        let (sum, first) = bits.addingReportingOverflow(bits & mask)
        let (whole, second) = sum.addingReportingOverflow(UInt64(carries.base[place]))
        carries.base[place] = first || second ? 1 : 0
        bits = whole | (bits & ~mask)
        keep(place, bits)
      }
      return bits
    }

    @inline(__always)
    private static func low(_ count: Int) -> UInt64 { count >= 64 ? .max : 1 << UInt64(count) - 1 }

    private func prepare(
      _ symbols: UnsafeBufferPointer<UInt32>, _ pattern: Range<Int>, _ text: Range<Int>
    ) {
      var highest: UInt32 = 0
      for place in pattern { highest = max(highest, symbols[place]) }
      for place in text { highest = max(highest, symbols[place]) }
      masks.reserve(Int(highest) + 1)
      carries.reserve(text.count)
    }

    private func setMasks(_ symbols: UnsafeBufferPointer<UInt32>, _ strip: Range<Int>) {
      for place in strip {
        masks.base[Int(symbols[place])] |= 1 << UInt64(place - strip.lowerBound)
      }
    }

    private func clearMasks(_ symbols: UnsafeBufferPointer<UInt32>, _ strip: Range<Int>) {
      for place in strip { masks.base[Int(symbols[place])] = 0 }
    }
  }
}

extension Kernels.Aligner {
  /// Calls `body` with each place of `text` that is on one longest common subsequence with `pattern`, the last
  /// first. Of several it is the one found from the ends, leaving out a symbol of the pattern only where that
  /// keeps the length and leaving out one of the text does not. Memory is the product of the lengths in bits.
  func commonSubsequence(
    _ symbols: [UInt32], text: Range<Int>, pattern: Range<Int>, _ body: (Int) -> Void
  ) {
    symbols.withUnsafeBufferPointer { symbols in
      // From the ends, symbols that are equal are on the path.
      let ending = Kernels.lengthOfCommonEnd(symbols, text, pattern)
      for place in 0..<ending { body(text.upperBound - 1 - place) }
      let (text, pattern) = (text.dropLast(ending), pattern.dropLast(ending))
      if text.isEmpty || pattern.isEmpty { return }
      let strips = (pattern.count + 63) / 64
      rows.reserve(strips * text.count)
      prepare(symbols, pattern, text)
      for place in 0..<text.count { carries.base[place] = 0 }
      for strip in 0..<strips {
        let start = pattern.lowerBound + strip * 64
        let range = start..<min(start + 64, pattern.upperBound)
        setMasks(symbols, range)
        _ = subsequenceStrip(symbols, text) { place, bits in
          rows.base[place * strips + strip] = ~bits & Self.low(range.count)
        }
        clearMasks(symbols, range)
      }
      walk(symbols, text, pattern, strips, body)
    }
  }

  private func walk(
    _ symbols: UnsafeBufferPointer<UInt32>, _ text: Range<Int>, _ pattern: Range<Int>,
    _ strips: Int, _ body: (Int) -> Void
  ) {
    var (i, j) = (text.count, pattern.count)
    // The lengths at (i, j) and (i - 1, j).
    var here = length(row: i, j, strips)
    var above = length(row: i - 1, j, strips)
    while i > 0 && j > 0 {
      if symbols[text.lowerBound + i - 1] == symbols[pattern.lowerBound + j - 1] {
        body(text.lowerBound + i - 1)
        above -= rises(row: i - 1, j, strips)
        i -= 1
        j -= 1
        here = above
        above = length(row: i - 1, j, strips)
      } else if here - rises(row: i, j, strips) > above {
        here -= rises(row: i, j, strips)
        above -= rises(row: i - 1, j, strips)
        j -= 1
      } else {
        i -= 1
        here = above
        above = length(row: i - 1, j, strips)
      }
    }
  }

  /// One where the length of row i rises at column j, counted from one.
  @inline(__always)
  private func rises(row i: Int, _ j: Int, _ strips: Int) -> Int {
    if i <= 0 || j <= 0 { return 0 }
    let word = rows.base[(i - 1) * strips + (j - 1) / 64]
    return Int(truncatingIfNeeded: word >> UInt64((j - 1) % 64) & 1)
  }

  private func length(row i: Int, _ j: Int, _ strips: Int) -> Int {
    if i <= 0 || j <= 0 { return 0 }
    var sum = 0
    let first = (i - 1) * strips
    for strip in 0..<j / 64 { sum += rows.base[first + strip].nonzeroBitCount }
    if j % 64 > 0 { sum += (rows.base[first + j / 64] & Self.low(j % 64)).nonzeroBitCount }
    return sum
  }
}

extension Kernels {
  /// Two ranges of symbols without what they begin with both, and then without what they end with both. Neither
  /// is in an edit distance, and all of it in a longest common subsequence.
  static func withoutCommonEnds(
    _ symbols: UnsafeBufferPointer<UInt32>, _ first: Range<Int>, _ second: Range<Int>
  ) -> (Range<Int>, Range<Int>) {
    var (a, b) = (first, second)
    while !a.isEmpty, !b.isEmpty, symbols[a.lowerBound] == symbols[b.lowerBound] {
      a = a.dropFirst()
      b = b.dropFirst()
    }
    let ending = lengthOfCommonEnd(symbols, a, b)
    return (a.dropLast(ending), b.dropLast(ending))
  }

  static func withoutCommonEnds(
    _ symbols: [UInt32], _ first: Range<Int>, _ second: Range<Int>
  ) -> (Range<Int>, Range<Int>) {
    symbols.withUnsafeBufferPointer { withoutCommonEnds($0, first, second) }
  }

  /// Two ranges of symbols without what they end with both.
  static func withoutCommonEnd(
    _ symbols: [UInt32], _ first: Range<Int>, _ second: Range<Int>
  ) -> (Range<Int>, Range<Int>) {
    let ending = symbols.withUnsafeBufferPointer { lengthOfCommonEnd($0, first, second) }
    return (first.dropLast(ending), second.dropLast(ending))
  }

  /// How many symbols two ranges end with both.
  static func lengthOfCommonEnd(
    _ symbols: UnsafeBufferPointer<UInt32>, _ first: Range<Int>, _ second: Range<Int>
  ) -> Int {
    let most = min(first.count, second.count)
    var length = 0
    while length < most,
      symbols[first.upperBound - 1 - length] == symbols[second.upperBound - 1 - length]
    {
      length += 1
    }
    return length
  }
}
