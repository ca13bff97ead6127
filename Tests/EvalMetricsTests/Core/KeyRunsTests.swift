import Locks
import Testing

@testable import EvalMetrics

private func equal<T: Equatable>(_ a: [T], _ b: [T]) -> Bool { a == b }

/// Keys in chunks: what comes in comes out in order, however it was cut.
@Suite struct KeyRunsTests {
  /// Cuts keys into chunks of uneven lengths, some of them empty.
  private static func cut<Key>(_ keys: [Key], _ random: inout SeededGenerator) -> [[Key]] {
    var chunks: [[Key]] = []
    var start = 0
    while start < keys.count {
      let end = min(keys.count, start + Int.random(in: 0...(keys.count / 4 + 1), using: &random))
      chunks.append(Array(keys[start..<end]))
      start = end
    }
    return chunks
  }

  @Test(arguments: KeyShape.allCases) func `sorting chunks is sorting the keys`(shape: KeyShape) {
    var random = SeededGenerator(seed: 31)
    // Beyond 131,072 keys chunks are scattered straight into buckets.
    for count in [0, 1, 700, 20_000, 131_072, 131_073, 300_000] {
      let narrow = shape.narrow(count, &random)
      var chunks = Self.cut(narrow, &random)
      #expect(equal(Kernels.sort(&chunks), narrow.sorted()), "\(count) narrow keys")
      #expect(chunks.isEmpty)
      if count > 20_000 && shape != .uniform { continue }
      let wide = shape.keys(count, &random)
      var wideChunks = Self.cut(wide, &random)
      #expect(equal(Kernels.sort(&wideChunks), wide.sorted()), "\(count) wide keys")
    }
  }

  @Test func `keys that are appended in blocks are all there`() {
    var random = SeededGenerator(seed: 32)
    var runs = KeyRuns<UInt32>()
    var all: [UInt32] = []
    // Past the size from which chunks are large.
    while all.count < 1_300_000 {
      let block = (0..<Int.random(in: 1...2048, using: &random)).map { _ in
        UInt32(truncatingIfNeeded: random.next())
      }
      runs.makeRoom(for: block.count)
      runs.open += block
      all += block
      // A chunk with too little room is put away, never grown beyond its size.
      #expect(runs.open.capacity < 1 << 21)
    }
    #expect(runs.count == all.count)
    #expect(runs.byteCount <= all.count * 8)
    #expect(equal(runs.sort(using: Kernels.sort, Kernels.merge), all.sorted()))
    #expect(runs.byteCount <= all.count * 6)
  }

  @Test func `what a copy has sorted is taken over, and keys since then stay`() {
    var random = SeededGenerator(seed: 33)
    var runs = KeyRuns<UInt32>()
    var all: [UInt32] = []
    func append(_ count: Int) {
      for _ in 0..<count {
        let key = UInt32(truncatingIfNeeded: random.next())
        runs.makeRoom(for: 1)
        runs.open.append(key)
        all.append(key)
      }
    }
    for (before, since) in [(10, 0), (70_000, 5), (3, 200_000), (0, 7), (66_000, 66_000)] {
      append(before)
      var copy = runs
      _ = copy.sort(using: Kernels.sort, Kernels.merge)
      append(since)
      runs.adoptSorted(copy)
      // Once more changes nothing.
      runs.adoptSorted(copy)
      #expect(runs.count == all.count, "\(before) and \(since)")
      var sorted = runs
      #expect(
        equal(sorted.sort(using: Kernels.sort, Kernels.merge), all.sorted()),
        "\(before) and \(since)")
    }
  }

  @Test func `a large column is as long as it was asked to be`() {
    for count in [0, 1, 1_048_559, 1_048_560, 1_048_561, 1_500_000] {
      let column: [UInt32] = LargeColumns.make(count: count) { room in
        for place in room.indices { room[place] = UInt32(place) }
      }
      #expect(column.count == count)
      #expect(column.last.map { Int($0) + 1 } ?? 0 == count)
      let empty: [UInt64] = LargeColumns.empty(capacity: count)
      #expect(empty.isEmpty && empty.capacity >= count)
    }
  }

  @Test func `what is handed in is told of large columns only`() {
    let told = Told()
    LargeColumns.advise { told.add($0.count) }
    defer { LargeColumns.advise { _ in } }
    let small: [UInt8] = LargeColumns.make(count: 12_345) { $0.initialize(repeating: 7) }
    let large: [UInt8] = LargeColumns.make(count: 9_876_543) { $0.initialize(repeating: 7) }
    #expect(small.count + large.count == 12_345 + 9_876_543)
    // Other tests run beside this one, so there may be more.
    #expect(told.sizes.contains { $0 >= 9_876_543 })
    #expect(!told.sizes.contains { $0 < 4_000_000 })
  }
}

private final class Told: Sendable {
  private let all = Lock<[Int]>([])
  var sizes: [Int] { all.withLock(\.self) }
  func add(_ size: Int) { all.withLock { $0.append(size) } }
}
