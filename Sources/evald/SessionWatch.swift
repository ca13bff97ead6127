import WireJSON

/// Looks at the lines that go by for `shutdown` and `exit`, so that a bridge ends with the status
/// that an evald on a pipe would end with.
struct SessionWatch {
  /// Set once `exit` went by.
  private(set) var exitStatus: Int32?
  private var isShutDown = false
  // Longer lines are none of these two, and are thrown away as they come.
  private var splitter = LineSplitter(maxLineBytes: 4096)

  /// The next bytes on their way.
  mutating func see(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { splitter.append($0) }
    while let line = splitter.next() { see(line) }
  }

  /// Nothing comes after the line that is not ended.
  mutating func seeEnd() {
    while let line = splitter.finish() { see(line) }
  }

  private mutating func see(_ line: LineSplitter.Line) {
    guard exitStatus == nil, case .line(let bytes, let range) = line, range.count < 4096,
      Self.mayEndSession(bytes[range]),
      let root = try? JSONDocument(parsing: bytes, in: range, maxDepth: 64).root,
      root.kind == .object, root["jsonrpc"]?.string == "2.0"
    else { return }
    switch root["method"]?.string {
    case "shutdown": if root["id"] != nil { isShutDown = true }
    case "exit": exitStatus = isShutDown ? ExitStatus.clean : ExitStatus.failed
    default: break
    }
  }

  /// Both words have a t and no number is made of letters: most lines are told apart by their first
  /// bytes, but a method may stand anywhere.
  private static func mayEndSession(_ line: ArraySlice<UInt8>) -> Bool {
    contains(line, "exit") || contains(line, "shutdown") || line.contains(UInt8(ascii: "\\"))
  }

  private static func contains(_ line: ArraySlice<UInt8>, _ word: StaticString) -> Bool {
    let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard line.count >= word.count else { return false }
    return (line.startIndex...(line.endIndex - word.count)).contains { start in
      line[start..<(start + word.count)].elementsEqual(word)
    }
  }
}
