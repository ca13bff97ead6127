import JSONRPC
import Testing

@testable import evald

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ConnectionTests {
  /// Another process may empty the pipe between poll(2) and read(2).
  @Test func nothingToReadIsNotTheEnd() throws {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    defer { ends.forEach { close($0) } }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var service = try Service(options: Options(), log: Log(level: .error))
    let connection = Connection(
      input: ends[0], sink: Sink(descriptor: -1, mode: .file), session: SessionID(1),
      maxLineBytes: 1000)
    connection.readInput(&service, now: 0) { _ in }
    #expect(!connection.inputEnded)
    let line = Array(#"{"jsonrpc":"2.0","method":"exit"}"#.utf8)
    _ = line.withUnsafeBytes { writeBytes(ends[1], $0) }
    connection.readInput(&service, now: 0) { _ in }
    #expect(!connection.inputEnded)
    close(ends[1])
    ends.removeLast()
    connection.readInput(&service, now: 0) { _ in }
    #expect(connection.inputEnded)
    #expect(connection.session.exitStatus == 1)
  }

  @Test func notificationsOfOthersAreQueued() {
    let connection = Connection(
      input: -1, sink: Sink(descriptor: -1, mode: .file), session: SessionID(1), maxLineBytes: 1)
    connection.notify([1, 2])
    #expect(connection.queue.count == 2)
    connection.flush(now: 0)
    #expect(connection.outputClosed)
    #expect(connection.outputFault == EBADF)
    connection.notify([3])
    #expect(connection.queue.isEmpty)
  }
}

@Suite struct TurnTests {
  private let ping = Array(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.utf8 + [0x0A])

  /// A connection that has read `count` pings, and the descriptors behind it.
  private func withPings(
    _ count: Int, _ body: (Connection, inout Service) -> Void
  ) throws {
    var ends: [Int32] = [-1, -1]
    socketpair(AF_UNIX, 1, 0, &ends)
    defer { ends.forEach { close($0) } }
    let bytes = [[UInt8]](repeating: ping, count: count).flatMap { $0 }
    _ = bytes.withUnsafeBytes { writeBytes(ends[1], $0) }
    var service = try Service(options: Options(), log: Log(level: .error))
    let connection = Connection(
      input: ends[0], sink: Sink(descriptor: ends[0], mode: .socket), session: SessionID(1),
      maxLineBytes: 1000)
    body(connection, &service)
  }

  @Test func aTurnThatIsOverLeavesTheRest() throws {
    try withPings(3) { connection, service in
      connection.turnEnds = 0
      connection.readInput(&service, now: 0) { _ in }
      #expect(connection.linesWait)
      for _ in 0..<3 { connection.takeLines(&service, now: 0) { _ in } }
      #expect(!connection.linesWait)
    }
  }

  @Test func aLoneClientHasNoTurns() throws {
    try withPings(3) { connection, service in
      connection.readInput(&service, now: 0) { _ in }
      #expect(!connection.linesWait)
    }
  }

  @Test func linesThatWaitKeepAnEndedConnection() throws {
    try withPings(2) { connection, service in
      connection.turnEnds = 0
      connection.readInput(&service, now: 0) { _ in }
      connection.endInput(&service, now: 0) { _ in }
      #expect(connection.inputEnded)
      connection.takeLines(&service, now: 0) { _ in }
      connection.takeLines(&service, now: 0) { _ in }
      #expect(connection.isFinished)
    }
  }

  @Test func moreThanIsKeptForAClientThatReadsNothing() {
    let connection = Connection(
      input: -1, sink: Sink(descriptor: -1, mode: .file), session: SessionID(1), maxLineBytes: 1)
    let line = [UInt8](repeating: 0x20, count: Connection.maxQueuedBytes)
    connection.notify(line)
    #expect(connection.isStalled && !connection.isOverrun)
    connection.notify(line)
    #expect(!connection.isOverrun)
    connection.notify([1])
    #expect(connection.isOverrun)
    #expect(connection.queue.count == 2 * Connection.maxQueuedBytes)
  }
}
