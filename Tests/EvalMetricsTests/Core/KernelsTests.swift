import Testing

@testable import EvalMetrics

@Suite struct KernelsTests {
  private let floats: [Float] = [
    -.infinity, -.greatestFiniteMagnitude, -1.5, -1, -.leastNormalMagnitude,
    -.leastNonzeroMagnitude, 0, .leastNonzeroMagnitude, .leastNormalMagnitude, 0.5,
    Float(0.5).nextUp,
    1, .pi, .greatestFiniteMagnitude, .infinity,
  ]

  @Test func keysKeepTheOrderAndComeBack() {
    for (x, y) in zip(floats, floats.dropFirst()) {
      #expect(Kernels.key(x) < Kernels.key(y))
      #expect(Kernels.key(Double(x)) < Kernels.key(Double(y)))
    }
    for x in floats {
      #expect(Kernels.float(Kernels.key(x)).bitPattern == x.bitPattern)
      #expect(Kernels.double(Kernels.key(Double(x))).bitPattern == Double(x).bitPattern)
    }
    #expect(Kernels.key(-0.0 as Float) == Kernels.key(0.0 as Float))
    #expect(Kernels.key(-0.0 as Double) == Kernels.key(0.0 as Double))
    var random = SeededGenerator(seed: 11)
    for _ in 0..<2_000 {
      let (x, y) = (random.double(), random.double())
      #expect((Kernels.key(x) < Kernels.key(y)) == (x < y))
      #expect(Kernels.double(Kernels.key(x)) == x)
    }
  }

  /// The value of a number of 16 bits, from the definition of its format.
  private func value(_ bits: UInt16, exponentBits: Int, fractionBits: Int) -> Double {
    let bias = 1 << (exponentBits - 1) - 1
    let field = Int(bits & 0x7FFF) >> fractionBits
    let fraction = Double(Int(bits) & (1 << fractionBits - 1)) / Double(1 << fractionBits)
    let sign: Double = bits >> 15 == 1 ? -1 : 1
    if field == 1 << exponentBits - 1 { return fraction == 0 ? sign * .infinity : .nan }
    if field == 0 {
      return sign * Double(sign: .plus, exponent: 1 - bias, significand: 1) * fraction
    }
    return sign * Double(sign: .plus, exponent: field - bias, significand: 1) * (1 + fraction)
  }

