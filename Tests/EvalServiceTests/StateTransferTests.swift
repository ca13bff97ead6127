import Testing
import WireJSON

@testable import EvalMetrics
@testable import EvalService

@Suite struct StateTransferTests {
  private static func state(_ client: inout Client, _ rest: String = "") throws -> String {
    try #require(
      client.call("state/export", #"{"stream":"s"\#(rest)}"#)["state"]?.string)
  }

  private static func merge(_ state: String, into stream: String = "t") -> String {
    #"{"stream":"\#(stream)","state":"\#(state)"}"#
  }

  @Test func `a state makes a stream of the same schema`() throws {
    var client = try Client.open(
      "binary",
      #""slices":["language",{"name":"n","edges":[2]}],"options":{"threshold":0.25},"metrics":["f1",{"metric":"f_beta","beta":2,"as":"f2"}]"#
    )
    try client.push(
      #"{"scores":[0.9,0.3,0.2],"labels":[1,0,1],"slices":{"language":["en","fr",null],"n":[1,2,3]}}"#
    )
    let result = try client.call("state/merge", Self.merge(Self.state(&client)))
    #expect(result["created"]?.bool == true)
    #expect(result.int("merged") == 3)
    #expect(result.int("total_count") == 3)
    let (mine, theirs) = (
      try client.call("metric/query", #"{"stream":"s"}"#),
      try client.call("metric/query", #"{"stream":"t"}"#)
    )
    #expect(mine.json("values") == theirs.json("values"))
    #expect(mine.json("signatures") == theirs.json("signatures"))
    for by in [#""language""#, #"["language","n"]"#] {
      let question = #"","by":\#(by),"metrics":["roc_auc","accuracy"]}"#
      #expect(
        try client.call("slice/query", #"{"stream":"s"# + question).json("rows")
          == client.call("slice/query", #"{"stream":"t"# + question).json("rows"))
    }
    // The same again is as pushing the same rows again.
    let again = try client.call("state/merge", Self.merge(Self.state(&client)))
    #expect(again["created"]?.bool == false)
    #expect(again.int("count") == 6)
    #expect(again.int("revision") == 2)
  }

  @Test func `a window that is not the current one is exported`() throws {
    var client = try Client.open("scalar", #""metrics":["sum"]"#)
    try client.push(#"{"values":[1,2]}"#)
    try client.mark("a")
    try client.push(#"{"values":[4]}"#)
    for (stream, window, sum) in [
      ("x", #"{"mark":"a"}"#, 3.0), ("y", #""all""#, 7), ("z", #""current""#, 4),
    ] {
      let state = try Self.state(&client, #","window":\#(window)"#)
      try client.call("state/merge", Self.merge(state, into: stream))
      #expect(
        try client.call("metric/query", #"{"stream":"\#(stream)"}"#).value("sum") == sum)
    }
  }

  @Test func `what does not fit is refused and changes nothing`() throws {
    var client = try Client.open("scalar")
    try client.push(#"{"values":[1]}"#)
    let state = try Self.state(&client)
    for rest in [
      #""task":"binary""#, #""task":"scalar","slices":["language"]"#,
      #""task":"scalar","options":{"non_finite":"skip"}"#,
    ] {
      try client.call("stream/open", #"{"stream":"t",\#(rest)}"#)
      let refusal = try client.refusal("state/merge", Self.merge(state))
      #expect(refusal.kind == "SchemaMismatch")
      #expect(refusal.path == "/params/state")
      try client.call("stream/delete", #"{"stream":"t"}"#)
    }
    // How many windows are kept says nothing about rows.
    try client.call("stream/open", #"{"stream":"t","task":"scalar","keep_windows":7}"#)
    #expect(try client.call("state/merge", Self.merge(state)).int("count") == 1)
  }

  @Test func `scores do not go into a stream of decisions`() throws {
    var client = try Client.open()
    try client.push(#"{"scores":[0.5],"labels":[1]}"#)
    let state = try Self.state(&client)
    try client.call("stream/open", #"{"stream":"t","task":"binary"}"#)
    try client.call(
      "stream/push", #"{"stream":"t","batch":{"predictions":[1],"labels":[1]}}"#)
    let refusal = try client.refusal("state/merge", Self.merge(state))
    #expect(refusal.kind == "InvalidBatch")
    // And the other way round, an empty stream takes them and then no others.
    try client.call("state/merge", Self.merge(state, into: "u"))
    let second = try client.refusal(
      "stream/push", #"{"stream":"u","batch":{"predictions":[1],"labels":[1]}}"#)
    #expect(second.kind == "InvalidBatch")
  }

  @Test func `shared ids are refused with their number`() throws {
    var client = try Client.open("scalar", #""options":{"unique_ids":true},"metrics":["sum"]"#)
    try client.push(#"{"values":[1,2,4],"ids":[1,"1",18446744073709551615]}"#)
    let state = try Self.state(&client)
    try client.call(
      "stream/open",
      #"{"stream":"t","task":"scalar","options":{"unique_ids":true},"metrics":["sum"]}"#)
    try client.call("stream/push", #"{"stream":"t","batch":{"values":[8,16],"ids":["1",2]}}"#)
    let refusal = try client.refusal("state/merge", Self.merge(state))
    #expect(refusal.kind == "DuplicateIds")
    #expect(refusal.message == "1 ids are in both states")
    #expect(try client.call("metric/query", #"{"stream":"t"}"#).value("sum") == 24)
    // The ids come with the rows.
    try client.call("state/merge", Self.merge(state, into: "u"))
    let push = try client.call(
      "stream/push", #"{"stream":"u","batch":{"values":[9,9],"ids":["1",7]}}"#)
    #expect(push.int("dropped_duplicates") == 1)
    try client.mark()
    #expect(
      try client.refusal("state/export", #"{"stream":"s","window":"all"}"#).kind
        == "NotApplicable")
  }

  @Test func `a stream with refused batches is not exported as if it were whole`() throws {
    var client = try Client.open("scalar")
    client.notify("stream/push", #"{"stream":"s","batch":{"values":["x"]}}"#)
    #expect(try client.refusal("state/export", #"{"stream":"s"}"#).kind == "NotApplicable")
    try client.call("stream/flush", #"{"stream":"s","acknowledge":true}"#)
    #expect(try Self.state(&client) != "")
  }

  @Test func `every cut and every flipped byte is found`() throws {
    var client = try Client.open("binary", #""slices":["language"]"#)
    try client.push(#"{"scores":[0.9,0.3],"labels":[1,0],"slices":{"language":["en",null]}}"#)
    let text = try Self.state(&client)
    let whole = try StateFile(client.server.streams["s"]!.exported()).bytes
    #expect(encodeBase64(whole) == text)
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x10
      #expect(throws: StateError.self, "byte \(place)") { try StateFile(bytes) }
      #expect(throws: StateError.self, "cut at \(place)") { try StateFile(Array(whole[..<place])) }
    }
    #expect(throws: StateError.self) { try StateFile(whole + [0]) }
    let refusal = try client.refusal(
      "state/merge", Self.merge(String(text.prefix(text.count / 8 * 4))))
    #expect(refusal.kind == "StateDamaged")
    #expect(try client.refusal("state/merge", Self.merge("?")).kind == "StateDamaged")
    #expect(try client.refusal("state/merge", #"{"stream":"t"}"#).path == "/params/state")
  }

  @Test func `a state of a newer evald is told from a damaged one`() throws {
    var client = try Client.open("scalar")
    var bytes = Array(try StateFile(client.server.streams["s"]!.exported()).bytes.dropLast(4))
    bytes[8] = 2
    var writer = StateWriter()
    writer.write(raw: bytes)
    writer.write(Kernels.crc32c(bytes))
    let refusal = try client.refusal("state/merge", Self.merge(encodeBase64(writer.bytes)))
    #expect(refusal.kind == "StateTooNew")
  }

  @Test func `the checksum is the one of RFC 3720`() {
    #expect(Kernels.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Kernels.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(Kernels.crc32c([UInt8](0..<32)) == 0x46DD_794E)
    #expect(Kernels.crc32c(Array("123456789".utf8)) == 0xE306_9283)
  }
}

extension Stream {
  /// The bytes of the current window's state.
  fileprivate func exported() throws -> [UInt8] {
    var writer = StateWriter()
    var engine = contents.engine
    let count = try engine.exportRows(of: .current, into: &writer)
    return StateFile(self, version: "1.2.3", count: count, rows: writer.bytes).bytes
  }
}
