import Testing
import WireJSON

@testable import EvalService

/// Copies of a stream that answer elsewhere, and what is taken back from them.
@Suite struct LongWorkCopyTests {
  private static let question = #"{"stream":"s","metrics":["roc_auc","accuracy"]}"#

  /// A stream of half a million rows and some ids.
  private static func large() throws -> Client {
    var client = try Client.open()
    for _ in 0..<2 {
      let scores = encodeBase64((0..<256_000).map { UInt8($0 % 3 == 0 ? 1 : 0) })
      let labels = encodeBase64((0..<256_000).map { UInt8($0 % 2) })
      try client.push(
        #"{"scores":{"dtype":"uint8","base64":"\#(scores)"},"#
          + #""labels":{"dtype":"uint8","base64":"\#(labels)"}}"#)
    }
    return client
  }

  @Test func `a copy answers what the stream would, whatever comes meanwhile`() throws {
    var client = try Self.large()
    let inline = try client.call("metric/query", Self.question).json("values")
    let (request, reply) = client.deferred("metric/query", Self.question)
    #expect(reply == "")
    try client.push(#"{"scores":[0.5,0.25],"labels":[0,1]}"#)
    let answered = try #require(request).run(after: nil)
    let text = try JSONDocument(parsing: Array(answered.reply.dropLast())).root
    #expect(text["result"]?.json("values") == inline)
    #expect(text["result"]?.int("count") == 512_000)
    // Rows have come since, so that the copy is of another state.
    client.adopt(answered.context)
    #expect(try client.query(#"["accuracy"]"#).int("count") == 512_002)
    var stream = try #require(client.server.streams["s"])
    #expect(stream.takeGrowth() == 0)
  }

  @Test func `what a copy has sorted is taken back, and nothing is lost by it`() throws {
    var client = try Client.open("scalar", #""slices":["g"],"options":{"unique_ids":true}"#)
    let ids = (0..<11_000).map(String.init).joined(separator: ",")
    try client.push(#"{"values":[\#(ids)],"ids":[\#(ids)],"slices":{"g":[\#(ids)]}}"#)
    // Many slices are much work too.
    let params = #"{"stream":"s","by":"g","metrics":["median"],"min_count":2}"#
    let request = try #require(client.deferred("slice/query", params).0)
    client.adopt(request.run(after: nil).context)
    var stream = try #require(client.server.streams["s"])
    #expect(stream.takeGrowth() == 0)
    // The ids are known as before, though the copy did without them.
    let again = try client.push(#"{"values":[7],"ids":[7],"slices":{"g":7}}"#)
    #expect(again.int("dropped_duplicates") == 1)
    #expect(again.int("count") == 11_000)
  }

  @Test func `rows that come meanwhile are merged into what the copy has sorted`() throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    var reference = try Client.open("binary", #""slices":["g"]"#)
    var seed = 1
    func push(_ rows: Int) throws {
      let scores = (0..<rows).map {
        UInt16(truncatingIfNeeded: ($0 &* 40_503 &+ seed &* 7919) % 9973)
      }
      seed += 1
      let bytes = scores.flatMap { withUnsafeBytes(of: Float($0) / 9973) { Array($0) } }
      let labels = encodeBase64(scores.map { UInt8($0 % 3 == 0 ? 1 : 0) })
      let batch =
        #"{"scores":{"dtype":"float32","base64":"\#(encodeBase64(bytes))"},"#
        + #""labels":{"dtype":"uint8","base64":"\#(labels)"},"slices":{"g":\#(seed % 3)}}"#
      try client.push(batch)
      try reference.push(batch)
    }
    for _ in 0..<9 { try push(60_001) }
    let question = #"{"stream":"s","metrics":["roc_auc","optimal_f1","log_loss"]}"#
    let first = try #require(client.deferred("metric/query", question).0)
    for rows in [1, 70_000, 3] { try push(rows) }
    client.adopt(first.run(after: nil).context)
    // A question that began before is not taken over twice, nor one that began before the last was.
    let second = try #require(client.deferred("metric/query", question).0)
    try push(5)
    client.adopt(first.run(after: nil).context)
    client.adopt(second.run(after: nil).context)
    try push(2)
    let asked = try #require(client.deferred("metric/query", question).0).run(after: nil)
    let text = try JSONDocument(parsing: Array(asked.reply.dropLast())).root
    let expected = try reference.call("metric/query", question)
    #expect(text["result"]?.json("values") == expected.json("values"))
    #expect(text["result"]?.int("count") == expected.int("count"))
    let bySlice = #"{"stream":"s","by":"g","metrics":["roc_auc"]}"#
    #expect(
      try client.call("slice/query", bySlice).json("slices")
        == reference.call("slice/query", bySlice).json("slices"))
    var stream = try #require(client.server.streams["s"])
    #expect(stream.takeGrowth() == 0)
  }

  @Test func `what came before a reset is not taken over after it`() throws {
    var client = try Self.large()
    let request = try #require(client.deferred("metric/query", Self.question).0)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    for _ in 0..<3 {
      let ones = encodeBase64(Array(repeating: UInt8(1), count: 256_000))
      try client.push(
        #"{"scores":{"dtype":"uint8","base64":"\#(ones)"},"labels":{"dtype":"uint8","base64":"\#(ones)"}}"#
      )
    }
    client.adopt(request.run(after: nil).context)
    let params = #"{"stream":"s","metrics":["accuracy","precision"]}"#
    let answered = try #require(client.deferred("metric/query", params).0).run(after: nil)
    let text = try JSONDocument(parsing: Array(answered.reply.dropLast())).root
    #expect(text["result"]?["values"]?["accuracy"]?.double == 1)
  }

  @Test func `a stream that was made anew is not mistaken for the old one`() throws {
    var client = try Self.large()
    let request = try #require(client.deferred("metric/query", Self.question).0)
    try client.call("stream/delete", #"{"stream":"s"}"#)
    try client.open()
    for _ in 0..<2 { try client.push("{}") }
    client.adopt(request.run(after: nil).context)
    #expect(try client.count(#""all""#) == 0)
  }

  @Test func `little work is done at once`() throws {
    var client = try Client.open()
    try client.push(#"{"scores":[0.5],"labels":[1]}"#)
    let (request, reply) = client.deferred("metric/query", Self.question)
    #expect(request == nil)
    #expect(reply.contains(#""count":1"#))
  }
}
