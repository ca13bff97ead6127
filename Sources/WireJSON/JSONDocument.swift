/// A parsed JSON text.
///
/// It shares the bytes it was parsed from and keeps them alive, and so does every `JSONValue` made
/// from it: a caller that keeps a small part for long copies that part out (`string`, `rawText`).
public struct JSONDocument: Sendable {
  let tape: Tape

  /// Parses one JSON value and the white space around it, by RFC 8259 to the letter; keys that
  /// repeat within an object (compared after unescaping) are refused at every depth.
  ///
  /// - Parameters:
  ///   - bytes: shared, not copied.
  ///   - range: the part of `bytes` to parse; offsets in errors count from its start.
  ///   - maxDepth: how deep arrays and objects may nest; a scalar has depth 0.
  /// - Throws: the first defect of the text, with its byte offset.
  public init(
    parsing bytes: [UInt8], in range: Range<Int>, maxDepth: Int
  ) throws(JSONParseError) {
    let part = range.clamped(to: 0..<bytes.count)
    tape = try parseTape(bytes, part, maxDepth)
  }

  /// Parses one JSON value that fills `bytes`.
  public init(parsing bytes: [UInt8], maxDepth: Int = 64) throws(JSONParseError) {
    try self.init(parsing: bytes, in: 0..<bytes.count, maxDepth: maxDepth)
  }

  /// The outermost value.
  public var root: JSONValue { JSONValue(tape: tape, index: 0) }
}

/// Runs the parser over the bytes and puts its fault, if any, into words.
private func parseTape(
  _ bytes: [UInt8], _ range: Range<Int>, _ maxDepth: Int
) throws(JSONParseError) -> Tape {
  let result = bytes.withUnsafeBufferPointer { buffer -> Result<Tape, JSONParseError> in
    guard let start = buffer.baseAddress, !range.isEmpty else {
      return .failure(JSONParseError(unparsed: .unexpectedEnd(expected: "a value")))
    }
    guard range.count < Int(UInt32.max) else { return .failure(.init(unparsed: .tooLong)) }
    var parser = JSONParser(
      start: start + range.lowerBound, length: range.count, maxDepth: maxDepth)
    do throws(Fault) {
      try parser.run()
    } catch {
      return .failure(parser.report(error))
    }
    return .success(Tape(bytes: bytes, base: range.lowerBound, parser: &parser))
  }
  return try result.get()
}

extension JSONParseError {
  fileprivate init(unparsed defect: Defect) {
    self.init(
      kind: defect.kind, offset: 0, message: defect.message, hint: defect.hint, topLevelMembers: [])
  }
}
