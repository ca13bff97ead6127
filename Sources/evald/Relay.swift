/// A few bytes on their way from one descriptor to another.
///
/// More is taken as soon as some are passed on, not once all are: a peer that waits for a slow reader
/// must see that he takes something.
struct Relay {
  private static let room = 64 << 10
  /// Less is not asked for, or each byte would be a system call.
  private static let leastRoom = 4 << 10

  private var bytes = [UInt8](repeating: 0, count: room)
  private var head = 0
  private var filled = 0

  var isEmpty: Bool { head == filled }
  var hasRoom: Bool { Self.room - (filled - head) >= Self.leastRoom }

  mutating func clear() {
    head = 0
    filled = 0
  }

  /// The bytes that came last.
  func last(_ count: Int) -> ArraySlice<UInt8> { bytes[(filled - min(count, filled))..<filled] }

  /// Reads once.
  mutating func receive(from descriptor: Int32) -> Transfer {
    if Self.room - filled < Self.leastRoom { moveToFront() }
    let start = filled
    let transfer = bytes.withUnsafeMutableBytes {
      readBytes(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
    }
    if case .bytes(let count) = transfer { filled += count }
    return transfer
  }

  /// Writes until nothing is left or the reader has no room. `end` is how the last write ended, nil
  /// when all is written; `progress` whether anything was.
  mutating func send(to sink: Sink) -> (end: Transfer?, progress: Bool) {
    var progress = false
    while !isEmpty {
      let (from, upTo) = (head, filled)
      let transfer = bytes.withUnsafeBytes {
        sink.write(UnsafeRawBufferPointer(rebasing: $0[from..<upTo]))
      }
      switch transfer {
      case .bytes(let count):
        head += count
        progress = true
      case .interrupted: continue
      case .wouldBlock, .endOfFile, .failed: return (transfer, progress)
      }
    }
    clear()
    return (nil, progress)
  }

  private mutating func moveToFront() {
    let (from, upTo) = (head, filled)
    bytes.withUnsafeMutableBytes { room in
      UnsafeMutableRawBufferPointer(rebasing: room[..<(upTo - from)])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: room[from..<upTo]))
    }
    head = 0
    filled = upTo - from
  }
}
