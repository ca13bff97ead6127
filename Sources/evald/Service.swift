import JSONRPC
import WireJSON

/// What the event loop talks to: lines in, lines out, and the moments that matter to durability.
struct Service {
  private let dispatcher: Dispatcher<Void>
  private var context: Void = ()

  init(options: Options) {
    var limits = MessageLimits()
    limits.maxLineBytes = options.maxLineBytes
    limits.maxDepth = options.maxDepth
    dispatcher = Dispatcher(
      methods: [],
      info: ServiceInfo(
        name: "evald", version: version,
        limits: { writer in
          writer.field("max_streams", options.maxStreams)
          writer.field("max_memory_bytes", options.maxMemoryBytes)
        }),
      limits: limits)
  }

  /// Answers one line of a session.
  mutating func handle(
    _ line: LineSplitter.Line, session: inout Session, output: inout [UInt8]
  ) {
    switch line {
    case .line(let bytes, let range):
      dispatcher.handle(bytes, in: range, session: &session, context: &context, output: &output)
    case .tooLong(let prefix, let length):
      dispatcher.refuseTooLong(prefix: prefix, length: length, output: &output)
    }
  }

  /// Notifications that the last line caused, for any session.
  mutating func takeNotifications() -> [Outbox.Entry] { [] }

  /// SIGTERM and SIGHUP: what was acknowledged is to survive from here on.
  mutating func makeDurable() {}
}
