import Testing
import WireJSON

@testable import EvalService

/// What the streams hold has a limit, and the account of it is what they hold.
@Suite struct MemoryTests {
  private static func batch(_ rows: Int, _ rest: String = "") -> String {
    let zeros = encodeBase64(Array(repeating: 0, count: rows))
    return #"{"scores":{"dtype":"uint8","base64":"\#(zeros)"},"#
      + #""labels":{"dtype":"uint8","base64":"\#(zeros)"}\#(rest)}"#
  }

  private static func held(_ client: inout Client) throws -> Int {
    try client.call("server/status")["memory"]?.int("accounted_bytes") ?? -1
  }

  @Test func `a batch that does not fit is refused, its number is free, and a delete makes room`()
    throws
  {
    var client = Client(memory: 2 << 20)
    try client.call("stream/open", #"{"stream":"other","task":"binary"}"#)
    try client.open()
    var error: JSONValue?
    for seq in 1...1000 where error == nil {
      let params = #""batch":\#(Self.batch(5000)),"producer":"p","seq":\#(seq)"#
      error = try client.request("stream/push", #"{"stream":"other",\#(params)}"#)["error"]
    }
    #expect(error?["data"]?.json("kind") == #""MemoryLimit""#)
    let refusal = try client.refusedPush(Self.batch(5000), #""producer":"p","seq":1"#)
    #expect(refusal.kind == "MemoryLimit")
    #expect(refusal.code == 1022)
    #expect(refusal.path == "/params/batch")
    #expect(try client.describe().json("producers") == "{}")
    // Small things still go, questions too, and what came before is known.
    #expect(try client.query("[]").int("count") == 0)
    #expect(
      try client.call(
        "stream/push", #"{"stream":"other","batch":[],"producer":"p","seq":1}"#
      ).json("duplicate") == "true")
    try client.call("stream/delete", #"{"stream":"other"}"#)
    #expect(
      try client.push(Self.batch(5000), #""producer":"p","seq":1"#).json("duplicate") == "false")
  }

  @Test func `what is only read needs little room`() throws {
    func zeros(_ shape: [Int]) -> String {
      let bytes = encodeBase64(Array(repeating: 0, count: shape.reduce(1, *)))
      return #"{"dtype":"uint8","shape":\#(shape),"base64":"\#(bytes)"}"#
    }
    var client = Client(memory: 1 << 20)
    try client.open("segmentation")
    // 80,000 pixels would not fit if each were kept.
    let mask = zeros([1, 200, 200])
    #expect(try client.push(#"{"predictions":\#(mask),"targets":\#(mask)}"#).int("count") == 1)
    let batch = #"{"scores":\#(zeros([100, 400])),"labels":\#(zeros([100]))}"#
    for (stream, keeps) in [("kept", true), ("passing", false)] {
      try client.call(
        "stream/open",
        #"{"stream":"\#(stream)","task":"multiclass","options":{"classes":400,"one_vs_rest":\#(keeps)}}"#
      )
      let reply = try client.request(
        "stream/push", #"{"stream":"\#(stream)","batch":\#(batch)}"#)
      #expect((reply["error"] != nil) == keeps)
    }
  }

  @Test func `a refused notification taints for want of room too`() throws {
    var client = Client(memory: 100_000)
    try client.open()
    client.notify("stream/push", Client.pushParams(Self.batch(50_000)))
    let rejected = try client.query("[]")["rejected"]
    #expect(rejected?["first"]?.json("kind") == #""MemoryLimit""#)
    #expect(rejected?.int("rows") == 50_001)
  }

  @Test func `everything that grows is in the account`() throws {
    var client = Client()
    try client.open("scalar", #""slices":["g"],"options":{"unique_ids":true}"#)
    func growth(_ body: (inout Client) throws -> Void) throws -> Int {
      let before = try Self.held(&client)
      try body(&client)
      return try Self.held(&client) - before
    }
    let text = String(repeating: "x", count: 60_000)
    let schema = #""slices":["g"],"options":{"unique_ids":true}"#
    #expect(
      try growth { try $0.open("scalar", schema + #","metadata":"\#(text)""#) } >= 59_000)
    #expect(
      try growth {
        try $0.call("stream/mark", #"{"stream":"s","extra":{"x":"\#(text)"}}"#)
      } >= 59_000)
    // A slice of its own for each row, and a long id.
    #expect(
      try growth {
        for row in 0..<100 {
          try $0.push(
            #"{"values":[1],"ids":["\#(row)\#(text.prefix(1000))"],"slices":{"g":\#(row)}}"#)
        }
      } >= 100 * 1256)
    #expect(
      try growth {
        for seq in 1...1000 { try $0.refusedPush("7", #""producer":"p","seq":\#(seq)"#) }
      } >= 8000)
    let metrics = (0..<1000).map { #"{"metric":"mean","as":"m\#($0)"}"# }.joined(separator: ",")
    #expect(
      try growth {
        try $0.open("scalar", schema + #","metrics":[\#(metrics)]"#)
      } >= 100_000)
    #expect(try growth { for _ in 0..<10 { try $0.mark() } } >= 10 * 1000 * 64)
    // A checkpoint is a copy by account, and replacing it costs nothing.
    let checkpoint = try growth {
      try $0.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    }
    #expect(checkpoint > 700_000)
    #expect(
      try growth { try $0.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#) } == 0)
    try client.call("stream/delete", #"{"stream":"s"}"#)
    #expect(try Self.held(&client) == 0)
  }

  @Test func `the account is what adding everything up gives`() throws {
    var client = Client()
    try client.open("binary", #""slices":["g","h"],"keep_windows":2,"options":{"window_rows":50}"#)
    for step in 0..<30 {
      try client.push(
        #"{"scores":[0.1,0.9,0.5],"labels":[0,1,1],"slices":{"g":[\#(step),1,2],"h":\#(step % 4)}}"#
      )
      if step % 5 == 4 { try client.mark() }
      for window in [#""all""#, #""current""#, #"{"rows":20}"#] {
        _ = try client.query(
          #"["roc_auc","ece"]"#, #""window":\#(window),"slice":{"h":1}"#)
        _ = try client.call(
          "slice/query", #"{"stream":"s","by":"g","window":\#(window),"metrics":["brier"]}"#)
      }
      if step == 17 { try client.call("stream/checkpoint", #"{"name":"c"}"#) }
      if step == 23 { try client.call("stream/rollback", #"{"name":"c"}"#) }
      var stream = try #require(client.server.streams["s"])
      #expect(try Self.held(&client) == stream.byteCount)
      #expect(stream.takeGrowth() == 0)
    }
    // What questions have merged goes when there is no room.
    var stream = try #require(client.server.streams["s"])
    let before = stream.byteCount
    stream.contents.engine.forgetViews()
    #expect(stream.byteCount < before)
  }

  @Test func `questions give up what they have merged before a push is refused`() throws {
    var client = Client(memory: 1_000_000)
    try client.open("binary", #""slices":["g"],"keep_windows":3"#)
    for _ in 0..<3 {
      try client.push(Self.batch(3000, #","slices":{"g":"a"}"#))
      try client.mark()
    }
    for count in 2...3 {
      _ = try client.query(#"["roc_auc"]"#, #""window":{"marks":\#(count)}"#)
    }
    let full = try Self.held(&client)
    let room = 1_000_000 - full
    // More than there is room for now, and less than there is without the merged states.
    let rows = room / 128 + 50
    try client.push(Self.batch(rows, #","slices":{"g":"a"}"#))
    #expect(try client.count(#""all""#) == 9000 + rows)
  }

  @Test func `what answers remember is in the account, and is limited`() throws {
    var client = try Client.open()
    try client.push(Self.batch(10))
    let before = try Self.held(&client)
    for bins in 1...40 {
      try client.call("calibration/query", #"{"stream":"s","bins":\#(bins)}"#)
    }
    #expect(try Self.held(&client) > before + 40 * 41 / 2 * 40)
    for bins in 9_500...9_510 {
      try client.call("calibration/query", #"{"stream":"s","bins":\#(bins)}"#)
    }
    for threshold in 0..<400 {
      let beta = Double(threshold) / 400
      try client.call(
        "threshold/optimize", #"{"stream":"s","objective":"f_beta","beta":\#(beta)}"#)
    }
    #expect(try Self.held(&client) < before + 100_000)
  }

  @Test func `a checkpoint or a mark that does not fit is refused`() throws {
    var client = Client(memory: 600_000)
    try client.open()
    try client.push(Self.batch(4000))
    var error: JSONValue?
    for number in 1...1000 where error == nil {
      error =
        try client.request(
          "stream/checkpoint", #"{"stream":"s","name":"c\#(number)","keep":1000}"#)["error"]
    }
    #expect(error?["data"]?.json("kind") == #""MemoryLimit""#)
    #expect(error?["data"]?.json("path") == #""/params/name""#)
    // Keeping fewer makes room for the new one.
    try client.call("stream/checkpoint", #"{"stream":"s","name":"new","keep":1}"#)
    #expect(try client.describe().json("checkpoints") == #"["new"]"#)
  }
}
