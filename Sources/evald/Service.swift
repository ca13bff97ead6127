import EvalService
import JSONRPC
import WireJSON

/// What the event loop talks to: lines in, lines out, and the moments that matter to durability.
struct Service {
  private let dispatcher: Dispatcher<Server>
  private var server: Server

  init(options: Options) {
    var messages = MessageLimits()
    messages.maxLineBytes = options.maxLineBytes
    messages.maxDepth = options.maxDepth
    var limits = ServiceLimits()
    limits.maxStreams = options.maxStreams
    limits.maxMemoryBytes = options.maxMemoryBytes
    dispatcher = Server.dispatcher(
      version: version, limits: limits, messages: messages,
      hasSharedMemory: sharedMemoryReader != nil)
    server = Server(
      version: version, limits: limits, clock: secondsSince1970,
      sharedMemory: sharedMemoryReader)
  }

  /// Answers one line of a session.
  mutating func handle(
    _ line: LineSplitter.Line, session: inout Session, output: inout [UInt8]
  ) {
    switch line {
    case .line(let bytes, let range):
      dispatcher.handle(bytes, in: range, session: &session, context: &server, output: &output)
    case .tooLong(let prefix, let length):
      dispatcher.refuseTooLong(prefix: prefix, length: length, output: &output)
    }
  }

  /// Notifications that the last line caused, for any session.
  mutating func takeNotifications() -> [Outbox.Entry] {
    server.outbox.isEmpty ? [] : server.outbox.drain()
  }

  /// Queues updates of subscriptions that are due; milliseconds until the next, nil when none waits.
  mutating func sendUpdates(canTake: (SessionID) -> Bool) -> Int? {
    server.sendUpdates(canTake: canTake).map { Int(($0 * 1000).rounded(.up)) }
  }

  /// SIGTERM and SIGHUP: what was acknowledged is to survive from here on.
  mutating func makeDurable() {}
}
