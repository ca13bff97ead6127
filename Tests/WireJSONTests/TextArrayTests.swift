import Testing

@testable import WireJSON

/// Arrays of texts, and arrays of those, as columns read them.
@Suite struct TextArrayTests {
  private static let pieces = [
    "O", "B-PER", "a text of just 16", "a text of 15 xx", "", "é", "中文 😀", #"\n"#, #"\u00e9"#,
    #"\ud83d\ude00"#, #"\""#, #"a\\b\/c"#, #"\b\f\r\t"#, #"\u0041\u07ff\uffff"#,
    "a rather long text, which is longer than what is copied at once, and ends here",
    #"a rather long text with \"quotes\" in it, and a line end \n, and more behind it"#,
  ]

  private func root(_ text: String) throws -> JSONValue {
    try JSONDocument(parsing: Array(text.utf8)).root
  }

  /// The texts one by one.
  private func separate(_ texts: TextArray) -> [[UInt8]] {
    var start = 0
    return texts.ends.map { end in
      defer { start = end }
      return Array(texts.bytes[start..<end])
    }
  }

  @Test func textsAreTheStringsOfTheirElements() throws {
    for count in [1, 2, 3, 7, 40] {
      for first in Self.pieces.indices {
        let chosen = (0..<count).map { Self.pieces[(first + $0 * 3) % Self.pieces.count] }
        for separator in [",", " , ", ",\n\t"] {
          let text = "[" + chosen.map { "\"\($0)\"" }.joined(separator: separator) + "]"
          let array = try root(text)
          let texts = try #require(array.texts)
          #expect(separate(texts) == array.elements.compactMap(\.stringBytes), "\(text)")
          let lists = try #require(try root("[\(text),[],\(text)]").textLists)
          #expect(lists.ends == [count, count, 2 * count])
          #expect(separate(lists.texts) == separate(texts) + separate(texts), "\(text)")
        }
      }
    }
  }

  @Test func whatIsNoArrayOfTexts() throws {
    for text in [
      #"["a",1]"#, #"[null]"#, #"["a",["b"]]"#, #"["a",{}]"#, "[1]", "[1.5]", #""a""#, "{}", "[[]]",
      #"["a",true]"#,
    ] { #expect(try root(text).texts == nil, "\(text)") }
    for text in [
      #"["a"]"#, #"[["a"],"b"]"#, #"[["a"],[1]]"#, #"[[1]]"#, #"[["a",null]]"#, #"[["a"],null]"#,
      #"[["a",["b"]]]"#, #"[[{"a":"b"}]]"#, #"{"a":["b"]}"#, "[1]", #"[["a"],{"a":"b"}]"#,
    ] { #expect(try root(text).textLists == nil, "\(text)") }
  }

  @Test func emptyOnes() throws {
    #expect(try root("[]").texts == TextArray())
    #expect(try root("[[]]").textLists?.ends == [0])
    #expect(try root("[[],[],[]]").textLists?.texts == TextArray())
    #expect(try root("[]").textLists?.ends == [])
    #expect(try root(#"[[],[""]]"#).textLists?.ends == [0, 1])
  }

  /// Faults between and behind texts that stand side by side are found where they are.
  @Test func faultsAmongTexts() {
    for (text, offset) in [
      (#"["a","b",]"#, 9), (#"["a","b" "c"]"#, 9), (#"["a","b"#, 7), (#"["a",,"b"]"#, 5),
      (#"["a","b"}"#, 8), (#"{"a":"b","c"}"#, 12), (#"{"a":"b","a":"c"}"#, 9),
    ] {
      do {
        _ = try JSONDocument(parsing: Array(text.utf8))
        Issue.record("accepted: \(text)")
      } catch {
        #expect(error.offset == offset, "\(text)")
      }
    }
  }
}
