import Testing
import WireJSON

@testable import EvalService

@Suite struct BooksTests {
  private static let batch =
    #"{"scores":[0.2,0.8],"labels":[0,1],"slices":{"g":["a","b"],"n":[1,9]}}"#
  private static let schema =
    #""options":{"threshold":0.4},"slices":["g",{"name":"n","edges":[5,7.5]}],"metrics":["f1"],"#
    + #""metadata":{"run":1},"keep_windows":2"#

  @Test func `describe shows the schema and the counters`() throws {
    var client = try Client.open("binary", Self.schema)
    try client.push(Self.batch, #""producer":"p","seq":1"#)
    try client.mark("e1")
    try client.push(Self.batch)
    try client.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    let d = try client.describe()
    let wanted = [
      "stream": #""s""#, "task": #""binary""#, "options": #"{"threshold":0.4}"#,
      "metrics": #"["f1"]"#, "slices": #"["g",{"name":"n","edges":[5.0,7.5]}]"#,
      "keep_windows": "2", "metadata": #"{"run":1}"#, "count": "2", "total_count": "4",
      "revision": "3", "marks": "1", "windows": #"["e1"]"#, "slice_cells": "2",
      "producers": #"{"p":1}"#, "checkpoints": #"["c"]"#, "complete": "true",
      "rejected": #"{"batches":0,"rows":0}"#, "dropped": "0", "dropped_duplicates": "0",
      "conflicting_duplicates": "0", "clamped": "0",
    ]
    for (key, value) in wanted { #expect(d.json(key) == value, "\(key)") }
    #expect(d.int("memory_bytes") > 0)
  }

  @Test func `list shows every stream by name`() throws {
    var client = Client()
    #expect(try client.call("stream/list").json == #"{"streams":[]}"#)
    for name in ["b", "a"] {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
    }
    try client.call("stream/push", #"{"stream":"b","batch":{"values":[1]}}"#)
    try client.call("stream/mark", #"{"stream":"b"}"#)
    #expect(
      try client.call("stream/list").json
        == #"{"streams":[{"stream":"a","task":"scalar","count":0,"total_count":0,"revision":0,"#
        + #""metadata":null},{"stream":"b","task":"scalar","count":0,"total_count":1,"#
        + #""revision":2,"metadata":null}]}"#)
  }

  @Test func `reset forgets rows, marks, producers and history, and the schema stays`() throws {
    var client = try Client.open("binary", Self.schema)
    try client.push(Self.batch, #""producer":"p","seq":1"#)
    try client.mark("e1")
    try client.push(Self.batch)
    #expect(try client.call("stream/reset", #"{"stream":"s"}"#).json == "{}")
    let d = try client.describe()
    for (key, value) in [
      ("count", "0"), ("total_count", "0"), ("revision", "4"), ("windows", "[]"), ("marks", "0"),
      ("slice_cells", "0"), ("producers", "{}"), ("metrics", #"["f1"]"#),
      ("metadata", #"{"run":1}"#), ("keep_windows", "2"),
    ] {
      #expect(d.json(key) == value, "\(key)")
    }
    #expect(
      try client.call("metric/history", #"{"stream":"s"}"#).json("rows") == "[]")
    #expect(try client.count(#""all""#) == 0)
    try client.push(Self.batch, #""producer":"p","seq":1"#)
    try client.mark()
    let row = try client.call("metric/history", #"{"stream":"s"}"#)["rows"]?[0]
    #expect(row?.json("label") == #""1""#)
  }

  @Test func `delete forgets the stream`() throws {
    var client = try Client.open("binary", Self.schema)
    try client.push(Self.batch)
    #expect(try client.call("stream/delete", #"{"stream":"s"}"#).json == "{}")
    #expect(try client.refusal("stream/describe", #"{"stream":"s"}"#).kind == "StreamNotFound")
    #expect(try client.open("scalar").json("created") == "true")
    #expect(try client.describe().int("revision") == 0)
  }

  @Test func `flush tells what was applied`() throws {
    var client = try Client.open("scalar")
    for (producer, seq) in [("b", 1), ("a", 1), ("a", 2)] {
      client.notify(
        "stream/push",
        Client.pushParams(#"{"values":[1]}"#, #""producer":"\#(producer)","seq":\#(seq)"#))
    }
    let flush = try client.call("stream/flush", #"{"stream":"s"}"#)
    #expect(flush.json("applied") == #"{"a":2,"b":1}"#)
    #expect(flush.json("durable") == "{}")
    #expect(flush.json("rejected") == #"{"batches":0,"rows":0}"#)
    let refusal = try client.refusal("stream/flush", #"{"stream":"s","acknowledge":1}"#)
    #expect(refusal.path == "/params/acknowledge")
  }

  @Test func `status counts`() throws {
    var client = try Client.open("scalar")
    client.clock.now = 1012.5
    try client.push(#"{"values":[1,2,3]}"#)
    _ = try client.query("[]")
    let status = try client.call("server/status")
    for (key, value) in [
      ("version", #""1.2.3""#), ("uptime_seconds", "12.5"), ("streams", "1"), ("pushes", "1"),
      ("rows", "3"), ("rejected_batches", "0"), ("queries", "1"), ("recovery", "null"),
    ] {
      #expect(status.json(key) == value, "\(key)")
    }
    #expect(status["memory"]?.int("max_memory_bytes") == 2 << 30)
    #expect((status["memory"]?.int("accounted_bytes") ?? 0) > 4096)
    // A batch that came twice was not applied twice.
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)
    try client.push(#"{"values":[1]}"#, #""producer":"p","seq":1"#)
    #expect(try client.call("server/status").int("pushes") == 2)
  }
}
