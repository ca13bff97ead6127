import WireJSON

/// The name of a connection within this process; never used again once it is closed.
public struct SessionID: Sendable, Hashable {
  /// The number behind it.
  public let number: UInt64
  /// Wraps a number that the owner of the connections gave out.
  public init(_ number: UInt64) { self.number = number }
}

/// What the client said at `initialize` that it wants; nothing without one.
public struct ClientCapabilities: Sendable, Equatable {
  /// It wants `stream/push_failed` notifications.
  public var pushFailed = false
  /// It wants `$/progress` notifications.
  public var progress = false
  /// No capabilities.
  public init() {}
}

/// Who sent the message that a handler is answering.
public struct Caller: Sendable {
  /// The connection.
  public let session: SessionID
  /// What it wants.
  public let capabilities: ClientCapabilities
  /// Whether the message is a notification, so that nobody sees the result.
  public let isNotification: Bool

  /// A caller; tests of handlers make their own.
  public init(session: SessionID, capabilities: ClientCapabilities, isNotification: Bool) {
    self.session = session
    self.capabilities = capabilities
    self.isNotification = isNotification
  }
}

/// One connection's place in the lifecycle of LSP.
public struct Session: Sendable {
  /// Where a connection stands.
  public enum Lifecycle: Sendable, Equatable {
    /// Nothing was sent, or `initialize` was left out.
    case fresh
    /// `initialize` succeeded.
    case initialized
    /// `shutdown` was answered; only `exit` does anything now.
    case shutDown
    /// `exit` came, with this status: 0 after `shutdown`, else 1.
    case exited(status: Int32)
  }

  /// The connection this is about.
  public let id: SessionID
  /// Where it stands.
  public internal(set) var lifecycle = Lifecycle.fresh
  /// What the client wants.
  public internal(set) var capabilities = ClientCapabilities()
  /// Whether a well-formed message came before; `initialize` must be the first.
  var hasSpoken = false

  /// A new connection.
  public init(id: SessionID) { self.id = id }

  /// Whether `shutdown` was answered.
  public var isShutDown: Bool { lifecycle == .shutDown || lifecycle == .exited(status: 0) }

  /// The exit status that `exit` asked for; nil while the session lives.
  public var exitStatus: Int32? {
    if case .exited(let status) = lifecycle { return status }
    return nil
  }
}

/// Notifications on their way to sessions. A service keeps one in its context; the owner of the
/// connections empties it after each message, so they follow the reply of what caused them.
public struct Outbox: Sendable {
  /// One whole line, with its LF, for one session.
  public struct Entry: Sendable {
    /// Whom it is for. It may be gone by now.
    public let session: SessionID
    /// The line.
    public let line: [UInt8]

    /// Whole lines, with their LFs.
    public init(session: SessionID, line: [UInt8]) {
      self.session = session
      self.line = line
    }
  }

  private var entries: [Entry] = []

  /// An empty outbox.
  public init() {}

  /// Whether there is nothing to send.
  public var isEmpty: Bool { entries.isEmpty }

  /// Queues a notification. `params` writes one JSON value, an object.
  public mutating func notify(
    _ session: SessionID, method: String, params: (inout JSONWriter) -> Void
  ) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("jsonrpc", "2.0")
    writer.field("method", method)
    writer.key("params")
    params(&writer)
    writer.endObject()
    entries.append(Entry(session: session, line: writer.bytes + [UInt8(ascii: "\n")]))
  }

  /// Takes everything out, in the order in which it was queued.
  public mutating func drain() -> [Entry] {
    let drained = entries
    entries.removeAll(keepingCapacity: true)
    return drained
  }
}
