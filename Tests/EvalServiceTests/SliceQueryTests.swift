import Testing
import WireJSON

@testable import EvalService

@Suite struct SliceQueryTests {
  /// Right for "en", half right for "fr", wrong for null; lengths below, in and above the edges.
  private static func sliced(_ keep: Int = 1) throws -> Client {
    var client = try Client.open(
      "binary",
      #""slices":["language",{"name":"length","edges":[64,512]}],"keep_windows":\#(keep)"#)
    try client.push(
      #"{"scores":[0.9,0.1,0.9,0.9,0.2],"labels":[1,0,1,0,1],"#
        + #""slices":{"language":["en","en","fr","fr",null],"length":[1,64,511,512,600.5]}}"#)
    return client
  }

  private static func slices(
    _ client: inout Client, _ by: String, _ rest: String = ""
  ) throws -> JSONValue {
    try client.call(
      "slice/query",
      #"{"stream":"s","by":\#(by),"metrics":["accuracy"]\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  private static func rows(_ answer: JSONValue) -> [String] {
    answer["rows"]?.elements.map {
      "\($0.json("slice")) \($0.int("count")) \($0["values"]?.json("accuracy") ?? "")"
    } ?? []
  }

  @Test func `slices stand worst first`() throws {
    var client = try Self.sliced()
    let answer = try Self.slices(&client, #""language""#)
    #expect(
      Self.rows(answer) == [
        #"{"language":null} 1 0.0"#, #"{"language":"fr"} 2 0.5"#, #"{"language":"en"} 2 1.0"#,
      ])
    #expect(
      answer.json("gaps")
        == #"{"accuracy":{"difference":1.0,"ratio":0.0,"worst":{"language":null},"#
        + #""best":{"language":"en"}}}"#)
    #expect(answer.json("average") == #"{"accuracy":0.5}"#)
    #expect(answer.int("count") == 5)
    #expect(answer["rows"]?[0]?.json("undefined") == "{}")
  }

  @Test func `numbers fall into ranges that are closed on the left`() throws {
    var client = try Self.sliced()
    #expect(
      Self.rows(try Self.slices(&client, #""length""#)) == [
        #"{"length":">= 512"} 2 0.0"#, #"{"length":"< 64"} 1 1.0"#,
        #"{"length":"[64, 512)"} 2 1.0"#,
      ])
    try client.push(
      #"{"scores":[0.9,0.9,0.9],"labels":[1,1,1],"#
        + #""slices":{"language":"en","length":["Infinity","-Infinity",null]}}"#)
    #expect(
      Set(Self.rows(try Self.slices(&client, #""length""#)).map { $0.split(separator: "}")[0] })
        == [
          #"{"length":null"#, #"{"length":"< 64""#, #"{"length":"[64, 512)""#,
          #"{"length":">= 512""#,
        ])
    for (value, count) in [("63.9", 2), ("64", 2), (#"">= 512""#, 3), ("1e9", 3), ("null", 1)] {
      #expect(
        try client.query("[]", #""slice":{"length":\#(value)}"#).int("count") == count, "\(value)")
    }
  }

  @Test func `crosses have a slice for each combination that occurs`() throws {
    var client = try Self.sliced()
    let cross = try Self.slices(&client, #"["language","length"]"#)
    #expect(
      Self.rows(cross) == [
        #"{"language":null,"length":">= 512"} 1 0.0"#,
        #"{"language":"fr","length":">= 512"} 1 0.0"#,
        #"{"language":"en","length":"< 64"} 1 1.0"#,
        #"{"language":"en","length":"[64, 512)"} 1 1.0"#,
        #"{"language":"fr","length":"[64, 512)"} 1 1.0"#,
      ])
    let turned = try Self.slices(&client, #"["length","language"]"#)
    #expect(turned["rows"]?.count == 5)
    #expect(
      turned["rows"]?[4]?.json("slice") == #"{"length":"[64, 512)","language":"fr"}"#)
  }

  @Test func `min_count leaves out small slices`() throws {
    var client = try Self.sliced()
    let answer = try Self.slices(&client, #""language""#, #""min_count":2"#)
    #expect(answer["rows"]?.count == 2)
    #expect(answer.json("average") == #"{"accuracy":0.75}"#)
    #expect(answer["gaps"]?["accuracy"]?.json("difference") == "0.5")
    let none = try Self.slices(&client, #""language""#, #""min_count":9223372036854775807"#)
    #expect(none.json("rows") == "[]")
    #expect(none.json("gaps") == "{}")
    #expect(none.json("average") == #"{"accuracy":null}"#)
  }

  @Test func `a loss is worst where it is greatest`() throws {
    var client = try Self.sliced()
    let answer = try client.call(
      "slice/query", #"{"stream":"s","by":"language","metrics":["confusion_matrix","brier"]}"#)
    #expect(
      answer["rows"]?.elements.map { $0.json("slice") } == [
        #"{"language":null}"#, #"{"language":"fr"}"#, #"{"language":"en"}"#,
      ])
    #expect(answer["gaps"]?["brier"]?.json("worst") == #"{"language":null}"#)
    // Counts have no best, no gap and no mean.
    #expect(answer["gaps"]?["confusion_matrix"] == nil)
    #expect(answer["average"]?.json("confusion_matrix") == "null")
  }

  @Test func `slices without a value stand last and in no mean`() throws {
    var client = try Self.sliced()
    let answer = try client.call(
      "slice/query", #"{"stream":"s","by":"language","metrics":["roc_auc"]}"#)
    #expect(
      answer["rows"]?.elements.map { $0.json("slice") } == [
        #"{"language":"fr"}"#, #"{"language":"en"}"#, #"{"language":null}"#,
      ])
    #expect(answer["rows"]?[2]?.json("undefined") == #"{"roc_auc":"one_class"}"#)
    #expect(answer.json("average") == #"{"roc_auc":0.75}"#)
  }

  @Test func `a metric without a direction has a gap without a worst`() throws {
    var client = try Client.open("scalar", #""slices":["g"]"#)
    try client.push(#"{"values":[3,1,2],"slices":{"g":["a","b","c"]}}"#)
    let answer = try client.call("slice/query", #"{"stream":"s","by":"g","metrics":["mean"]}"#)
    #expect(answer["rows"]?.elements.map { $0.value("mean") } == [3, 1, 2])
    #expect(
      answer.json("gaps")
        == #"{"mean":{"difference":2.0,"ratio":0.3333333333333333,"worst":null,"best":null}}"#)
  }

  @Test func `no number stands for one that is too large`() throws {
    var client = try Client.open("scalar", #""slices":["g"]"#)
    try client.push(
      #"{"values":[1e308,-1e308,1e308,5e-324],"slices":{"g":["a","b","c","d"]}}"#)
    let answer = try client.call("slice/query", #"{"stream":"s","by":"g","metrics":["sum"]}"#)
    #expect(answer["gaps"]?["sum"]?.json("difference") == "null")
    #expect(answer["gaps"]?["sum"]?.json("ratio") == "-1.0")
    #expect(answer["average"]?["sum"]?.double == 2.5e307)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    try client.push(#"{"values":[-1e308,-5e-324],"slices":{"g":["a","b"]}}"#)
    #expect(
      try client.call("slice/query", #"{"stream":"s","by":"g","metrics":["sum"]}"#)["gaps"]?["sum"]?
        .json("ratio") == "null")
  }

  @Test func `values are apart by type and equal by number`() throws {
    var client = try Client.open("scalar", #""slices":["g"]"#)
    try client.push(#"{"values":[1,1,1,1],"slices":{"g":["7","x",null,true]}}"#)
    try client.push(#"{"values":[1,1],"slices":{"g":[7.0,0.5]}}"#)
    try client.push(#"{"values":[1],"slices":{"g":7}}"#)
    try client.push(#"{"values":[1,1],"slices":{"g":{"dictionary":["7",7],"indices":[0,1]}}}"#)
    try client.push(
      #"{"values":[1],"slices":{"g":{"dtype":"int8","base64":"\#(encodeBase64([7]))"}}}"#)
    for (value, count) in [
      ("\"7\"", 2), ("7", 4), ("7.0", 4), ("\"x\"", 1), ("null", 1), ("true", 1), ("0.5", 1),
      ("1", 0), ("\"null\"", 0),
    ] {
      #expect(try client.query("[]", #""slice":{"g":\#(value)}"#).int("count") == count, "\(value)")
    }
    let keys = try client.call("slice/query", #"{"stream":"s","by":"g","metrics":["sum"]}"#)["rows"]
    #expect(
      keys?.elements.map { $0["slice"]?.json("g") ?? "" } == [
        "null", "true", "0.5", "7", "\"7\"", "\"x\"",
      ])
  }

  @Test func `every method answers for a slice`() throws {
    var client = try Self.sliced()
    let slice = #""slice":{"language":"fr"}"#
    let query = try client.query(#"["accuracy"]"#, slice)
    #expect(query.json("slice") == #"{"language":"fr"}"#)
    #expect(query.int("count") == 2)
    #expect(query.int("total_count") == 5)
    for (method, rest) in [
      ("calibration/query", ""), ("threshold/optimize", ""),
      ("threshold/evaluate", #","thresholds":[0.5]"#), ("curve/query", #","curve":"roc""#),
    ] {
      let answer = try client.call(method, #"{"stream":"s",\#(slice)\#(rest)}"#)
      #expect(answer.int("count") == 2, "\(method)")
      #expect(answer.json("slice") == #"{"language":"fr"}"#)
    }
    #expect(
      try client.query("[]", #""slice":{"language":"en","length":70}"#).int("count") == 1)
    #expect(try client.query("[]", #""slice":{"language":"xx"}"#).int("count") == 0)
    #expect(try client.query("[]", #""slice":{}"#).int("count") == 5)
  }

  @Test func `windows have slices of their own, and all has them together`() throws {
    var client = try Self.sliced(2)
    try client.mark("one")
    try client.push(
      #"{"scores":[0.9,0.9],"labels":[0,1],"slices":{"language":["en","de"],"length":1}}"#)
    let counts = { (rows: JSONValue?) in
      Dictionary(
        uniqueKeysWithValues: (rows?.elements ?? JSONValue.nothing).map {
          ($0["slice"]?.json("language") ?? "", $0.int("count"))
        })
    }
    for _ in 0..<2 {
      #expect(
        counts(try Self.slices(&client, #""language""#)["rows"]) == ["\"en\"": 1, "\"de\"": 1])
      #expect(
        counts(try Self.slices(&client, #""language""#, #""window":{"mark":"one"}"#)["rows"])
          == ["\"en\"": 2, "\"fr\"": 2, "null": 1])
      #expect(
        counts(try Self.slices(&client, #""language""#, #""window":"all""#)["rows"])
          == ["\"en\"": 3, "\"fr\"": 2, "null": 1, "\"de\"": 1])
    }
    #expect(
      try client.query(#"["accuracy"]"#, #""window":"all","slice":{"language":"en"}"#)
        .value("accuracy") == 2.0 / 3)
    try client.push(#"{"scores":[0.9],"labels":[1],"slices":{"language":"en","length":1}}"#)
    #expect(
      try client.query(#"["accuracy"]"#, #""window":"all","slice":{"language":"en"}"#)
        .value("accuracy") == 0.75)
    #expect(
      counts(try Self.slices(&client, #""language""#, #""window":"all""#)["rows"])["\"en\""] == 4)
  }

  @Test(arguments: [
    (#""by":"langage""#, "/params/by", #"did you mean "language"?"#),
    (#""by":["language","lenth"]"#, "/params/by/1", #"did you mean "length"?"#),
    (#""by":["language","language"]"#, "/params/by", ""), (#""by":[]"#, "/params/by", ""),
    (#""by":7"#, "/params/by", ""), (#""by":[7]"#, "/params/by/0", ""),
    (#""min_count":3"#, "/params/by", ""),
    (#""by":"language","min_count":-1"#, "/params/min_count", ""),
    (#""by":"language","min_count":"3""#, "/params/min_count", ""),
  ])
  func `a wrong question is refused by name`(rest: String, path: String, hint: String) throws {
    var client = try Self.sliced()
    let refusal = try client.refusal("slice/query", #"{"stream":"s",\#(rest)}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == path)
    #expect(refusal.hint.contains(hint))
  }

  @Test(arguments: [
    (#"{"lang":"en"}"#, "/params/slice/lang"), (#""en""#, "/params/slice"),
    (#"{"language":["en"]}"#, "/params/slice/language"),
    (#"{"length":"long"}"#, "/params/slice/length"), (#"{"length":"NaN"}"#, "/params/slice/length"),
    (#"{"language":{}}"#, "/params/slice/language"),
  ])
  func `a wrong slice is refused by name`(slice: String, path: String) throws {
    var client = try Self.sliced()
    for method in ["metric/query", "calibration/query", "threshold/optimize"] {
      let refusal = try client.refusal(method, #"{"stream":"s","slice":\#(slice)}"#)
      #expect(refusal.kind == "InvalidParams")
      #expect(refusal.path == path)
    }
  }

  @Test func `a fault of a slice column names the row, or the entry of its dictionary`() throws {
    var client = try Self.sliced()
    for (column, path) in [
      (#"{"language":["en",[]],"length":1}"#, "language/1"),
      (#"{"language":"en","length":[1,"NaN"]}"#, "length/1"),
      (#"{"language":"en","length":[1,"< 64"]}"#, "length/1"),
      (#"{"language":"en","length":"long"}"#, "length"),
      (
        #"{"language":{"dictionary":["en",{}],"indices":[0,1]},"length":1}"#,
        "language/dictionary/1"
      ),
    ] {
      let refusal = try client.refusedPush(
        #"{"scores":[0.5,0.5],"labels":[1,1],"slices":\#(column)}"#)
      #expect(refusal.path == "/params/batch/slices/\(path)")
    }
  }

  /// A thousand slices of merged windows: looking through all cells for each of them takes a million steps.
  @Test func `many slices cost one pass`() throws {
    var client = try Client.open("scalar", #""slices":["g","h"],"keep_windows":1"#)
    let groups = (0..<3000).map(String.init).joined(separator: ",")
    for h in 0..<4 {
      try client.push(
        #"{"values":[\#(groups)],"slices":{"g":[\#(groups)],"h":\#(h)}}"#)
      try client.mark()
    }
    let clock = ContinuousClock()
    let time = try clock.measure {
      let answer = try client.call(
        "slice/query", #"{"stream":"s","by":"g","window":"all","metrics":["mean","sum"]}"#)
      #expect(answer["rows"]?.count == 3000)
      #expect(answer["rows"]?[7]?.value("sum") == 28)
    }
    #expect(time < .seconds(10))
  }
}

extension JSONValue {
  /// No elements.
  fileprivate static var nothing: Elements {
    (try? JSONDocument(parsing: Array("[]".utf8)))?.root.elements ?? JSONValue.nothing
  }
}
