/// Keys of scores as they come: appended to chunks, sorted only when a question needs it.
///
/// Appending costs the same however many there are, and a copy of the runs shares every full chunk.
/// An eager LSM tree would halve the first answer and cost four times as much on every push.
struct KeyRuns<Key: ScoreKey>: Sendable {
  /// Ascending, all of them together what was sorted so far. The first is that of the last time that
  /// everything was sorted, so that what is known of it can stay.
  private(set) var sorted: [[Key]] = []
  /// How many keys were sorted before the last time that any were, and how many were then.
  private var lastSort = (before: 0, new: 0)
  private var chunks: [[Key]] = []
  /// The chunk that is being filled.
  var open: [Key] = []

  /// The first chunk grows to so many keys as it is filled.
  private static var firstCapacity: Int { 65_536 }

  /// How many keys the next chunk has room for: the more, the more there are, but never many more.
  private var nextCapacity: Int {
    let size = MemoryLayout<Key>.size
    let bytes = chunks.reduce(0) { $0 + $1.count } * size
    if bytes < LargeColumns.leastBytes { return Self.firstCapacity }
    // Large pages begin behind the first two megabytes of a chunk, where the heap keeps its books.
    return (bytes < 4 * LargeColumns.leastBytes ? 1 : 2) * LargeColumns.leastBytes / size
  }

  var count: Int {
    sorted.reduce(0) { $0 + $1.count } + chunks.reduce(0) { $0 + $1.count } + open.count
  }

  var isEmpty: Bool { open.isEmpty && chunks.isEmpty && sorted.allSatisfy(\.isEmpty) }

  var byteCount: Int {
    let chunked = chunks.reduce(open.capacity) { $0 + $1.capacity }
    return (sorted.reduce(chunked) { $0 + $1.capacity }) * MemoryLayout<Key>.size
  }

  /// Memory of what is not sorted yet.
  var tailBytes: Int {
    chunks.reduce(open.capacity) { $0 + $1.capacity } * MemoryLayout<Key>.size
  }

  /// Makes room for so many more keys in the open chunk, which is put away where it has none.
  mutating func makeRoom(for count: Int) {
    // Small until it is full for the first time: there can be thousands of slices of a few rows.
    if open.capacity < Self.firstCapacity || open.capacity - open.count >= count { return }
    chunks.append(open)
    open = LargeColumns.empty(capacity: max(nextCapacity, count))
  }

  mutating func merge(_ other: KeyRuns) {
    sorted += other.sorted
    chunks += other.chunks
    if !other.open.isEmpty { chunks.append(other.open) }
  }

  /// Sorts what is new and merges it into one ascending run, which it gives.
  mutating func sort(
    using sort: (inout [[Key]]) -> [Key], _ merge: ([Key], [Key]) -> [Key]
  ) -> [Key] {
    sortNew(using: sort)
    sorted = [Self.merged(sorted, using: merge)]
    return sorted[0]
  }

  /// Sorts what is new and merges it with all but the first run, which stays as it is; gives the other.
  mutating func sortRecent(
    using sort: (inout [[Key]]) -> [Key], _ merge: ([Key], [Key]) -> [Key]
  ) -> [Key] {
    sortNew(using: sort)
    guard let base = sorted.first else { return [] }
    sorted = [base, Self.merged(Array(sorted.dropFirst()), using: merge)]
    return sorted[1]
  }

  private mutating func sortNew(using sort: (inout [[Key]]) -> [Key]) {
    if !open.isEmpty { chunks.append(open) }
    open = []
    lastSort = (before: sortedCount, new: 0)
    if chunks.isEmpty { return }
    sorted.append(sort(&chunks))
    lastSort.new = sortedCount - lastSort.before
  }

  private static func merged(_ runs: [[Key]], using merge: ([Key], [Key]) -> [Key]) -> [Key] {
    // The two shortest first, so that a long run is copied as seldom as can be.
    var runs = runs.sorted { $0.count > $1.count }
    while runs.count > 1 {
      let a = runs.removeLast()
      let b = runs.removeLast()
      let merged = merge(a, b)
      let place = runs.firstIndex { $0.count < merged.count } ?? runs.count
      runs.insert(merged, at: place)
    }
    return runs.first ?? []
  }

  /// Puts all that was sorted, which `run` is in order, into one run.
  mutating func replaceSorted(with run: [Key]) { sorted = [run] }

  private var sortedCount: Int { sorted.reduce(0) { $0 + $1.count } }

  /// Whether keys were only appended here since a copy was made that has sorted what it had.
  func canAdoptSorted(_ copy: KeyRuns) -> Bool {
    let (before, new) = copy.lastSort
    return before == sortedCount && new <= count - before
  }

  /// Takes over what a copy has sorted, where keys were only appended here since it was made.
  mutating func adoptSorted(_ copy: KeyRuns) {
    guard canAdoptSorted(copy) else { return }
    sorted = copy.sorted
    lastSort = copy.lastSort
    // The keys that the copy had were the first to come.
    var rest = lastSort.new
    var kept: [[Key]] = []
    for chunk in chunks {
      if chunk.count > rest { kept.append(Array(chunk.dropFirst(rest))) }
      rest -= min(rest, chunk.count)
    }
    chunks = kept
    open.removeFirst(rest)
  }

  init() {}

  /// From an ascending run.
  init(sorted run: [Key]) { sorted = run.isEmpty ? [] : [run] }
}
