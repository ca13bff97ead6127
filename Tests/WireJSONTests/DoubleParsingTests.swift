import Testing

@testable import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Text to double, bit for bit as strtod. `EVALD_NUMBER_TESTS` multiplies the number of random texts.
@Suite struct DoubleParsingTests {
  static let factor = getenv("EVALD_NUMBER_TESTS").flatMap { Int(String(cString: $0)) } ?? 1

  /// Compares a batch of texts on every way through the parser: as a flat array of floats, as one
  /// whose elements are nodes, and one by one.
  static func check(_ texts: [String]) throws {
    let list = texts.joined(separator: ",")
    let pooled = try parse("[\(list)]" + String(repeating: " ", count: 64))
    let spaced = try parse("[\(texts.joined(separator: ", "))]" + String(repeating: " ", count: 64))
    let nodes = try parse("[null,\(list)]")
    var fromPool = pooled.elements.makeIterator()
    var fromSpaced = spaced.elements.makeIterator()
    var fromNodes = nodes.elements.makeIterator()
    _ = fromNodes.next()
    for text in texts {
      let expected = strtod(text, nil)
      for value in [fromPool.next(), fromSpaced.next(), fromNodes.next()] {
        guard let value, let double = value.double, double.bitPattern == expected.bitPattern,
          value.isOverflow == expected.isInfinite
        else {
          Issue.record("\(text): \(value?.double?.description ?? "nothing"), not \(expected)")
          return
        }
      }
    }
  }

  static func check(count: Int, _ make: (inout SeededGenerator) -> String) throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<(count * factor / 500) {
      try check((0..<500).map { _ in make(&generator) })
    }
  }

  @Test func randomBitPatterns() throws {
    try Self.check(count: 66_000) { generator in
      var value = Double(bitPattern: generator.next())
      while !value.isFinite { value = Double(bitPattern: generator.next()) }
      return value.description
    }
  }

  @Test func probabilitiesAndLogits() throws {
    try Self.check(count: 66_000) { generator in
      let value = Double.random(in: 0..<1, using: &generator)
      switch generator.next() % 4 {
      case 0: return value.description
      case 1: return (20 * value - 10).description
      case 2: return (value * value * value * value * value / 1000).description
      default: return (1e6 * value).description
      }
    }
  }

  /// Mantissas of 1 to 40 digits with a point anywhere and exponents over the whole range.
  @Test func randomDigits() throws {
    try Self.check(count: 66_000) { generator in
      let digits = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        String(generator.next() % 10)
      }
      let whole = digits.prefix(Int.random(in: 0...digits.count, using: &generator)).joined()
      let fraction = digits.suffix(digits.count).joined()
      let trimmed = whole.drop { $0 == "0" }
      var text = (trimmed.isEmpty ? "0" : String(trimmed)) + "." + fraction
      if generator.next() % 2 == 0 { text = "-" + text }
      if generator.next() % 3 > 0 { text += "e\(Int.random(in: -345...310, using: &generator))" }
      return text
    }
  }

  /// The exact middle between two neighbours, and just beside it on either side.
  @Test func midpoints() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<(80 * Self.factor) {
      var bits = generator.next() >> 1
      if generator.next() % 4 == 0 { bits &= 1 << 54 - 1 }
      guard Double(bitPattern: bits).isFinite else { continue }
      try Self.check(midpointTexts(above: bits))
    }
  }

  @Test func midpointsAtTheEdges() throws {
    let edges: [UInt64] = [
      0, 1, 2, 1 << 52 - 2, 1 << 52 - 1, 1 << 52, 1 << 52 + 1, 0x3FEF_FFFF_FFFF_FFFF,
      0x3FF0_0000_0000_0000, 0x4330_0000_0000_0000, 0x433F_FFFF_FFFF_FFFF, 0x4340_0000_0000_0000,
      0x7FEF_FFFF_FFFF_FFFE, 0x7FEF_FFFF_FFFF_FFFF,
    ]
    for bits in edges { try Self.check(midpointTexts(above: bits)) }
  }

  private func midpointTexts(above bits: UInt64) -> [String] {
    let field = Int(bits >> 52)
    let significand = (field == 0 ? 0 : 1 << 52) | bits & (1 << 52 - 1)
    let exact = Decimal(2 * significand + 1, timesTwoTo: max(field, 1) - 1076)
    let plain = Decimal(significand == 0 ? 1 : significand, timesTwoTo: max(field, 1) - 1075)
    return [exact, exact.nudged(up: true), exact.nudged(up: false), plain].map(\.text)
  }

  /// Every power of ten and its neighbours, written in several ways.
  @Test func powersOfTen() throws {
    for exponent in -330...310 {
      try Self.check([
        "1e\(exponent)", "1.0e\(exponent)", "0.1e\(exponent + 1)", "10.0e\(exponent - 1)",
        "9.999999999999999e\(exponent)", "1.000000000000000000000000001e\(exponent)",
        "0.00000000000000000001e\(exponent + 20)", "-12345678901234567890.5e\(exponent - 19)",
      ])
    }
  }

  @Test func absurdLengths() throws {
    let zeros = String(repeating: "0", count: 5000)
    let nines = String(repeating: "9", count: 5000)
    try Self.check([
      "0.\(zeros)1e5001", "1\(zeros)e-5000", "\(nines)e-5000", "0.\(nines)", "1\(zeros)",
      "\(nines)",
      "0.\(zeros)\(nines)", "1.\(zeros)1", "9007199254740993.\(zeros)1",
      "9007199254740993.\(zeros)",
      "0e\(nines)", "1e-\(nines)", "1e\(nines)", "1e\(zeros)1", "0.\(zeros)e\(nines)",
      "2.4703282292062327208e-324", "2.4703282292062328e-324", "1.7976931348623158079e308",
    ])
  }

  /// The layouts that the fast loops take, at the edges of what they take.
  @Test func shapesOfTheFastLoop() throws {
    var texts: [String] = []
    for whole in ["0", "7", "12", "1234567", "12345678", "123456789012"] {
      for count in 1...26 {
        let digits = String("98765432101234567890123456".prefix(count))
        let small = String(repeating: "0", count: count) + "1"
        for fraction in [digits, small, digits + "0"] {
          texts += ["\(whole).\(fraction)", "-\(whole).\(fraction)", "\(whole).\(fraction)e-7"]
          texts += [
            "\(whole).\(fraction)E+3", "\(whole).\(fraction)e8", "\(whole).\(fraction)e-299",
          ]
        }
      }
    }
    for text in texts { try Self.check([text, text]) }
    try Self.check(texts)
  }
}
