import EvalService
import JSONRPC
import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The clients that came in by the socket, and the door itself.
final class Guests {
  private(set) var clients: [Connection] = []
  /// A daemon without an owner is to end once nobody is there.
  var endsWhenEmpty = false

  private let listener: Listener
  private let maxClients: Int
  private let maxLineBytes: Int
  /// For how many milliseconds a daemon without an owner waits for somebody; nil for ever.
  private let idleExit: Int?
  private let log: Log
  private var emptySince = monotonicMilliseconds()
  /// Whoever started the daemon has until then to come in, however short `idleExit` is.
  private let firstEnd = monotonicMilliseconds() + 1000
  private var isShut = false
  /// Not before this moment is a descriptor hoped for; the system had none.
  private var closedUntil: Int?
  /// When it was said last that there was none.
  private var warnedAt: Int?
  private var sessions: UInt64 = 0

  /// How many are let in before those who are in are served again.
  private static let mostAtOnce = 64
  /// How long evald waits for a descriptor.
  private static let pause = 1000
  /// For how long it is not said again that there is none.
  private static let quiet = 10_000

  init(listener: Listener, options: Options, log: Log) {
    self.listener = listener
    self.log = log
    maxClients = options.maxConnections
    maxLineBytes = options.maxLineBytes
    idleExit = options.idleExit.map { $0 * 1000 }
  }

  var isEmpty: Bool { clients.isEmpty }

  func client(_ session: SessionID) -> Connection? {
    clients.first { $0.session.id == session }
  }

  func flush(now: Int) {
    for client in clients { client.flush(now: now) }
  }

  // MARK: - The door

  /// What is polled for those who want to come in; -1 while nobody may.
  func door(now: Int) -> Int32 {
    if isShut { return -1 }
    if let closedUntil, now < closedUntil { return -1 }
    return listener.descriptor
  }

  /// Lets in who waits.
  func letIn(now: Int) {
    closedUntil = nil
    for _ in 0..<Self.mostAtOnce {
      switch listener.accept() {
      case .nobody: return
      case .stranger: log.warning("a client of another user was turned away")
      case .peer(let descriptor):
        if clients.count < maxClients { add(descriptor) } else { turnAway(descriptor) }
      case .noRoom(let number):
        // Polling would report him again and again.
        closedUntil = now + Self.pause
        warnOfNoRoom(number, now: now)
        return
      }
    }
  }

  /// Once for a while: each client that leaves lets one in, and then there is no room again.
  private func warnOfNoRoom(_ number: Int32, now: Int) {
    if let warnedAt, now - warnedAt < Self.quiet { return }
    warnedAt = now
    log.warning("no descriptor for another client (errno \(number)); it has to wait")
  }

  private func add(_ descriptor: Int32) {
    sessions += 1
    clients.append(
      Connection(
        input: descriptor, sink: Sink(descriptor: descriptor, mode: .socket),
        session: SessionID(sessions), maxLineBytes: maxLineBytes))
  }

  private func turnAway(_ descriptor: Int32) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("jsonrpc", "2.0")
    writer.key("id")
    writer.null()
    writer.errorMember(
      RPCError(
        .overloaded, "\(maxClients) clients are connected, which is the limit",
        hint: "end some, or raise --max-connections"))
    writer.endObject()
    writer.lineFeed()
    _ = writer.bytes.withUnsafeBytes { sendBytes(descriptor, $0) }
    systemClose(descriptor)
  }

  /// Lets nobody in any more.
  func shut() {
    if !isShut { listener.close() }
    isShut = true
  }

  /// Gives the name up; who is still in is left.
  func close() { shut() }

  // MARK: - The end

  /// Removes those who are done, or can't be served any more.
  func removeEnded(_ service: inout Service, now: Int) {
    var hasRemoved = false
    for client in clients where isEnded(client, service, now: now) {
      hasRemoved = true
      if client.session.isShutDown { endsWhenEmpty = true }
      service.sessionEnded(client.session.id)
      systemClose(client.input)
      client.hasLeft = true
    }
    if !hasRemoved { return }
    clients.removeAll { $0.hasLeft }
    closedUntil = nil
    if clients.isEmpty { emptySince = now }
  }

  private func isEnded(_ client: Connection, _ service: borrowing Service, now: Int) -> Bool {
    if client.isOverrun || client.isTooSlow(now: now) {
      log.warning("a client did not read what was sent to it; its connection is closed")
      return true
    }
    if client.hasHungUp || (client.inputEnded && client.outputClosed) { return true }
    guard client.isFinished else { return false }
    return client.session.exitStatus != nil || !service.isAnswering(client.session.id)
  }

  /// Whether a daemon without an owner is over: nobody is there, and that was asked for or has
  /// lasted long enough. Nobody who is on the way in is lost.
  func haveEnded(now: Int) -> Bool {
    guard clients.isEmpty else { return false }
    let isIdle = idleEnd.map { now >= $0 } ?? false
    guard endsWhenEmpty || isIdle else { return false }
    listener.shut()
    letIn(now: now)
    if clients.isEmpty { return true }
    if !listener.reopen() {
      log.error("\(listener.address.path) can't be listened at any more; ending with the clients")
      endsWhenEmpty = true
    }
    return false
  }

  private var idleEnd: Int? { idleExit.map { max(emptySince + $0, firstEnd) } }

  /// When something is due by itself.
  func nextMoment(now: Int) -> Int {
    var moment = Int.max
    if let closedUntil { moment = closedUntil }
    if clients.isEmpty, let idleEnd { moment = min(moment, idleEnd) }
    for client in clients {
      if let since = client.heldUpSince { moment = min(moment, since + Connection.patience) }
    }
    return moment
  }
}

private func systemClose(_ descriptor: Int32) { close(descriptor) }
