/// Cuts a stream of bytes into lines, however it arrives.
///
/// A line ends in LF or CRLF; lines of nothing but spaces, tabs and CRs are skipped; a byte order
/// mark before the first line is dropped. A line that is longer than the limit is thrown away as it
/// comes, but for its first 4 KiB.
public struct LineSplitter: Sendable {
  /// One line of the input.
  public enum Line: Sendable {
    /// A whole line: `bytes[range]`, without its end. Sharing `bytes` beyond the next `append` or
    /// `read` costs a copy of the buffer.
    case line(bytes: [UInt8], range: Range<Int>)
    /// A line that went beyond the limit: its first bytes, at most 4096, and its length.
    case tooLong(prefix: [UInt8], length: Int)
  }

  /// The most bytes that a line may have, its end not counted.
  public let maxLineBytes: Int

  private static let prefixBytes = 4096

  private var buffer: [UInt8] = []
  private var head = 0

  /// A splitter for lines of at most `maxLineBytes` bytes.
  public init(maxLineBytes: Int) {
    self.maxLineBytes = max(0, maxLineBytes)
  }

  /// Takes the next bytes of the input.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    buffer.removeSubrange(0..<head)
    head = 0
    buffer.append(contentsOf: bytes)
  }

  /// The next line that is complete; nil when more input is needed.
  public mutating func next() -> Line? {
    while let end = buffer[head...].firstIndex(of: 0x0A) {
      let range = head..<end
      head = end + 1
      if let line = line(range) { return line }
    }
    return nil
  }

  /// The last line, where the input ended without a line feed; nil when there is none.
  public mutating func finish() -> Line? {
    if let line = next() { return line }
    let range = head..<buffer.count
    head = buffer.count
    return line(range)
  }

  private mutating func line(_ whole: Range<Int>) -> Line? {
    var range = whole
    if !range.isEmpty, buffer[range.upperBound - 1] == 0x0D {
      range = range.lowerBound..<range.upperBound - 1
    }
    if isFirst {
      isFirst = false
      if buffer[range].starts(with: [0xEF, 0xBB, 0xBF]) {
        range = range.lowerBound + 3..<range.upperBound
      }
    }
    if range.count > maxLineBytes {
      return .tooLong(prefix: [UInt8](buffer[range].prefix(Self.prefixBytes)), length: range.count)
    }
    if buffer[range].allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
    return .line(bytes: buffer, range: range)
  }

  private var isFirst = true
}
