import EvalMetrics
import Testing
import WireJSON

@testable import EvalService

@Suite struct JournalTests {
  /// A store after the whole session, and what the server told at its end.
  private static func session(
    _ durability: Durability = .interval
  ) throws -> (store: MemoryStore, client: Client, told: [String]) {
    let store = MemoryStore()
    var client = try Client(on: store, durability)
    for step in try WholeSession.steps() { try client.take(step) }
    let told = try client.told()
    return (store, client, told)
  }

  @Test func `the session changes something at every step`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    var kinds: Set<UInt8> = []
    for step in try WholeSession.steps() {
      let before = try #require(client.server.journal).look(\.next)
      let refusal = try client.take(step)
      let after = try #require(client.server.journal).look(\.next)
      #expect(after == before + 1, "\(step.method): \(refusal ?? "answered")")
    }
    let name = try #require(store.name("wal-"))
    var reader = try RecordReader(store, name, .journal)
    while case .record(let record) = try reader.next() { kinds.insert(record.head.kind) }
    #expect(kinds == Set(1...11))
  }

  @Test func `after a crash everything is as it was, and goes on as if nothing had been`() throws {
    var (store, live, told) = try Self.session()
    var again = try Client(on: store.copy())
    #expect(try again.told() == told)
    #expect(again.server.recoveryReport?.records == UInt64(try WholeSession.steps().count))
    #expect(again.server.recoveryReport?.warnings == [])
    // Numbers that were used up stay so.
    let resent = Step(
      "stream/push",
      #"{"stream":"s","producer":"p","seq":2,"batch":{"scores":[0.5],"labels":[1],"ids":[5],"slices":{"language":"en","n":1}}}"#
    )
    #expect(try again.take(resent) == "AlreadyRefused")
    let more = [
      Step(
        "stream/push",
        #"{"stream":"s","producer":"p","seq":5,"batch":{"scores":[0.5,0.1],"labels":[1,0],"ids":[4,6],"slices":{"language":"en","n":1}}}"#
      ),
      Step("stream/mark", #"{"stream":"s"}"#),
      Step("stream/rollback", #"{"name":"early"}"#),
    ]
    for step in more {
      try live.take(step)
      try again.take(step)
    }
    #expect(try again.told() == live.told())
    _ = told
  }

  @Test func `a snapshot has everything too`() throws {
    var (store, live, told) = try Self.session()
    live.between { $0.closeJournal() }
    #expect(store.name("snap-") != nil)
    var again = try Client(on: store.copy())
    #expect(again.server.recoveryReport?.records == 0)
    #expect(try again.told() == told)
    #expect(again.server.snapshotBytes == live.server.snapshotBytes)
    // A start that changes nothing writes nothing at its end.
    let calls = store.calls
    var third = try Client(on: store)
    third.between { $0.closeJournal() }
    #expect(!store.log[calls...].contains { $0.contains("snap-") && $0.hasPrefix("create") })
    #expect(try third.told() == told)
  }

  @Test func `snapshots are begun beside the pushes, and old files go`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    for round in 1...4 {
      for value in 0..<5 { try client.push(#"{"values":[\#(value)]}"#) }
      try #require(client.server.journal).change { $0.snapshotDue = 1 }
      client.between { $0.maintainJournal() }
      try client.push(#"{"values":[0.5]}"#)
      let snapshots = store.allNames.filter { $0.hasPrefix("snap-") }
      #expect(snapshots.count == min(round, 2))
      var again = try Client(on: store.copy())
      #expect(again.server.recoveryReport?.records == 1)
      #expect(try again.told() == client.told())
    }
    #expect(store.allNames.filter { $0.hasPrefix("wal-") }.count == 2)
    // The older one serves where the newer one is damaged.
    let damaged = store.copy()
    let name = try #require(store.name("snap-"))
    damaged[name]?[200] ^= 1
    var again = try Client(on: damaged)
    #expect(try again.told() == client.told())
    #expect(again.server.recoveryReport?.warnings.count == 1)
    #expect(damaged.allNames.contains("quarantine/" + name))
  }

  @Test func `flush tells what is durable`() throws {
    for (durability, expected) in [
      (Durability.os, #"{"p":1}"#), (.interval, #"{"p":1}"#), (.disk, #"{"p":1}"#),
    ] {
      var client = try Client(on: MemoryStore(), durability)
      try client.open("scalar")
      client.notify(
        "stream/push", Client.pushParams(#"{"values":[1]}"#, #""producer":"p","seq":1"#))
      #expect(try client.call("stream/flush", #"{"stream":"s"}"#).json("durable") == expected)
    }
    // The disk fails: what is there is told, and no more.
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)
    try client.call("stream/flush", #"{"stream":"s"}"#)
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":2"#)
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":3"#)
    store.fail(.init(calls: 1...Int.max, fault: .nothing))
    let flush = try client.call("stream/flush", #"{"stream":"s"}"#)
    #expect(flush.json("durable") == #"{"p":1}"#)
    #expect(flush.json("applied") == #"{"p":3}"#)
    let status = try client.call("server/status")["durability"]
    #expect(status?.json("state") == #""failed""#)
    store.fail(nil)
    client.clock.now += 2
    client.between { $0.maintainJournal() }
    #expect(
      try client.call("stream/flush", #"{"stream":"s"}"#).json("durable") == #"{"p":3}"#)
    #expect(try client.call("server/status")["durability"]?.json("state") == #""ok""#)
  }

  @Test func `what comes while a sync runs is not said to be on the disk`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    let journal = try #require(client.server.journal)
    store.whileSyncing.withLock {
      $0 = { _ = try? journal.append(kind: 8, isAwaited: false) { $0.write("s") } }
    }
    #expect(journal.sync())
    #expect(journal.look(\.next) == 3)
    #expect(journal.look(\.synced) == 1)
    #expect(journal.sync())
    #expect(journal.look(\.synced) == 2)
  }

  @Test func `a disk that is full refuses, keeps what is there, and goes on when there is room`()
    throws
  {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)
    for fault in [MemoryStore.Fault.nothing, .half, .all] {
      store.fail(.init(calls: store.calls + 1...store.calls + 1, fault: fault))
      let before = try client.told()
      let error = try client.refusedPush(#"{"values":[2]}"#, #""producer":"p","seq":2"#)
      #expect(error.kind == "DurabilityFailed")
      #expect(error.code == 1023)
      #expect(error.path == "/params")
      #expect(try client.told() == before)
      var again = try Client(on: store.copy())
      #expect(try again.told() == before)
    }
    try client.push(#"{"values":[2]}"#, #""producer":"p","seq":2"#)
    // A notification that cannot be written taints its stream, now and after a crash.
    store.fail(.init(calls: store.calls + 1...store.calls + 4, fault: .half))
    client.notify("stream/push", Client.pushParams(#"{"values":[3,4]}"#))
    store.fail(nil)
    #expect(try client.query(#"["mean"]"#)["complete"]?.bool == false)
    // New files are not tried more often than once a second.
    client.clock.now += 2
    try client.push(#"{"values":[5]}"#)
    var again = try Client(on: store.copy())
    #expect(try again.query(#"["mean"]"#)["complete"]?.bool == false)
    #expect(try again.told() == client.told())
  }

  @Test func `a push that is resent after a crash counts once`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)
    var again = try Client(on: store)
    #expect(
      try again.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)["duplicate"]?.bool == true)
    let opened = try again.open("scalar")
    #expect(opened["created"]?.bool == false)
    #expect(opened.json("producers") == #"{"p":1}"#)
    #expect(
      try again.refusal("stream/open", #"{"stream":"s","task":"scalar","resume":"never"}"#).kind
        == "ResumeRefused")
    #expect(
      try again.refusal("stream/open", #"{"stream":"z","task":"scalar","resume":"must"}"#).kind
        == "ResumeRefused")
  }

  @Test func `a file that an option named is not wanted again`() throws {
    let file = KeptFile(path: "/w/data.noun", bytes: [1, 2, 3])
    let trace = FileTrace { path, _ in .success(Array(path.utf8)) }
    _ = trace.reader("/w/data.noun", 100)
    #expect(trace.files == [KeptFile(path: "/w/data.noun", bytes: Array("/w/data.noun".utf8))])
    guard case .success([1, 2, 3]) = [file].reader("/w/data.noun", 100) else {
      Issue.record("it was not kept")
      return
    }
    guard case .failure = [file].reader("/w/other", 100) else {
      Issue.record("another file was read")
      return
    }
  }
}
