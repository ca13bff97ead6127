// Counting of n-grams that are numbers: those of one reference, unless it is long and of many symbols.
extension Kernels {
  /// Counts the n-grams that two texts share, where all symbols of an n-gram fit into 64 bits.
  ///
  /// The symbols of the first text get small codes, so that an n-gram is a number that rolls on from place to
  /// place. A table of those of the first text is counted up, and down again by the second.
  final class PackedMatcher {
    private let multiplier = UInt64(truncatingIfNeeded: TokenTable.processKey) | 1
    /// By symbol its code, from 1; 0 for what the first text has not.
    private var codes = Scratch<UInt32>()
    /// The codes of both texts, one after the other.
    private var text = Scratch<UInt32>()
    /// For each place of the second text whether the first has the n-gram that ends there.
    private var isShared = Scratch<UInt8>()
    /// By code how often it is still to be matched.
    private var counts = Scratch<UInt32>()
    /// Two numbers a slot: an n-gram, and how often it is still to be matched below the generation it is of.
    private var slots = Scratch<UInt64>()
    private var generation: UInt64 = 0

    init() {}

    /// Writes the clipped matches of each order; false, and nothing is written, where n-grams do not fit.
    func match(
      _ symbols: UnsafeBufferPointer<UInt32>, _ first: Range<Int>, _ second: Range<Int>,
      orders: Int, into matches: inout [Int]
    ) -> Bool {
      let named = name(symbols, first, second)
      let bits = UInt64(64 - named.leadingZeroBitCount)
      guard bits * UInt64(orders) <= 64 else { return false }
      for order in 1...orders {
        let found =
          order == 1
          ? matchSymbols(first.count, second.count, named)
          : matchPacked(first.count, second.count, order, bits)
        matches[order - 1] = found
        if found == 0 { break }
      }
      return true
    }

    /// Gives codes to the symbols of the first text, and says how many there are.
    private func name(
      _ symbols: UnsafeBufferPointer<UInt32>, _ first: Range<Int>, _ second: Range<Int>
    ) -> Int {
      text.reserve(first.count + second.count)
      var named = 0
      for (place, at) in first.enumerated() {
        let symbol = Int(symbols[at])
        codes.reserve(symbol + 1)
        if codes.base[symbol] == 0 {
          named += 1
          codes.base[symbol] = UInt32(truncatingIfNeeded: named)
        }
        text.base[place] = codes.base[symbol]
      }
      let known = codes.count
      for (place, at) in second.enumerated() {
        let symbol = Int(symbols[at])
        text.base[first.count + place] = symbol < known ? codes.base[symbol] : 0
      }
      for at in first { codes.base[Int(symbols[at])] = 0 }
      return named
    }

    private func matchSymbols(_ first: Int, _ second: Int, _ named: Int) -> Int {
      counts.reserve(named + 1)
      counts.base.update(repeating: 0, count: named + 1)
      isShared.reserve(second)
      for place in 0..<first { counts.base[Int(text.base[place])] &+= 1 }
      var matched = 0
      for place in first..<first + second {
        let code = Int(text.base[place])
        let one: UInt32 = counts.base[code] > 0 ? 1 : 0
        counts.base[code] &-= one
        isShared.base[place &- first] = code == 0 ? 0 : 1
        matched &+= Int(one)
      }
      return matched
    }

    private func matchPacked(_ first: Int, _ second: Int, _ order: Int, _ bits: UInt64) -> Int {
      if first < order || second < order { return 0 }
      let table = begin(first, bits: bits * UInt64(order))
      let text = text.base
      let mask = bits * UInt64(order) == 64 ? .max : (1 &<< (bits * UInt64(order))) &- 1
      var key: UInt64 = 0
      for place in 0..<order &- 1 { key = key &<< bits | UInt64(text[place]) }
      var place = order &- 1
      while place < first {
        key = (key &<< bits | UInt64(text[place])) & mask
        table.count(key)
        place &+= 1
      }
      var matched = 0
      let shared = isShared.base
      var before: UInt8 = 0
      place = first
      while place < first &+ second {
        key = (key &<< bits | UInt64(text[place])) & mask
        // What the first text has not a part of, it has not.
        let here = shared[place &- first]
        if here & before != 0 {
          let (one, isKnown) = table.take(key)
          matched &+= one
          shared[place &- first] = isKnown
        } else {
          shared[place &- first] = 0
        }
        before = here
        place &+= 1
      }
      return matched
    }

    /// Begins a table without n-grams, for at most so many of so many bits.
    private func begin(_ count: Int, bits: UInt64) -> Table {
      var size = 64
      while size < count * 4 { size *= 2 }
      slots.reserve(size * 2)
      generation += 1
      if generation > UInt64(UInt32.max) {
        slots.base.update(repeating: 0, count: slots.count)
        generation = 1
      }
      let width = UInt64(size.trailingZeroBitCount)
      // Where each n-gram has a place of its own, there is nothing to hash.
      let isDirect = bits <= width
      return Table(
        slots: slots.base, mask: size &- 1, multiplier: isDirect ? 1 : multiplier,
        shift: isDirect ? 0 : 64 &- width, generation: generation)
    }

    /// The table at hand. It is passed around by value, so that loops keep it in registers.
    private struct Table {
      let slots: UnsafeMutablePointer<UInt64>
      let mask: Int
      let multiplier: UInt64
      let shift: UInt64
      let generation: UInt64

      /// Where an n-gram stands, or the free slot that it would have; and all ones where it stands there, else
      /// zero.
      ///
      /// Half of all n-grams are new and half are not, which nobody can foresee, so nothing here branches on it.
      @inline(__always)
      private func find(_ key: UInt64) -> (slot: Int, isKnown: UInt64) {
        var place = Int(truncatingIfNeeded: (key &* multiplier) &>> shift) & mask
        while true {
          let age = (slots[place &* 2 &+ 1] &>> 32) ^ generation
          let isKnown = UInt64(bitPattern: Int64(bitPattern: age &- 1) &>> 63)
          if isKnown & (slots[place &* 2] ^ key) == 0 { return (place &* 2, isKnown) }
          place = (place &+ 1) & mask
        }
      }

      @inline(__always)
      func count(_ key: UInt64) {
        let (slot, isKnown) = find(key)
        let state = slots[slot &+ 1] & isKnown | (generation &<< 32) & ~isKnown
        slots[slot] = key
        slots[slot &+ 1] = state &+ 1
      }

      /// One when the first text has this n-gram once more than was taken, else zero; and whether it has it.
      @inline(__always)
      func take(_ key: UInt64) -> (one: Int, isKnown: UInt8) {
        let (slot, isKnown) = find(key)
        let state = slots[slot &+ 1]
        // Above its generation there is one left; a state of an older one is below.
        let isLeft: UInt64 = state > generation &<< 32 ? 1 : 0
        slots[slot &+ 1] = state &- isLeft
        return (Int(truncatingIfNeeded: isLeft), UInt8(truncatingIfNeeded: isKnown & 1))
      }
    }
  }
}
