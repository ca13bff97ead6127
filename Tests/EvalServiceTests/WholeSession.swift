import EvalMetrics
import Testing

@testable import EvalService

/// A line of a session, as method and parameters.
struct Step {
  var method: String
  var params: String
  var isNotification = false

  init(_ method: String, _ params: String, isNotification: Bool = false) {
    self.method = method
    self.params = params
    self.isNotification = isNotification
  }
}

/// A session in which every method that changes anything has its turn.
enum WholeSession {
  /// `state` is an exported state of a stream like "s".
  static func steps(merging state: String) -> [Step] {
    [
      Step(
        "stream/open",
        #"{"stream":"s","task":"binary","options":{"unique_ids":true},"metrics":["f1",{"metric":"f_beta","beta":2,"as":"f2"}],"slices":["language",{"name":"n","edges":[2,4]}],"keep_windows":2,"metadata":{"run":7}}"#
      ),
      Step(
        "stream/push",
        #"{"stream":"s","producer":"p","seq":1,"batch":{"scores":[0.2,0.8,0.6],"labels":[0,1,1],"ids":[1,"2",3],"slices":{"language":["en",null,"fr"],"n":[1,2,5]}}}"#
      ),
      // Refused for what it holds: the number is used up.
      Step(
        "stream/push",
        #"{"stream":"s","producer":"p","seq":2,"batch":{"scores":[7],"labels":[1],"ids":[9],"slices":{"language":"en","n":1}}}"#
      ),
      Step(
        "stream/push",
        #"{"stream":"s","producer":"q","seq":1,"batch":{"scores":[9,9],"labels":[1,1],"ids":[9,8],"slices":{"language":"en","n":1}}}"#,
        isNotification: true),
      Step(
        "stream/push",
        #"{"stream":"s","producer":"p","seq":3,"batch":{"scores":{"dtype":"float32","base64":"zczMPQAAAD8="},"labels":[true,false],"ids":[4,1],"weights":[0.5,2],"slices":{"language":{"dictionary":["en","de"],"indices":[1,0]},"n":[3,3]}}}"#
      ),
      Step("stream/checkpoint", #"{"name":"early"}"#),
      Step("stream/flush", #"{"stream":"s","acknowledge":true}"#),
      Step("stream/mark", #"{"stream":"s","label":"epoch 1","extra":{"loss":0.25}}"#),
      Step("stream/open", #"{"stream":"t","task":"scalar"}"#),
      Step(
        "stream/push", #"{"stream":"t","batch":{"values":[1,2.5,1e300]}}"#, isNotification: true),
      Step("stream/push", #"{"stream":"t","batch":{"values":["x"]}}"#, isNotification: true),
      Step("state/merge", #"{"stream":"m","state":"\#(state)"}"#),
      Step("stream/checkpoint", #"{"name":"late","stream":"t","keep":2}"#),
      Step("stream/push", #"{"stream":"t","batch":{"values":[-4]}}"#),
      Step("stream/mark", #"{"stream":"t"}"#),
      Step("stream/rollback", #"{"name":"late","stream":"t"}"#),
      Step("stream/reset", #"{"stream":"m"}"#),
      Step("state/merge", #"{"stream":"m","state":"\#(state)"}"#),
      Step("stream/open", #"{"stream":"d","task":"text_generation"}"#),
      Step(
        "stream/push",
        #"{"stream":"d","batch":{"predictions":["the cat sat"],"references":[["a cat sat","the cat"]]}}"#
      ),
      Step("stream/delete", #"{"stream":"d"}"#),
      Step(
        "stream/open",
        #"{"stream":"s","task":"binary","options":{"unique_ids":true},"metrics":["accuracy"],"slices":["language",{"name":"n","edges":[2,4]}],"keep_windows":2,"metadata":[]}"#
      ),
      Step("stream/rollback", #"{"name":"early"}"#),
      Step(
        "stream/push",
        #"{"stream":"s","producer":"p","seq":4,"batch":{"scores":[0.5,0.25],"labels":[1,0],"ids":[1,77],"slices":{"language":"en","n":[7,8]}}}"#
      ),
    ]
  }

  /// A state to merge.
  static func state() throws -> String {
    var client = try Client.open("binary", #""metrics":["roc_auc"]"#)
    try client.push(#"{"scores":[0.9,0.3,0.2],"labels":[1,0,1]}"#)
    return try #require(client.call("state/export", #"{"stream":"s"}"#)["state"]?.string)
  }

  static func steps() throws -> [Step] { steps(merging: try state()) }

  /// One of each kind of change, for tests that go through every byte.
  static func shortSteps() throws -> [Step] {
    let steps = try steps()
    let first = steps.firstIndex { $0.method == "stream/reset" } ?? 0
    let last = steps.firstIndex { $0.method == "stream/delete" } ?? 0
    // A stream that is deleted is "m" here.
    return steps[...first] + [Step("stream/delete", #"{"stream":"m"}"#)] + steps[(last + 1)...]
  }
}

extension Client {
  /// Takes a step; the error kind of its reply, nil where it was answered or is a notification.
  @discardableResult
  mutating func take(_ step: Step) throws -> String? {
    if step.isNotification {
      notify(step.method, step.params)
      return nil
    }
    return try request(step.method, step.params)["error"]?["data"]?["kind"]?.string
  }

  /// All that a server tells of its streams, as text: two that tell the same are the same to everybody.
  mutating func told() throws -> [String] {
    var told: [String] = []
    for stream in server.streams.keys.sorted() {
      let description = try call("stream/describe", #"{"stream":"\#(stream)"}"#)
      for (name, value) in description.members where name != "memory_bytes" {
        told.append("\(stream) \(name) \(value.json)")
      }
      for window in [#""current""#, #""all""#] {
        let answer = try call("metric/query", #"{"stream":"\#(stream)","window":\#(window)}"#)
        told.append("\(stream) \(window) \(answer.json)")
      }
      told.append("\(stream) \(try call("metric/history", #"{"stream":"\#(stream)"}"#).json)")
      if description["slices"]?.count ?? 0 > 0 {
        let rows = try call("slice/query", #"{"stream":"\#(stream)","by":"language"}"#)
        told.append("\(stream) \(rows.json("rows"))")
      }
    }
    told.append("changes \(server.changes)")
    return told
  }
}

extension Server {
  /// Everything, as a snapshot has it.
  var snapshotBytes: [UInt8] {
    var writer = StateWriter()
    writer.write(changes)
    for stream in streams.values.sorted(by: { $0.openedAt < $1.openedAt }) {
      stream.encode(into: &writer)
    }
    return writer.bytes
  }
}
