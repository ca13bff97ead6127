import EvalMetrics

/// What starting on a state directory found.
public struct RecoveryReport: Sendable {
  /// The generation of the snapshot that was read; 0 for none.
  var snapshot: UInt64 = 0
  /// Records that were replayed after it.
  var records: UInt64 = 0
  /// Bytes of a torn tail that were cut off.
  var tornBytes = 0
  /// Where what was cut off or could not be read is kept, within the directory.
  var quarantined: [String] = []
  /// What is to be said on standard error.
  public var warnings: [String] = []
  var seconds = 0.0
}

extension Server {
  /// Reads all that a state directory holds, and writes every change there from now on. Nothing is
  /// written before all is read; when it throws, nothing has changed, also not in the directory.
  public mutating func recover(
    from storage: any StateStorage, durability: Durability,
    inBackground: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) throws(RecoveryError) {
    let start = clock()
    var recovery = try Recovery.read(storage, into: self)
    let state = try recovery.begin(storage)
    self = recovery.server
    journal = Journal(storage, durability, state, inBackground: inBackground)
    recoveryReport = recovery.report
    recoveryReport?.seconds = max(0, clock() - start)
  }
}

/// The part of a start that only reads, and what is to be written after it.
struct Recovery {
  private(set) var server: Server
  var report = RecoveryReport()
  private(set) var names: [String] = []
  private(set) var manifest: Manifest?
  /// Journals with records that the snapshot does not have, ascending; and those of no use any more.
  private(set) var journals: [UInt64] = []
  private(set) var leftovers: [String] = []
  /// The last journal, if it has no records: another one takes its place.
  private(set) var empty: UInt64?
  private(set) var goodSnapshots: [UInt64] = []
  private(set) var badSnapshots: [UInt64] = []
  /// The number of the next record.
  private(set) var next: UInt64 = 1
  private(set) var replayBytes = 0
  private(set) var snapshotBytes = 0
  /// Where the last journal stops being whole, if more follows.
  private(set) var torn: (name: String, offset: Int, size: Int)?

  static let format = "evald state directory, format "

  private init(_ server: Server) { self.server = server }

  /// Reads everything, and writes nothing.
  static func read(
    _ storage: any StateStorage, into server: Server
  ) throws(RecoveryError) -> Recovery {
    var recovery = Recovery(server)
    recovery.names = try reading { () throws(StorageFault) in try storage.names() }
    try recovery.readFormat(storage)
    try recovery.readManifest(storage)
    try recovery.readSnapshot(storage)
    try recovery.readJournals(storage)
    return recovery
  }

  private static func reading<R>(
    _ body: () throws(StorageFault) -> R
  ) throws(RecoveryError) -> R {
    do throws(StorageFault) { return try body() } catch { throw .unusable(error.message) }
  }

  /// Reads what a whole file holds; `name` says which, where it cannot.
  private static func parsing<R>(
    _ name: String, _ body: () throws(StateError) -> R
  ) throws(RecoveryError) -> R {
    do throws(StateError) { return try body() } catch {
      let text = "\(name): \(error.message)"
      throw error.isTooNew ? .tooNew(text) : .damaged(text)
    }
  }
}

// MARK: - Which files there are

extension Recovery {
  private func readFormat(_ storage: any StateStorage) throws(RecoveryError) {
    let name = StateFileName.format
    guard names.contains(name) else {
      let others = StateFileName.journals(names).count + StateFileName.snapshots(names).count
      if others == 0 { return }
      throw .damaged("\(name) is missing, though there are journals or snapshots")
    }
    let bytes = try Self.reading { () throws(StorageFault) in try storage.readAll(name) }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(Self.format), text.hasSuffix("\n"),
      let format = Int(text.dropFirst(Self.format.count).dropLast())
    else { throw .damaged("\(name) does not say what it should, at offset 0") }
    if format > 1 { throw .tooNew("\(name) says that the directory has format \(format)") }
  }

  private mutating func readManifest(_ storage: any StateStorage) throws(RecoveryError) {
    journals = StateFileName.journals(names)
    leftovers = names.filter { $0.hasSuffix(StateFileName.unfinished) }
    let name = StateFileName.manifest
    guard names.contains(name) else {
      if !journals.isEmpty { report.warnings.append("\(name) is missing; it is made anew") }
      return
    }
    let bytes = try Self.reading { () throws(StorageFault) in try storage.readAll(name) }
    do throws(StateError) { manifest = try Manifest(bytes) } catch {
      if error.isTooNew { throw .tooNew("\(name): \(error.message)") }
      report.warnings.append("\(name) is damaged (\(error.message)); it is made anew")
    }
    guard let manifest, !journals.contains(manifest.journal) else { return }
    throw .damaged("\(StateFileName.journal(manifest.journal)) is missing")
  }

