import Testing
import WireJSON

@testable import EvalMetrics
@testable import EvalService

/// Columns of texts and of lists, from their JSON to what a task reads.
@Suite struct ListColumnTests {
  private static func columns(_ json: String, whole: [String] = []) throws -> Columns {
    let document = try JSONDocument(parsing: Array(json.utf8))
    return try BatchReader(wholeColumns: whole).read(document.root, path: "")
  }

  private static func lists(_ json: String, wraps: Bool = false) throws -> [[String]] {
    let lists = try columns(#"{"x":\#(json)}"#).textLists("x", wrapsSingle: wraps)
    return (0..<lists.count).map { lists.range($0).map(lists.texts.text) }
  }

  private static func numbers(_ json: String) throws -> [[Double]] {
    let lists = try columns(#"{"x":\#(json)}"#).numberLists("x")
    return (0..<lists.count).map { Array(lists.values[lists.range($0)]) }
  }

  private static func fault(_ body: () throws -> Any) -> InputError? {
    do {
      _ = try body()
      return nil
    } catch { return error as? InputError }
  }

  @Test func `texts keep their bytes, escapes gone`() throws {
    let columns = try Self.columns(
      #"{"x":["a","","naïve","\u00e9\n\ud83d\ude00","e\u0301"],"d":{"dictionary":["b","a"],"indices":[1,0,0,1,1]}}"#
    )
    let texts = try columns.texts("x")
    #expect((0..<5).map(texts.text) == ["a", "", "naïve", "é\n😀", "e\u{301}"])
    #expect(Array(texts.text(4).utf8).count == 3)
    #expect(try columns.texts("d").selecting([0, 1]).text(1) == "b")
    #expect(texts.selecting([2, 0]).text(0) == "naïve")
    #expect(columns.rows == 5)
  }

  @Test(arguments: [
    ("[]", []), (#"[["a","b"],[],["c"]]"#, [["a", "b"], [], ["c"]]), ("[[],[]]", [[], []]),
    (#"[["\n"]]"#, [["\n"]]),
    (
      #"[["a","b"],["a long text of many bytes"],["a"]]"#,
      [["a", "b"], ["a long text of many bytes"], ["a"]]
    ),
    (#"[["b","a","b","b"],["é","b"]]"#, [["b", "a", "b", "b"], ["é", "b"]]),
  ])
  func `lists of texts of any length`(json: String, lists: [[String]]) throws {
    #expect(try Self.lists(json) == lists)
  }

  @Test func `a text is a list of one where the task says so`() throws {
    #expect(try Self.lists(#"["a","b"]"#, wraps: true) == [["a"], ["b"]])
    #expect(try Self.lists(#"["a",["b","c"]]"#, wraps: true) == [["a"], ["b", "c"]])
    let fault = Self.fault { try Self.lists(#"["a","b"]"#) }
    #expect(fault?.path == [.key("x"), .index(0)])
  }

  @Test(arguments: [
    (#"[["a"],["b",7]]"#, 1), (#"[["a"],"b"]"#, 1), (#"[["a"],null]"#, 1), (#"[["a"],{}]"#, 1),
    ("[1,2]", 0), ("[[1,2],[3]]", 0),
  ])
  func `a fault of a list names its row`(json: String, row: Int) {
    let fault = Self.fault { try Self.lists(json) }
    #expect(fault?.path == [.key("x"), .index(row)])
    #expect(fault?.kind == .invalidBatch)
  }

  @Test func `a row that is no text is named`() {
    for json in [#"["a",1]"#, #"["a",null]"#, #"["a",["b"]]"#] {
      let fault = Self.fault { try Self.columns(#"{"x":\#(json)}"#).texts("x") }
      #expect(fault?.path == [.key("x"), .index(1)], "\(json)")
    }
  }

  @Test(arguments: [
    ("[[1,2.5],[],[-3]]", [[1, 2.5], [], [-3]]), ("[[1,2],[3,4]]", [[1, 2], [3, 4]]),
    (#"[[1,"Infinity"],[2]]"#, [[1, .infinity], [2]]), ("[[1e308],[2,0.1]]", [[1e308], [2, 0.1]]),
    ("[[9007199254740992],[]]", [[9_007_199_254_740_992], []]), ("[[],[]]", [[], []]),
  ])
  func `lists of numbers of any length`(json: String, lists: [[Double]]) throws {
    #expect(try Self.numbers(json) == lists)
  }

  @Test(arguments: [
    ("[[1],[9007199254740993,2]]", 1), ("[[1],[2,\"x\"]]", 1), ("[[1],2]", 1), ("[[1],[[2]]]", 1),
    ("[1,2]", 0), (#"["a"]"#, 0), ("[[1,2],[3,null]]", 1),
  ])
  func `a fault of a list of numbers names its row`(json: String, row: Int) {
    let fault = Self.fault { try Self.numbers(json) }
    #expect(fault?.path == [.key("x"), .index(row)])
  }

  @Test func `ragged rows are still no matrix`() throws {
    let fault = Self.fault { try Self.columns(#"{"x":[[1,2],[3]]}"#).doubles("x") }
    #expect(fault?.path == [.key("x"), .index(1)])
    #expect(fault?.message == "x holds an array of 1 where another shape is wanted")
  }

  @Test func `a column of the whole batch has its own length`() throws {
    let batch = #"{"x":[1,2],"all":[1,2,3]}"#
    #expect(try Self.columns(batch, whole: ["all"]).rows == 2)
    #expect(try Self.columns(#"{"all":[1,2,3]}"#, whole: ["all"]).rows == 1)
    #expect(try Self.columns("{}", whole: ["all"]).rows == 0)
    #expect(throws: (any Error).self) { try Self.columns(batch) }
  }
}
