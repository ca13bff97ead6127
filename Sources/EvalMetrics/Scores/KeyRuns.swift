/// Keys of scores as they come: appended to chunks, sorted only when a question needs it.
///
/// Appending costs the same however many there are, and a copy of the runs shares every full chunk.
/// An eager LSM tree would halve the first answer and cost four times as much on every push.
struct KeyRuns<Key: ScoreKey>: Sendable {
  /// Ascending, all of them together what was sorted so far.
  private(set) var sorted: [[Key]] = []
  private var chunks: [[Key]] = []
  /// The chunk that is being filled.
  var open: [Key] = []

  static var chunkCapacity: Int { 65_536 }

  var count: Int {
    sorted.reduce(0) { $0 + $1.count } + chunks.reduce(0) { $0 + $1.count } + open.count
  }

  var isEmpty: Bool { open.isEmpty && chunks.isEmpty && sorted.isEmpty }

  var byteCount: Int {
    let chunked = chunks.reduce(open.capacity) { $0 + $1.capacity }
    return (sorted.reduce(chunked) { $0 + $1.capacity }) * MemoryLayout<Key>.size
  }

  /// Puts a full chunk away.
  mutating func seal() {
    if open.count >= Self.chunkCapacity {
      chunks.append(open)
      open = []
      open.reserveCapacity(Self.chunkCapacity)
    }
  }

  mutating func merge(_ other: KeyRuns) {
    sorted += other.sorted
    chunks += other.chunks
    if !other.open.isEmpty { chunks.append(other.open) }
  }

  /// Sorts what is new and merges it into one ascending run, which it gives.
  mutating func sort(using sort: (inout [Key]) -> Void, _ merge: ([Key], [Key]) -> [Key]) -> [Key] {
    var tail = chunks.reduce(into: open) { $0 += $1 }
    chunks = []
    open = []
    if !tail.isEmpty {
      sort(&tail)
      sorted.append(tail)
    }
    // The two shortest first, so that a long run is copied as seldom as can be.
    sorted.sort { $0.count > $1.count }
    while sorted.count > 1 {
      let a = sorted.removeLast()
      let b = sorted.removeLast()
      let merged = merge(a, b)
      let place = sorted.firstIndex { $0.count < merged.count } ?? sorted.count
      sorted.insert(merged, at: place)
    }
    return sorted.first ?? []
  }

  init() {}

  /// From an ascending run.
  init(sorted run: [Key]) { sorted = run.isEmpty ? [] : [run] }
}
