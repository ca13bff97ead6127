import EvalMetrics
import Locks

/// The files of a state directory that is in use: the journal that grows, and the snapshots that let older
/// ones go. It knows nothing of what the records mean.
///
/// Generations count the journals. The snapshot of a generation has all that was before its journal.
final class Journal: Sendable {
  let storage: any StateStorage
  let durability: Durability
  /// Runs what takes long beside everything else.
  let inBackground: @Sendable (@escaping @Sendable () -> Void) -> Void

  struct State {
    var file: any StorageFile
    var seed: UInt32
    var generation: UInt64
    /// Bytes of the file that are whole records.
    var length = FileHead.length
    /// The number of the next record, and of the last one known to be on the disk.
    var next: UInt64
    var synced: UInt64
    /// Snapshots that are known to be good, ascending.
    var snapshots: [UInt64] = []
    /// Bytes that a recovery would replay, and those of the last snapshot.
    var replayBytes = 0
    var snapshotBytes = 0
    var snapshotIsRunning = false
    /// At how many bytes to replay the next snapshot is begun.
    var snapshotDue = Journal.leastReplayBytes
    /// Whether records were written since the last snapshot.
    var hasNews = false
    /// Why the file takes no more records, until all is written to new ones.
    var fault: String?
    /// When that was tried last.
    var triedAt: Double?
    /// The last thing that went wrong, for `server/status`.
    var lastError: String?
    /// What is to be said on standard error.
    var warnings: [String] = []
    /// Where records are made.
    var writer = StateWriter()
  }

  private let state: Lock<State>
  /// What the manifest says. Snapshots write it too, beside everything else.
  private let manifest = Lock(Manifest(journal: 0, snapshot: 0))

  /// What may gather before a snapshot is worth while.
  static let leastReplayBytes = 64 << 20
  /// A snapshot is made once there is so many times its size to replay.
  static let replayFactor = 4

  /// At how many bytes to replay the next snapshot is begun, by the size of the last.
  static func due(after snapshotBytes: Int) -> Int {
    max(leastReplayBytes, snapshotBytes.multipliedClamped(by: replayFactor))
  }

  init(
    _ storage: any StateStorage, _ durability: Durability, _ state: State,
    inBackground: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) {
    self.storage = storage
    self.durability = durability
    self.inBackground = inBackground
    self.state = Lock(state)
  }

  func look<R>(_ body: (borrowing State) -> R) -> R { state.withLock { body($0) } }
  func change<R>(_ body: (inout State) -> R) -> R { state.withLock { body(&$0) } }

  /// The number up to which records count as durable.
  var durableNumber: UInt64 {
    look { durability == .os ? $0.next - 1 : $0.synced }
  }

  var warnings: [String] {
    change { state in
      defer { state.warnings = [] }
      return state.warnings
    }
  }
}

// MARK: - Records

