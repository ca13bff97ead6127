// Counting of n-grams: the loops of BLEU, chrF and ROUGE-N.
extension Kernels {
  /// Counts the n-grams that a text shares with others, for all orders up to a limit.
  ///
  /// An n-gram is named by the two (n-1)-grams it is made of, so naming is exact and costs one look-up
  /// whatever the order. One whose parts do not occur on the other side can't occur there either, and is
  /// not looked up: time falls with the order, and is linear in the texts for each.
  final class NGramMatcher {
    /// Clipped matches of reference r at order n stand at `r * orders + n - 1`.
    private(set) var matches: [Int] = []
    /// For each order, matches clipped by the reference that has an n-gram most often.
    private(set) var clipped: [Int] = []

    private static let none = UInt32.max
    private let multiplier = UInt64(truncatingIfNeeded: TokenTable.processKey) | 1
    /// For each place in the texts the name of the n-gram that begins there.
    private var grams = Scratch<UInt32>()
    /// Names of single symbols.
    private var names = Scratch<UInt32>()
    private var keys = Scratch<UInt64>()
    private var slots = Scratch<UInt32>()
    /// By name: how often the first text has it, the reference at hand, and the one that has it most often.
    private var counts = Scratch<UInt32>()
    private var current = Scratch<UInt32>()
    private var most = Scratch<UInt32>()
    /// Names that the reference at hand has.
    private var touched = Scratch<UInt32>()
    private var touchedCount = 0
    private let packed = PackedMatcher()

    init() {}

    /// Compares the first of the texts with each of the others.
    func match(_ texts: Symbols, orders: Int) {
      let references = max(0, texts.count - 1)
      matches.removeAll(keepingCapacity: true)
      matches.append(contentsOf: repeatElement(0, count: references * orders))
      clipped.removeAll(keepingCapacity: true)
      let length = texts.range(0).count
      if references == 1, matchOne(texts, orders: orders) {
        clipped.append(contentsOf: matches)
        return
      }
      clipped.append(contentsOf: repeatElement(0, count: orders))
      guard references > 0, orders > 0, length > 0 else { return }
      grams.reserve(texts.symbols.count + 1)
      counts.reserve(length)
      current.reserve(length)
      most.reserve(length)
      touched.reserve(length)
      texts.symbols.withUnsafeBufferPointer { symbols in
        var named = nameSymbols(symbols, length)
        for order in 1...orders {
          if order > 1 { named = namePairs(length - order + 1) }
          if named == 0 { break }
          for reference in 0..<references {
            let range = texts.range(reference + 1)
            let places = range.lowerBound..<max(range.lowerBound, range.upperBound - order + 1)
            matches[reference * orders + order - 1] =
              order == 1 ? countSymbols(symbols, places) : countPairs(places)
            keepMost()
          }
          clipped[order - 1] = sumOfClipped(named)
          forgetUnmatched(max(0, length - order + 1))
        }
        for place in 0..<length { names.base[Int(symbols[place])] = Self.none }
      }
    }

    /// One reference, where its n-grams are short enough to be numbers; false where they are not.
    private func matchOne(_ texts: Symbols, orders: Int) -> Bool {
      let (first, second) = (texts.range(0), texts.range(1))
      if orders < 1 || first.isEmpty || second.isEmpty { return true }
      return texts.symbols.withUnsafeBufferPointer {
        packed.match($0, first, second, orders: orders, into: &matches)
      }
    }

    /// Names the symbols of the first text; gives how many there are.
    private func nameSymbols(_ symbols: UnsafeBufferPointer<UInt32>, _ length: Int) -> Int {
      var named: UInt32 = 0
      for place in 0..<length {
        let symbol = Int(symbols[place])
        names.reserve(symbol + 1, filling: Self.none)
        var name = names.base[symbol]
        if name == Self.none {
          name = newName(&named)
          names.base[symbol] = name
        }
        counts.base[Int(name)] += 1
        grams.base[place] = name
      }
      return Int(named)
    }

    @inline(__always)
    private func newName(_ named: inout UInt32) -> UInt32 {
      let name = named
      named += 1
      counts.base[Int(name)] = 0
      current.base[Int(name)] = 0
      most.base[Int(name)] = 0
      return name
    }

