import Locks

@testable import EvalService

/// A small generator, so that a test's seed repeats it.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// A state directory in memory. Any call can be made to fail, and the machine can lose power: then what was
/// not synced is there, or zeros, or nothing, block by block.
final class MemoryStore: StateStorage {
  /// How a call fails.
  enum Fault {
    /// Nothing is done.
    case nothing
    /// Half of the bytes are written; for other calls as `nothing`.
    case half
    /// All of it is done, and the caller is told that it failed.
    case all
  }

  /// Which calls fail: those with these numbers.
  struct Plan {
    var calls: ClosedRange<Int>
    var fault: Fault
  }

  fileprivate struct Node {
    var bytes: [UInt8] = []
    /// What is on the disk.
    var synced: [UInt8] = []
  }

  fileprivate struct State {
    var nodes: [Int: Node] = [:]
    var made = 0
    var names: [String: Int] = [:]
    var syncedNames: [String: Int] = [:]
    var calls = 0
    var plan: Plan?
    var ids: UInt8 = 0
    var boot: UInt8 = 1
    /// The calls so far, by what they were.
    var log: [String] = []
    /// What was there after each call, where that is kept.
    var moments: [State]?

    /// The same files, without what is about calls.
    var files: State {
      var files = self
      files.plan = nil
      files.calls = 0
      files.log = []
      files.moments = nil
      return files
    }
  }

  fileprivate let state: Lock<State>
  /// What others do while the next sync of a file runs.
  let whileSyncing = Lock<(@Sendable () -> Void)?>(nil)

  init() { state = Lock(State()) }

  private init(_ other: State) { state = Lock(other) }

  /// The same files, as another process finds them.
  func copy() -> MemoryStore { MemoryStore(state.withLock(\.files)) }

  /// The same files on a machine that was started anew, with nothing lost.
  func afterRestart() -> MemoryStore {
    let copy = copy()
    copy.state.withLock { $0.boot &+= 1 }
    return copy
  }

  /// From here on, what is there after each call is kept.
  func keepMoments() { state.withLock { $0.moments = [] } }

  /// What a process finds that comes after a kill behind each call since then.
  func takeMoments() -> [MemoryStore] {
    state.withLock { state in
      defer { state.moments = nil }
      return (state.moments ?? []).map(MemoryStore.init)
    }
  }

  var calls: Int { state.withLock(\.calls) }
  var log: [String] { state.withLock(\.log) }

  func fail(_ plan: Plan?) { state.withLock { $0.plan = plan } }

  subscript(name: String) -> [UInt8]? {
    get { state.withLock { state in state.names[name].flatMap { state.nodes[$0]?.bytes } } }
    set {
      state.withLock { state in
        guard let newValue else {
          state.names[name] = nil
          return
        }
        state.made += 1
        state.nodes[state.made] = Node(bytes: newValue, synced: newValue)
        state.names[name] = state.made
        state.syncedNames[name] = state.made
      }
    }
  }

  var allNames: [String] { state.withLock { $0.names.keys.sorted() } }

  /// The one file whose name begins so.
  func name(_ prefix: String) -> String? { allNames.last { $0.hasPrefix(prefix) } }

  /// What the disk holds after the power was gone: of what was not synced, anything.
  func afterPowerLoss(seed: UInt64) -> MemoryStore {
    var dice = Dice(seed: seed)
    let lost = copy()
    lost.state.withLock { state in
      state.boot &+= 1
      for (node, content) in state.nodes {
        state.nodes[node] = Self.torn(content, &dice)
      }
      // Names that were not synced are the old ones or the new ones, each by itself.
      for name in Set(state.names.keys).union(state.syncedNames.keys)
      where Bool.random(using: &dice) {
        state.names[name] = state.syncedNames[name]
      }
      state.syncedNames = state.names
    }
    return lost
  }

  private static func torn(_ node: Node, _ dice: inout Dice) -> Node {
    let block = 512
    var bytes = node.synced
    let length = max(node.bytes.count, bytes.count)
    if node.bytes != bytes {
      let end = Int.random(in: min(node.bytes.count, bytes.count)...length, using: &dice)
      var kept: [UInt8] = []
      for start in stride(from: 0, to: end, by: block) {
        let range = start..<min(start + block, end)
        let isNew = Bool.random(using: &dice)
        for place in range {
          let old = bytes.indices.contains(place) ? bytes[place] : 0
          let new = node.bytes.indices.contains(place) ? node.bytes[place] : 0
          kept.append(isNew ? new : old)
        }
      }
      bytes = kept
    }
    return Node(bytes: bytes, synced: bytes)
  }

