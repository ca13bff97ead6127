import Testing

@testable import evald

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A pipe whose two ends are closed at the end of the test.
private final class Pipe {
  let reader: Int32
  private(set) var writer: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    (reader, writer) = (ends[0], ends[1])
    signal(SIGPIPE, SIG_IGN)
  }

  deinit {
    close(reader)
    close(writer)
  }

  func read(atMost count: Int) -> [UInt8] {
    var room = [UInt8](repeating: 0, count: count)
    let transfer = room.withUnsafeMutableBytes { readBytes(reader, into: $0) }
    guard case .bytes(let read) = transfer else { return [] }
    return Array(room.prefix(read))
  }
}

private let sample = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

@Suite struct OutputQueueTests {
  /// Every way of writing delivers all bytes in order, and none waits for a reader.
  @Test(arguments: ["own", "polled"]) func deliversInOrder(_ way: String) {
    let pipe = Pipe()
    let sink =
      way == "own"
      ? Sink(inherited: pipe.writer) : Sink(descriptor: pipe.writer, mode: .polled)
    defer { if sink.descriptor != pipe.writer { close(sink.descriptor) } }
    #if os(Linux)
      if way == "own" { #expect(sink.mode == .nonBlocking) }
    #endif
    #expect(fcntl(pipe.writer, F_GETFL) & O_NONBLOCK == 0)
    var queue = OutputQueue()
    var received: [UInt8] = []
    var fed = 0
    while received.count < sample.count {
      if fed < sample.count {
        let end = min(sample.count, fed + 700_001)
        queue.bytes.append(contentsOf: sample[fed..<end])
        fed = end
      }
      let (result, _) = queue.flush(to: sink)
      #expect(result == (queue.isEmpty ? .empty : .blocked))
      received += pipe.read(atMost: 100_000)
    }
    #expect(received == sample)
    #expect(queue.isEmpty)
  }

  @Test func withoutRoomThereIsNoProgress() {
    let pipe = Pipe()
    let sink = Sink(descriptor: pipe.writer, mode: .polled)
    var queue = OutputQueue()
    queue.bytes = sample
    #expect(queue.flush(to: sink) == (.blocked, true))
    #expect(queue.flush(to: sink) == (.blocked, false))
    let before = queue.count
    _ = pipe.read(atMost: 65536)
    #expect(queue.flush(to: sink) == (.blocked, true))
    #expect(queue.count < before)
  }

  @Test func aFailureEmptiesTheQueue() {
    let pipe = Pipe()
    let sink = Sink(descriptor: -1, mode: .file)
    var queue = OutputQueue()
    queue.bytes = [1, 2, 3]
    let (result, progress) = queue.flush(to: sink)
    #expect(result == .closed(errno: EBADF))
    #expect(!progress)
    #expect(queue.isEmpty)
    withExtendedLifetime(pipe) {}
  }

  @Test func writtenBytesAreGivenBack() {
    let pipe = Pipe()
    let sink = Sink(descriptor: pipe.writer, mode: .polled)
    var queue = OutputQueue()
    queue.bytes = sample
    while !queue.isEmpty {
      _ = queue.flush(to: sink)
      #expect(queue.bytes.count <= max(queue.count * 2, queue.count + 1 << 20))
      _ = pipe.read(atMost: 65536)
    }
    #expect(queue.bytes.capacity <= 1 << 20)
  }
}
