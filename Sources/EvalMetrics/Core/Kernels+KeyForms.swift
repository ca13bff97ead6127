// Loops over keys in every form in which they were compiled. Like Kernels.swift, this file may use unsafe pointers;
// whoever calls what it offers sees to it that they are valid.

import RowLoops
import RowLoopsAVX2
import RowLoopsAVX512

/// A key as it is sorted: of a float32 score, or of a float64 score.
protocol ScoreKey: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, Sendable {
  /// `KeyRanker.rank` in a form.
  static func rank(
    _ ranker: KeyRanker<Self>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>, by form: RowForm)
}

extension UInt32: ScoreKey {
  @inline(__always)
  static func rank(
    _ ranker: KeyRanker<UInt32>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>, by form: RowForm
  ) {
    switch form {
    case .plain: ranker.rank(i, j, from: end, into: ranks, ties, PlainWindow<UInt32>.self)
    case .avx2: RowLoopsAVX2.rank(ranker, i, j, from: end, into: ranks, ties)
    case .avx512: RowLoopsAVX512.rank(ranker, i, j, from: end, into: ranks, ties)
    }
  }
}

extension UInt64: ScoreKey {
  @inline(__always)
  static func rank(
    _ ranker: KeyRanker<UInt64>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>, by form: RowForm
  ) {
    switch form {
    case .plain: ranker.rank(i, j, from: end, into: ranks, ties, PlainWindow<UInt64>.self)
    case .avx2: RowLoopsAVX2.rank(ranker, i, j, from: end, into: ranks, ties)
    case .avx512: RowLoopsAVX512.rank(ranker, i, j, from: end, into: ranks, ties)
    }
  }
}

extension RowForm {
  @inline(__always)
  func significandSums(
    _ keys: UnsafePointer<UInt32>, _ count: Int, hidden: UInt32
  ) -> SignificandSums {
    switch self {
    case .plain: .of(keys, count, hidden: hidden)
    case .avx2: RowLoopsAVX2.significandSums(keys, count, hidden: hidden)
    case .avx512: RowLoopsAVX512.significandSums(keys, count, hidden: hidden)
    }
  }

  @inline(__always)
  func precisionParts(
    below positives: UnsafePointer<Double>, of allPositives: Double,
    below negatives: UnsafePointer<Double>, of allNegatives: Double, _ count: Int
  ) -> PrecisionParts {
    switch self {
    case .plain:
      .sums(below: positives, of: allPositives, below: negatives, of: allNegatives, count)
    case .avx2:
      RowLoopsAVX2.precisionParts(
        below: positives, of: allPositives, below: negatives, of: allNegatives, count)
    case .avx512:
      RowLoopsAVX512.precisionParts(
        below: positives, of: allPositives, below: negatives, of: allNegatives, count)
    }
  }

  @inline(__always)
  func spread(
    _ start: Int, _ back: UnsafePointer<UInt8>, _ below: UnsafePointer<Int32>,
    _ steps: UnsafeMutablePointer<UInt64>, _ passed: inout UInt64,
    positives: UnsafeMutablePointer<Double>, negatives: UnsafeMutablePointer<Double>
  ) {
    switch self {
    case .plain:
      LayerBlocks.spread(
        start, back, below, steps, &passed, positives: positives, negatives: negatives)
    case .avx2:
      RowLoopsAVX2.spread(
        start, back, below, steps, &passed, positives: positives, negatives: negatives)
    case .avx512:
      RowLoopsAVX512.spread(
        start, back, below, steps, &passed, positives: positives, negatives: negatives)
    }
  }
}
