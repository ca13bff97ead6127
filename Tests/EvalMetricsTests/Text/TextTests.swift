import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Code points, words and tokens in bytes.
@Suite struct TextTests {
  private static func text(_ range: Range<Int>, _ bytes: [UInt8]) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  @Test func codePointsForthAndBack() {
    let bytes = Array("aß中😀e\u{301}".utf8)
    let expected: [UInt32] = [0x61, 0xDF, 0x4E2D, 0x1F600, 0x65, 0x301]
    #expect(UTF8Text.codePoints(bytes, 0..<bytes.count) == expected)
    #expect(UTF8Text.count(bytes, 0..<bytes.count) == 6)
    var back: [UInt32] = []
    var position = bytes.count
    while position > 0 { back.append(UTF8Text.previous(bytes, &position, 0)) }
    #expect(back == expected.reversed())
  }

  /// Both directions take any bytes, and agree with Swift about what is valid.
  @Test func bytesOfAnyKind() {
    var generator = LawGenerator(1)
    for _ in 0..<2000 {
      let bytes = (0..<generator.integer(0..<12)).map { _ in
        [0x41, 0x80, 0xBF, 0xC2, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0xF4, 0xFF, 0xED][
          generator.integer(0..<12)]
      }.map(UInt8.init)
      let found = UTF8Text.codePoints(bytes, 0..<bytes.count)
      var position = bytes.count
      var steps = 0
      while position > 0 {
        _ = UTF8Text.previous(bytes, &position, 0)
        steps += 1
      }
      #expect(steps <= bytes.count)
      guard let text = String(validating: bytes, as: UTF8.self) else { continue }
      #expect(found == text.unicodeScalars.map(\.value))
      #expect(steps == found.count)
    }
  }

  @Test func wordsAndStrips() {
    let bytes = Array(" \u{3000}the cat\t\u{1F}sat\u{85}中文\u{2003}".utf8)
    let words = PythonText.words(bytes, 0..<bytes.count).map { Self.text($0, bytes) }
    #expect(words == ["the", "cat", "sat", "中文"])
    #expect(
      Self.text(PythonText.stripped(bytes, 0..<bytes.count), bytes)
        == "the cat\t\u{1F}sat\u{85}中文")
    #expect(PythonText.words([32, 32], 0..<2).isEmpty)
    #expect(PythonText.stripped([32, 32], 0..<2).isEmpty)
    #expect(PythonText.words(bytes, 5..<8).map { Self.text($0, bytes) } == ["he"])
  }

  @Test func lowerCaseOfARange() {
    let bytes = Array("ΑΣ'Σ ΣΑΣ. İSTANBUL Ⱥ".utf8)
    var lowered = Array("kept ".utf8)
    PythonText.appendLower(bytes, 0..<bytes.count, to: &lowered)
    #expect(String(decoding: lowered, as: UTF8.self) == "kept ασ'ς σας. i\u{307}stanbul ⱥ")
  }

  @Test func tokensHaveIDs() {
    var generator = LawGenerator(2)
    var table = TokenTable()
    for round in 0..<20 {
      var known: [[UInt8]] = []
      for _ in 0..<(round % 5 * 100 + 3) {
        let word = (0..<generator.integer(0..<20)).map { _ in
          UInt8(97 + generator.integer(0..<2))
        }
        let id = table.id([1, 2] + word + [3], 2..<(word.count + 2))
        if let place = known.firstIndex(of: word) {
          #expect(id == place)
        } else {
          #expect(id == known.count)
          known.append(word)
        }
      }
      #expect(table.count == known.count)
      for (id, word) in known.enumerated() {
        #expect(Array(table.bytes(of: id)) == word)
        #expect(table.find(word, 0..<word.count) == id)
      }
      #expect(table.find([120], 0..<1) == nil)
      table.removeAll()
      #expect(table.count == 0 && table.find(known[0], 0..<known[0].count) == nil)
    }
  }
}
