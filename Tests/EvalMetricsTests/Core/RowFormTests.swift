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

  /// Scores that hurt: ties, zeros of both signs, subnormal numbers, the ends of the range, wide gaps.
  private static func rows<Score: RowScore>(_: Score.Type) -> [Rows<Score>] {
    var random = SeededGenerator(seed: 11)
    let tiny = Score.leastNonzeroMagnitude
    let hazards: [Score] = [
      0, -0.0, tiny, -tiny, 1, 1, -1, 88, -104, 708, -708, -709, 745, 1e4, -1e4,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, Score.leastNormalMagnitude,
    ]
    let makers: [(String, (inout SeededGenerator) -> Score)] = [
      ("logits", { Score(Double.random(in: 0..<1, using: &$0) * 20 - 10) }),
      ("ties", { Score(Int(Double.random(in: 0..<1, using: &$0) * 4)) }),
      ("zeros", { Double.random(in: 0..<1, using: &$0) < 0.5 ? 0 : -0.0 }),
      ("subnormal", { tiny * Score(Int(Double.random(in: 0..<1, using: &$0) * 9) - 4) }),
      ("far apart", { Score((Double.random(in: 0..<1, using: &$0) - 0.5) * 3000) }),
      ("hazards", { hazards[Int(Double.random(in: 0..<1, using: &$0) * Double(hazards.count))] }),
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
    return all
  }

  private static func check<Score: RowScore>(_: Score.Type) {
    for rows in rows(Score.self) {
      let (best, ranks, isFinite) = Kernels.rankRows(
        rows.scores, width: rows.width, labels: rows.labels, form: .plain)
      #expect(isFinite)
      let sums = Kernels.exponentialRows(
        rows.scores, width: rows.width, labels: rows.labels, best: best, form: .plain)
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
        let bits = Kernels.exponentialRows(
          rows.scores, width: rows.width, labels: rows.labels, best: best, form: form)
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
