import Testing
import WireJSON

@testable import EvalService

/// Columns in every form in which they may come.
@Suite struct ColumnTests {
  /// A packed column of these bytes.
  private static func packed(_ dtype: String, _ bytes: [UInt8], _ shape: String? = nil) -> String {
    let shape = shape.map { #""shape":\#($0),"# } ?? ""
    return #"{"dtype":"\#(dtype)",\#(shape)"base64":"\#(encodeBase64(bytes))"}"#
  }

  private static func bytes<T: BitwiseCopyable>(_ values: [T]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  private static let labels: [(String, String)] = [
    ("json", "[0,1,1]"), ("booleans", "[false,true,true]"), ("floats", "[0.0,1.0,1]"),
    ("one a row", "[[0],[1],[1]]"), ("booleans, one a row", "[[false],[true],[true]]"),
    ("int8", packed("int8", [0, 1, 1])), ("uint8", packed("uint8", [0, 1, 1])),
    ("bool", packed("bool", [0, 1, 1])), ("bool [n, 1]", packed("bool", [0, 1, 1], "[3,1]")),
    ("int16", packed("int16", bytes([0, 1, 1] as [Int16]))),
    ("uint16", packed("uint16", bytes([0, 1, 1] as [UInt16]))),
    ("int32", packed("int32", bytes([0, 1, 1] as [Int32]))),
    ("uint32", packed("uint32", bytes([0, 1, 1] as [UInt32]), "[3]")),
    ("int64", packed("int64", bytes([0, 1, 1] as [Int64]), "[3,1]")),
    ("uint64", packed("uint64", bytes([0, 1, 1] as [UInt64]))),
    ("float32", packed("float32", bytes([0, 1, 1] as [Float]))),
    ("float64", packed("float64", bytes([0, 1, 1] as [Double]))),
    ("float16", packed("float16", bytes([0, 0x3C00, 0x3C00] as [UInt16]))),
    ("bfloat16", packed("bfloat16", bytes([0, 0x3F80, 0x3F80] as [UInt16]))),
    ("dictionary", #"{"dictionary":[0,1],"indices":[0,1,1]}"#),
    ("dictionary of booleans", #"{"dictionary":[true,false],"indices":[1,0,0]}"#),
    (
      "dictionary, packed indices",
      #"{"dictionary":[1,0],"indices":\#(packed("uint8", [1, 0, 0]))}"#
    ),
    (
      "dictionary, indices [n, 1]", #"{"dictionary":[1,0],"indices":[[1],[0],[0]]}"#
    ),
  ]

  @Test(arguments: labels)
  func `labels of every type are the same`(name: String, column: String) throws {
    var client = try Client.open()
    try client.push(#"{"scores":[0.1,0.4,0.9],"labels":\#(column)}"#)
    #expect(
      try client.query(#"["confusion_matrix"]"#).json("values")
        == #"{"confusion_matrix":{"true_positives":1,"false_positives":0,"true_negatives":1,"#
        + #""false_negatives":1}}"#)
  }

  private static let scores: [(String, String)] = [
    ("json", "[0.25,0.5,1]"), ("integers among floats", "[0.25,5e-1,1.0]"),
    ("strings of no use", #"[0.25,0.5,1.00]"#), ("one a row", "[[0.25],[0.5],[1]]"),
    ("two a row", "[[0.75,0.25],[0.5,0.5],[0,1]]"),
    ("float16", packed("float16", bytes([0x3400, 0x3800, 0x3C00] as [UInt16]))),
    ("bfloat16", packed("bfloat16", bytes([0x3E80, 0x3F00, 0x3F80] as [UInt16]))),
    ("float32", packed("float32", bytes([0.25, 0.5, 1] as [Float]))),
    ("float32 [n, 1]", packed("float32", bytes([0.25, 0.5, 1] as [Float]), "[3,1]")),
    (
      "float32 [n, 2]",
      packed("float32", bytes([0.75, 0.25, 0.5, 0.5, 0, 1] as [Float]), "[3,2]")
    ),
    ("float64", packed("float64", bytes([0.25, 0.5, 1] as [Double]))),
    (
      "float64 [n, 2]",
      packed("float64", bytes([0.75, 0.25, 0.5, 0.5, 0, 1] as [Double]), "[3, 2]")
    ),
    ("dictionary", #"{"dictionary":[1,0.5,0.25],"indices":[2,1,0]}"#),
  ]

  @Test(arguments: scores)
  func `scores of every type are the same`(name: String, column: String) throws {
    var client = try Client.open()
    try client.push(#"{"scores":\#(column),"labels":[0,0,1]}"#)
    let answer = try client.query(#"["brier","roc_auc","optimal_threshold","accuracy"]"#)
    #expect(
      answer.json("values")
        == #"{"brier":0.10416666666666667,"roc_auc":1.0,"optimal_threshold":1.0,"#
        + #""accuracy":0.6666666666666666}"#)
  }

  @Test func `logits in two columns are their difference`() throws {
    var client = try Client.open("binary", #""options":{"score_kind":"logit"}"#)
    try client.push(#"{"scores":[[1,3],[2.5,0.5]],"labels":[1,0]}"#)
    #expect(try client.query(#"["optimal_threshold"]"#).value("optimal_threshold") == 2)
  }

  @Test func `text of numbers that JSON has not is understood wherever a float is expected`()
    throws
  {
    var client = try Client.open("binary", #""options":{"non_finite":"skip"}"#)
    let result = try client.push(
      #"{"scores":[0.9,"NaN","Infinity","-Infinity",0.1],"labels":[1,1,0,0,0]}"#)
    #expect(result.int("dropped") == 3)
    #expect(result.int("count") == 2)
    let pairs = try client.push(
      #"{"scores":[["NaN",0.9],[0.5,"NaN"],[0.1,0.9]],"labels":[1,1,1]}"#)
    #expect(pairs.int("dropped") == 1)
    let column = try client.push(#"{"scores":[["NaN"],[0.9]],"labels":[1,1]}"#)
    #expect(column.int("dropped") == 1)
    let coded = try client.push(
      #"{"scores":{"dictionary":["NaN",0.9],"indices":[0,1]},"labels":[1,1]}"#)
    #expect(coded.int("dropped") == 1)
    #expect(try client.query(#"["accuracy"]"#).value("accuracy") == 1)
    #expect(try client.describe().int("dropped") == 6)
  }

  @Test(arguments: [
    (#"{"dtype":"float8","base64":""}"#, "/dtype", "dtype"),
    (#"{"base64":""}"#, "/dtype", "dtype"),
    (#"{"dtype":"float32"}"#, "/base64", "base64"),
    (#"{"dtype":"float32","base64":7}"#, "/base64", "base64"),
    (#"{"dtype":"float32","base64":"AAA"}"#, "/base64", ""),
    (#"{"dtype":"float32","base64":"AAAA"}"#, "/base64", "3 bytes"),
    (#"{"dtype":"float32","base64":"AAAA AAA"}"#, "/base64", ""),
    (#"{"dtype":"float32","base64":"AA=A"}"#, "/base64", ""),
    (#"{"dtype":"float32","base64":"AAAAA-=="}"#, "/base64", ""),
    (#"{"dtype":"bool","base64":"Ag=="}"#, "/base64", "bool"),
    (#"{"dtype":"uint8","base64":"AA==","shape":[2]}"#, "/shape", "1 elements"),
    (#"{"dtype":"uint8","base64":"AA==","shape":[-1]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[1.5]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":["1"]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":1}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[1,1,1,1,1,1,1,1,1]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[4294967296,4294967296]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[9223372036854775807,2]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","shape":[18446744073709551615]}"#, "/shape", ""),
    (#"{"dtype":"uint8","base64":"AA==","form":[1]}"#, "/form", "form"),
    (#"{"dtype":"uint8","base64":"AA==","offset":0}"#, "/offset", "offset"),
    (#"{"dtype":"uint8","shape":[1],"shared_memory":"x"}"#, "/shared_memory", ""),
    (#"{"dictionary":[1]}"#, "", "indices"),
    (#"{"dictionary":{},"indices":[0]}"#, "", "dictionary"),
    (#"{"dictionary":[1],"indices":[1]}"#, "/indices/0", "an index is 1"),
    (#"{"dictionary":[1],"indices":[-1]}"#, "/indices/0", "an index is -1"),
    (#"{"dictionary":[],"indices":[0]}"#, "/indices/0", "an index is 0"),
    (#"{"dictionary":[1],"indices":[0.5]}"#, "/indices", "integers"),
    (#"{"dictionary":[1],"indices":["0"]}"#, "/indices", "integers"),
    (#"{"dictionary":[1],"indices":[[0,0]]}"#, "/indices", "integers"),
    (#"{"dictionary":[1],"indices":[9223372036854775807]}"#, "/indices/0", "an index is"),
    (#"{"dictionary":[1],"indices":[18446744073709551615]}"#, "/indices/0", "an index is"),
    (#"{"dictionary":[1],"indices":{"dictionary":[0],"indices":[0]}}"#, "/indices", "integers"),
    (#"{"dictionary":[1],"indices":[0],"codes":[0]}"#, "/codes", "codes"),
    (#"{"dictionary":["x"],"indices":[0]}"#, "/0", "\"x\""),
  ])
  func `a broken column is refused where it is broken`(
    column: String, path: String, message: String
  ) throws {
    var client = try Client.open("binary", #""slices":["g"]"#)
    let refusal = try client.refusedPush(
      #"{"scores":\#(column),"labels":[1],"slices":{"g":null}}"#)
    #expect(refusal.kind == "InvalidBatch")
    #expect(refusal.path == "/params/batch/scores\(path)")
    #expect(refusal.message.contains(message), "\(refusal.message)")
    if path == "/0" { return }
    let slice = try client.refusedPush(
      #"{"scores":[0.5],"labels":[1],"slices":{"g":\#(column)}}"#)
    #expect(slice.kind == "InvalidBatch")
    #expect(slice.path == "/params/batch/slices/g\(path)")
  }

  /// Shapes whose lengths overflow or lie behind a length of zero: every column that has a row count of its
  /// own believes the first length.
  @Test(arguments: [
    "[0,4294967296,4294967296]", "[0,9223372036854775807,9223372036854775807]",
    "[4611686018427387904,0]", "[9223372036854775807,0]", "[2,0]", "[2,0,5]",
    "[4294967296,4294967296,0]",
  ])
  func `a shape without elements cannot claim rows or overflow`(shape: String) throws {
    var client = try Client.open("binary", #""slices":["g"],"options":{"unique_ids":true}"#)
    let column = #"{"dtype":"uint8","shape":\#(shape),"base64":""}"#
    for name in ["scores", "labels", "ids", "weights", "predictions", "inputs"] {
      let refusal = try client.refusedPush(#"{"\#(name)":\#(column)}"#)
      #expect(refusal.path == "/params/batch/\(name)/shape", "\(name)")
    }
    let slice = try client.refusedPush(
      #"{"scores":[0.5],"labels":[1],"ids":[1],"slices":{"g":\#(column)}}"#)
    #expect(slice.path == "/params/batch/slices/g/shape")
    let indices = try client.refusedPush(
      #"{"scores":{"dictionary":[0.5],"indices":\#(column)},"labels":[]}"#)
    #expect(indices.path == "/params/batch/scores/indices/shape")
  }

  @Test func `a row of a dictionary column is named, not its entry`() throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(
      #"{"scores":{"dictionary":["x",0.5],"indices":[1,1,0]},"labels":[1,0,1]}"#)
    #expect(refusal.path == "/params/batch/scores/2")
    // An entry that no row has is nobody's fault.
    try client.push(#"{"scores":{"dictionary":["x",0.5],"indices":[1]},"labels":[1]}"#)
  }

  @Test func `a column that is one value a row is flat`() throws {
    var client = try Client.open("binary", #""slices":["g"],"options":{"unique_ids":true}"#)
    for (batch, path) in [
      (#"{"scores":[0.5],"labels":[[1,0]],"ids":[1],"slices":{"g":1}}"#, "labels"),
      (#"{"scores":[0.5],"labels":[1],"ids":[[1,2]],"slices":{"g":1}}"#, "ids"),
      (
        #"{"scores":[0.5],"labels":[1],"ids":[1],"weights":[[1,2]],"slices":{"g":1}}"#, "weights"
      ),
      (#"{"scores":[0.5],"labels":[1],"ids":[1],"slices":{"g":[[1,2]]}}"#, "slices/g"),
    ] {
      #expect(try client.refusedPush(batch).path == "/params/batch/\(path)")
    }
    try client.push(
      #"{"scores":[[0.5]],"labels":[[1]],"ids":[[1]],"weights":[[2]],"slices":{"g":[[1]]}}"#)
  }

  /// 2^53 + 1 and 2^53 are two names, whatever stands beside them.
  @Test(arguments: [
    "9007199254740993,9007199254740992,1,2", "9007199254740993,9007199254740992,1.0,2",
  ])
  func `a float beside long integers leaves them what they are`(names: String) throws {
    var code = try Client.open("code_generation")
    try code.push(#"{"problems":[\#(names)],"passed":[1,0,1,1]}"#)
    let pass = try code.query(#"["pass@1","pass@2"]"#)
    #expect(pass.value("pass@1") == 0.75)
    #expect(pass["undefined"]?.json == #"{"pass@2":"not_enough_samples"}"#)

    var agreement = try Client.open("agreement")
    let rows = names.split(separator: ",").map { "[9007199254740993,\($0)]" }
    try agreement.push(#"{"annotations":[\#(rows.joined(separator: ","))]}"#)
    #expect(try agreement.query(#"["percent_agreement"]"#).value("percent_agreement") == 0.25)

    var classes = try Client.open("multiclass", #""slices":["g"],"options":{"unique_ids":true}"#)
    let pushed = try classes.push(
      #"{"labels":[9007199254740993,9007199254740993,1,2],"predictions":[\#(names)],"#
        + #""ids":[\#(names)],"slices":{"g":[\#(names)]}}"#)
    #expect(pushed.int("dropped_duplicates") == 0)
    #expect(try classes.query(#"["accuracy"]"#).value("accuracy") == 0.75)
    let slice = try classes.query("[]", #""slice":{"g":9007199254740993}"#)
    #expect(slice.int("count") == 1)
  }

  /// Integers beside a fraction come as floats, and it is the fraction that is no name.
  @Test(arguments: ["queries", "documents", "ids"])
  func `the row that is no name is named`(column: String) throws {
    var client = try Client.open("ranking", #""options":{"unique_ids":true}"#)
    func batch(_ names: String) -> String {
      ["queries", "documents", "ids"].map { #""\#($0)":\#($0 == column ? names : "[7,8,9]")"# }
        .joined(separator: ",")
    }
    let rest = #""scores":[1,2,3],"relevances":[1,0,0]"#
    let refusal = try client.refusedPush("{\(batch("[7,8,1.5]")),\(rest)}")
    #expect(refusal.path == "/params/batch/\(column)/2")
    #expect(refusal.message.contains("1.5"))
    #expect(try client.refusedPush("{\(batch("[7,8,1e300]")),\(rest)}").path.hasSuffix("/2"))
    try client.push("{\(batch("[7,8.0,9]")),\(rest)}")
    // They are the integers that they were written as.
    if column == "ids" {
      #expect(try client.push("{\(batch("[7,8,9]")),\(rest)}").int("dropped_duplicates") == 3)
    } else {
      let again = try client.refusedPush(
        #"{"queries":[8],"documents":[8],"scores":[1],"relevances":[1],"ids":[10]}"#)
      #expect(again.path == "/params/batch/documents/0")
    }
  }

  @Test func `rows without elements are told of as what they are`() throws {
    var client = try Client.open("ranking")
    let refusal = try client.refusedPush(
      #"{"retrieved":{"dtype":"int64","shape":[2,0],"base64":""},"relevant":[[1],[2]]}"#)
    #expect(refusal.path == "/params/batch/retrieved/shape")
    #expect(refusal.message == "the rows of a packed column have at least one element")
    try client.push(#"{"retrieved":[[],[]],"relevant":[[1],[2]]}"#)
  }

  @Test func `a number that no float64 is equal to is refused, beside floats too`() throws {
    var client = try Client.open("scalar")
    for values in [
      "[1,9007199254740993]", "[0.5,9007199254740993]", "[-1,9223372036854775809]",
    ] {
      let refusal = try client.refusedPush(#"{"values":\#(values)}"#)
      #expect(refusal.path == "/params/batch/values/1")
      #expect(refusal.message == "an integer of values is too large to be a float64 exactly")
    }
    var lists = try Client.open("multiple_choice")
    let refusal = try lists.refusedPush(
      #"{"choice_scores":[[0.5,1],[9007199254740993,1]],"labels":[0,0]}"#)
    #expect(refusal.path == "/params/batch/choice_scores/1")
    #expect(refusal.message == "an integer of choice_scores is too large to be a float64 exactly")
  }
}