extension Journal {
  /// Appends a record; gives its number. When it throws, the journal is as it was before.
  @discardableResult
  func append(
    kind: UInt8, isAwaited: Bool, _ body: (inout StateWriter) -> Void
  ) throws(StorageFault) -> UInt64 {
    let result = change { state -> Result<UInt64, StorageFault> in
      do throws(StorageFault) {
        return .success(try append(kind, isAwaited && durability == .disk, &state, body))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func append(
    _ kind: UInt8, _ mustSync: Bool, _ state: inout State, _ body: (inout StateWriter) -> Void
  ) throws(StorageFault) -> UInt64 {
    if let fault = state.fault { throw StorageFault(fault) }
    let head = RecordHead(number: state.next, synced: state.synced, kind: kind)
    guard state.writer.record(head, seed: state.seed, body) else {
      throw StorageFault("one record would have more than 4 GiB")
    }
    do throws(StorageFault) {
      try state.file.append(state.writer.bytes)
    } catch {
      takeBack(&state)
      note(error, &state)
      throw error
    }
    if mustSync {
      do throws(StorageFault) {
        try state.file.sync()
      } catch {
        takeBack(&state)
        fail(error, &state)
        throw error
      }
      state.synced = state.next
    }
    let count = state.writer.bytes.count
    state.length += count
    state.replayBytes += count
    state.hasNews = true
    state.next += 1
    return state.next - 1
  }

  /// Cuts off what a failed append has left.
  private func takeBack(_ state: inout State) {
    do throws(StorageFault) {
      try state.file.truncate(to: state.length)
    } catch { fail(error, &state) }
  }

  private func note(_ fault: StorageFault, _ state: inout State) {
    if state.lastError != fault.message { state.warnings.append(fault.message) }
    state.lastError = fault.message
  }

  /// The file takes no more: what it may have lost is written anew, with all else, into new files.
  private func fail(_ fault: StorageFault, _ state: inout State) {
    note(fault, &state)
    state.fault = fault.message
  }

  /// Returns once all records are on the disk; false when that failed. Others may append meanwhile.
  @discardableResult
  func sync() -> Bool {
    let (file, number, isDone, isBroken) = change { state in
      (
        state.file, state.next - 1, state.synced == state.next - 1, state.fault != nil
      )
    }
    if isBroken { return false }
    if isDone { return true }
    do throws(StorageFault) {
      try file.sync()
    } catch {
      change { state in
        // Another file may have taken its place, with all that was in this one.
        if state.file === file { fail(error, &state) }
      }
      return false
    }
    change { state in
      if state.file === file { state.synced = max(state.synced, number) }
    }
    return true
  }
}

// MARK: - Files

extension Journal {
  /// Makes a journal that is empty and on the disk.
  static func makeJournal(
    _ storage: any StateStorage, generation: UInt64, base: UInt64
  ) throws(StorageFault) -> (file: any StorageFile, seed: UInt32) {
    let head = FileHead(
      kind: .journal, generation: generation, base: base, id: storage.freshID(),
      boot: storage.bootID)
    let file = try storage.create(StateFileName.journal(generation))
    try file.append(head.bytes)
    try file.sync()
    try storage.syncDirectory()
    return (file, head.seed)
  }

  /// Lets another journal take the records from here on; gives its generation and first number.
  func rotate() throws(StorageFault) -> (generation: UInt64, base: UInt64) {
    let result = change { state -> Result<(UInt64, UInt64), StorageFault> in
      do throws(StorageFault) {
        try state.file.sync()
      } catch {
        fail(error, &state)
        return .failure(error)
      }
      state.synced = state.next - 1
      do throws(StorageFault) {
        try begin(&state, after: state.generation)
        return .success((state.generation, state.next))
      } catch {
        note(error, &state)
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func begin(_ state: inout State, after generation: UInt64) throws(StorageFault) {
    let made = try Self.makeJournal(storage, generation: generation + 1, base: state.next)
    do throws(StorageFault) {
      try name(journal: generation + 1, snapshot: state.snapshots.last ?? 0)
    } catch {
      // It may be there in spite of that: a record in the old journal would then be one too many, and the new
      // one must stay as it is.
      fail(error, &state)
      state.generation = generation + 1
      throw error
    }
    (state.file, state.seed) = made
    state.generation = generation + 1
    state.length = FileHead.length
  }

  /// Writes down which files are the last ones.
  private func name(journal: UInt64, snapshot: UInt64) throws(StorageFault) {
    let result = manifest.withLock { manifest -> Result<Void, StorageFault> in
      manifest.journal = max(manifest.journal, journal)
      manifest.snapshot = max(manifest.snapshot, snapshot)
      do throws(StorageFault) { return .success(try manifest.write(to: storage)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Goes on in new files after the old ones have failed: a snapshot of everything, then a journal.
  func renew(_ server: Server) throws(StorageFault) {
    let (generation, base) = look { ($0.generation + 1, $0.next) }
    let size = try Snapshot.write(server, to: storage, generation: generation, base: base)
    let result = change { state -> Result<Void, StorageFault> in
      do throws(StorageFault) {
        try begin(&state, after: state.generation)
        state.fault = nil
        state.lastError = nil
        state.synced = state.next - 1
        return .success(())
      } catch {
        note(error, &state)
        return .failure(error)
      }
    }
    try result.get()
    noteSnapshot(generation, size, replayed: look(\.replayBytes))
  }

  /// Takes note of a snapshot that is on the disk, and removes the files that it and the one before it
  /// make needless. `replayed` are the bytes that need not be replayed any more.
  func noteSnapshot(_ generation: UInt64, _ size: Int, replayed: Int) {
    let (last, oldest) = change { state in
      // One that was begun earlier may be done later.
      state.snapshots = (state.snapshots + [generation]).sorted()
      state.snapshotBytes = size
      state.replayBytes = max(0, state.replayBytes - replayed)
      state.snapshotDue = Self.due(after: size)
      state.hasNews = state.next > 1 && state.length > FileHead.length
      state.snapshots = Array(state.snapshots.suffix(2))
      return (state.generation, state.snapshots.count == 2 ? state.snapshots[0] : 0)
    }
    do throws(StorageFault) {
      try name(journal: last, snapshot: generation)
      let names = try storage.names()
      for old in StateFileName.journals(names) where old < oldest {
        try storage.remove(StateFileName.journal(old))
      }
      for old in StateFileName.snapshots(names) where old < oldest {
        try storage.remove(StateFileName.snapshot(old))
      }
    } catch {
      // They are only in the way; the next snapshot tries again.
      change { note(error, &$0) }
    }
  }
}

extension Int {
  fileprivate func multipliedClamped(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
