import Testing
import WireJSON

@testable import EvalService

@Suite struct PushTests {
  @Test func `a push tells what it did`() throws {
    var client = try Client.open()
    #expect(
      try client.push(#"{"scores":[0.2,0.8,0.6],"labels":[0,1,0]}"#).json
        == #"{"count":3,"total_count":3,"revision":1,"duplicate":false,"dropped_duplicates":0,"#
        + #""conflicting_duplicates":0,"clamped":0,"dropped":0}"#)
    try client.mark()
    let result = try client.push(#"{"scores":[1.0000005,-0.0000005],"labels":[1,0]}"#)
    #expect(result.int("count") == 2)
    #expect(result.int("total_count") == 5)
    #expect(result.int("revision") == 3)
    #expect(result.int("clamped") == 2)
    #expect(try client.describe().int("clamped") == 2)
  }

  @Test func `a notification does the same without a reply`() throws {
    var client = try Client.open()
    client.notify("stream/push", Client.pushParams(#"{"scores":[0.2],"labels":[1]}"#))
    #expect(try client.count(#""all""#) == 1)
  }

  @Test(arguments: [
    "{}", #"{"scores":[],"labels":[]}"#, #"{"labels":[]}"#, #"{"weights":[]}"#,
    #"{"scores":{"dtype":"float32","base64":""},"labels":{"dtype":"int64","base64":""}}"#,
    #"{"scores":{"dtype":"float32","shape":[0,2],"base64":""},"labels":[]}"#,
    #"{"scores":[],"labels":[],"slices":{"language":"en"}}"#,
    #"{"scores":[],"labels":[],"slices":{"language":[]}}"#, #"{"slices":{}}"#,
    #"{"scores":[],"labels":[],"ids":[]}"#,
  ])
  func `a batch without rows is accepted`(batch: String) throws {
    for options in ["{}", #"{"unique_ids":true}"#] {
      var client = try Client.open(
        "binary", #""slices":["language"],"options":\#(options)"#)
      let result = try client.push(batch, #""producer":"p","seq":1"#)
      #expect(result.int("count") == 0)
      #expect(result.json("duplicate") == "false")
      #expect(try client.push(batch, #""producer":"p","seq":1"#).json("duplicate") == "true")
    }
  }

  @Test func `a refused first batch settles nothing`() throws {
    var client = try Client.open()
    try client.refusedPush(#"{"predictions":[1,0],"labels":[1,7]}"#)
    try client.push(#"{"scores":[0.5],"labels":[1]}"#)
    let refusal = try client.refusedPush(#"{"predictions":[1],"labels":[1]}"#)
    #expect(refusal.path == "/params/batch/predictions")
    // After a reset the next batch settles it anew.
    try client.call("stream/reset", #"{"stream":"s"}"#)
    try client.push(#"{"predictions":[1],"labels":[1]}"#)
  }

  @Test(arguments: [
    ("[]", "/params/batch", "batch must be an object of columns"),
    (#"{"scores":[0.1,0.2],"labels":[1]}"#, "/params/batch/labels", "labels has 1 rows"),
    (#"{"scores":[0.1]}"#, "/params/batch", #"no column "labels""#),
    (#"{"labels":[1]}"#, "/params/batch", #"no column "scores""#),
    (#"{"scores":[0.1,0.2,0.3],"labels":[0,1,2]}"#, "/params/batch/labels/2", "holds 2"),
    (#"{"scores":[0.1],"labels":["yes"]}"#, "/params/batch/labels/0", #"holds "yes""#),
    (#"{"scores":[0.1],"labels":[null]}"#, "/params/batch/labels/0", "holds null"),
    (#"{"scores":[0.1,1.5],"labels":[0,1]}"#, "/params/batch/scores/1", "1.5"),
    (#"{"scores":[0.1,-0.1],"labels":[0,1]}"#, "/params/batch/scores/1", "-0.1"),
    (#"{"scores":[0.1,"NaN"],"labels":[0,1]}"#, "/params/batch/scores/1", "holds NaN"),
    (#"{"scores":[0.1,1e400],"labels":[0,1]}"#, "/params/batch/scores/1", "too large"),
    (#"{"scores":[0.1,null],"labels":[0,1]}"#, "/params/batch/scores/1", "null"),
    (#"{"scores":[[0.1,0.2,0.7]],"labels":[0]}"#, "/params/batch/scores", "[1, 3]"),
    (#"{"scores":[[0.1],[0.2,0.3]],"labels":[0,1]}"#, "/params/batch/scores/1", "shape"),
    (#"{"scores":0.5,"labels":[0]}"#, "/params/batch/scores", "must be a column"),
    (#"{"scores":[0.1],"labels":[1],"weights":[-1]}"#, "/params/batch/weights/0", "-1"),
    (
      #"{"scores":[0.1,0.2],"labels":[1,0],"weights":[1,"Infinity"]}"#,
      "/params/batch/weights/1", "is Infinity"
    ),
    (
      #"{"scores":[0.1],"labels":[1],"predictions":[1]}"#, "/params/batch/predictions",
      "scores or predictions"
    ),
    (
      #"{"scores":[0.1],"labels":[1],"ids":[0.5],"slices":{"language":1}}"#,
      "/params/batch/ids/0", "0.5"
    ),
    (
      #"{"scores":[0.1],"labels":[1],"ids":[null],"slices":{"language":1}}"#,
      "/params/batch/ids/0", "null"
    ),
    (#"{"scores":[0.1],"labels":[1],"slices":[]}"#, "/params/batch/slices", "object"),
    (#"{"scores":[0.1],"labels":[1]}"#, "/params/batch/slices", #"no slice "language""#),
    (
      #"{"scores":[0.1],"labels":[1],"slices":{"language":"en","lang":"en"}}"#,
      "/params/batch/slices/lang", "unknown slice"
    ),
    (
      #"{"scores":[0.1],"labels":[1],"slices":{"language":[["en"]]}}"#,
      "/params/batch/slices/language/0", "an array of 1"
    ),
    (
      #"{"scores":[0.1],"labels":[1],"slices":{"language":["en","fr"]}}"#,
      "/params/batch/slices/language", "has 2 rows"
    ),
    (#"{"scores":[0.1],"labels":[1],"a/b~c":[1]}"#, "/params/batch/a~1b~0c", "unknown column"),
  ])
  func `a batch is refused whole, and the path names the row`(
    batch: String, path: String, message: String
  ) throws {
    var client = try Client.open("binary", #""slices":["language"]"#)
    let good = #"{"scores":[0.4,0.6],"labels":[1,0],"slices":{"language":["en","fr"]}}"#
    try client.push(good)
    let before = try Self.everything(&client)
    let refusal = try client.refusedPush(batch)
    #expect(refusal.kind == "InvalidBatch")
    #expect(refusal.code == 1003)
    #expect(refusal.path == path)
    #expect(refusal.message.contains(message), "\(refusal.message)")
    #expect(try Self.everything(&client) == before)
  }

  /// All that can be asked of "s", for comparing before and after.
  static func everything(_ client: inout Client) throws -> String {
    let questions = [
      ("metric/query", #"{"stream":"s","window":"all"}"#),
      ("metric/query", #"{"stream":"s","metrics":["confusion_matrix"]}"#),
      ("slice/query", #"{"stream":"s","by":"language","metrics":["confusion_matrix","f1"]}"#),
      ("metric/history", #"{"stream":"s"}"#), ("stream/flush", #"{"stream":"s"}"#),
    ]
    let answers = try questions.map { try client.call($0.0, $0.1).json }
    let described = try client.describe()
    let counters = ["count", "total_count", "revision", "slice_cells", "producers", "dropped"]
    return (answers + counters.map(described.json)).joined(separator: "\n")
  }

  @Test(arguments: [
    ("y_pred", "predictions"), ("preds", "predictions"), ("y_true", "labels"),
    ("target", "labels"), ("logits", "scores"), ("sample_weight", "weights"), ("id", "ids"),
  ])
  func `a column by another name gets its name here`(name: String, right: String) throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(#"{"\#(name)":[1]}"#)
    #expect(refusal.kind == "InvalidBatch")
    #expect(refusal.path == "/params/batch/\(name)")
    #expect(refusal.hint == #"here it is called "\#(right)""#)
  }

  @Test(arguments: [("score", "scores"), ("lables", "labels"), ("wieghts", "weights")])
  func `a slip in the name of a column gets near names`(name: String, right: String) throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(#"{"\#(name)":[1]}"#)
    #expect(refusal.hint.contains(right))
  }

  @Test func `a scalar stream takes values`() throws {
    var client = try Client.open("scalar")
    let refusal = try client.refusedPush(#"{"loss":[0.5]}"#)
    #expect(refusal.hint == #"here it is called "values""#)
    #expect(try client.push(#"{"values":[[1],[2.5],[3]]}"#).int("count") == 3)
    #expect(
      try client.refusedPush(#"{"values":[1,"-Infinity"]}"#).path == "/params/batch/values/1")
    // What binary takes for two classes would be a silent choice here.
    #expect(try client.refusedPush(#"{"values":[[1,2]]}"#).path == "/params/batch/values")
  }

  @Test func `a stream that is not there has near names`() throws {
    var client = try Client.open()
    try client.call("stream/open", #"{"stream":"validation","task":"binary"}"#)
    for method in [
      "stream/describe", "stream/reset", "stream/delete", "stream/flush", "stream/mark",
      "metric/query", "metric/history", "calibration/query", "threshold/optimize",
    ] {
      let refusal = try client.refusal(method, #"{"stream":"valdation"}"#)
      #expect(refusal.kind == "StreamNotFound")
      #expect(refusal.code == 1001)
      #expect(refusal.path == "/params/stream")
      #expect(refusal.hint == #"did you mean "validation"?"#)
    }
    #expect(
      try client.refusal("stream/push", #"{"stream":"valdation","batch":{}}"#).kind
        == "StreamNotFound")
  }

  @Test func `a batch has at most 64 columns`() throws {
    var client = try Client.open()
    let columns = (0..<65).map { "\"c\($0)\":[1]" }.joined(separator: ",")
    let refusal = try client.refusedPush("{\(columns)}")
    #expect(refusal.path == "/params/batch")
  }
}
