// Rows to keys, by label. Like Kernels.swift, this file may use unsafe pointers, and what it offers may
// be called with columns of any size and content.

extension Kernels {
  /// Appends the keys of `scores` to `positives` where the label is not 0, else to `negatives`, as far
  /// as both columns go.
  static func partition(
    scores: [Float], labels: [UInt8],
    positives: inout KeyRuns<UInt32>, negatives: inout KeyRuns<UInt32>
  ) {
    partition(scores, labels, &positives, &negatives) { key($0) }
  }

  /// Appends the keys of `scores` to `positives` where the label is not 0, else to `negatives`, as far
  /// as both columns go.
  static func partition(
    scores: [Double], labels: [UInt8],
    positives: inout KeyRuns<UInt64>, negatives: inout KeyRuns<UInt64>
  ) {
    partition(scores, labels, &positives, &negatives) { key($0) }
  }

  @inline(__always)
  private static func partition<Score, Key: ScoreKey>(
    _ scores: [Score], _ labels: [UInt8],
    _ positives: inout KeyRuns<Key>, _ negatives: inout KeyRuns<Key>,
    key: (Score) -> Key
  ) {
    let block = 2048
    scores.withUnsafeBufferPointer { scores in
      labels.withUnsafeBufferPointer { labels in
        withUnsafeTemporaryAllocation(of: Key.self, capacity: 2 * block) { buffer in
          let count = min(scores.count, labels.count)
          guard let ones = buffer.baseAddress else { return }
          let zeros = ones + block
          var start = 0
          while start < count {
            let end = min(start &+ block, count)
            var one = 0
            var zero = 0
            // Both sides are written on every row and only one advances: nothing is predicted.
            for row in start..<end {
              let k = key(scores[row])
              ones[one] = k
              zeros[zero] = k
              let step = Int(unsafeBitCast(labels[row] != 0, to: UInt8.self))
              one &+= step
              zero &+= 1 &- step
            }
            append(UnsafeBufferPointer(start: ones, count: one), to: &positives)
            append(UnsafeBufferPointer(start: zeros, count: zero), to: &negatives)
            start = end
          }
        }
      }
    }
  }

  @inline(__always)
  private static func append<Key: ScoreKey>(
    _ keys: UnsafeBufferPointer<Key>, to runs: inout KeyRuns<Key>
  ) {
    if keys.isEmpty { return }
    runs.makeRoom(for: keys.count)
    runs.open.append(contentsOf: keys)
  }
}