  @Test func everyNumberOfSixteenBitsIsWidenedExactly() {
    let all = (0...UInt16.max).map { $0 }
    let halves = Kernels.doubles(half: all)
    let brains = Kernels.doubles(bfloat16: all)
    #expect(Kernels.floats(half: all).map(Double.init).elementsEqual(halves, by: same))
    #expect(Kernels.floats(bfloat16: all).map(Double.init).elementsEqual(brains, by: same))
    var wrong = 0
    for (index, bits) in all.enumerated() {
      if !same(halves[index], value(bits, exponentBits: 5, fractionBits: 10)) { wrong += 1 }
      if !same(brains[index], value(bits, exponentBits: 8, fractionBits: 7)) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  private func same(_ x: Double, _ y: Double) -> Bool {
    x.isNaN ? y.isNaN : x.bitPattern == y.bitPattern
  }

  @Test func keysOfSixteenBitsKeepTheOrder() {
    let all = (0...UInt16.max).map { $0 }
    for values in [Kernels.doubles(half: all), Kernels.doubles(bfloat16: all)] {
      let ordered = all.filter { !values[Int($0)].isNaN }
        .sorted { Kernels.key16($0) < Kernels.key16($1) }
      var wrong = 0
      for (a, b) in zip(ordered, ordered.dropFirst()) {
        let equalKeys = Kernels.key16(a) == Kernels.key16(b)
        if values[Int(a)] > values[Int(b)] || equalKeys != (values[Int(a)] == values[Int(b)]) {
          wrong += 1
        }
      }
      #expect(wrong == 0)
    }
    for bits in all where bits != 0x8000 {
      if Kernels.bits16(Kernels.key16(bits)) != bits { Issue.record("\(bits) does not come back") }
    }
  }

  @Test(arguments: [0, 1, 7, 2_047, 2_048, 2_049, 10_000])
  func partitionIsAFilter(count: Int) {
    var random = SeededGenerator(seed: 12)
    let scores = (0..<count).map { _ in Float(random.double(spread: 20)) }
    let labels = (0..<count).map { _ in UInt8(random.next() % 3) }
    let rows = zip(scores, labels)
    var positives = KeyRuns<UInt32>()
    positives.open = [7]
    var negatives = KeyRuns<UInt32>()
    Kernels.partition(
      scores: scores + [1], labels: labels, positives: &positives, negatives: &negatives)
    #expect(positives.open == [7] + rows.filter { $0.1 != 0 }.map { Kernels.key($0.0) })
    #expect(negatives.open == rows.filter { $0.1 == 0 }.map { Kernels.key($0.0) })
    var wide = KeyRuns<UInt64>()
    var wideNegatives = KeyRuns<UInt64>()
    wideNegatives.open = [9]
    Kernels.partition(
      scores: scores.map(Double.init), labels: labels + [1], positives: &wide,
      negatives: &wideNegatives)
    #expect(wide.open == rows.filter { $0.1 != 0 }.map { Kernels.key(Double($0.0)) })
    #expect(wideNegatives.open == [9] + rows.filter { $0.1 == 0 }.map { Kernels.key(Double($0.0)) })
  }

  @Test func countTableCounts() {
    var random = SeededGenerator(seed: 13)
    let keys = (0..<5_000).map { _ in UInt16(truncatingIfNeeded: random.next() % 300) } + [65_535]
    let labels = keys.map { _ in UInt8(random.next() % 2) }
    var positives: [Int] = []
    var negatives = [1, 2, 3]
    for _ in 0..<2 {
      Kernels.countTable(
        keys: keys, labels: labels, positives: &positives, negatives: &negatives)
    }
    #expect(positives.count == 65_536 && negatives.count == 65_536)
    for (key, label) in [(0, 1), (17, 1), (299, 1), (65_535, 1), (65_535, 0), (299, 0)] {
      let count = zip(keys, labels).filter { Int($0.0) == key && Int($0.1) == label }.count
      #expect((label == 1 ? positives : negatives)[key] == 2 * count)
    }
    #expect(positives.reduce(0, +) + negatives.reduce(0, +) == 2 * keys.count)
  }

  @Test(arguments: [0, 1, 15, 32, 63, 1_024, 1_025, 3_000])
  func checksFindTheFirstRow(count: Int) {
    let plain = [Double](repeating: 0.5, count: count)
    #expect(Kernels.firstNonFinite(plain) == nil)
    #expect(Kernels.firstNonFinite(plain.map(Float.init)) == nil)
    #expect(Kernels.firstOutside(plain, 0.5, 0.5) == nil)
    #expect(Kernels.firstOutside(plain.map(Float.init), 0, 1) == nil)
    for place in [0, count / 2, count - 1] where place >= 0 && place < count {
      for odd in [Double.nan, .infinity, -.infinity, -0.01, 1.01, .greatestFiniteMagnitude] {
        var xs = plain
        xs[place] = odd
        xs[count - 1] = odd
        let found = odd.isFinite ? nil : place
        #expect(Kernels.firstNonFinite(xs) == found)
        #expect(Kernels.firstOutside(xs, 0, 1) == place)
        let single = xs.map { Float($0) }
        for form in RowForm.usable {
          #expect(
            Kernels.firstNonFinite(single, form: form) == (Float(odd).isFinite ? nil : place))
        }
        #expect(Kernels.firstOutside(single, 0, 1) == place)
      }
    }
    #expect(Kernels.firstOutside(plain, .nan, 1) == (count == 0 ? nil : 0))
    #expect(
      Kernels.firstNonFinite([-.greatestFiniteMagnitude, -0.0, .leastNonzeroMagnitude] as [Double])
        == nil)
  }
}
