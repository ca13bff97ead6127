import EvalMetrics
import Testing

@testable import EvalService

/// What must be on the disk before something else may follow, shown by the loss of power in between.
@Suite struct PowerLossTests {
  /// A server with a stream and some pushes that nobody has brought to the disk.
  private static func pushed(
    _ durability: Durability = .interval,
    inBackground: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { $0() }
  ) throws -> (store: MemoryStore, client: Client, told: [String]) {
    let store = MemoryStore()
    var client = try Client(on: store, durability, inBackground: inBackground)
    try client.open("scalar")
    for value in 1...20 { try client.push(#"{"values":[\#(value),0.1]}"#) }
    let told = try client.told()
    return (store, client, told)
  }

  /// What must be there however the power is lost.
  private func expect(_ told: [String], on store: MemoryStore, _ what: String) throws {
    for seed in 1...UInt64(20) {
      let lost = store.afterPowerLoss(seed: seed)
      do {
        var again = try Client(on: lost)
        #expect(try again.told() == told, "\(what), seed \(seed)")
      } catch { Issue.record("\(what), seed \(seed): \(error)") }
    }
  }

  @Test func `a journal is on the disk before another one follows it`() throws {
    // The snapshot that goes with the new one is never written, as if that took long.
    var (store, client, told) = try Self.pushed(inBackground: { _ in })
    try #require(client.server.journal).change { $0.snapshotDue = 1 }
    client.between { $0.maintainJournal() }
    #expect(store.allNames.filter { $0.hasPrefix("wal-") }.count == 2)
    #expect(store.name("snap-") == nil)
    try expect(told, on: store, "the next journal")
  }

  @Test func `what one process wrote is on the disk once the next has started`() throws {
    let (store, _, told) = try Self.pushed(.os)
    let next = try Client(on: store)
    let journal = try #require(next.server.journal)
    #expect(journal.look(\.synced) == 21)
    try expect(told, on: store, "the next process")
  }

  @Test func `a snapshot is on the disk under its name once it is written`() throws {
    let (store, client, _) = try Self.pushed()
    let size = try Snapshot.write(client.server, to: store, generation: 9, base: 22)
    let name = StateFileName.snapshot(9)
    #expect(store[name]?.count == size)
    for seed in 1...UInt64(20) {
      #expect(store.afterPowerLoss(seed: seed)[name] == store[name], "seed \(seed)")
    }
  }

  @Test func `what was cut off or could not be read is kept on the disk`() throws {
    let (store, _, _) = try Self.pushed()
    let torn = Array(repeating: UInt8(7), count: 2000)
    let name = try #require(store.name("wal-"))
    let whole = try #require(store[name])
    store[name] = whole + torn
    let again = try Client(on: store)
    let kept = "quarantine/\(name).\(whole.count)"
    #expect(again.server.recoveryReport?.quarantined == [kept])
    for seed in 1...UInt64(20) {
      let lost = store.afterPowerLoss(seed: seed)
      #expect(lost[kept] == torn, "seed \(seed)")
      #expect(lost[name] == whole, "seed \(seed)")
    }
  }

  @Test func `a record that could not be brought to the disk is cut off again`() throws {
    var (store, client, told) = try Self.pushed(.disk)
    for fault in [MemoryStore.Fault.nothing, .half, .all] {
      let before = store.calls
      store.fail(.init(calls: before + 2...before + 2, fault: fault))
      #expect(try client.refusedPush(#"{"values":[2]}"#).kind == "DurabilityFailed")
      store.fail(nil)
      #expect(store.log[before...].prefix(3) == ["append", "sync", "truncate"])
      // A kill at once: what was refused is not there.
      var again = try Client(on: store.copy(), .disk)
      #expect(try again.told() == told)
      // New files, and on.
      client.clock.now += 2
      client.between { $0.maintainJournal() }
      try client.push(#"{"values":[3]}"#)
      told = try client.told()
    }
  }

  /// After a loss of power later blocks may be there and earlier ones not; but not if those were promised.
  @Test func `a hole is damage where a later record knows that it was on the disk`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    let name = try #require(store.name("wal-"))
    var offsets: [Int] = []
    var states: [[UInt8]] = []
    func note() throws {
      offsets.append(try #require(store[name]?.count))
      states.append(try Client(on: store.copy()).server.snapshotBytes)
    }
    try client.open("scalar")
    for value in 1...6 {
      try note()
      try client.push(#"{"values":[\#(value)]}"#)
      if value == 3 { client.between { $0.makeDurable() } }
    }
    // Up to the third push all was promised, and the fourth was the first to know.
    for place in 0..<5 {
      let lost = store.afterRestart()
      lost[name]?[offsets[place] + 40] ^= 1
      let names = lost.allNames
      do throws(RecoveryError) {
        let again = try Client(on: lost)
        #expect(place >= 3, "the push \(place + 1) was promised")
        #expect(again.server.snapshotBytes == states[place])
        #expect(again.server.recoveryReport?.warnings.count == 1)
      } catch {
        #expect(place < 3, "\(error)")
        #expect(error.message.contains("at offset \(offsets[place]) is damaged"))
        #expect(lost.allNames == names)
      }
    }
  }

  @Test func `a journal that was named and is no whole file is damage`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    let second = try Client(on: store)
    _ = second
    let name = try #require(store.name("wal-"))
    for length in 0..<FileHead.length {
      let cut = store.copy()
      cut[name]?.removeLast((cut[name]?.count ?? 0) - length)
      do throws(RecoveryError) {
        _ = try Client(on: cut)
        Issue.record("\(length) bytes of it were enough")
      } catch {
        guard case .damaged(let message) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(message.contains(name))
        #expect(cut.allNames == store.allNames)
        #expect(cut[name]?.count == length)
      }
    }
    // One that nothing names yet was being made when its maker was killed.
    for length in 0...FileHead.length {
      let begun = store.copy()
      begun["wal-00000000000000000003.evj"] = Array((store[name] ?? []).prefix(length))
      if length == FileHead.length { continue }
      var again = try Client(on: begun)
      #expect(try again.told() == client.told(), "\(length) bytes")
    }
  }
}
