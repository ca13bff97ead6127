import Testing
import WireJSON

@testable import EvalService

/// Numbered batches: each counts once, in order, whatever is sent twice or lost.
@Suite struct SequenceTests {
  private static let good = #"{"scores":[0.2,0.8],"labels":[0,1]}"#
  private static let bad = #"{"scores":[0.2,0.8],"labels":[0,7]}"#

  private static func from(_ producer: String, _ seq: some Any) -> String {
    #""producer":"\#(producer)","seq":\#(seq)"#
  }

  @Test func `a batch that comes twice counts once`() throws {
    var client = try Client.open()
    try client.push(Self.good, Self.from("a", 1))
    let again = try client.push(Self.good, Self.from("a", 1))
    #expect(
      again.json
        == #"{"count":2,"total_count":2,"revision":1,"duplicate":true,"dropped_duplicates":0,"#
        + #""conflicting_duplicates":0,"clamped":0,"dropped":0}"#)
    // It is not even looked at.
    #expect(try client.push(Self.bad, Self.from("a", 1)).json("duplicate") == "true")
    #expect(try client.push("[]", Self.from("a", 1)).json("duplicate") == "true")
    try client.push(Self.good, Self.from("a", 2))
    #expect(try client.push(Self.good, Self.from("a", 1)).json("duplicate") == "true")
    #expect(try client.count(#""all""#) == 4)
  }

  @Test func `a gap tells which number is expected`() throws {
    var client = try Client.open()
    let first = try client.refusedPush(Self.good, Self.from("a", 2))
    #expect(first.kind == "OutOfSequence")
    #expect(first.code == 1011)
    #expect(first.path == "/params/seq")
    #expect(first.expected == 1)
    try client.push(Self.good, Self.from("a", 1))
    let second = try client.refusedPush(Self.good, Self.from("a", 9))
    #expect(second.expected == 2)
    // From there the sender goes on.
    try client.push(Self.good, Self.from("a", 2))
    #expect(try client.count(#""all""#) == 4)
  }

  @Test func `producers are counted apart, and a batch without a number is not counted`() throws {
    var client = try Client.open()
    try client.push(Self.good, Self.from("a", 1))
    try client.push(Self.good, Self.from("b", 1))
    try client.push(Self.good)
    try client.push(Self.good, #""producer":"c""#)
    try client.push(Self.good, Self.from("a", 2))
    #expect(try client.describe().json("producers") == #"{"a":2,"b":1}"#)
  }

  @Test func `a batch refused for what it holds uses up its number`() throws {
    var client = try Client.open()
    #expect(try client.refusedPush(Self.bad, Self.from("a", 1)).kind == "InvalidBatch")
    #expect(try client.describe().json("producers") == #"{"a":1}"#)
    let again = try client.refusedPush(Self.good, Self.from("a", 1))
    #expect(again.kind == "AlreadyRefused")
    #expect(again.code == 1012)
    #expect(again.path == "/params/seq")
    #expect(again.expected == 2)
    try client.push(Self.good, Self.from("a", 2))
    #expect(try client.refusedPush(Self.good, Self.from("a", 1)).kind == "AlreadyRefused")
    #expect(try client.push(Self.good, Self.from("a", 2)).json("duplicate") == "true")
  }

  @Test func `every kind of refusal for what a batch holds uses up its number`() throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    let many = (0...100_000).map(String.init).joined(separator: ",")
    let batches = [
      "7", #"{"scores":{"dtype":"x"}}"#, #"{"scores":[0.5],"labels":[1]}"#,
      #"{"scores":[0.5,1],"labels":[1]}"#, #"{"score":[0.5]}"#,
      // Too many combinations of slices.
      #"{"scores":{"dictionary":[0.5],"indices":\#(Self.zeros(100_001))},"labels":"#
        + #"{"dictionary":[1],"indices":\#(Self.zeros(100_001))},"slices":{"g":[\#(many)]}}"#,
    ]
    for (index, batch) in batches.enumerated() {
      let refusal = try client.refusedPush(batch, Self.from("a", index + 1))
      #expect(["InvalidBatch", "TooManyValues"].contains(refusal.kind))
      #expect(
        try client.refusedPush(batch, Self.from("a", index + 1)).kind == "AlreadyRefused",
        "\(batch.prefix(60))")
    }
    #expect(try client.describe().int("count") == 0)
    #expect(try client.describe().int("slice_cells") == 0)
  }

  private static func zeros(_ count: Int) -> String {
    #"{"dtype":"uint8","base64":"\#(encodeBase64(Array(repeating: 0, count: count)))"}"#
  }

  @Test func `the last 1,024 refused numbers are remembered`() throws {
    var client = try Client.open()
    for seq in 1...1030 { try client.refusedPush(Self.bad, Self.from("a", seq)) }
    #expect(try client.refusedPush(Self.good, Self.from("a", 7)).kind == "AlreadyRefused")
    #expect(try client.refusedPush(Self.good, Self.from("a", 1030)).kind == "AlreadyRefused")
    // What is forgotten counts as one that came.
    #expect(try client.push(Self.good, Self.from("a", 6)).json("duplicate") == "true")
    try client.push(Self.good, Self.from("a", 1031))
  }

  @Test(arguments: ["0", "-1", "1.5", "\"1\"", "true", "18446744073709551615", "1e30", "[1]"])
  func `a number is an integer from 1 on`(seq: String) throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(Self.good, Self.from("a", seq))
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/seq")
    #expect(try client.describe().json("producers") == "{}")
  }

  @Test func `very large numbers are gaps like others`() throws {
    var client = try Client.open()
    for seq in ["9223372036854775807", "9223372036854775806", "1e18"] {
      let refusal = try client.refusedPush(Self.good, Self.from("a", seq))
      #expect(refusal.kind == "OutOfSequence")
      #expect(refusal.expected == 1)
    }
  }

  /// Only a state that was made elsewhere can be so far; asking it must not trap.
  @Test func `after the last number there is no next`() {
    var producer = Producer()
    producer.apply(.max)
    #expect(producer.expected == .max)
    #expect(producer.verdict(on: .max) == .duplicate)
    producer.refuse(.max)
    #expect(producer.verdict(on: .max) == .refusedBefore)
    #expect(producer.verdict(on: 1) == .duplicate)
  }

  @Test func `a number needs its producer, and a producer its name`() throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(Self.good, #""seq":1"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/producer")
    for producer in [#""""#, "7", #""\#(String(repeating: "x", count: 201))""#] {
      let refusal = try client.refusedPush(Self.good, #""seq":1,"producer":\#(producer)"#)
      #expect(refusal.path == "/params/producer")
      #expect(refusal.kind == "InvalidParams")
    }
    // A wrong parameter is no fault of the batch, so its number is still free.
    #expect(
      try client.refusedPush(Self.good, Self.from("a", 1) + #","sequence":1"#).path
        == "/params/sequence")
    try client.push(Self.good, Self.from("a", 1))
  }

  @Test func `a stream remembers at most 4096 producers`() throws {
    var client = try Client.open()
    for number in 0..<4096 { try client.push("{}", Self.from("p\(number)", 1)) }
    let refusal = try client.refusedPush("{}", Self.from("one more", 1))
    #expect(refusal.kind == "TooManyValues")
    #expect(refusal.path == "/params/producer")
    try client.push("{}", Self.from("p7", 2))
    try client.call("stream/reset", #"{"stream":"s"}"#)
    try client.push("{}", Self.from("one more", 1))
    #expect(try client.describe().json("producers") == #"{"one more":1}"#)
  }
}
