import EvalMetrics

extension Recovery {
  /// Puts the directory in order, and begins a new journal.
  mutating func begin(_ storage: any StateStorage) throws(RecoveryError) -> Journal.State {
    do throws(StorageFault) {
      if !names.contains(StateFileName.format) {
        try storage.replace(StateFileName.format, Array("\(Self.format)1\n".utf8))
      }
      try quarantine(storage)
      // Before there is another journal behind them.
      for name in leftovers { try storage.remove(name) }
      if let last = journals.last {
        // What the last process wrote may not be on the disk yet.
        try storage.open(StateFileName.journal(last)).sync()
      }
      let generation =
        max(
          StateFileName.journals(names).last ?? 0, StateFileName.snapshots(names).last ?? 0,
          manifest?.journal ?? 0) + 1
      let made = try Journal.makeJournal(storage, generation: generation, base: next)
      try Manifest(journal: generation, snapshot: goodSnapshots.last ?? 0).write(to: storage)
      if let empty { try storage.remove(StateFileName.journal(empty)) }
      var state = Journal.State(
        file: made.file, seed: made.seed, generation: generation, next: next, synced: next - 1)
      state.snapshots = goodSnapshots
      state.replayBytes = replayBytes
      state.snapshotBytes = snapshotBytes
      state.snapshotDue = Journal.due(after: snapshotBytes)
      state.hasNews = report.records > 0
      return state
    } catch { throw .unusable(error.message) }
  }

  /// Keeps aside what could not be read, before it is cut off or replaced.
  private mutating func quarantine(_ storage: any StateStorage) throws(StorageFault) {
    for generation in badSnapshots {
      let name = StateFileName.snapshot(generation)
      try storage.rename(name, to: StateFileName.quarantine + name)
      report.quarantined.append(StateFileName.quarantine + name)
    }
    guard let torn else { return }
    let kept = "\(StateFileName.quarantine)\(torn.name).\(torn.offset)"
    let copy = try storage.create(kept)
    var offset = torn.offset
    while offset < torn.size {
      let bytes = try storage.read(torn.name, at: offset, count: min(1 << 20, torn.size - offset))
      if bytes.isEmpty { break }
      try copy.append(bytes)
      offset += bytes.count
    }
    try copy.sync()
    try storage.syncDirectory()
    let file = try storage.open(torn.name)
    try file.truncate(to: torn.offset)
    try file.sync()
    report.tornBytes = torn.size - torn.offset
    report.quarantined.append(kept)
    report.warnings.append(
      "\(torn.name): \(report.tornBytes) bytes from offset \(torn.offset) on were not whole; they are kept in \(kept)"
    )
  }
}
