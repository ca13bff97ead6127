import Foundation
import Testing

@testable import EvalMetrics

/// The tables of code points against Python's own, every code point of them.
@Suite struct UnicodeTests {
  /// `Tests/unicode/<name>.json`, which Tests/unicode/make_tables.py writes.
  struct Golden: Decodable {
    var category: [String: [[Int]]]
    var space: [[Int]]?
    var alphanumeric: [[Int]]?
    var lower: [[UInt32]]?
    var sigmaAfter: [[Int]]?
    var sigmaOver: [[Int]]?
    var sigmaBefore: [[Int]]?

    enum CodingKeys: String, CodingKey {
      case category, space, alphanumeric, lower
      case sigmaAfter = "sigma_after"
      case sigmaOver = "sigma_over"
      case sigmaBefore = "sigma_before"
    }
  }

  static let codePoints: Range<UInt32> = 0..<0x11_0000
  static let names =
    ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn")
    .split(separator: " ").map(String.init)

  static func golden(_ name: String) throws -> Golden {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appending(path: "unicode/\(name).json"))
    return try JSONDecoder().decode(Golden.self, from: data)
  }

  /// A flag for each code point.
  static func flags(_ ranges: [[Int]]?) throws -> [Bool] {
    var flags = [Bool](repeating: false, count: codePoints.count)
    for range in try #require(ranges) {
      flags.replaceSubrange(
        range[0]...range[1], with: repeatElement(true, count: range[1] - range[0] + 1))
    }
    return flags
  }

  @Test(arguments: ["python", "regex"]) func categories(_ name: String) throws {
    let golden = try Self.golden(name)
    let table = name == "python" ? UnicodeTable.python : UnicodeTable.regex
    #expect(Self.names.count == GeneralCategory.allCases.count)
    var seen = 0
    var wrong: [UInt32] = []
    for (name, category) in zip(Self.names, GeneralCategory.allCases) {
      for range in try #require(golden.category[name]) {
        for codePoint in UInt32(range[0])...UInt32(range[1]) {
          seen += 1
          if table.category(codePoint) != category { wrong.append(codePoint) }
        }
      }
    }
    #expect(seen == Self.codePoints.count)
    #expect(wrong.isEmpty, "\(wrong.count) code points, the first \(wrong.prefix(5))")
    #expect(table.category(.max) == .unassigned)
  }

  @Test func setsOfCategories() {
    let sets: [(UnicodeTable.Categories, String)] = [
      (.letter, "L"), (.mark, "M"), (.number, "N"), (.punctuation, "P"), (.symbol, "S"),
      (.separator, "Z"),
    ]
    for (set, initial) in sets {
      let named = zip(Self.names, GeneralCategory.allCases).filter { $0.0.hasPrefix(initial) }
      #expect(set == UnicodeTable.Categories(named.map(\.1)), "\(initial)")
    }
    #expect(UnicodeTable.Categories.letter.union(.number) == .alphanumeric)
  }

  @Test func spaceAndWords() throws {
    let golden = try Self.golden("python")
    let space = try Self.flags(golden.space)
    let alphanumeric = try Self.flags(golden.alphanumeric)
    let table = UnicodeTable.python
    let wrong = Self.codePoints.filter {
      table.isSpace($0) != space[Int($0)] || table.isAlphanumeric($0) != alphanumeric[Int($0)]
        || table.isWord($0) != (alphanumeric[Int($0)] || $0 == 95)
        || ($0 < 128 && PythonText.isSpaceASCII(UInt8($0)) != space[Int($0)])
    }
    #expect(wrong.isEmpty, "\(wrong.count) code points, the first \(wrong.prefix(5))")
  }

  private static func lower(_ codePoints: [UInt32]) -> [UInt32] {
    var text: [UInt8] = []
    for codePoint in codePoints { UTF8Text.append(codePoint, to: &text) }
    var lowered: [UInt8] = []
    PythonText.appendLower(text, 0..<text.count, to: &lowered)
    return UTF8Text.codePoints(lowered, 0..<lowered.count)
  }

  @Test func lowerCase() throws {
    let golden = try Self.golden("python")
    let expected = Dictionary(
      uniqueKeysWithValues: try #require(golden.lower).map { ($0[0], Array($0.dropFirst())) })
    #expect(expected.count > 1400)
    var wrong: [UInt32] = []
    for codePoint in Self.codePoints where !(0xD800..<0xE000).contains(codePoint) {
      if Self.lower([codePoint]) != expected[codePoint] ?? [codePoint] { wrong.append(codePoint) }
    }
    #expect(wrong.isEmpty, "\(wrong.count) code points, the first \(wrong.prefix(5))")
  }

  /// After every code point, over every one between an A and the sigma, and before every one.
  @Test func finalSigma() throws {
    let golden = try Self.golden("python")
    let after = try Self.flags(golden.sigmaAfter)
    let over = try Self.flags(golden.sigmaOver)
    let before = try Self.flags(golden.sigmaBefore)
    var wrong: [UInt32] = []
    for codePoint in Self.codePoints where !(0xD800..<0xE000).contains(codePoint) {
      let place = Int(codePoint)
      if Self.lower([codePoint, 0x3A3]).last != (after[place] ? 0x3C2 : 0x3C3)
        || Self.lower([65, codePoint, 0x3A3]).last != (over[place] ? 0x3C2 : 0x3C3)
        || Self.lower([65, 0x3A3, codePoint])[1] != (before[place] ? 0x3C2 : 0x3C3)
      {
        wrong.append(codePoint)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) code points, the first \(wrong.prefix(5))")
  }
}
