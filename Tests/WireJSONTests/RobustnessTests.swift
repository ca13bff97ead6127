import Testing

@testable import WireJSON

@Suite struct RobustnessTests {
  private func refusal(_ text: String, maxDepth: Int = 64) -> JSONParseError? {
    do {
      _ = try JSONDocument(parsing: Array(text.utf8), maxDepth: maxDepth)
      return nil
    } catch {
      return error
    }
  }

  @Test func depthIsCapped() throws {
    for depth in [1, 2, 5, 64, 1000] {
      let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      let objects =
        String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
      let numbers =
        String(repeating: "[", count: depth) + "1,2" + String(repeating: "]", count: depth)
      for text in [arrays, objects, numbers] {
        #expect(refusal(text, maxDepth: depth) == nil)
        let error = try #require(refusal(text, maxDepth: depth - 1))
        #expect(error.kind == .tooDeep)
        #expect(error.offset == (depth - 1) * (text.hasPrefix("[") ? 1 : 5))
      }
    }
    #expect(refusal("1", maxDepth: 0) == nil)
    #expect(refusal("[]", maxDepth: 0)?.kind == .tooDeep)
  }

  @Test func millionsOfBracketsDoNotRecurse() {
    let deep = String(repeating: "[", count: 500_000)
    #expect(refusal(deep)?.offset == 64)
    #expect(refusal(deep, maxDepth: .max)?.kind == .malformed)
    let closed = deep + String(repeating: "]", count: 500_000)
    #expect(refusal(closed, maxDepth: .max) == nil)
    #expect(refusal(String(repeating: #"{"":"#, count: 100_000))?.kind == .tooDeep)
  }

