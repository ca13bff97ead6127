import Testing
import WireJSON

@testable import EvalService

@Suite struct CheckpointTests {
  private static let one = #"{"scores":[0.2,0.8],"labels":[0,1],"ids":[1,2]}"#
  private static let two = #"{"scores":[0.9,0.3],"labels":[0,1],"ids":[3,4]}"#

  @Test func `a rollback brings back rows, marks, ids and producers, and the revision rises`()
    throws
  {
    var client = try Client.open("binary", #""options":{"unique_ids":true},"keep_windows":2"#)
    try client.push(Self.one, #""producer":"p","seq":1"#)
    try client.mark("first")
    try client.push(Self.two, #""producer":"p","seq":2"#)
    let kept = try client.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    #expect(kept.json("name") == #""c""#)
    #expect(kept.int("revision") == 3)
    let before = try Self.rows(&client)

    try client.push(
      #"{"scores":[0.5],"labels":[1],"ids":[5]}"#, #""producer":"p","seq":3"#)
    try client.mark("second")
    try client.refusedPush(#"{"scores":[2],"labels":[1],"ids":[9]}"#, #""producer":"q","seq":1"#)
    #expect(try Self.rows(&client) != before)

    let back = try client.call("stream/rollback", #"{"stream":"s","name":"c"}"#)
    #expect(back.int("revision") == 6)
    #expect(try Self.rows(&client) == before)
    // Ids and numbers after the checkpoint are free again, those before it are not.
    let again = try client.push(
      #"{"scores":[0.5,0.5],"labels":[1,1],"ids":[5,4]}"#, #""producer":"p","seq":3"#)
    #expect(again.int("dropped_duplicates") == 1)
    #expect(again.int("count") == 3)
    // A checkpoint can be gone back to again.
    try client.call("stream/rollback", #"{"stream":"s","name":"c"}"#)
    #expect(try Self.rows(&client) == before)
    #expect(try client.describe().int("revision") == 8)
  }

  @Test func `all streams go back together`() throws {
    var client = Client()
    for name in ["a", "b"] {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[1]}}"#)
    }
    try client.call("stream/checkpoint", #"{"name":"all"}"#)
    try client.call("stream/open", #"{"stream":"young","task":"scalar"}"#)
    for name in ["a", "b", "young"] {
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[2]}}"#)
    }
    try client.call("stream/rollback", #"{"name":"all"}"#)
    let list = try client.call("stream/list")
    #expect(list["streams"]?.elements.map { $0.int("count") } == [1, 1, 0])
    #expect(list["streams"]?.elements.map { $0.int("revision") } == [3, 3, 2])
  }

  @Test func `an older stream without the checkpoint is not meant`() throws {
    var client = Client()
    for name in ["a", "b"] {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[1]}}"#)
    }
    try client.call("stream/checkpoint", #"{"name":"c","stream":"a"}"#)
    try client.call("stream/rollback", #"{"name":"c"}"#)
    let list = try client.call("stream/list")
    #expect(list["streams"]?.elements.map { $0.int("revision") } == [2, 1])
  }

  @Test func `a checkpoint that is not there has near names`() throws {
    var client = try Client.open()
    try client.call("stream/checkpoint", #"{"stream":"s","name":"epoch 3"}"#)
    for params in [#"{"stream":"s","name":"epoch3"}"#, #"{"name":"epoch3"}"#] {
      let refusal = try client.refusal("stream/rollback", params)
      #expect(refusal.kind == "CheckpointNotFound")
      #expect(refusal.code == 1007)
      #expect(refusal.path == "/params/name")
      #expect(refusal.hint == #"did you mean "epoch 3"?"#)
    }
    var empty = Client()
    #expect(
      try empty.refusal("stream/rollback", #"{"name":"x"}"#).kind == "CheckpointNotFound")
    #expect(
      try client.refusal("stream/rollback", #"{"stream":"t","name":"epoch 3"}"#).kind
        == "StreamNotFound")
    for name in [#""""#, "7", #""a\n""#] {
      #expect(
        try client.refusal("stream/checkpoint", #"{"name":\#(name)}"#).path == "/params/name")
    }
  }

  @Test func `of a name the newest counts, and keep says how many stay`() throws {
    var client = try Client.open("scalar")
    for number in 1...5 {
      try client.push(#"{"values":[\#(number)]}"#)
      try client.call("stream/checkpoint", #"{"stream":"s","name":"c\#(number)","keep":3}"#)
    }
    #expect(try client.describe().json("checkpoints") == #"["c3","c4","c5"]"#)
    try client.push(#"{"values":[6]}"#)
    try client.call("stream/checkpoint", #"{"stream":"s","name":"c4","keep":3}"#)
    #expect(try client.describe().json("checkpoints") == #"["c3","c5","c4"]"#)
    try client.call("stream/rollback", #"{"stream":"s","name":"c3"}"#)
    #expect(try client.count(#""all""#) == 3)
    try client.call("stream/rollback", #"{"stream":"s","name":"c4"}"#)
    #expect(try client.count(#""all""#) == 6)
    for keep in ["0", "1001", "-1", "1.5"] {
      #expect(
        try client.refusal("stream/checkpoint", #"{"name":"c","keep":\#(keep)}"#).path
          == "/params/keep")
    }
  }

  @Test func `a checkpoint outlives a reset, and goes with its stream`() throws {
    var client = try Client.open("scalar")
    try client.push(#"{"values":[1,2]}"#)
    try client.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    try client.call("stream/rollback", #"{"stream":"s","name":"c"}"#)
    #expect(try client.count(#""all""#) == 2)
    try client.call("stream/delete", #"{"stream":"s"}"#)
    try client.open("scalar")
    #expect(
      try client.refusal("stream/rollback", #"{"stream":"s","name":"c"}"#).kind
        == "CheckpointNotFound")
  }
}

extension CheckpointTests {
  /// All that a rollback brings back of a binary stream "s".
  private static func rows(_ client: inout Client) throws -> String {
    let questions = [
      ("metric/query", #"{"stream":"s","window":"all","metrics":["confusion_matrix","brier"]}"#),
      ("metric/query", #"{"stream":"s","metrics":["confusion_matrix","roc_auc"]}"#),
      ("metric/history", #"{"stream":"s"}"#), ("stream/flush", #"{"stream":"s"}"#),
    ]
    var text = ""
    for (method, params) in questions {
      let answer = try client.call(method, params)
      for (key, value) in answer.members where key != "revision" { text += key + value.json }
    }
    let described = try client.describe()
    for key in ["count", "total_count", "windows", "marks", "producers"] {
      text += described.json(key)
    }
    return text
  }
}