    /// Names the n-grams of the first text whose parts were matched; gives how many there are.
    private func namePairs(_ count: Int) -> Int {
      guard count > 0 else { return 0 }
      var size = 16
      while size < count * 2 { size *= 2 }
      keys.reserve(size)
      slots.reserve(size)
      shift = UInt64(64 - size.trailingZeroBitCount)
      mask = size - 1
      keys.base.update(repeating: .max, count: size)
      var named: UInt32 = 0
      for place in 0..<count {
        let (a, b) = (grams.base[place], grams.base[place + 1])
        if a == Self.none || b == Self.none {
          grams.base[place] = Self.none
          continue
        }
        let key = UInt64(a) << 32 | UInt64(b)
        let slot = slot(key)
        if keys.base[slot] != key {
          keys.base[slot] = key
          slots.base[slot] = newName(&named)
        }
        let name = slots.base[slot]
        counts.base[Int(name)] += 1
        grams.base[place] = name
      }
      return Int(named)
    }

    private var shift: UInt64 = 0
    private var mask = 0

    /// Where a key stands, or the free slot that it would have. No key is all ones, which marks a free slot.
    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
      var slot = Int(truncatingIfNeeded: (key &* multiplier) &>> shift)
      while keys.base[slot] != key && keys.base[slot] != .max { slot = (slot + 1) & mask }
      return slot
    }

    private func countSymbols(
      _ symbols: UnsafeBufferPointer<UInt32>, _ places: Range<Int>
    ) -> Int {
      var matched = 0
      let known = names.count
      for place in places {
        let symbol = Int(symbols[place])
        let name = symbol < known ? names.base[symbol] : Self.none
        grams.base[place] = name
        if name != Self.none { matched += take(name) }
      }
      return matched
    }

    private func countPairs(_ places: Range<Int>) -> Int {
      var matched = 0
      for place in places {
        let (a, b) = (grams.base[place], grams.base[place + 1])
        var name = Self.none
        if a != Self.none && b != Self.none {
          let key = UInt64(a) << 32 | UInt64(b)
          let slot = slot(key)
          if keys.base[slot] == key {
            name = slots.base[slot]
            matched += take(name)
          }
        }
        grams.base[place] = name
      }
      return matched
    }

    /// One when the first text has this n-gram once more than was taken, else zero.
    @inline(__always)
    private func take(_ name: UInt32) -> Int {
      let taken = current.base[Int(name)]
      current.base[Int(name)] = taken + 1
      if taken == 0 {
        touched.base[touchedCount] = name
        touchedCount += 1
      }
      return taken < counts.base[Int(name)] ? 1 : 0
    }

    /// Ends a reference, in time of what it has, since there may be many that have little.
    private func keepMost() {
      for place in 0..<touchedCount {
        let name = Int(touched.base[place])
        most.base[name] = max(most.base[name], current.base[name])
        current.base[name] = 0
      }
      touchedCount = 0
    }

    private func sumOfClipped(_ named: Int) -> Int {
      var sum = 0
      for name in 0..<named { sum += Int(min(most.base[name], counts.base[name])) }
      return sum
    }

    private func forgetUnmatched(_ count: Int) {
      for place in 0..<count {
        let name = grams.base[place]
        if name != Self.none && most.base[Int(name)] == 0 { grams.base[place] = Self.none }
      }
    }
  }

  /// Memory of a loop, kept between calls and freed with its owner.
  struct Scratch<Element: FixedWidthInteger>: ~Copyable {
    private(set) var base = UnsafeMutablePointer<Element>.allocate(capacity: 1)
    private(set) var count = 0

    init() {}

    deinit { base.deallocate() }

    /// Makes room for so many elements; new ones have the filling, and old ones keep what they are.
    @inline(__always)
    mutating func reserve(_ wanted: Int, filling: Element = 0) {
      if wanted > count { grow(wanted, filling) }
    }

    private mutating func grow(_ wanted: Int, _ filling: Element) {
      let room = max(wanted, count * 2, 64)
      let wider = UnsafeMutablePointer<Element>.allocate(capacity: room)
      wider.initialize(repeating: filling, count: room)
      wider.update(from: base, count: count)
      base.deallocate()
      base = wider
      count = room
    }
  }
}
