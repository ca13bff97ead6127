// Rows of scores of many classes. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size and content.
//
// The loops themselves are in RowLoops. A row is read twice at most: once for its greatest score and the rank of its
// label, and for logits once more for the sums of exponentials. Sums run in lanes of fixed number, so a row's have
// the same bits in every batch.

import Processors
import RowLoops
import RowLoopsAVX2
import RowLoopsAVX512

/// A score of a class, with the loops over it in every form.
protocol RowScore: LaneScore {
  static func rankByAVX2(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int
  ) -> RowRank<Self>
  static func sumsByAVX2(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums
  static func writeByAVX2(
    _ scores: UnsafePointer<Self>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double
  static func rankByAVX512(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int
  ) -> RowRank<Self>
  static func sumsByAVX512(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums
  static func writeByAVX512(
    _ scores: UnsafePointer<Self>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double
}

extension Float: RowScore {
  @inline(__always)
  static func rankByAVX2(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int
  ) -> RowRank<Float> { RowLoopsAVX2.rank(scores, width, label) }
  @inline(__always)
  static func sumsByAVX2(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { RowLoopsAVX2.sums(scores, width, label, most) }
  @inline(__always)
  static func writeByAVX2(
    _ scores: UnsafePointer<Float>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double { RowLoopsAVX2.write(scores, width, most, to: target) }

  @inline(__always)
  static func rankByAVX512(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int
  ) -> RowRank<Float> { RowLoopsAVX512.rank(scores, width, label) }
  @inline(__always)
  static func sumsByAVX512(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { RowLoopsAVX512.sums(scores, width, label, most) }
  @inline(__always)
  static func writeByAVX512(
    _ scores: UnsafePointer<Float>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double { RowLoopsAVX512.write(scores, width, most, to: target) }
}

extension Double: RowScore {
  @inline(__always)
  static func rankByAVX2(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int
  ) -> RowRank<Double> { RowLoopsAVX2.rank(scores, width, label) }
  @inline(__always)
  static func sumsByAVX2(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { RowLoopsAVX2.sums(scores, width, label, most) }
  @inline(__always)
  static func writeByAVX2(
    _ scores: UnsafePointer<Double>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double { RowLoopsAVX2.write(scores, width, most, to: target) }

  @inline(__always)
  static func rankByAVX512(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int
  ) -> RowRank<Double> { RowLoopsAVX512.rank(scores, width, label) }
  @inline(__always)
  static func sumsByAVX512(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { RowLoopsAVX512.sums(scores, width, label, most) }
  @inline(__always)
  static func writeByAVX512(
    _ scores: UnsafePointer<Double>, _ width: Int, _ most: Double,
    _ target: UnsafeMutablePointer<Double>
  ) -> Double { RowLoopsAVX512.write(scores, width, most, to: target) }
}

/// The loops over a row in one of the forms in which they were compiled; all of them give the same bits.
enum RowForm: CaseIterable {
  case plain
  case avx2
  case avx512

  /// Those that the processor has, the fastest last.
  static let usable: [RowForm] = allCases.filter { form in
    switch form {
    case .plain: true
    case .avx2: Processor.hasAVX2
    case .avx512: Processor.hasAVX512
    }
  }

  static let best = usable.last ?? .plain
}

extension RowForm {
  @inline(__always)
  func rank<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int
  ) -> RowRank<Score> {
    switch self {
    case .plain: Score.rank(scores, width, label)
    case .avx2: Score.rankByAVX2(scores, width, label)
    case .avx512: Score.rankByAVX512(scores, width, label)
    }
  }

  @inline(__always)
  func sums<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    switch self {
    case .plain: Exponentials.sums(scores, width, label, most)
    case .avx2: Score.sumsByAVX2(scores, width, label, most)
    case .avx512: Score.sumsByAVX512(scores, width, label, most)
    }
  }

  @inline(__always)
  func write<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    switch self {
    case .plain: Exponentials.write(scores, width, most, to: target)
    case .avx2: Score.writeByAVX2(scores, width, most, target)
    case .avx512: Score.writeByAVX512(scores, width, most, target)
    }
  }
}

extension Kernels {
  /// For each row the class of the greatest score, the first of equal ones, and the rank of the label: how many
  /// classes have a greater score, or an equal one and come earlier. A label of no class has rank -1.
  ///
  /// `isFinite` tells whether every score is; where one is not, its row means nothing.
  static func rankRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], form: RowForm = .best
  ) -> (best: [Int32], ranks: [Int32], isFinite: Bool) {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var best = [Int32](repeating: 0, count: rows)
    var ranks = [Int32](repeating: -1, count: rows)
    var isFinite = true
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = Int(labels[row])
        let hasLabel = label >= 0 && label < width
        let found = form.rank(scores, width, hasLabel ? label : 0)
        isFinite = isFinite && found.isFinite
        if hasLabel { ranks[row] = Int32(truncatingIfNeeded: found.rank) }
        // A label that nothing beats is the best class.
        best[row] =
          hasLabel && found.rank == 0
          ? labels[row] : firstIndex(of: found.greatest, scores, width)
      }
    }
    return (best, ranks, isFinite)
  }

  private static func firstIndex<Score: RowScore>(
    of greatest: Score, _ scores: UnsafePointer<Score>, _ width: Int
  ) -> Int32 {
    // Sixteen at a time, since a branch for each would cost more.
    var place = 0
    while place &+ 16 <= width {
      var hits = 0
      for other in place..<place &+ 16 { hits |= scores[other] == greatest ? 1 : 0 }
      if hits != 0 { break }
      place &+= 16
    }
    while place < width {
      if scores[place] == greatest { return Int32(truncatingIfNeeded: place) }
      place &+= 1
    }
    return 0
  }

  /// For each row of logits the sums over all classes but the label's. Labels and best classes are those of `rankRows`.
  static func exponentialRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32], best: [Int32], form: RowForm = .best
  ) -> [ExponentialSums] {
    let rows = width > 0 ? min(labels.count, best.count, scores.count / width) : 0
    var sums = [ExponentialSums](repeating: ExponentialSums(), count: rows)
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = min(max(Int(labels[row]), 0), width - 1)
        sums[row] = form.sums(scores, width, label, Double(scores[Int(best[row])]))
      }
    }
    return sums
  }

