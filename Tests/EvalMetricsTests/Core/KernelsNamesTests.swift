import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct KernelsNamesTests {
  @Test func integersAreWrittenAsSwiftWritesThem() {
    var numbers: [Int64] = [0, 1, -1, 9, 10, -10, 99, 100, .max, .min, .max - 1]
    var power: Int64 = 1
    for _ in 0..<18 {
      power *= 10
      numbers += [power - 1, power, power + 1, -power, 1 - power]
    }
    let texts = Kernels.decimalTexts(numbers)
    #expect(numbers.indices.map(texts.text) == numbers.map(String.init))
    let large: [UInt64] = [0, .max, 1 << 63, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000]
    let written = Kernels.decimalTexts(large)
    #expect(large.indices.map(written.text) == large.map(String.init))
    // The last text, where nothing is behind it, of each length.
    for number in numbers {
      #expect(Kernels.decimalTexts([number]).text(0) == String(number))
      #expect(Kernels.decimalTexts([number]).bytes.count == String(number).utf8.count)
    }
    var generator = LawGenerator(3)
    let random = (0..<5000).map { _ in Int64(generator.integer(0..<200_000_000)) }
    let shown = Kernels.decimalTexts(random)
    #expect(random.indices.map(shown.text) == random.map(String.init))
    #expect(Kernels.decimalTexts([Int8]()).count == 0)
    #expect(Kernels.decimalTexts([Int8.min]).text(0) == "-128")
  }

  private static func firstTwice(
    _ names: [String], _ codes: [Int32], vacant: Set<Int> = []
  ) -> Int? {
    var texts = TextColumn()
    for name in names { texts.append(name) }
    return Kernels.firstTwice(texts, codes, key: 7, vacant: vacant.contains)
  }

  @Test func aNameIsTwiceOnlyInOneQuery() {
    #expect(Self.firstTwice([], []) == nil)
    #expect(Self.firstTwice(["a", "b", "a"], [0, 0, 1]) == nil)
    #expect(Self.firstTwice(["a", "b", "a", "b"], [0, 0, 0, 0]) == 2)
    #expect(Self.firstTwice(["", "", "x"], [0, 0, 0]) == 1)
    #expect(Self.firstTwice(["", "", "x"], [0, 0, 0], vacant: [0, 1]) == nil)
    // Names of a length of words and more, which differ in one byte.
    let long = ["aaaaaaaabbbbbbbbc", "aaaaaaaabbbbbbbbd", "aaaaaaaabbbbbbbb"]
    #expect(Self.firstTwice(long, [3, 3, 3]) == nil)
    #expect(Self.firstTwice(long + [long[1]], [3, 3, 3, 3]) == 3)
  }

  @Test func theFirstOfManyIsFound() {
    var generator = LawGenerator(5)
    let names = (0..<3000).map { _ in "d\(generator.integer(0..<2000))" }
    let scattered = (0..<3000).map { _ in Int32(generator.integer(0..<40)) }
    // Those of a code side by side, of which the first that holds a name twice is found.
    for codes in [scattered, scattered.sorted(), (0..<3000).map { Int32($0 / 60) }] {
      var seen: Set<String> = []
      let wanted = names.indices.first { !seen.insert("\(codes[$0]) \(names[$0])").inserted }
      #expect(wanted != nil)
      #expect(Self.firstTwice(names, codes) == wanted)
    }
  }

  /// Long lists are sorted by digits, short ones by merging; both keep the order of equal keys.
  @Test(arguments: [0, 1, 11, 12, 13, 199, 200, 201, 1000, 5000]) func keyedRows(_ count: Int) {
    var generator = LawGenerator(UInt64(count) + 9)
    let keys: [(inout LawGenerator) -> UInt64] = [
      { $0.next() }, { $0.next() & 0xFF00 }, { UInt64($0.integer(0..<7)) << 61 }, { _ in 3 },
      { Kernels.key(Double(Float($0.normal()))) },
    ]
    var scratch: [KeyedRow] = []
    for key in keys {
      let rows = (0..<count).map { KeyedRow(key: key(&generator), row: $0) }
      var sorted = rows
      Kernels.sort(&sorted, scratch: &scratch)
      let wanted = rows.sorted { ($0.key, $0.row) < ($1.key, $1.row) }
      #expect(sorted.map(\.row) == wanted.map(\.row))
    }
  }
}
