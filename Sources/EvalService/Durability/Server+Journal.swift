// What the methods do to make a change last, before it is made.
import EvalMetrics
import JSONRPC

extension Server {
  /// Writes a change down that is about to be made. When it throws, the change must not be made.
  mutating func commit(_ change: Change, _ params: Params) throws(RPCError) {
    try readyJournal()
    guard let journal else { return }
    let task = task(of: change)
    do throws(StorageFault) {
      try journal.append(kind: change.kind, isAwaited: !params.caller.isNotification) {
        change.encode(task: task, into: &$0)
      }
    } catch { throw Self.durabilityFailed(error) }
  }

  /// What a push calls once its batch is checked; nil where nothing is written down.
  func pushCommit(
    to name: Name, from sender: Sender?, _ columns: Columns, _ params: Params
  ) -> JournalEntry? {
    journal.map {
      JournalEntry(
        journal: $0, change: .push(stream: name, from: sender, columns),
        isAwaited: !params.caller.isNotification)
    }
  }

  private func task(of change: Change) -> String {
    switch change {
    case .open(let opening): opening.schema.task
    case .alter(let stream, _, _), .mark(let stream, _): streams[stream]?.schema.task ?? ""
    default: ""
    }
  }

  /// Sees to it that the journal can take a record: after a failure everything is written anew, and refusals
  /// that could not be written then go first.
  mutating func readyJournal() throws(RPCError) {
    guard let journal else { return }
    if let fault = journal.look(\.fault), !renewJournal() {
      throw Self.durabilityFailed(StorageFault(fault))
    }
    do throws(StorageFault) {
      while let (stream, taint) = unwrittenTaints.first {
        // The stream may be gone meanwhile.
        if streams[stream] != nil {
          let change = Change.refuse(stream: stream, from: nil, taint: taint)
          try journal.append(kind: change.kind, isAwaited: false) {
            change.encode(task: "", into: &$0)
          }
        }
        unwrittenTaints[stream] = nil
      }
    } catch { throw Self.durabilityFailed(error) }
  }

  /// Writes everything to new files, since the journal has failed; not more often than once a second.
  @discardableResult
  private mutating func renewJournal() -> Bool {
    guard let journal else { return false }
    let now = clock()
    let isTooSoon = journal.change { state in
      if let last = state.triedAt, now >= last, now < last + 1 { return true }
      state.triedAt = now
      return false
    }
    if isTooSoon { return false }
    do throws(StorageFault) {
      try journal.renew(self)
    } catch {
      return false
    }
    // The snapshot has them.
    unwrittenTaints = [:]
    return true
  }

  static func durabilityFailed(_ fault: StorageFault) -> RPCError {
    RPCError(
      .durabilityFailed, fault.message, path: "/params",
      hint: "nothing was changed; make room in the state directory, and send it again")
  }
}

/// A push that is to be written down once its batch is checked.
struct JournalEntry {
  let journal: Journal
  let change: Change
  let isAwaited: Bool

  var durableNumber: UInt64 { journal.durableNumber }

  /// Gives the number of the record.
  func write() throws(InputError) -> UInt64 {
    do throws(StorageFault) {
      return try journal.append(kind: change.kind, isAwaited: isAwaited) {
        change.encode(task: "", into: &$0)
      }
    } catch {
      let fault = Server.durabilityFailed(error)
      throw InputError(.durabilityFailed, [], fault.message, hint: fault.hint)
    }
  }
}

// MARK: - Moments that matter to durability

extension Server {
  /// At SIGTERM, SIGHUP and a barrier: what was acknowledged is on the disk when it returns, if that is possible.
  public mutating func makeDurable() {
    guard let journal, journal.durability != .os || journal.look(\.fault) != nil else { return }
    if !journal.sync() { renewJournal() }
  }

  /// Whether changes are written to a state directory.
  public var isDurable: Bool { journal != nil }

  /// About once a second, between requests: goes on after failures, and begins snapshots that are due.
  public mutating func maintainJournal() {
    guard let journal else { return }
    if journal.look(\.fault) != nil { renewJournal() }
    if journal.look({ $0.replayBytes >= $0.snapshotDue && !$0.snapshotIsRunning }) {
      beginSnapshot(journal)
    }
  }

  /// Called from a thread of its own once a second: what was written goes to the disk.
  public var syncer: (@Sendable () -> Void)? {
    guard let journal, journal.durability == .interval else { return nil }
    return { journal.sync() }
  }

  /// At the end: everything in a snapshot, so that the next start has nothing to replay.
  public mutating func closeJournal() {
    guard let journal else { return }
    if !journal.sync() { renewJournal() }
    if !journal.look({ $0.hasNews && !$0.snapshotIsRunning && $0.fault == nil }) { return }
    do throws(StorageFault) {
      try readyQuietly()
      let (generation, base) = try journal.rotate()
      let replayed = journal.look(\.replayBytes)
      let size = try Snapshot.write(
        self, to: journal.storage, generation: generation, base: base)
      journal.noteSnapshot(generation, size, replayed: replayed)
    } catch {
      // The journal has it all; the next start takes longer.
      journal.change { $0.noteFailedSnapshot(error) }
    }
  }

  private mutating func readyQuietly() throws(StorageFault) {
    do throws(RPCError) { try readyJournal() } catch { throw StorageFault(error.message) }
  }

  /// Writes a copy of everything while changes go on into the next journal.
  private mutating func beginSnapshot(_ journal: Journal) {
    do throws(StorageFault) {
      try readyQuietly()
      let (generation, base) = try journal.rotate()
      let replayed = journal.look(\.replayBytes)
      var copy = self
      // The copy writes; it is not to be written to.
      copy.journal = nil
      journal.change { $0.snapshotIsRunning = true }
      journal.inBackground { [copy] in
        do throws(StorageFault) {
          let size = try Snapshot.write(
            copy, to: journal.storage, generation: generation, base: base)
          journal.noteSnapshot(generation, size, replayed: replayed)
        } catch {
          journal.change { $0.noteFailedSnapshot(error) }
        }
        journal.change { $0.snapshotIsRunning = false }
      }
    } catch {
      journal.change { $0.noteFailedSnapshot(error) }
    }
  }

  /// What is to be said on standard error about files since this was asked last.
  public var journalWarnings: [String] { journal?.warnings ?? [] }
}

extension Journal.State {
  /// Nothing is lost, and the journal goes on; the next try waits for more to be worth it.
  fileprivate mutating func noteFailedSnapshot(_ fault: StorageFault) {
    lastError = fault.message
    warnings.append("no snapshot could be written: \(fault.message)")
    snapshotDue = replayBytes + Journal.leastReplayBytes
  }
}
