// The loops of RowLoops in every form in which they were compiled. Like Kernels.swift, this file may use unsafe
// pointers; whoever calls what it offers sees to it that they are valid.

import Processors
import RowLoops
import RowLoopsAVX2
import RowLoopsAVX512

/// A score of a class, with the loops over it in every form.
protocol RowScore: LaneScore {
  static func rankByAVX2(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int
  ) -> RowRank<Self>
  static func rankByAVX2(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Self>
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
  static func rankByAVX512(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Self>
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
  static func rankByAVX2(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Float>
  ) -> RowRank<Float> { RowLoopsAVX2.rank(scores, width, label, copyingTo: copy) }
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
  static func rankByAVX512(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Float>
  ) -> RowRank<Float> { RowLoopsAVX512.rank(scores, width, label, copyingTo: copy) }
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
  static func rankByAVX2(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Double>
  ) -> RowRank<Double> { RowLoopsAVX2.rank(scores, width, label, copyingTo: copy) }
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
  static func rankByAVX512(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Double>
  ) -> RowRank<Double> { RowLoopsAVX512.rank(scores, width, label, copyingTo: copy) }
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
    case .plain: Score.rank(scores, width, label, copyingTo: nil)
    case .avx2: Score.rankByAVX2(scores, width, label)
    case .avx512: Score.rankByAVX512(scores, width, label)
    }
  }

  @inline(__always)
  func rank<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Score>
  ) -> RowRank<Score> {
    switch self {
    case .plain: Score.rank(scores, width, label, copyingTo: copy)
    case .avx2: Score.rankByAVX2(scores, width, label, copyingTo: copy)
    case .avx512: Score.rankByAVX512(scores, width, label, copyingTo: copy)
    }
  }

  @inline(__always)
  func sums<Score: RowScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    switch self {
    case .plain: Exponentials.sums(scores, width, label, most, PlainForm.self)
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
    case .plain: Exponentials.write(scores, width, most, to: target, PlainForm.self)
    case .avx2: Score.writeByAVX2(scores, width, most, target)
    case .avx512: Score.writeByAVX512(scores, width, most, target)
    }
  }

  @inline(__always)
  func countAbove(
    _ scores: UnsafePointer<Double>, _ count: Int, _ own: Double
  ) -> (above: Int, equal: Int) {
    switch self {
    case .plain: RowLoops.countAbove(scores, count, own)
    case .avx2: RowLoopsAVX2.countAbove(scores, count, own)
    case .avx512: RowLoopsAVX512.countAbove(scores, count, own)
    }
  }

  @inline(__always)
  func areFinite(_ numbers: UnsafePointer<Float>, _ count: Int) -> Bool {
    switch self {
    case .plain: RowLoops.areFinite(numbers, count)
    case .avx2: RowLoopsAVX2.areFinite(numbers, count)
    case .avx512: RowLoopsAVX512.areFinite(numbers, count)
    }
  }

  @inline(__always)
  func blockSums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> BlockSums? {
    switch self {
    case .plain: PairBlocks.sums(predictions, targets, count, PlainPairs.self)
    case .avx2: RowLoopsAVX2.blockSums(predictions, targets, count)
    case .avx512: RowLoopsAVX512.blockSums(predictions, targets, count)
    }
  }
}
