import Testing
import WireJSON

@testable import EvalMetrics
@testable import EvalService

@Suite struct CheckpointFileTests {
  private static let options =
    #""options":{"unique_ids":true},"metrics":["sum"],"slices":["language"],"keep_windows":2"#

  /// A stream with windows, ids, a producer and a checkpoint "c".
  private static func filled() throws -> Client {
    var client = try Client.open("scalar", options)
    for (value, label) in [(1, "a"), (2, "b"), (4, "c")] {
      try client.push(#"{"values":[\#(value)],"ids":[\#(value)],"slices":{"language":"en"}}"#)
      try client.mark(label)
    }
    try client.push(
      #"{"values":[8],"ids":["x"],"slices":{"language":"fr"}}"#, #""producer":"p","seq":1"#)
    try client.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    return client
  }

  private static func state(_ client: inout Client) throws -> String {
    try #require(
      client.call("state/export", #"{"stream":"s","checkpoint":"c"}"#)["state"]?.string)
  }

  private static func rollback(_ state: String, stream: String = "s") -> String {
    #"{"stream":"\#(stream)","name":"c","state":"\#(state)"}"#
  }

  /// What a stream says of itself, but for its name and revision.
  private static func answers(_ client: inout Client, _ name: String) throws -> [String] {
    var found: [String] = []
    for window in [#""current""#, #""all""#, #"{"marks":2}"#, #"{"mark":"b"}"#] {
      let params = #"{"stream":"\#(name)","window":\#(window)}"#
      found.append(try client.call("metric/query", params).json("values"))
    }
    let facts = try client.call("stream/describe", #"{"stream":"\#(name)"}"#)
    for key in ["count", "total_count", "marks", "windows", "producers", "checkpoints"] {
      found.append(facts.json(key))
    }
    found.append(try client.call("metric/history", #"{"stream":"\#(name)"}"#).json("rows"))
    return found
  }

  @Test func `a checkpoint comes back in another server, whole`() throws {
    var client = try Self.filled()
    let before = try Self.answers(&client, "s")
    let state = try Self.state(&client)
    try client.push(#"{"values":[16],"ids":["y"],"slices":{"language":"en"}}"#)
    var other = Client()
    let result = try other.call("stream/rollback", Self.rollback(state))
    #expect(result.json("streams") == #"{"s":1}"#)
    #expect(try Self.answers(&other, "s") == before)
    // Ids and numbers of producers came along.
    let batch = #"{"values":[8],"ids":["x"],"slices":{"language":"fr"}}"#
    #expect(try other.push(batch).int("dropped_duplicates") == 1)
    #expect(
      try other.push(batch, #""producer":"p","seq":1"#)["duplicate"]?.bool == true)
    try other.call("stream/rollback", #"{"stream":"s","name":"c"}"#)
    #expect(try Self.answers(&other, "s") == before)
  }

  @Test func `what was pushed since is forgotten`() throws {
    var client = try Self.filled()
    let before = try Self.answers(&client, "s")
    let state = try Self.state(&client)
    try client.mark("d")
    client.notify("stream/push", #"{"stream":"s","batch":{"values":["x"]}}"#)
    let revision = try client.call("stream/describe", #"{"stream":"s"}"#).int("revision")
    let result = try client.call("stream/rollback", Self.rollback(state))
    #expect(try Self.answers(&client, "s") == before)
    #expect(result.int("revision") > revision)
    #expect(
      try client.call("metric/query", #"{"stream":"s"}"#)["complete"]?.bool == true)
  }

  @Test func `what does not fit is refused and changes nothing`() throws {
    var client = try Self.filled()
    let state = try Self.state(&client)
    for rest in [
      #""task":"binary""#, #""task":"scalar","metrics":["sum"],"slices":["language"]"#,
      #""task":"scalar","options":{"unique_ids":true},"slices":["language"],"keep_windows":3"#,
    ] {
      try client.call("stream/open", #"{"stream":"t",\#(rest)}"#)
      let refusal = try client.refusal(
        "stream/rollback", Self.rollback(state, stream: "t"))
      #expect(refusal.kind == "SchemaMismatch")
      #expect(refusal.path == "/params/state")
      try client.call("stream/delete", #"{"stream":"t"}"#)
    }
    #expect(
      try client.refusal("stream/rollback", #"{"name":"c","state":""}"#).path == "/params/stream")
    #expect(
      try client.refusal("state/merge", #"{"stream":"t","state":"\#(state)"}"#).kind
        == "StateDamaged")
    let unknown = try client.refusal("state/export", #"{"stream":"s","checkpoint":"d"}"#)
    #expect(unknown.kind == "CheckpointNotFound")
    #expect(unknown.path == "/params/checkpoint")
    #expect(
      try client.refusal("state/export", #"{"stream":"s","checkpoint":"c","window":"all"}"#).path
        == "/params/window")
  }

  @Test func `every cut and every flipped byte is found`() throws {
    let client = try Self.filled()
    let stream = try #require(client.server.streams["s"])
    let checkpoint = try #require(stream.checkpoint("c"))
    let whole = CheckpointFile(stream, checkpoint, version: "1.2.3").bytes
    _ = try CheckpointFile(whole)
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x10
      #expect(throws: StateError.self, "byte \(place)") { try CheckpointFile(bytes) }
      #expect(throws: StateError.self, "cut at \(place)") {
        try CheckpointFile(Array(whole[..<place]))
      }
    }
    #expect(throws: StateError.self) { try CheckpointFile(whole + [0]) }
  }
}
