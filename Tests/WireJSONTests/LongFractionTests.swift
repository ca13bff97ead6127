import Testing

@testable import WireJSON

/// Fractions of sixteen digits and about as many, which are read in one step.
@Suite struct LongFractionTests {
  /// Before the point as many digits as leave room for sixteen behind it, and more.
  @Test(arguments: 1...6, 7...21)
  func digitsOnBothSides(whole: Int, fraction: Int) throws {
    var generator = SeededGenerator(seed: UInt64(100 * whole + fraction))
    func digits(_ count: Int) -> String {
      (0..<count).map { _ in String(generator.next() % 10) }.joined()
    }
    var texts = [(String(repeating: "9", count: whole), String(repeating: "9", count: fraction))]
    for _ in 0..<50 {
      let first = String(1 + generator.next() % 9)
      texts.append((first + digits(whole - 1), digits(fraction)))
    }
    try DoubleParsingTests.check(texts.map { "\($0).\($1)" })
    try DoubleParsingTests.check(texts.map { "-\($0).\($1)" })
  }

  /// Whatever is no digit, at each place.
  @Test(arguments: 0..<18)
  func refusesOtherCharacters(place: Int) {
    let room = [UInt8](repeating: 0x20, count: 80)
    for byte in Array("/:;.-+x".utf8) + [0x00, 0x0F, 0x7F, 0x80, 0xB0, 0xB9, 0xFF] {
      var text = Array("[0.25,0.123456789012345678]".utf8)
      text[8 + place] = byte
      #expect(throws: JSONParseError.self, "\(byte)") {
        try JSONDocument(parsing: text + room)
      }
    }
  }
}