  /// Reads the newest snapshot that is whole.
  private mutating func readSnapshot(_ storage: any StateStorage) throws(RecoveryError) {
    let there = StateFileName.snapshots(names)
    if let newest = manifest?.snapshot, newest > 0, !there.contains(newest) {
      report.warnings.append("\(StateFileName.snapshot(newest)) is missing")
    }
    for (place, generation) in there.enumerated().reversed() {
      var server = server
      do throws(StateError) {
        let (head, size) = try Snapshot.read(storage, generation: generation, into: &server)
        self.server = server
        next = head.base
        snapshotBytes = size
        report.snapshot = generation
        goodSnapshots = Array(there[...place].suffix(2))
        return
      } catch {
        let name = StateFileName.snapshot(generation)
        if error.isTooNew { throw .tooNew("\(name): \(error.message)") }
        report.warnings.append("\(name) is damaged: \(error.message)")
        badSnapshots.append(generation)
      }
    }
  }
}

// MARK: - Journals

extension Recovery {
  private mutating func readJournals(_ storage: any StateStorage) throws(RecoveryError) {
    journals.removeAll { $0 < report.snapshot }
    try dropUnused(storage)
    if let bad = badSnapshots.max(), bad > journals.last ?? 0 {
      throw .damaged(report.warnings.joined(separator: "; "))
    }
    for generation in journals {
      let name = StateFileName.journal(generation)
      let isLast = generation == journals.last
      var reader = try Self.reader(storage, name)
      guard reader.head.generation == generation, reader.head.base == next else {
        let lost = badSnapshots.isEmpty ? "" : " (\(report.warnings.joined(separator: "; ")))"
        throw .damaged(
          "\(name) begins with record \(reader.head.base) at offset \(FileHead.length), and record \(next) is the next\(lost)"
        )
      }
      try replay(&reader, storage, isLast: isLast)
      replayBytes += reader.position
      empty = reader.size == FileHead.length && isLast ? generation : nil
      next = reader.nextNumber
    }
  }

  private static func reader(
    _ storage: any StateStorage, _ name: String
  ) throws(RecoveryError) -> RecordReader {
    do throws(RecordReader.Fault) { return try RecordReader(storage, name, .journal) } catch {
      switch error {
      case .unread(let fault): throw .unusable(fault.message)
      case .wrong(let fault): return try parsing(name) { () throws(StateError) in throw fault }
      }
    }
  }

  /// Leaves out journals at the end that were made and never used.
  private mutating func dropUnused(_ storage: any StateStorage) throws(RecoveryError) {
    while let last = journals.last {
      let name = StateFileName.journal(last)
      let size = try Self.reading { () throws(StorageFault) in try storage.size(of: name) }
      if size > FileHead.length { return }
      if let manifest {
        // What the manifest names was whole before it was named.
        if last <= manifest.journal { return }
      } else if size == FileHead.length {
        return
      }
      journals.removeLast()
      leftovers.append(name)
    }
  }

  private mutating func replay(
    _ reader: inout RecordReader, _ storage: any StateStorage, isLast: Bool
  ) throws(RecoveryError) {
    while true {
      let next = try Self.reading { () throws(StorageFault) in try reader.next() }
      switch next {
      case .end: return
      case .record(let record):
        try Self.parsing("\(reader.name): the record at offset \(record.offset)") {
          () throws(StateError) in try replay(record)
        }
      case .bad(let offset):
        let later = try Self.reading { () throws(StorageFault) in try reader.laterRecords() }
        let what = "\(reader.name): the record at offset \(offset) is damaged"
        guard isLast else { throw .damaged(what + ", and a newer journal follows") }
        if let later, !isLossOfPower(reader, later.synced, storage) {
          throw .damaged(what + ", and a whole one follows at offset \(later.offset)")
        }
        torn = (reader.name, offset, reader.size)
        return
      }
    }
  }

  /// Whether the machine may have stopped before it wrote a record, though it had written later ones: it
  /// was started anew since, and no record that follows knows of this one that it was on the disk.
  private func isLossOfPower(
    _ reader: RecordReader, _ synced: UInt64, _ storage: any StateStorage
  ) -> Bool {
    let isSameStart = reader.head.boot == storage.bootID && reader.head.boot.contains { $0 != 0 }
    return !isSameStart && synced < reader.nextNumber
  }

  private mutating func replay(_ record: Record) throws(StateError) {
    var payload = record.payload
    let isKnown = record.head.version <= 1
    if isKnown,
      let change = try Change(kind: record.head.kind, from: &payload, for: server)
    {
      try server.replay(change)
    } else if record.head.flags & RecordHead.ignorable == 0 {
      throw StateError(
        "is of kind \(record.head.kind), version \(record.head.version)", isTooNew: true)
    }
    report.records += 1
  }
}
