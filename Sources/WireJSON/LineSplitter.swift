#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Cuts a stream of bytes into lines, however it arrives. It does no I/O.
///
/// A line ends in LF or CRLF. Lines of nothing but spaces, tabs and CRs are skipped, and a byte order
/// mark at the very start of the input is dropped; neither is ever seen by the caller. A line beyond
/// the limit is thrown away as it comes, but for its first 4 KiB. How the input is cut into pieces
/// makes no difference to the lines.
///
/// Memory: the buffer grows to the longest line (and one piece of input), as long as `next` is
/// called until it gives nil before more input is taken; after lines that need less it shrinks again.
public struct LineSplitter: Sendable {
  /// One line of the input.
  public enum Line: Sendable {
    /// A whole line: `bytes[range]`, without its end. Who still shares `bytes` when more input is
    /// taken makes it copy the buffer.
    case line(bytes: [UInt8], range: Range<Int>)
    /// A line beyond the limit: its first bytes, at most 4096, and its length in bytes without its
    /// end.
    case tooLong(prefix: [UInt8], length: Int)
  }

  /// A line that is being thrown away.
  private struct Dropped {
    var prefix: [UInt8]
    var length: Int
    var endsInCR: Bool
  }

  /// The most bytes that a line may have, its end not counted.
  public let maxLineBytes: Int

  private static let prefixBytes = 4096
  private static let firstBuffer = 1 << 12
  /// A buffer of this size is never made smaller.
  private static let smallBuffer = 1 << 18
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// All of it is room; `head..<filled` is what was received and not given out.
  private var buffer: [UInt8] = []
  private var head = 0
  private var filled = 0
  /// Up to here there is no line feed.
  private var scanned = 0
  private var dropped: Dropped?
  private var isFirst = true
  /// Lines in a row that were small for the buffer.
  private var smallLines = 0

  /// A splitter for lines of at most `maxLineBytes` bytes.
  public init(maxLineBytes: Int) {
    self.maxLineBytes = max(0, maxLineBytes)
  }

  /// Takes a copy of the next bytes of the input.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    receive(upTo: bytes.count) { room in
      UnsafeMutableRawBufferPointer(rebasing: room.prefix(bytes.count)).copyMemory(from: bytes)
      return bytes.count
    }
  }

  /// Lends room for at least `count` bytes of input, as read(2) wants it, to `body`, which says how
  /// many bytes it put there; less than 1 is none. Gives what `body` gave.
  @discardableResult
  public mutating func receive(
    upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    makeRoom(max(count, 0))
    let filled = filled
    let received = buffer.withUnsafeMutableBytes { bytes in
      body(UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
    }
    self.filled += max(0, min(received, buffer.count - filled))
    return received
  }

  /// The bytes that the buffer holds in memory.
  var bufferBytes: Int { buffer.count }

  /// The next line that is complete; nil when more input is needed.
  public mutating func next() -> Line? {
    while let end = nextLineFeed() {
      let range = head..<end
      head = end + 1
      scanned = head
      if let line = take(range) { return line }
    }
    dropIfTooLong()
    return nil
  }

  /// The last line, where the input ended without a line feed; nil when there is none.
  public mutating func finish() -> Line? {
    if let line = next() { return line }
    let range = head..<filled
    head = filled
    scanned = filled
    return take(range)
  }

  private mutating func nextLineFeed() -> Int? {
    let from = scanned
    scanned = filled
    return buffer.withUnsafeBytes { bytes -> Int? in
      guard let start = bytes.baseAddress, from < filled,
        let found = memchr(start + from, 0x0A, filled - from)
      else { return nil }
      return UnsafeRawPointer(found) - start
    }
  }

  /// The line in `whole`, or the end of the one that is being dropped; nil when it is blank.
  private mutating func take(_ whole: Range<Int>) -> Line? {
    if dropped != nil { return finishDropped(whole) }
    var range = whole
    if isFirst {
      isFirst = false
      if buffer[range].starts(with: Self.byteOrderMark) { range = range.dropFirst(3) }
    }
    if let last = range.last, buffer[last] == 0x0D { range = range.dropLast() }
    smallLines = range.count < buffer.count / 4 ? smallLines + 1 : 0
    if range.count > maxLineBytes {
      return .tooLong(prefix: Array(buffer[range].prefix(Self.prefixBytes)), length: range.count)
    }
    let isBlank = buffer[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    return isBlank ? nil : .line(bytes: buffer, range: range)
  }

  /// Throws away what was received of a line that can't end within the limit any more.
  private mutating func dropIfTooLong() {
    var range = head..<filled
    if dropped == nil {
      // A CR may yet belong to the end of the line, and a byte order mark never belongs to it.
      guard range.count > maxLineBytes.addingSaturating(isFirst ? 4 : 1) else { return }
      if isFirst, buffer[range].starts(with: Self.byteOrderMark) { range = range.dropFirst(3) }
      isFirst = false
      dropped = Dropped(prefix: [], length: 0, endsInCR: false)
    }
    drop(range)
    head = filled
    scanned = filled
  }

  private mutating func drop(_ range: Range<Int>) {
    guard let last = range.last, let line = dropped else { return }
    dropped?.prefix += buffer[range].prefix(Self.prefixBytes - line.prefix.count)
    dropped?.length += range.count
    dropped?.endsInCR = buffer[last] == 0x0D
  }

  private mutating func finishDropped(_ range: Range<Int>) -> Line? {
    drop(range)
    guard var line = dropped else { return nil }
    dropped = nil
    smallLines += 1
    if line.endsInCR { line.length -= 1 }
    return .tooLong(prefix: Array(line.prefix.prefix(line.length)), length: line.length)
  }

  /// Moves what is left to the front, and grows or shrinks the buffer.
  private mutating func makeRoom(_ count: Int) {
    let left = filled - head
    let needed = left + count
    let isOversized = buffer.count > max(Self.smallBuffer, 4 * needed) && smallLines >= 2
    if needed > buffer.count || isOversized {
      // Twice what is left, so that a long line that comes in small pieces is copied seldom; and something more than
      // needed, since of long lines each read leaves a little more than the one before.
      let spare = left > 0 ? min(needed / 2, Self.smallBuffer / 2) : 0
      var larger = [UInt8](
        repeating: 0, count: max(Self.firstBuffer, needed + spare, 2 * left))
      larger.withUnsafeMutableBytes { $0.copyBytes(from: buffer[head..<filled]) }
      buffer = larger
      smallLines = 0
    } else if left == 0 {
      // Nothing to move.
    } else if filled + count > buffer.count {
      let (from, upTo) = (head, filled)
      buffer.withUnsafeMutableBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: bytes[..<left])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[from..<upTo]))
      }
    } else {
      return
    }
    scanned -= head
    head = 0
    filled = left
  }
}

extension Int {
  fileprivate func addingSaturating(_ other: Int) -> Int {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? .max : sum
  }
}