  /// The probability of each class, of rows of logits.
  static func softmaxRows<Score: RowScore>(
    _ scores: [Score], width: Int, best: [Int32], form: RowForm = .best
  ) -> [Double] {
    let rows = width > 0 ? min(best.count, scores.count / width) : 0
    return [Double](unsafeUninitializedCapacity: rows * width) { result, written in
      scores.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress, let target = result.baseAddress else { return }
        for row in 0..<rows {
          let (scores, target) = (first + row &* width, target + row &* width)
          let most = Double(scores[Int(best[row])])
          let sum = form.write(scores, width, most, to: target)
          for place in 0..<width {
            let x = Double(scores[place]) - most
            // So far down numbers still have an order, and a rank is made of it.
            target[place] = (x < -708 ? Elementary.exp(x) : target[place]) / sum
          }
        }
      }
      written = rows * width
    }
  }

  /// For each row of probabilities the sum of their squares over all classes but the label's.
  static func squareRows<Score: RowScore>(
    _ scores: [Score], width: Int, labels: [Int32]
  ) -> [Double] {
    let rows = width > 0 ? min(labels.count, scores.count / width) : 0
    var sums = [Double](repeating: 0, count: rows)
    scores.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return }
      for row in 0..<rows {
        let scores = first + row &* width
        let label = min(max(Int(labels[row]), 0), width - 1)
        sums[row] =
          squares(scores, 0..<label) + squares(scores, (label + 1)..<width)
      }
    }
    return sums
  }

  @inline(__always)
  private static func squares<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ range: Range<Int>
  ) -> Double {
    var lanes = SIMD4<Double>.zero
    var rest = 0.0
    var place = range.lowerBound
    while place &+ 4 <= range.upperBound {
      let x = SIMD4<Double>(
        Double(scores[place]), Double(scores[place &+ 1]), Double(scores[place &+ 2]),
        Double(scores[place &+ 3]))
      lanes += x * x
      place &+= 4
    }
    while place < range.upperBound {
      let x = Double(scores[place])
      rest += x * x
      place &+= 1
    }
    return rest + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
  }

  /// Whether every score is in [0, 1].
  static func areProbabilities<Score: RowScore>(_ scores: [Score]) -> Bool {
    // A branch for each would cost more than the comparisons.
    var outside = 0
    for x in scores { outside |= (x >= 0 ? 0 : 1) | (x <= 1 ? 0 : 1) }
    return outside == 0
  }
}
