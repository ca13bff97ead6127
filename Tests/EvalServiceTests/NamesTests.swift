import EvalMetrics
import Testing
import WireJSON

@testable import EvalService

/// Names that `String` takes for one, since they are two spellings of an accented letter.
@Suite struct NamesTests {
  private static let names = ["caf\u{E9}", "cafe\u{301}"]

  @Test func `two streams`() throws {
    var client = Client()
    for name in Self.names {
      let opened = try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
      #expect(opened["created"]?.bool == true)
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[1]}}"#)
    }
    let listed = try client.call("stream/list")["streams"]
    // In the order of their bytes, and each by the name that it was given.
    #expect(
      listed?.elements.map { $0["stream"]?.string.map { Array($0.utf8) } }
        == Self.names.reversed().map { Array($0.utf8) })
    try client.call("stream/delete", #"{"stream":"\#(Self.names[0])"}"#)
    let gone = try client.refusal("metric/query", #"{"stream":"\#(Self.names[0])"}"#)
    #expect(gone.kind == "StreamNotFound")
    let left = try client.call("metric/query", #"{"stream":"\#(Self.names[1])","metrics":[]}"#)
    #expect(left.int("count") == 1)
  }

  @Test func `two producers`() throws {
    var client = try Client.open("scalar")
    for (place, name) in Self.names.enumerated() {
      let pushed = try client.push(#"{"values":[1]}"#, #""producer":"\#(name)","seq":1"#)
      #expect(pushed["duplicate"]?.bool == false && pushed.int("count") == place + 1)
    }
    try client.push(#"{"values":[1]}"#, #""producer":"\#(Self.names[1])","seq":2"#)
    let applied = try client.call("stream/flush", #"{"stream":"s"}"#).json("applied")
    #expect(applied.utf8.elementsEqual(#"{"cafe\#u{301}":2,"caf\#u{E9}":1}"#.utf8))
  }

  @Test func `two windows`() throws {
    var client = try Client.open("scalar", #""keep_windows":9"#)
    for (place, name) in Self.names.enumerated() {
      try client.push(#"{"values":[\#(place)]}"#)
      try client.mark(name)
    }
    for _ in 0..<2 {
      for (place, name) in Self.names.enumerated() {
        let found = try client.query(#"["sum"]"#, #""window":{"mark":"\#(name)"}"#)
        #expect(found["values"]?["sum"]?.double == Double(place))
      }
    }
  }

  @Test func `two checkpoints`() throws {
    var client = try Client.open("scalar")
    for name in Self.names {
      try client.call("stream/checkpoint", #"{"stream":"s","name":"\#(name)"}"#)
      try client.push(#"{"values":[1]}"#)
    }
    for (place, name) in Self.names.enumerated().reversed() {
      let path = #"{"stream":"s","checkpoint":"\#(name)"}"#
      #expect(try client.call("state/export", path).int("count") == place)
      try client.call("stream/rollback", #"{"stream":"s","name":"\#(name)"}"#)
      #expect(try client.count(#""current""#) == place)
    }
    // One that is not there is not the other.
    var other = try Client.open("scalar")
    try other.call("stream/checkpoint", #"{"stream":"s","name":"\#(Self.names[0])"}"#)
    let refusal = try other.refusal("stream/rollback", #"{"name":"\#(Self.names[1])"}"#)
    #expect(refusal.kind == "CheckpointNotFound")
  }

  @Test func `two answers, and their history`() throws {
    let (a, b) = (Self.names[0], Self.names[1])
    let metrics = #"[{"metric":"sum","as":"\#(a)"},{"metric":"mean","as":"\#(b)"}]"#
    var client = try Client.open("scalar", #""metrics":\#(metrics)"#)
    try client.push(#"{"values":[5]}"#)
    let found = try client.call("metric/query", #"{"stream":"s"}"#)["values"]
    #expect(found?[a]?.double == 5 && found?[b]?.double == 5)
    let rows = try client.push(
      #"{"values":[7]}"#, #""row_metrics":\#(metrics)"#)["row_values"]
    #expect(rows?[a]?.json == "[7.0]" && rows?[b]?.json == "[7.0]")
    try client.mark()
    let kept = try client.call("metric/history", #"{"stream":"s"}"#)["rows"]?[0]?["values"]
    #expect(kept?[a]?.double == 12 && kept?[b]?.double == 6)
    let one = #"{"stream":"s","metrics":[{"metric":"mean","as":"\#(b)"}]}"#
    let chosen = try client.call("metric/history", one)["rows"]?[0]?["values"]
    #expect(chosen?.count == 1 && chosen?[b]?.double == 6)
    // The best row of each is its own.
    let better = #"[{"metric":"accuracy","as":"\#(a)"},{"metric":"brier","as":"\#(b)"}]"#
    var binary = try Client.open("binary", #""metrics":\#(better)"#)
    try binary.push(#"{"scores":[0.5],"labels":[1]}"#)
    try binary.mark()
    let best = try binary.call("metric/history", #"{"stream":"s"}"#)["best"]
    #expect(best?[a]?["value"]?.double == 1 && best?[b]?["value"]?.double == 0.25)
    // Two of one name are refused as ever.
    let twice = #"["sum",{"metric":"mean","as":"sum"}]"#
    #expect(
      try client.refusal("metric/query", #"{"stream":"s","metrics":\#(twice)}"#).kind
        == "InvalidParams")
    // Another name for an answer is another default answer.
    try client.open("scalar", #""metrics":[{"metric":"sum","as":"\#(b)"}]"#)
    #expect(try client.describe().json("metrics").utf8.elementsEqual(#"["\#(b)"]"#.utf8))
  }

  @Test func `two dimensions, with a slice of each`() throws {
    let (a, b) = (Self.names[0], Self.names[1])
    var client = try Client.open("scalar", #""slices":["\#(a)","\#(b)"]"#)
    try client.push(#"{"values":[1,2],"slices":{"\#(a)":["x","y"],"\#(b)":["y","y"]}}"#)
    func count(_ slice: String) throws -> Int {
      try client.query("[]", #""slice":{\#(slice)}"#).int("count")
    }
    #expect(try count(#""\#(a)":"y""#) == 1 && count(#""\#(b)":"y""#) == 2)
    #expect(try count(#""\#(a)":"x","\#(b)":"y""#) == 1)
    for (names, rows) in [(#""\#(a)""#, 2), (#""\#(b)""#, 1), (#"["\#(b)","\#(a)"]"#, 2)] {
      let asked = #"{"stream":"s","by":\#(names),"metrics":["sum"]}"#
      let found = try client.call("slice/query", asked)
      #expect(found["rows"]?.count == rows)
    }
    let missing = try client.refusedPush(#"{"values":[1],"slices":{"\#(a)":"x"}}"#)
    #expect(missing.path == "/params/batch/slices")
    // A stream with one of them is not open with the other.
    var other = try Client.open("scalar", #""slices":["\#(a)"]"#)
    let refusal = try other.refusal(
      "stream/open", #"{"stream":"s","task":"scalar","slices":["\#(b)"]}"#)
    #expect(refusal.kind == "SchemaMismatch" && refusal.path == "/params/slices")
    #expect(try other.refusedPush(#"{"values":[1],"slices":{"\#(b)":"x"}}"#).kind == "InvalidBatch")
  }

  @Test func `two texts of an option, two subscriptions, two files`() throws {
    let (a, b) = (Self.names[0], Self.names[1])
    var client = try Client.open("binary", #""options":{"positive_label":"\#(a)"}"#)
    let refusal = try client.refusal(
      "stream/open", #"{"stream":"s","task":"binary","options":{"positive_label":"\#(b)"}}"#)
    #expect(refusal.kind == "SchemaMismatch" && refusal.path == "/params/options")

    for name in Self.names {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
      try client.call("metric/subscribe", #"{"stream":"\#(name)","metrics":[],"on":"mark"}"#)
    }
    try client.call("stream/mark", #"{"stream":"\#(a)"}"#)
    #expect(try client.notifications().count == 1)
    try client.call("stream/delete", #"{"stream":"\#(b)"}"#)
    #expect(try client.notifications().count == 1)
    try client.call("stream/mark", #"{"stream":"\#(a)"}"#)
    #expect(try client.notifications().count == 1)

    let files = [KeptFile(path: Name(a), bytes: [1]), KeptFile(path: Name(b), bytes: [2])]
    #expect(try files.reader(a, 9).get() == [1] && files.reader(b, 9).get() == [2])
    #expect(throws: FileFailure.self) { try [files[0]].reader(b, 9).get() }
  }

  @Test func `taints that could not be written down are those of their streams`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    for name in Self.names {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
    }
    store.fail(.init(calls: 1...Int.max, fault: .nothing))
    for name in Self.names {
      client.notify("stream/push", #"{"stream":"\#(name)","batch":{"values":["x"]}}"#)
    }
    store.fail(nil)
    client.clock.now += 2
    client.between { $0.maintainJournal() }
    var again = try Client(on: store.copy())
    for name in Self.names {
      let flush = try again.call("stream/flush", #"{"stream":"\#(name)"}"#)
      #expect(flush["rejected"]?.int("batches") == 1)
    }
  }

  @Test func `all of them come back from journal and snapshot`() throws {
    let (a, b) = (Self.names[0], Self.names[1])
    let store = MemoryStore()
    var client = try Client(on: store)
    for (place, name) in Self.names.enumerated() {
      try client.call(
        "stream/open",
        #"{"stream":"\#(name)","task":"scalar","keep_windows":4,"slices":["\#(a)","\#(b)"]}"#)
      for (other, producer) in Self.names.enumerated() {
        try client.call("stream/checkpoint", #"{"stream":"\#(name)","name":"\#(producer)"}"#)
        try client.call(
          "stream/push",
          #"{"stream":"\#(name)","producer":"\#(producer)","seq":1,"batch":{"values":[\#(place),\#(other)],"slices":{"\#(b)":"v","\#(a)":"w"}}}"#
        )
        try client.call("stream/mark", #"{"stream":"\#(name)","label":"\#(producer)"}"#)
      }
    }
    let told = try Self.told(&client)
    var replayed = try Client(on: store.copy())
    #expect(try Self.told(&replayed) == told)
    client.between { $0.closeJournal() }
    var read = try Client(on: store.copy())
    #expect(read.server.recoveryReport?.records == 0)
    #expect(try Self.told(&read) == told)
    #expect(read.server.snapshotBytes == client.server.snapshotBytes)
    #expect(read.server.snapshotBytes == replayed.server.snapshotBytes)
  }

  /// All that is asked by a name.
  private static func told(_ client: inout Client) throws -> [[UInt8]] {
    var told: [String] = [try client.call("stream/list").json]
    for stream in names {
      let described = try client.call("stream/describe", #"{"stream":"\#(stream)"}"#)
      told += ["producers", "windows", "checkpoints", "slices"].map { described.json($0) }
      told.append(try client.call("stream/flush", #"{"stream":"\#(stream)"}"#).json("applied"))
      for name in names {
        let window = #""window":{"mark":"\#(name)"}"#
        told.append(
          try client.call("metric/query", #"{"stream":"\#(stream)","metrics":["sum"],\#(window)}"#)
            .json)
        told.append(
          try client.call(
            "slice/query", #"{"stream":"\#(stream)","by":"\#(name)","metrics":["sum"],\#(window)}"#
          ).json)
        told.append(
          try client.call("state/export", #"{"stream":"\#(stream)","checkpoint":"\#(name)"}"#).json)
      }
    }
    return told.map { Array($0.utf8) }
  }

  /// An evald to which two spellings were one wrote down whichever was sent.
  @Test func `journals with another spelling are read as they were meant`() throws {
    let (a, b) = (Name(Self.names[0]), Name(Self.names[1]))
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.call("stream/open", #"{"stream":"\#(a)","task":"scalar"}"#)
    try client.call("stream/checkpoint", #"{"stream":"\#(a)","name":"\#(a)"}"#)
    try client.call("stream/push", #"{"stream":"\#(a)","batch":{"values":[1]}}"#)
    let columns = try Columns([("values", .values([.number(2)]))])
    func replayed(_ changes: [Change]) throws -> Client {
      let copy = store.copy()
      var client = try Client(on: copy)
      for change in changes {
        try #require(client.server.journal).append(kind: change.kind, isAwaited: true) {
          change.encode(task: "scalar", into: &$0)
        }
      }
      client = try Client(on: copy.copy())
      return client
    }
    func rows(_ client: Client) -> Int? { client.server.streams[a]?.engine.count }
    #expect(rows(try replayed([.push(stream: b, from: nil, columns)])) == 2)
    #expect(rows(try replayed([.rollback(name: b, stream: b)])) == 0)
    #expect(rows(try replayed([.rollback(name: b, stream: nil)])) == 0)
    #expect(rows(try replayed([.delete(stream: b)])) == nil)
    #expect(throws: RecoveryError.self) { try replayed([.delete(stream: "caf")]) }
  }
}
