import EvalTestSupport
import RowLoops
import Testing

@testable import EvalMetrics

/// Rows of scores of many classes: every form of the loops gives the same bits, and the right numbers.
@Suite struct RowFormTests {
  private struct Rows<Score> {
    var name: String
    var width: Int
    var scores: [Score]
    var labels: [Int32]
  }

  private static let widths = Array(1...70) + [127, 128, 129, 1000, 1003]

  private static func part(_ random: inout SeededGenerator) -> Double {
    Double.random(in: 0..<1, using: &random)
  }

  /// Scores that hurt: ties, zeros of both signs, subnormal numbers, the ends of the range, wide gaps.
  private static func rows<Score: RowScore>(_: Score.Type) -> [Rows<Score>] {
    var random = SeededGenerator(seed: 11)
    let tiny = Score.leastNonzeroMagnitude
    let hazards: [Score] = [
      0, -0.0, tiny, -tiny, 1, 1, -1, 88, -104, 708, -708, -709, 745, 1e4, -1e4,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, Score.leastNormalMagnitude,
    ]
    let makers: [(String, (inout SeededGenerator) -> Score)] = [
      ("logits", { Score(part(&$0) * 20 - 10) }),
      ("ties", { Score(Int(part(&$0) * 4)) }),
      ("zeros", { part(&$0) < 0.5 ? 0 : -0.0 }),
      ("subnormal", { tiny * Score(Int(part(&$0) * 9) - 4) }),
      ("far apart", { Score((part(&$0) - 0.5) * 3000) }),
      // A few so far below the others that they are just, or just not, near the greatest.
      ("a few behind", { Score(part(&$0) < 0.97 ? 334.4 + part(&$0) : part(&$0) / 2 - 0.2) }),
      ("high up", { Score(1234.567 + part(&$0) * 20) }),
      ("low down", { Score(-1e6 + part(&$0) * 20) }),
      ("at the bottom", { -Score.greatestFiniteMagnitude * Score(1 - part(&$0) / 2) }),
      ("far up", { Score(0x1p39 + part(&$0) * 20) }),
      ("out of reach", { Score(0x1p50 + Double(Int(part(&$0) * 9))) }),
      ("hazards", { hazards[Int(part(&$0) * Double(hazards.count))] }),
      ("all equal", { _ in 3 }),
    ]
    var all: [Rows<Score>] = []
    for width in widths {
      for (name, make) in makers {
        // Every place of the label while there are few.
        let labels = width <= 70 ? Array(0..<width) : [0, 7, 8, width / 2, width - 1]
        let scores = (0..<labels.count * width).map { _ in make(&random) }
        all.append(
          Rows(
            name: "\(name) of \(width)", width: width, scores: scores,
            labels: labels.map { Int32($0) }))
      }
    }
    return all + lonely(Score.self)
  }

  /// Rows of which one score is unlike the others: far below them, at every place, or the label's far above.
  private static func lonely<Score: RowScore>(_: Score.Type) -> [Rows<Score>] {
    var random = SeededGenerator(seed: 12)
    var all: [Rows<Score>] = []
    for width in [64, 65, 79, 100] {
      // So far that what is counted in powers of two begins anew, at 1.
      for (far, behind) in [(Score(-2839), 1), (-5678, 9), (-100_000, 2)] {
        var scores: [Score] = []
        for place in 0..<width {
          var row = (0..<width).map { _ in Score(part(&random)) }
          row[place] = far
          scores += row
        }
        all.append(
          Rows(
            name: "\(far) in \(width)", width: width, scores: scores,
            labels: (0..<width).map { Int32(($0 + width - behind) % width) }))
      }
      // Down to where squares are hardly numbers.
      for gap in [300, 334, 335, 340, 355, 365, 371, 500, 700] {
        var scores: [Score] = []
        let labels = [0, 7, 40, width - 1]
        for label in labels {
          var row = (0..<width).map { _ in Score(-Double(gap) - part(&random)) }
          row[label] = 0
          scores += row
        }
        all.append(
          Rows(
            name: "\(gap) ahead of \(width)", width: width, scores: scores,
            labels: labels.map { Int32($0) }))
      }
    }
    return all
  }