  /// Room for nodes that doubles would be half empty, and three times as much while it is copied.
  @Test(arguments: [#"{"a":[]}"#, "null", #""ab""#, "[{}]", "1,null"])
  func roomForMillionsOfNodesIsWhatTheyNeed(element: String) throws {
    let count = 1_100_000
    let list = Array(repeatElement(element, count: count)).joined(separator: ",")
    // The second begins with what has no nodes, so that what is expected at first is far too little.
    for begin in ["", "\"\(String(repeating: "x", count: list.utf8.count))\","] {
      let array = try parse("[\(begin)\(list)]")
      let perElement = element == "1,null" ? 2 : 1
      #expect(array.count == perElement * count + (begin.isEmpty ? 0 : 1))
      let (nodes, room) = (array.tape.nodes.count, array.tape.nodes.capacity)
      #expect(nodes >= count)
      #expect(room < nodes + nodes / 6)
      let last = array.tape.nodes[nodes - 1]
      #expect(last.tag == .end)
    }
  }

  /// In square time this would take minutes.
  @Test func manyKeysAreChecked() throws {
    let count = 100_000
    let members = (0..<count).map { "\"key\($0)\":\($0)" }.joined(separator: ",")
    let object = try parse("{\(members)}")
    #expect(object.count == count)
    #expect(object["key99999"]?.int64 == 99_999)
    for twice in [0, 15, 16, 17, 18, 40, 99_999] {
      let error = try #require(refusal("{\(members),\"key\(twice)\":0}"))
      #expect(error.offset == members.utf8.count + 2)
      #expect(error.message.contains("key\(twice)"))
    }
  }

  /// Large objects inside large objects each have their own table.
  @Test func tablesOfKeysNest() throws {
    func object(_ depth: Int, last: String) -> String {
      let members = (0..<30).map {
        "\"k\($0)\":\(depth == 0 ? "0" : $0 == 20 ? object(depth - 1, last: last) : "1")"
      }
      return "{" + members.joined(separator: ",") + (depth == 0 ? last : "") + "}"
    }
    #expect(refusal(object(4, last: "")) == nil)
    #expect(refusal(object(4, last: ",\"k30\":1")) == nil)
    #expect(refusal(object(4, last: ",\"k29\":1"))?.message.contains("k29") == true)
    #expect(refusal(object(4, last: ",\"\\u006b3\":1"))?.message.contains("k3") == true)
  }

  @Test func errorsKeepTheMembersBefore() throws {
    let error = try #require(
      refusal(
        #"{"jsonrpc":"2.0", "id" : "a\u0041" ,"n":-7,"x":[1,{"y":2}],"params":{"id":8,"z":NaN}}"#))
    #expect(error.topLevelMembers.map(\.key) == ["jsonrpc", "id", "n", "x"])
    #expect(
      error.topLevelMembers.map { String(decoding: $0.rawValue, as: UTF8.self) }
        == [#""2.0""#, #""a\u0041""#, "-7", #"[1,{"y":2}]"#])
    #expect(refusal(#"{"id":7"#)?.topLevelMembers.map(\.key) == ["id"])
    #expect(refusal(#"{"id":7,"id":8}"#)?.topLevelMembers.map(\.key) == ["id"])
    #expect(refusal(#"{"id":"#)?.topLevelMembers.isEmpty == true)
    #expect(refusal(#"{"id""#)?.topLevelMembers.isEmpty == true)
    #expect(refusal(#"[{"id":7},"#)?.topLevelMembers.isEmpty == true)
    #expect(refusal("{")?.topLevelMembers.isEmpty == true)
    let garbage = refusal(#"{"id":7+1"x\#(String(repeating: "\\", count: 9))"#)
    #expect(garbage?.topLevelMembers.map { String(decoding: $0.rawValue, as: UTF8.self) } == ["7"])
    #expect(refusal(#"{"id":null"x"#)?.topLevelMembers.map(\.rawValue) == [Array("null".utf8)])
    #expect(refusal(#"{"id":7} x"#)?.topLevelMembers.map(\.key) == ["id"])
    let deep = refusal(#"{"id":7,"params":"# + String(repeating: "[", count: 100))
    #expect(deep?.kind == .tooDeep && deep?.topLevelMembers.map(\.key) == ["id"])
    let long = refusal("{\"a\":\"" + String(repeating: "x", count: 5000) + "\",\"id\":7,")
    #expect(long?.topLevelMembers.map(\.key) == ["id"], "long values are left out")
  }

  @Test func hintsNameTheRemedy() {
    let cases: [(String, message: String, hint: String)] = [
      ("[NaN]", "NaN", "\"NaN\""), ("[0.5,NaN]", "NaN", "allow_nan=False"),
      ("[-Infinity]", "-Infinity", "\"-Infinity\""), ("[Infinity]", "Infinity", "\"Infinity\""),
      ("[1,]", "comma", ""), ("{'a':1}", "quote", "double quotes"),
      ("[True]", "True", "json.dumps"),
      ("[undefined]", "undefined", "null"), ("// a", "comment", "no comments"),
      ("{} {}", "follows", "one message a line"), ("[+1]", "plus", ""),
      ("[01]", "leading zero", ""),
      ("[1.]", "decimal point", ""), ("[1e]", "exponent", ""), ("[-]", "minus", ""),
      ("\"\t\"", "0x09", "\\t"), (#""\ud800""#, "surrogate", "pair"),
      ("\u{FEFF}1", "byte order", ""),
      (#"{"a":1,"a":2}"#, "\"a\"", "once"), (#"{"a":1"#, "ends", "line"), ("[1 2]", "'2'", ""),
      ("[1,2", "',' or ']'", ""), ("[.5]", "'.'", ""),
    ]
    for (text, message, hint) in cases {
      let error = refusal(text)
      #expect(error?.message.contains(message) == true, "\(text): \(error?.message ?? "")")
      #expect(hint.isEmpty || error?.hint.contains(hint) == true, "\(text): \(error?.hint ?? "")")
    }
  }

  /// Bytes changed, dropped and doubled at random: whatever comes out, nothing traps, and what is
  /// accepted is the same when it is written and parsed again.
  @Test func mutations() throws {
    var generator = SeededGenerator(seed: 9)
    let seeds =
      acceptedTexts.map { Corpus.read($0.text).bytes } + [
        Array(
          #"{"scores":[0.12345678901234567, 0.5,-1.5e-7],"labels":[0,1,1,0],"k":["é","\ud83d\ude00"]}"#
            .utf8)
      ]
    let alphabet =
      Array(#"{}[]",:0123456789.-+eE\untrfas "#.utf8) + [0, 0x1F, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
    for round in 0..<20_000 {
      var text = seeds[round % seeds.count]
      for _ in 0...Int.random(in: 0..<4, using: &generator) where !text.isEmpty {
        let at = Int.random(in: 0..<text.count, using: &generator)
        let byte = alphabet.randomElement(using: &generator) ?? 0
        switch generator.next() % 4 {
        case 0: text[at] = byte
        case 1: text.insert(byte, at: at)
        case 2: text.remove(at: at)
        default: text.insert(contentsOf: text[at...].prefix(9), at: at)
        }
      }
      guard let document = try? JSONDocument(parsing: text) else { continue }
      _ = document.root.numbers
      let again = written(document)
      let second = try JSONDocument(parsing: Array(again.utf8))
      #expect(written(second) == again, "\(String(decoding: text, as: UTF8.self))")
    }
  }
}