  // MARK: StateStorage

  /// Counts a call, and lets it fail if the plan says so.
  fileprivate func call<R>(
    _ what: String, _ body: (inout State, Fault?) -> R
  ) throws(StorageFault) -> R {
    let (result, hasFailed) = state.withLock { state in
      state.calls += 1
      state.log.append(what)
      let fault = state.plan.flatMap { $0.calls.contains(state.calls) ? $0.fault : nil }
      let result = body(&state, fault)
      if state.moments != nil {
        let files = state.files
        state.moments?.append(files)
      }
      return (result, fault != nil)
    }
    if hasFailed { throw StorageFault("no space left (\(what))") }
    return result
  }

  func names() throws(StorageFault) -> [String] {
    try call("names") { state, _ in state.names.keys.sorted() }
  }

  private func bytes(of name: String) throws(StorageFault) -> [UInt8] {
    let bytes = try call("read \(name)") { state, _ in
      state.names[name].flatMap { state.nodes[$0]?.bytes }
    }
    guard let bytes else { throw StorageFault("there is no \(name)") }
    return bytes
  }

  func size(of name: String) throws(StorageFault) -> Int { try bytes(of: name).count }

  func read(_ name: String, at offset: Int, count: Int) throws(StorageFault) -> [UInt8] {
    let bytes = try bytes(of: name)
    return Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
  }

  func create(_ name: String) throws(StorageFault) -> any StorageFile {
    try call("create \(name)") { state, fault in
      if case .nothing? = fault { return MemoryFile(self, 0) }
      state.made += 1
      state.nodes[state.made] = Node()
      state.names[name] = state.made
      return MemoryFile(self, state.made)
    }
  }

  func open(_ name: String) throws(StorageFault) -> any StorageFile {
    try call("open \(name)") { state, _ in MemoryFile(self, state.names[name] ?? 0) }
  }

  func rename(_ name: String, to other: String) throws(StorageFault) {
    try call("rename \(name)") { state, fault in
      if case .nothing? = fault { return }
      state.names[other] = state.names.removeValue(forKey: name)
    }
  }

  func remove(_ name: String) throws(StorageFault) {
    try call("remove \(name)") { state, fault in
      if case .nothing? = fault { return }
      state.names[name] = nil
    }
  }

  func syncDirectory() throws(StorageFault) {
    try call("sync directory") { state, fault in
      if fault == nil { state.syncedNames = state.names }
    }
  }

  func freshID() -> [UInt8] {
    state.withLock { state in
      state.ids &+= 1
      return Array(repeating: state.ids, count: 16)
    }
  }

  var bootID: [UInt8] { state.withLock { Array(repeating: $0.boot, count: 16) } }
}

private final class MemoryFile: StorageFile {
  private let store: MemoryStore
  private let node: Int

  init(_ store: MemoryStore, _ node: Int) {
    self.store = store
    self.node = node
  }

  func append(_ bytes: [UInt8]) throws(StorageFault) {
    try store.call("append") { state, fault in
      switch fault {
      case nil, .all?: state.nodes[node]?.bytes += bytes
      case .half?: state.nodes[node]?.bytes += bytes.prefix(bytes.count / 2)
      case .nothing?: break
      }
    }
  }

  func truncate(to length: Int) throws(StorageFault) {
    try store.call("truncate") { state, fault in
      if case .nothing? = fault { return }
      let count = state.nodes[node]?.bytes.count ?? 0
      state.nodes[node]?.bytes.removeLast(max(0, count - length))
    }
  }

  func sync() throws(StorageFault) {
    let others = store.whileSyncing.withLock { others in
      defer { others = nil }
      return others
    }
    others?()
    // What a failed sync has written is anybody's guess, and the next one says that all is well.
    try store.call("sync") { state, fault in
      if fault == nil, let bytes = state.nodes[node]?.bytes { state.nodes[node]?.synced = bytes }
    }
  }
}
