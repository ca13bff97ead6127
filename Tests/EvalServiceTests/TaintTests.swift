import Testing
import WireJSON

@testable import EvalService

/// A notification that was refused is told of in every answer until someone has seen it.
@Suite struct TaintTests {
  private static let good = #"{"scores":[0.2,0.8],"labels":[0,1],"slices":{"g":["a","b"]}}"#
  private static let bad = #"{"scores":[0.2,0.8,0.5],"labels":[0,1,7],"slices":{"g":"a"}}"#
  private static let rejected =
    #"{"batches":1,"rows":3,"first":{"kind":"InvalidBatch","path":"/params/batch/labels/2","#
    + #""message":"labels holds 7 where 0 or 1 is wanted"}}"#

  private static func tainted() throws -> Client {
    var client = try Client.open("binary", #""slices":["g"],"keep_windows":2"#)
    try client.push(good)
    client.notify("stream/push", Client.pushParams(bad))
    return client
  }

  private static let questions: [(String, String)] = [
    ("metric/query", #"{"stream":"s"}"#), ("metric/query", #"{"stream":"s","window":"all"}"#),
    ("metric/query", #"{"stream":"s","slice":{"g":"a"}}"#),
    ("calibration/query", #"{"stream":"s"}"#), ("threshold/optimize", #"{"stream":"s"}"#),
    ("threshold/evaluate", #"{"stream":"s","thresholds":[0.5]}"#),
    ("curve/query", #"{"stream":"s","curve":"roc"}"#),
    ("slice/query", #"{"stream":"s","by":"g"}"#), ("metric/history", #"{"stream":"s"}"#),
  ]

  @Test(arguments: questions)
  func `every answer tells of it`(method: String, params: String) throws {
    var client = try Self.tainted()
    for _ in 0..<2 {
      let answer = try client.call(method, params)
      #expect(answer.json("complete") == "false")
      #expect(answer.json("rejected") == Self.rejected)
    }
    try client.call("stream/flush", #"{"stream":"s","acknowledge":true}"#)
    let clean = try client.call(method, params)
    #expect(clean.json("complete") == "true")
    #expect(clean.json("rejected") == "absent")
  }

  @Test func `it counts batches and rows, and names the first`() throws {
    var client = try Self.tainted()
    client.notify("stream/push", Client.pushParams(#"{"score":[1,2]}"#))
    client.notify("stream/push", Client.pushParams("7"))
    let rejected = try client.query("[]")["rejected"]
    #expect(rejected?.int("batches") == 3)
    #expect(rejected?.int("rows") == 5)
    #expect(rejected?["first"]?.json("path") == #""/params/batch/labels/2""#)
  }

  @Test func `a mark ends it, and its row tells of it for ever`() throws {
    var client = try Self.tainted()
    let row = try client.call("stream/mark", #"{"stream":"s","label":"one"}"#)
    #expect(row.json("complete") == "false")
    #expect(row.json("rejected") == Self.rejected)
    #expect(try client.query("[]").json("complete") == "true")
    try client.mark("two")
    let history = try client.call("metric/history", #"{"stream":"s"}"#)
    #expect(history.json("complete") == "true")
    #expect(history["rows"]?[0]?.json("complete") == "false")
    #expect(history["rows"]?[0]?.json("rejected") == Self.rejected)
    #expect(history["rows"]?[1]?.json("complete") == "true")
  }

  @Test func `a reset ends it, and the totals stay`() throws {
    var client = try Self.tainted()
    try client.call("stream/reset", #"{"stream":"s"}"#)
    #expect(try client.query("[]").json("complete") == "true")
    #expect(try client.describe().json("complete") == "true")
    #expect(try client.describe().json("rejected") == Self.rejected)
  }

  @Test func `a rollback ends it`() throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    try client.push(Self.good)
    try client.call("stream/checkpoint", #"{"name":"c","stream":"s"}"#)
    client.notify("stream/push", Client.pushParams(Self.bad))
    #expect(try client.query("[]").json("complete") == "false")
    try client.call("stream/rollback", #"{"name":"c","stream":"s"}"#)
    #expect(try client.query("[]").json("complete") == "true")
    #expect(try client.describe().json("rejected") == Self.rejected)
  }

  @Test func `a flush shows it, and ends it only when it is acknowledged`() throws {
    var client = try Self.tainted()
    let flush = try client.call("stream/flush", #"{"stream":"s"}"#)
    #expect(flush.json("rejected") == Self.rejected)
    #expect(try client.query("[]").json("complete") == "false")
    try client.call("stream/flush", #"{"stream":"s","acknowledge":false}"#)
    #expect(try client.query("[]").json("complete") == "false")
    let seen = try client.call("stream/flush", #"{"stream":"s","acknowledge":true}"#)
    #expect(seen.json("rejected") == Self.rejected)
    #expect(try client.query("[]").json("complete") == "true")
    let after = try client.call("stream/flush", #"{"stream":"s"}"#)
    #expect(after.json("rejected") == #"{"batches":0,"rows":0}"#)
    #expect(try client.describe().json("rejected") == Self.rejected)
  }

  @Test func `a refused request taints nothing`() throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    try client.refusedPush(Self.bad)
    try client.refusedPush(Self.bad, #""producer":"p","seq":1"#)
    #expect(try client.query("[]").json("complete") == "true")
    #expect(try client.describe().json("rejected") == #"{"batches":0,"rows":0}"#)
  }

  @Test func `every kind of refused notification taints`() throws {
    for params in [
      Client.pushParams(Self.good, #""seq":1"#), Client.pushParams(Self.good, #""sequence":1"#),
      Client.pushParams(Self.good, #""producer":"p","seq":5"#), #"{"stream":"s"}"#,
    ] {
      var client = try Client.open("binary", #""slices":["g"]"#)
      client.notify("stream/push", params)
      #expect(try client.query("[]").json("complete") == "false", "\(params)")
    }
  }

  @Test func `a refused number that comes again is the same loss`() throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    for _ in 0..<3 {
      client.notify("stream/push", Client.pushParams(Self.bad, #""producer":"p","seq":1"#))
    }
    #expect(try client.query("[]").json("rejected") == Self.rejected)
  }

  @Test func `other streams know nothing of it`() throws {
    var client = try Self.tainted()
    try client.call("stream/open", #"{"stream":"other","task":"binary"}"#)
    #expect(try client.call("metric/query", #"{"stream":"other"}"#).json("complete") == "true")
    client.notify("stream/push", #"{"stream":"nobody","batch":{}}"#)
    client.notify("stream/push", "[]")
    client.notify("stream/push", #"{"stream":7,"batch":[]}"#)
    #expect(try client.call("metric/query", #"{"stream":"other"}"#).json("complete") == "true")
    #expect(try client.query("[]")["rejected"]?.int("batches") == 1)
  }

  @Test func `connections that asked are told at once`() throws {
    var client = Client()
    try client.call("initialize", #"{"capabilities":{"push_failed":true}}"#)
    try client.open()
    client.notify(
      "stream/push",
      Client.pushParams(#"{"scores":[2],"labels":[1]}"#, #""producer":"p","seq":1"#))
    let told = try client.notifications()
    #expect(told.count == 1)
    let first = try #require(told.first)
    #expect(first.json("method") == #""stream/push_failed""#)
    #expect(first["id"] == nil)
    let params = try #require(first["params"])
    #expect(params.json("stream") == #""s""#)
    #expect(params.json("producer") == #""p""#)
    #expect(params.int("seq") == 1)
    #expect(params["error"]?.int("code") == 1003)
    #expect(params["error"]?["data"]?.json("path") == #""/params/batch/scores/0""#)
    // A request has its reply.
    try client.refusedPush(#"{"scores":[2],"labels":[1]}"#)
    #expect(try client.notifications().isEmpty)
    // One that was refused before, and a stream that is not there, are told of too.
    client.notify(
      "stream/push", Client.pushParams(#"{"scores":[1],"labels":[1]}"#, #""producer":"p","seq":1"#))
    client.notify("stream/push", #"{"stream":"nobody","batch":{}}"#)
    #expect(try client.notifications().count == 2)
  }

  @Test func `connections that did not ask are not told`() throws {
    var client = try Self.tainted()
    #expect(try client.notifications().isEmpty)
    var other = Client()
    try other.call("initialize", #"{"capabilities":{"push_failed":false}}"#)
    try other.open()
    other.notify("stream/push", Client.pushParams(#"{"scores":[2],"labels":[1]}"#))
    #expect(try other.notifications().isEmpty)
  }

  /// How many rows a refused batch had is what its sender says of it.
  @Test(arguments: [
    (#"{"scores":{"dtype":"uint8","shape":[9223372036854775807],"base64":"AAAA"}}"#, 6),
    (#"{"scores":{"dtype":"uint8","shape":[-9223372036854775808],"base64":"AAAA"}}"#, 0),
    (#"{"scores":{"dtype":"float32","base64":"AAAAAAAAAAAAAAAAAAAAAA==","shape":[2,2]},"x":7}"#, 4),
    (#"{"labels":{"dictionary":[1],"indices":[0,0]},"scores":[3,4]}"#, 4),
    (#"{"slices":{"indices":[1,2,3,4]},"scores":[3]}"#, 2),
    (#"{"scores":{"shape":[5]}}"#, 0), ("{}", 0),
  ])
  func `rows are what was sent, twice over`(batch: String, rows: Int) throws {
    var client = try Client.open()
    for _ in 0..<2 {
      client.notify("stream/push", Client.pushParams(batch, #""wrong":1"#))
    }
    #expect(try client.query("[]")["rejected"]?.int("rows") == rows)
  }

  @Test func `status counts what was refused`() throws {
    var client = try Self.tainted()
    try client.refusedPush(Self.bad)
    let status = try client.call("server/status")
    #expect(status.int("pushes") == 1)
    #expect(status.int("rows") == 2)
    #expect(status.int("rejected_batches") == 1)
  }
}
