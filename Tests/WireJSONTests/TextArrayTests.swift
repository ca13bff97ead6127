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

  /// The lists of an array by their codes.
  private func coded(_ text: String) throws -> [[[UInt8]]]? {
    guard let (words, codes, ends) = try root(text).codedTextLists else { return nil }
    let texts = separate(words)
    #expect(Set(texts).count == texts.count)
    var start = 0
    return ends.map { end in
      defer { start = end }
      return codes[start..<end].map { texts[Int($0)] }
    }
  }

  /// Of all lengths, which differ in one byte, wherever the document ends.
  @Test func shortTextsAsCodes() throws {
    let texts = (0..<16).flatMap { length in
      (0...length).map { changed in
        String((0..<length).map { $0 == changed ? "x" : "o" })
      }
    }
    let lists = [texts, [], texts.reversed(), ["]", ",", "[", "]]", "{}", " "]]
    for end in ["", " ", "                         "] {
      let text =
        "["
        + lists.map { "[\($0.map { "\"\($0)\"" }.joined(separator: ","))]" }
        .joined(separator: ",") + "]" + end
      #expect(try coded(text) == lists.map { $0.map { Array($0.utf8) } })
    }
    for last in texts { #expect(try coded("[[\"\(last)\"]]") == [[Array(last.utf8)]]) }
  }

  @Test func textsThatAreNotCoded() throws {
    for text in [
      #"[["a text of just 16"]]"#, #"[["a","\n"]]"#, #"[["a"],["é"]]"#, "[[],[]]", #"[[ "a"]]"#,
      #"[["a"],1]"#, #"["a"]"#, "[[1]]", "1",
      #"[["O","O","a text of just 16 ","O"]]"#,
    ] { #expect(try coded(text) == nil, "\(text)") }
    func names(_ count: Int) -> String { (0..<count).map { "\"n\($0)\"" }.joined(separator: ",") }
    #expect(try coded("[[\(names(255))],[\(names(255))]]")?[1].count == 255)
    #expect(try coded("[[\(names(256))]]") == nil)
  }

  /// Lists of words answer every question as those do that are written with a space more, and have nodes.
  @Test(arguments: [",", ", "]) func wordsWithoutNodes(separator: String) throws {
    let texts = Self.pieces.filter {
      $0.utf8.count < 16 && !$0.contains("\\") && $0.utf8.count == $0.count
    }
    let words = (texts + ["]", ",", "NaN", "7", "[x]"] + texts).map { "\"\($0)\"" }
    let inner = words.joined(separator: separator)
    let value = try root("[[\(inner)],7,{\"key\":[\(words[0])]}]")
    let wanted = try root("[[ \(inner)],7,{\"key\":[\(words[0])]}]")
    let (list, other) = (try #require(value[0]), try #require(wanted[0]))
    #expect(list.node.tag == .words && other.node.tag == .array)
    #expect(list.kind == .array && list.count == words.count && list.texts == other.texts)
    #expect(list.rawText == Array("[\(inner)]".utf8) && !list.isFlatNumberArray)
    #expect(list.numbers == nil && list.booleans == nil && value.numbers == nil)
    #expect(value.rawText.count + 1 == wanted.rawText.count && value[1]?.int64 == 7)
    for (place, pair) in zip(list.elements, other.elements).enumerated() {
      let (word, plain) = pair
      #expect(word.kind == .string && word.string == plain.string)
      #expect(word.stringBytes == plain.stringBytes && word.rawText == Array(words[place].utf8))
      #expect(word.sourceRange.lowerBound + 1 == plain.sourceRange.lowerBound)
      #expect(word.sourceRange.count == plain.sourceRange.count)
      #expect(word.stringEquals(plain.string ?? "?") && !word.stringEquals("another"))
      #expect(word.int64 == nil && word.double == nil && word.bool == nil && word.texts == nil)
      #expect(word.elements.underestimatedCount == 0 && word["key"] == nil && word[0] == nil)
      #expect(list[place]?.string == plain.string)
    }
    for one in [value, list] {
      var (writer, plain) = (JSONWriter(), JSONWriter())
      writer.value(one)
      plain.value(one.index == value.index ? wanted : other)
      #expect(writer.bytes == plain.bytes)
    }
  }

  /// A list that cannot be kept as words leaves nothing of it behind.
  @Test func listsThatAreGivenUp() throws {
    let many = (0..<300).map { "\"n\($0)\"" }.joined(separator: ",")
    for spoiled in [#""a long text of more than fifteen""#, #""\u0041""#, "1", "null", #"["x"]"#] {
      let value = try root(
        #"[["O","B"],["O","B","C",\#(spoiled)],["C","O"],[\#(many)],["O","new"]]"#)
      #expect(value[0]?.texts?.ends == [1, 2])
      #expect(value[1]?.count == 4 && value[1]?.texts == nil || spoiled.first == "\"")
      #expect(value[2]?.elements.map(\.string) == ["C", "O"])
      #expect(value[3]?.elements.map(\.string).suffix(2) == ["n298", "n299"])
      #expect(value[4]?.elements.map(\.string) == ["O", "new"])
      #expect(value.codedTextLists == nil)
    }
    let mixed = try root(
      #"[["O"],["a long text of more than fifteen","O"],[],["B","\u0041"],["O"]]"#)
    #expect(mixed.textLists?.ends == [1, 3, 3, 5, 6])
    let texts = try #require(mixed.textLists?.texts)
    #expect(
      separate(texts)
        == ["O", "a long text of more than fifteen", "O", "B", "A", "O"].map { Array($0.utf8) })
  }

  /// What is between two lists, or between two words; the first two are those of encoders.
  private static let commas = [",", ", ", " ,", ",\n", ", \t", ",,", "", ";"]
  private static let words =
    ["O", "B-PER", "I-MISC", "O", "12345678", "123456789", "B-WORK_OF_ART", "fifteen bytes  "]
    + ["", "]", ",", "],[", " ", "a b", "[", "x2345678", "2345678x", "\u{7f}", "O O", "OO"]
    + ["é", #"\""#, #"\\"#, #"\u0041"#, "sixteen bytes ..", "\u{0}O", "\u{0}", "O\u{0}"]

  /// Lists of a document that may have a fault; how many of the first kinds of words it has is by chance.
  private func lists(_ random: inout SeededGenerator) -> String {
    let kinds = random.below(4) == 0 ? Self.words.count : 1 + random.below(20)
    let comma = Self.commas[random.below(8) > 0 ? random.below(2) : random.below(8)]
    func list() -> String {
      let count = random.below(30) == 0 ? random.below(3000) : 1 + random.below(15)
      let words = (0..<(random.below(60) == 0 ? 0 : count)).map { _ in
        random.below(400) == 0
          ? "\"n\(random.below(300))\"" : "\"\(Self.words[random.below(1 + random.below(kinds))])\""
      }
      return "[\(words.joined(separator: comma))]"
    }
    var text = Array(
      "[\((0..<random.below(12)).map { _ in list() }.joined(separator: comma))]".utf8)
    let place = random.below(text.count)
    switch random.below(6) {
    case 0: text[place] = Array("\",]x[ \\\0".utf8)[random.below(8)]
    case 1: text.remove(at: place)
    case 2: text.insert(Array("\",]x[ ".utf8)[random.below(6)], at: place)
    default: break
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Lists that are read together mean what they mean behind too many words, where each text has its node, and faults
  /// are found where they are.
  @Test(arguments: 0..<8) func listsReadTogether(seed: UInt64) {
    let full = (0..<256).map { "\"n\($0)\"" }.joined(separator: ",")
    var random = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      let text = lists(&random)
      let found = outcome(text, behind: "[[\"n0\"],")
      #expect(found == outcome(text, behind: "[[\(full)],"), "\(text)")
    }
  }

  /// What is behind something else, written anew, and its lists; or the fault.
  private func outcome(_ text: String, behind begin: String) -> [String] {
    do {
      let value = try root("\(begin)\(text)]")
      guard let lists = value[1] else { return ["none"] }
      var writer = JSONWriter()
      writer.value(lists)
      let texts = lists.textLists.map { "\(separate($0.texts)) \($0.ends)" } ?? "no lists"
      if let coded = lists.codedTextLists, let plain = lists.textLists {
        let words = separate(coded.words)
        #expect(coded.codes.map { words[Int($0)] } == separate(plain.texts))
        #expect(coded.ends == plain.ends && Set(coded.codes).count == words.count)
      }
      let raw = lists.elements.map { String(decoding: $0.rawText, as: UTF8.self) }
      return [String(decoding: writer.bytes, as: UTF8.self), texts] + raw
    } catch let error as JSONParseError {
      return ["\(error.offset - begin.utf8.count)", error.message]
    } catch {
      return ["\(error)"]
    }
  }

  /// What parts a run of short texts: their number, long ones, escapes, the end of the document.
  @Test func runsOfShortTexts() throws {
    for count in [1, 2, 63, 64, 65, 66, 129, 300] {
      for piece in Self.pieces {
        let texts = (0..<count).map { $0 % 50 == 49 ? piece : "t\($0)" }
        let text = "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        for text in [text, "[\(text),\(text)]", "{\"key\":\(text),\"other\":1}"] {
          let value = try root(text)
          let array = value["key"] ?? (value[0]?.kind == .array ? value[1] : value)
          let wanted = texts.map { try? root("\"\($0)\"").stringBytes }
          #expect(array?.elements.map(\.stringBytes) == wanted, "\(text)")
          #expect(value.rawText == Array(text.utf8))
        }
      }
    }
  }

  /// Faults between and behind texts that stand side by side are found where they are.
  @Test func faultsAmongTexts() {
    for (text, offset) in [
      (#"["a","b",]"#, 9), (#"["a","b" "c"]"#, 9), (#"["a","b"#, 7), (#"["a",,"b"]"#, 5),
      (#"["a","b"}"#, 8), (#"[["a","b",]]"#, 10), (#"[["O","O" "O"]]"#, 10), (#"[["O","O"#, 8),
      (#"[["O","O","#, 10), (#"[["O",  "#, 8), ("[[\"O\",\u{0}\u{0}\u{0}\u{0}]]", 6),
      (#"[["O"}]"#, 5), (#"{"a":"b","c"}"#, 12), (#"{"a":"b","a":"c"}"#, 9),
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

extension SeededGenerator {
  /// A number from 0, below another.
  fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
