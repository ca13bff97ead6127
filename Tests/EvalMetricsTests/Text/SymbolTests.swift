import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Words and n-grams as integers, against plain definitions.
@Suite struct SymbolTests {
  /// Words of every length about the border between short and long ones, many of which differ in one byte.
  private static func word(_ generator: inout LawGenerator) -> [UInt8] {
    let length = generator.integer(0..<20)
    return (0..<length).map { _ in UInt8(0x61 + generator.integer(0..<2)) }
  }

  @Test func equalBytesHaveOneId() {
    var generator = LawGenerator(3)
    let table = Kernels.WordTable()
    for round in 0..<40 {
      table.removeAll()
      var known: [[UInt8]: Int] = [:]
      for _ in 0..<(round % 4 == 3 ? 3000 : 60) {
        let word = Self.word(&generator)
        // At both ends of an array, since whole words of eight bytes are read.
        let before = generator.integer(0..<3)
        let after = generator.integer(0..<3) * 5
        let bytes =
          [UInt8](repeating: 0x7A, count: before) + word + [UInt8](repeating: 0x7A, count: after)
        let id = table.id(bytes, before..<before + word.count)
        #expect(id == known[word, default: known.count])
        known[word] = id
      }
      #expect(table.count == known.count)
    }
  }

  private static func clipped(_ a: ArraySlice<UInt32>, _ b: ArraySlice<UInt32>, _ order: Int) -> Int
  {
    func counts(_ symbols: ArraySlice<UInt32>) -> [[UInt32]: Int] {
      var counts: [[UInt32]: Int] = [:]
      let all = Array(symbols)
      for place in all.indices where place + order <= all.count {
        counts[Array(all[place..<place + order]), default: 0] += 1
      }
      return counts
    }
    let other = counts(b)
    return counts(a).reduce(0) { $0 + min($1.value, other[$1.key] ?? 0) }
  }

  /// Texts of few symbols, whose n-grams are numbers, and of so many that they are not; one reference and two.
  @Test(arguments: [1, 2, 3, 30, 200, 3000], [4, 6]) func matchesAreClipped(
    _ symbols: Int, _ orders: Int
  ) {
    var generator = LawGenerator(UInt64(symbols * orders))
    let matcher = Kernels.NGramMatcher()
    for _ in 0..<60 {
      var texts = Symbols()
      var all: [[UInt32]] = []
      for _ in 0...generator.integer(1..<3) {
        let length = generator.integer(0..<(symbols > 1000 ? 4000 : 90))
        let copies = all.first.map { !$0.isEmpty && generator.integer(0..<3) > 0 } ?? false
        var text = (0..<length).map { _ in UInt32(generator.integer(0..<symbols)) }
        if copies, let first = all.first {
          text = first
          for _ in 0..<generator.integer(0..<5) {
            text[generator.integer(0..<text.count)] = UInt32(generator.integer(0..<symbols + 5))
          }
        }
        all.append(text)
        for symbol in text { texts.append(symbol) }
        texts.endText()
      }
      matcher.match(texts, orders: orders)
      for reference in 1..<all.count {
        for order in 1...orders {
          #expect(
            matcher.matches[(reference - 1) * orders + order - 1]
              == Self.clipped(all[0][...], all[reference][...], order))
        }
      }
      if all.count == 2 { #expect(matcher.clipped == matcher.matches) }
    }
  }

  @Test func codePointsWithAndWithoutSpaces() {
    let text = " \u{3000}a\u{1F}b\u{85}中 \u{2028}😀\t@\u{7F} `z"
    let bytes = Array("x\(text)y".utf8)
    for range in [0..<bytes.count, 1..<bytes.count - 1, 4..<4] {
      let all = UTF8Text.codePoints(bytes, range)
      for withSpaces in [false, true] {
        var symbols: [UInt32] = [7]
        Kernels.appendCodePoints(bytes, range, withSpaces: withSpaces, to: &symbols)
        let wanted = all.filter { withSpaces || !UnicodeTable.python.isSpace($0) }
        #expect(symbols == [7] + wanted)
      }
    }
  }

  @Test func bytesThatAreLookedFor() {
    for length in 0..<40 {
      for place in 0..<max(1, length) {
        for byte: UInt8 in [0x26, 0x3C, 0x0A, 0x27, 0x25, 0xA6, 0x8A] {
          var bytes = [UInt8](repeating: 0x41, count: length)
          if place < length { bytes[place] = byte }
          let isWanted = place < length && [0x26, 0x3C, 0x0A].contains(byte)
          #expect(Kernels.holdsAny(bytes, 0..<length, 0x26, 0x3C, 0x0A) == isWanted)
        }
      }
    }
  }
}