  private static func check<Score: RowScore>(_: Score.Type) {
    for rows in rows(Score.self) {
      let (found, sums) = Kernels.logitRows(
        rows.scores, width: rows.width, labels: rows.labels, form: .plain)
      let (best, ranks) = (found.best, found.ranks)
      #expect(found.isFinite)
      let shares = Kernels.softmaxRows(
        rows.scores, width: rows.width, best: best, form: .plain)
      for (row, label) in rows.labels.enumerated() {
        let scores = Array(rows.scores[row * rows.width..<(row + 1) * rows.width])
        let expected = Expected(scores.map(Double.init), Int(label))
        #expect(Int(best[row]) == expected.best, "\(rows.name)")
        #expect(Int(ranks[row]) == expected.rank, "\(rows.name)")
        #expect(isNear(sums[row].sum, expected.sum), "\(rows.name), \(label)")
        #expect(isNear(sums[row].squares, expected.squares), "\(rows.name), \(label)")
        let own = shares[row * rows.width + Int(label)]
        #expect(isNear(own, expected.share), "\(rows.name), \(label)")
      }
      for form in RowForm.usable {
        let other = Kernels.rankRows(
          rows.scores, width: rows.width, labels: rows.labels, form: form)
        #expect(other.best == best && other.ranks == ranks && other.isFinite, "\(form)")
        let (again, bits) = Kernels.logitRows(
          rows.scores, width: rows.width, labels: rows.labels, form: form)
        #expect(again.best == best && again.ranks == ranks && again.isFinite, "\(form)")
        #expect(bits.map(\.sum.bitPattern) == sums.map(\.sum.bitPattern), "\(form), \(rows.name)")
        #expect(
          bits.map(\.squares.bitPattern) == sums.map(\.squares.bitPattern),
          "\(form), \(rows.name)")
        let others = Kernels.softmaxRows(
          rows.scores, width: rows.width, best: best, form: form)
        #expect(others.map(\.bitPattern) == shares.map(\.bitPattern), "\(form), \(rows.name)")
      }
    }
  }

  /// One by one, with the C library's exponential.
  private struct Expected {
    var best = 0
    var rank = 0
    var sum = 0.0
    var squares = 0.0
    var share = 0.0

    init(_ scores: [Double], _ label: Int) {
      for (place, x) in scores.enumerated() {
        if x > scores[best] { best = place }
        if x > scores[label] || (x == scores[label] && place < label) { rank += 1 }
      }
      for (place, x) in scores.enumerated() where place != label {
        let e = Elementary.exp(x - scores[best])
        sum += e
        squares += e * e
      }
      let own = Elementary.exp(scores[label] - scores[best])
      share = own / (sum + own)
    }
  }

  /// Sums of what lies far below are nothing beside any other term, and may be any such thing.
  private static func isNear(_ a: Double, _ b: Double) -> Bool {
    abs(a - b) <= 2e-13 * b + 1e-300
  }

  @Test func floatsHaveTheSameBitsInEveryForm() { Self.check(Float.self) }

  @Test func doublesHaveTheSameBitsInEveryForm() { Self.check(Double.self) }

  /// A product and a sum that are rounded once, made of operations that each round, are as the processor or the C
  /// library has them: also where what is left out of the first sum is a tie, or nearly one.
  @Test func fusedInPartsIsFused() {
    var generator = LawGenerator(17)
    func power(_ range: Range<Int>) -> Double {
      Double(sign: .plus, exponent: generator.integer(range), significand: 1)
    }
    var wrong = 0
    for _ in 0..<20_000 {
      var (x, y, z) = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
      for lane in 0..<8 {
        let sign = generator.integer(0..<2) == 0 ? 1.0 : -1
        if lane < 4 {
          z[lane] = 1 + Double(generator.integer(0..<8)) * .ulpOfOne
          x[lane] = sign * (1 + Double(generator.integer(-2..<3)) * power(-54 ..< -26)) * 0x1p-26
          y[lane] =
            (Double(generator.integer(1..<9)) + Double(generator.integer(-2..<3)) * 0x1p-48)
            * power(-32 ..< -25)
        } else {
          z[lane] = generator.normal() + sign * 9
          x[lane] = generator.normal() / 8
          y[lane] = generator.normal() / 8 * power(-40..<1)
        }
      }
      if generator.integer(0..<100) == 0 { x[generator.integer(0..<8)] = 0 }
      let found = PlainForm.fusedInParts(x, y, plus: z)
      for lane in 0..<8 where found[lane] != z[lane].addingProduct(x[lane], y[lane]) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// The same of a product and the integer next to it, also where that is zero, half of one away or a tie.
  @Test func remaindersInPartsAreFused() {
    var generator = LawGenerator(19)
    let scale = 0x1.71547652b82fep4
    var wrong = 0
    for round in 0..<20_000 {
      var (x, n) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      for lane in 0..<8 {
        switch round % 4 {
        case 0: x[lane] = -708 * Double(generator.integer(0..<1 << 50)) * 0x1p-50
        case 1: x[lane] = -Double(Float(generator.normal() * 8).magnitude)
        // Products near integers, and near the middle between two.
        case 2: x[lane] = -Double(generator.integer(0..<32_000)) / (2 * scale)
        default: x[lane] = -Double(generator.integer(0..<9)) * 0x1p-60
        }
        n[lane] = -(x[lane] * scale).rounded(.toNearestOrEven)
      }
      let y = SIMD8<Double>(repeating: scale)
      let found = PlainForm.remainderInParts(x, y, plus: n)
      for lane in 0..<8 where found[lane] != n[lane].addingProduct(x[lane], y[lane]) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// The same of a square and a sum of squares, which may be of any size beside it.
  @Test func squaresInPartsAreFused() {
    var generator = LawGenerator(29)
    var wrong = 0
    for _ in 0..<20_000 {
      var (x, z) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      for lane in 0..<8 {
        let power = Double(sign: .plus, exponent: generator.integer(-483..<1), significand: 1)
        if lane < 6 {
          let beside = generator.integer(-60..<60)
          // Those of few digits make ties.
          x[lane] = lane < 3 ? 1 + generator.unit() : 1 + Double(generator.integer(0..<9)) * 0x1p-27
          z[lane] = x[lane] * x[lane] * Double(sign: .plus, exponent: beside, significand: 1)
          z[lane] *= lane % 2 == 0 ? 1 : 1 + Double(generator.integer(-9..<9)) * .ulpOfOne
        } else {
          // Nearly a tie, which only the last digit of the square decides.
          x[lane] = 1.nextDown
          z[lane] = 1 + Double(generator.integer(0..<9)) * 0x1p-51
        }
        x[lane] *= power
        z[lane] = z[lane] * power * power
        if generator.integer(0..<50) == 0 { z[lane] = 0 }
        if generator.integer(0..<50) == 0 { x[lane] = generator.integer(0..<2) == 0 ? 0 : -0.0 }
      }
      let found = PlainForm.squareInParts(x, plus: z)
      for lane in 0..<8 where found[lane] != z[lane].addingProduct(x[lane], x[lane]) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test func hitsAreCountedAsSortingRanksThem() {
    var generator = LawGenerator(23)
    for count in [0, 1, 7, 8, 9, 64, 200, 1000] {
      for distinct in [5, 1000, 1_000_000] {
        let scores = (0..<count + 6).map { _ in
          Double(generator.integer(0..<distinct)) - Double(distinct / 2)
        }
        let relevances = (0..<count + 6).map { _ in
          Double(max(0, generator.integer(-30..<4)))
        }
        let rows = 3..<3 + count
        let hits = rows.filter { relevances[$0] > 0 }
        let ties = hits.contains { hit in rows.count { scores[$0] == scores[hit] } > 1 }
        let wanted = hits.map { hit in
          CountedHit(
            rank: Int32(1 + rows.count { scores[$0] > scores[hit] }), relevance: relevances[hit])
        }
        for form in RowForm.usable {
          let found = Kernels.countedHits(scores, relevances, rows, form: form)
          if ties || hits.count > Kernels.mostCounted {
            #expect(found == nil, "\(form), \(count) of \(distinct)")
          } else {
            #expect(found == wanted.sorted { $0.rank < $1.rank }, "\(form), \(count)")
          }
        }
      }
    }
  }

  @Test func whatIsNotRetrievedOrNotJudgedIsNotCounted() {
    let scores = [3.0, 2, 1, -0.0]
    #expect(
      Kernels.countedHits(scores, [0, 2, 0, 1], 0..<4)
        == [CountedHit(rank: 2, relevance: 2), CountedHit(rank: 4, relevance: 1)])
    #expect(Kernels.countedHits(scores, [0, 2, .nan, 1], 0..<4) == nil)
    #expect(Kernels.countedHits(scores, [0, 2, -1, 1], 0..<4) == nil)
    #expect(Kernels.countedHits([3, .nan, 1, 0], [0, 2, 0, 1], 0..<4) == nil)
    #expect(Kernels.countedHits([3, 0.0, 1, -0.0], [0, 2, 0, 0], 0..<4) == nil)
    #expect(Kernels.countedHits(scores, [0, 0, 0, 0], 0..<9) == [])
  }

  @Test func whatIsNotFiniteIsFoundAtEveryPlace() {
    for form in RowForm.usable {
      for width in [1, 7, 8, 15, 16, 17, 33, 70] {
        for place in 0..<width {
          for bad in [Float.nan, .infinity, -.infinity] {
            var scores = [Float](repeating: 0.5, count: width)
            scores[place] = bad
            let single = Kernels.rankRows(scores, width: width, labels: [0], form: form)
            #expect(!single.isFinite, "\(form), \(place) of \(width)")
            let double = Kernels.rankRows(
              scores.map(Double.init), width: width, labels: [0], form: form)
            #expect(!double.isFinite, "\(form), \(place) of \(width)")
          }
        }
      }
    }
  }
}
