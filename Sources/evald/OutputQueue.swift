/// Replies that were not yet taken by the reader.
struct OutputQueue {
  /// What came of writing.
  enum Flush: Equatable {
    case empty  // all is written
    case blocked  // the reader has no room
    case closed(errno: Int32)  // nobody reads any more, or writing failed for good
  }

  /// Written and unwritten bytes; handlers append to it.
  var bytes: [UInt8] = []
  /// How many of them are written.
  private var written = 0

  /// How many bytes wait.
  var count: Int { bytes.count - written }
  var isEmpty: Bool { count == 0 }

  /// Throws all away: nobody reads it.
  mutating func clear() {
    bytes.removeAll()
    written = 0
  }

  /// Writes until nothing is left or the reader has no room. `progress` tells whether anything
  /// was written.
  mutating func flush(to sink: Sink) -> (result: Flush, progress: Bool) {
    var progress = false
    while written < bytes.count {
      let transfer = bytes.withUnsafeBytes {
        sink.write(UnsafeRawBufferPointer(rebasing: $0[written...]))
      }
      switch transfer {
      case .bytes(let count):
        written += count
        progress = true
      case .interrupted: continue
      case .wouldBlock, .endOfFile:
        dropWritten()
        return (.blocked, progress)
      case .failed(let errno):
        clear()
        return (.closed(errno: errno), progress)
      }
    }
    reset()
    return (.empty, progress)
  }

  /// Gives memory back after a large reply, and keeps it for the small ones of every day.
  private mutating func reset() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
    written = 0
  }

  /// Moves the rest to the front once it is the smaller part, so each byte moves about once.
  private mutating func dropWritten() {
    guard written > 1 << 20, written > bytes.count / 2 else { return }
    bytes.removeSubrange(..<written)
    written = 0
  }
}
