import Testing

@testable import WireJSON

/// Every text of the corpus, byte for byte.
@Suite struct CorpusTests {
  @Test func corpusIsLarge() {
    #expect(acceptedTexts.count + refusedTexts.count >= 400)
    #expect(Set(refusedTexts).count == refusedTexts.count)
  }

  @Test func acceptsAndWritesAgain() throws {
    for (notation, again) in acceptedTexts {
      let text = Corpus.read(notation).bytes
      guard let document = try? JSONDocument(parsing: text) else {
        Issue.record("refused: \(notation)")
        continue
      }
      #expect(Array(written(document).utf8) == Corpus.read(again).bytes, "\(notation)")
      let second = try JSONDocument(parsing: Array(written(document).utf8))
      #expect(written(second) == written(document), "second time: \(notation)")
    }
  }

  @Test func refusesAtTheMark() {
    for notation in refusedTexts {
      let (text, mark) = Corpus.read(notation)
      do {
        _ = try JSONDocument(parsing: text)
        Issue.record("accepted: \(notation)")
      } catch {
        #expect(error.offset == mark, "\(notation): \(error.message)")
        #expect(error.kind == .malformed)
        #expect(!error.message.isEmpty)
      }
    }
  }

  /// Where a text stands in a larger buffer makes no difference, and neither does what is around it.
  @Test func rangesAreLikeWholeTexts() throws {
    for notation in acceptedTexts.map(\.text) + refusedTexts {
      let text = Corpus.read(notation).bytes
      let buffer = Array("[1,2\"".utf8) + text + Array("3]\",4".utf8)
      let range = 5..<5 + text.count
      let whole = Result { try JSONDocument(parsing: text) }
      let part = Result { try JSONDocument(parsing: buffer, in: range, maxDepth: 64) }
      switch (whole, part) {
      case (.success(let a), .success(let b)):
        #expect(written(a) == written(b))
        #expect(a.root.rawText == b.root.rawText)
      case (.failure(let a as JSONParseError), .failure(let b as JSONParseError)):
        #expect(a.offset == b.offset && a.message == b.message, "\(notation)")
      default: Issue.record("differs inside a buffer: \(notation)")
      }
    }
  }

  /// The same text far from the end of the buffer takes the fast loops, which must agree.
  @Test func longTailsMakeNoDifference() {
    let tail = [UInt8](repeating: 0x20, count: 100)
    for notation in acceptedTexts.map(\.text) + refusedTexts {
      let (text, mark) = Corpus.read(notation)
      let isCutOff = mark == text.count
      let short = Result { try JSONDocument(parsing: text) }
      let long = Result { try JSONDocument(parsing: text + tail) }
      switch (short, long) {
      case (.success(let a), .success(let b)): #expect(written(a) == written(b))
      case (.failure(let a as JSONParseError), .failure(let b as JSONParseError)):
        #expect(a.offset == b.offset || isCutOff, "\(notation)")
      default: Issue.record("differs before white space: \(notation)")
      }
    }
  }

  /// No beginning of a message is a message, and each is refused at its end or where it broke off.
  @Test func everyPrefixIsRefused() throws {
    let text = Array(
      #"{"id":7,"a":[0.5,1e-3,-2.25],"b":[0,1,1,0],"c":"é\ud83d\ude00","d":[[1,2],[3]],"e":null}"#
        .utf8)
    _ = try JSONDocument(parsing: text)
    for count in 0..<text.count {
      #expect(throws: JSONParseError.self) {
        try JSONDocument(parsing: text, in: 0..<count, maxDepth: 64)
      }
    }
  }
}

func written(_ document: JSONDocument) -> String {
  var writer = JSONWriter()
  writer.value(document.root)
  return String(decoding: writer.bytes, as: UTF8.self)
}
