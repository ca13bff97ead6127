// The libFuzzer target of the parser; run.sh compiles it together with the sources of WireJSON.
//
// Whatever the bytes are: nothing traps, a refusal has an offset within the text, and what is
// accepted is the same value when it is written and parsed again. The text is parsed alone (its end
// is the end of the buffer, which the address sanitizer guards) and inside a larger buffer, where
// the fast loops run; both must agree.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = data.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
  let alone = Result { try JSONDocument(parsing: text) }
  let tail = [UInt8](repeating: 0x20, count: 80)
  let inside = Result {
    try JSONDocument(parsing: [0x5B, 0x22] + text + tail, in: 2..<2 + count + 80, maxDepth: 64)
  }
  switch (alone, inside) {
  case (.success(let a), .success(let b)):
    let again = written(a)
    check(again == written(b), "differs inside a buffer")
    guard let second = try? JSONDocument(parsing: again) else {
      return fail("does not parse again")
    }
    check(written(second) == again, "differs when written again")
    visit(a.root)
  case (.failure(let a as JSONParseError), .failure(let b as JSONParseError)):
    check((0...count).contains(a.offset), "an offset outside the text")
    check(a.offset == b.offset || a.offset == count, "offsets differ")
    check(a.topLevelMembers.map(\.key) == b.topLevelMembers.map(\.key), "members differ")
  default: fail("accepted only once")
  }
  splitLines(text)
  return 0
}

/// Asks every question of every value.
private func visit(_ root: JSONValue) {
  var open = [root]
  while let value = open.popLast() {
    let numbers = value.numbers
    check(numbers == nil || numbers?.shape.reduce(1, *) == numbers?.count, "a shape that isn't")
    _ = value.booleans
    compareTexts(value)
    _ = value.string
    check((value.int64 == nil) || value.double != nil, "an integer without a double")
    if let exact = value.int64 { check(value.double == Double(exact), "int64 and double differ") }
    if value.kind == .string {
      for dtype in DType.allCases { _ = try? decodeBase64(value, as: dtype) }
    }
    check(value.rawText.count == value.sourceRange.count, "the source text has another length")
    // Deep enough for every path, and linear.
    open += value.elements.prefix(100)
    open += value.members.prefix(100).map(\.value)
  }
}

/// Lists of short texts are the same by their codes.
private func compareTexts(_ value: JSONValue) {
  guard let (words, codes, ends) = value.codedTextLists else { return }
  guard let lists = value.textLists else {
    fail("codes of what are no lists of texts")
    return
  }
  check(ends == lists.ends && codes.count == lists.texts.ends.count, "other lists by codes")
  var start = 0
  for (code, end) in zip(codes, lists.texts.ends) {
    let word = (code == 0 ? 0 : words.ends[Int(code) - 1])..<words.ends[Int(code)]
    check(words.bytes[word] == lists.texts.bytes[start..<end], "another text by its code")
    start = end
  }
}

/// The same bytes as input lines, cut in the middle and not.
private func splitLines(_ text: [UInt8]) {
  func lines(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]] {
    var splitter = LineSplitter(maxLineBytes: 64)
    var result: [[UInt8]] = []
    let take = { (line: LineSplitter.Line) in
      switch line {
      case .line(let bytes, let range): result.append(Array(bytes[range]))
      case .tooLong(let prefix, let length): result.append(prefix + Array("…\(length)".utf8))
      }
    }
    for piece in pieces {
      piece.withUnsafeBytes { splitter.append($0) }
      while let line = splitter.next() { take(line) }
    }
    while let line = splitter.finish() { take(line) }
    return result
  }
  let middle = text.count / 2
  check(
    lines([text[...]]) == lines([text[..<middle], text[middle...]]), "cutting changes the lines")
}

private func written(_ document: JSONDocument) -> [UInt8] {
  var writer = JSONWriter()
  writer.value(document.root)
  return writer.bytes
}

private func check(_ holds: Bool, _ message: String) {
  if !holds { fail(message) }
}

/// A trap is what libFuzzer sees.
@discardableResult
private func fail(_ message: String) -> CInt {
  fatalError(message)
}
