import Testing
import WireJSON

@testable import EvalService

@Suite struct ThresholdTests {
  /// By falling score: 0.9 +, 0.8 -, 0.7 +, 0.6 -, 0.4 +, 0.2 -.
  private static func scored(_ options: String = "{}") throws -> Client {
    var client = try Client.open("binary", #""options":\#(options)"#)
    try client.push(
      #"{"scores":[0.2,0.9,0.8,0.4,0.6,0.7],"labels":[0,1,0,1,0,1]}"#)
    return client
  }

  private static func optimize(_ client: inout Client, _ rest: String = "") throws -> JSONValue {
    try client.call(
      "threshold/optimize", #"{"stream":"s"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  @Test func `the best F1, beside the default and predicting all`() throws {
    var client = try Self.scored()
    #expect(
      try Self.optimize(&client).json
        == #"{"stream":"s","window":"current","revision":1,"count":6,"total_count":6,"#
        + #""complete":true,"threshold":0.4,"value":0.75,"confusion":{"true_positives":3,"#
        + #""false_positives":2,"true_negatives":1,"false_negatives":0},"precision":0.6,"#
        + #""recall":1.0,"at_default":{"threshold":0.5,"value":0.5714285714285714,"#
        + #""confusion":{"true_positives":2,"false_positives":2,"true_negatives":1,"#
        + #""false_negatives":1},"precision":0.5,"recall":0.6666666666666666},"#
        + #""all_positive":{"value":0.6666666666666666}}"#)
  }

  private static let objectives: [(String, String, Double)] = [
    (#""objective":"f1""#, "0.4", 0.75),
    (#""objective":"f_beta","beta":2"#, "0.4", 15.0 / 17),
    (#""objective":"f_beta""#, "0.4", 0.75), (#""objective":"f_beta","beta":0"#, "0.9", 1),
    (#""objective":"precision""#, "0.9", 1), (#""objective":"recall""#, "0.4", 1),
    (#""objective":"youden""#, "0.9", 1.0 / 3),
    (#""objective":"balanced_accuracy""#, "0.9", 2.0 / 3),
    (#""objective":"accuracy""#, "0.9", 4.0 / 6), (#""objective":"cost""#, "0.9", 2.0 / 6),
    (#""objective":"cost","costs":{"false_positive":1,"false_negative":10}"#, "0.4", 2.0 / 6),
    (#""objective":"cost","costs":{"false_positive":10}"#, "0.9", 2.0 / 6),
    (#""objective":"cost","costs":{"false_negative":0}"#, "\"Infinity\"", 0),
  ]

  @Test(arguments: objectives)
  func `every objective has its best threshold, of equal ones the highest`(
    rest: String, threshold: String, value: Double
  ) throws {
    var client = try Self.scored()
    let answer = try Self.optimize(&client, rest)
    #expect(answer.json("threshold") == threshold)
    #expect(abs((answer["value"]?.double ?? -1) - value) < 1e-12, "\(answer.json("value"))")
  }

  @Test(arguments: [
    (#"{"min_precision":0.65}"#, "0.7"), (#"{"min_precision":0.7}"#, "0.9"),
    (#"{"min_recall":0.6}"#, "0.4"),
    (#"{"max_false_positive_rate":0.4}"#, "0.7"), (#"{"max_selection_rate":0.5}"#, "0.7"),
    (#"{"max_selection_rate":0.2}"#, "0.9"), (#"{"min_recall":1,"max_selection_rate":0.9}"#, "0.4"),
    ("{}", "0.4"),
  ])
  func `constraints are kept`(constraints: String, threshold: String) throws {
    var client = try Self.scored()
    #expect(
      try Self.optimize(&client, #""constraints":\#(constraints)"#).json("threshold") == threshold)
  }

  @Test func `nothing feasible is no threshold, and says so`() throws {
    var client = try Self.scored()
    let answer = try Self.optimize(
      &client, #""constraints":{"min_precision":0.9,"min_recall":0.9}"#)
    for key in ["threshold", "value", "confusion", "precision", "recall"] {
      #expect(answer.json(key) == "null")
    }
    #expect(answer.json("reason") == #""infeasible""#)
    #expect(answer["at_default"]?.json("threshold") == "0.5")
    #expect(answer["all_positive"]?["value"]?.double == 2.0 / 3)
  }

  @Test func `without rows or without a class there is a reason`() throws {
    var client = try Client.open()
    #expect(try Self.optimize(&client).json("reason") == #""no_rows""#)
    try client.push(#"{"scores":[0.1],"labels":[0]}"#)
    #expect(try Self.optimize(&client).json("reason") == #""no_positives""#)
    #expect(
      try Self.optimize(&client, #""objective":"youden""#).json("reason") == #""one_class""#)
    #expect(
      try Self.optimize(&client, #""objective":"accuracy""#).json("threshold") == "\"Infinity\"")
  }

  @Test(arguments: [
    (#""objective":"f2""#, "objective"), (#""objective":"accuracy","beta":2"#, "beta"),
    (#""objective":"f_beta","beta":-1"#, "beta"), (#""objective":"f_beta","beta":"x""#, "beta"),
    (#""costs":{"false_positive":1}"#, "costs"),
    (#""objective":"cost","costs":{"false_positive":-1}"#, "costs/false_positive"),
    (#""objective":"cost","costs":{"false_negative":1e300}"#, "costs/false_negative"),
    (#""objective":"cost","costs":{"fp":1}"#, "costs/fp"),
    (#""objective":"cost","costs":[1]"#, "costs"),
    (#""constraints":{"min_f1":0.5}"#, "constraints/min_f1"),
    (#""constraints":{"min_recall":1.5}"#, "constraints/min_recall"),
    (#""constraints":{"min_recall":"NaN"}"#, "constraints/min_recall"),
    (#""constraints":0.5"#, "constraints"), (#""objectiv":"f1""#, "objectiv"),
  ])
  func `a wrong parameter is refused by name`(rest: String, path: String) throws {
    var client = try Self.scored()
    let refusal = try client.refusal("threshold/optimize", #"{"stream":"s",\#(rest)}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/\(path)")
  }

  @Test func `evaluate says what each threshold would do`() throws {
    var client = try Self.scored()
    let answer = try client.call(
      "threshold/evaluate", #"{"stream":"s","thresholds":[0.5,0.4,"Infinity","-Infinity",0.4]}"#)
    #expect(answer["rows"]?.count == 5)
    #expect(
      answer["rows"]?[0]?.json
        == #"{"threshold":0.5,"confusion":{"true_positives":2,"false_positives":2,"#
        + #""true_negatives":1,"false_negatives":1},"precision":0.5,"recall":0.6666666666666666,"#
        + #""f1":0.5714285714285714}"#)
    #expect(answer["rows"]?[1]?["f1"]?.double == 0.75)
    #expect(answer["rows"]?[2]?.json("threshold") == "\"Infinity\"")
    #expect(answer["rows"]?[2]?.json("precision") == "null")
    #expect(answer["rows"]?[2]?.json("f1") == "0.0")
    #expect(answer["rows"]?[3]?["f1"]?.double == 2.0 / 3)
    for (thresholds, path) in [
      (#"[0.5,"NaN"]"#, "/1"), (#"["x"]"#, "/0"), ("0.5", ""), ("[null]", "/0"),
    ] {
      let refusal = try client.refusal(
        "threshold/evaluate", #"{"stream":"s","thresholds":\#(thresholds)}"#)
      #expect(refusal.kind == "InvalidParams")
      #expect(refusal.path == "/params/thresholds\(path)")
    }
    #expect(
      try client.refusal("threshold/evaluate", #"{"stream":"s"}"#).path == "/params/thresholds")
    let many = Array(repeating: "0.5", count: 10_001).joined(separator: ",")
    #expect(
      try client.refusal("threshold/evaluate", #"{"stream":"s","thresholds":[\#(many)]}"#).kind
        == "TooManyValues")
    #expect(
      try client.call("threshold/evaluate", #"{"stream":"s","thresholds":[]}"#).json("rows") == "[]"
    )
  }

  @Test func `a threshold that was found is one that can be used`() throws {
    for kind in ["probability", "logit", "score"] {
      var client = try Self.scored(#"{"score_kind":"\#(kind)"}"#)
      let found = try Self.optimize(&client)
      let used = try client.query(#"["f1"]"#, #""threshold":\#(found.json("threshold"))"#)
      #expect(used.json("values") == #"{"f1":0.75}"#)
      #expect(
        found["at_default"]?.json("threshold") == (kind == "probability" ? "0.5" : "0.0"))
    }
  }

  @Test(arguments: [
    ("scalar", #"{"values":[1]}"#), ("binary", #"{"predictions":[1],"labels":[1]}"#),
  ])
  func `streams without scores have no thresholds, calibration or curves`(
    task: String, batch: String
  ) throws {
    var client = try Client.open(task)
    try client.push(batch)
    for (method, rest) in [
      ("threshold/optimize", ""), ("threshold/evaluate", #","thresholds":[1]"#),
      ("calibration/query", ""), ("curve/query", #","curve":"roc""#),
    ] {
      let refusal = try client.refusal(method, #"{"stream":"s"\#(rest)}"#)
      #expect(refusal.kind == "NotApplicable", "\(method)")
      #expect(refusal.code == 1006)
      #expect(refusal.path == "/params/stream")
    }
  }

  @Test func `a binary stream has no classes to choose from`() throws {
    var client = try Self.scored()
    let refusal = try client.refusal("threshold/optimize", #"{"stream":"s","class":1}"#)
    #expect(refusal.kind == "NotApplicable")
    #expect(refusal.path == "/params/class")
  }

  @Test func `weights count`() throws {
    var client = try Client.open()
    try client.push(
      #"{"scores":[0.9,0.8,0.1],"labels":[1,0,1],"weights":[0.5,2,3]}"#)
    let answer = try Self.optimize(&client, #""objective":"accuracy""#)
    #expect(answer["confusion"]?.json("true_positives") == "3.5")
    #expect(answer.json("threshold") == "0.1")
  }
}
