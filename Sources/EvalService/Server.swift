import EvalMetrics
import JSONRPC
import WireJSON

/// The limits of the service that are not the dispatcher's.
public struct ServiceLimits: Sendable {
  public var maxStreams = 10_000
  /// Accounted memory of all streams.
  public var maxMemoryBytes = 2 << 30
  /// A reply that would be longer is refused. Much more would close the connection of a slow reader.
  public var maxReplyBytes = 48 << 20
  /// Clients at once; nil where there can be but one. Kept by whoever accepts them, and told here.
  public var maxConnections: Int?
  public init() {}
}

/// Everything the daemon knows: its streams, and what goes out besides replies.
///
/// It does no I/O: the clock is handed in, and lines come and go through the dispatcher.
public struct Server: Sendable {
  let version: String
  let limits: ServiceLimits
  /// Seconds since 1970.
  let clock: @Sendable () -> Double
  let sharedMemory: SharedMemoryReader?
  let files: FileAccess
  let startTime: Double
  var streams: [Name: Stream] = [:]
  /// Counts changes of all streams, so that a checkpoint knows which streams came after it.
  var changes: UInt64 = 0
  var counters = Counters()
  var subscriptions = Subscriptions()
  /// Memory of all streams by account; every change of a stream brings it up to date.
  private(set) var accountedBytes = 0
  /// Notifications on their way out.
  public var outbox = Outbox()
  /// Where changes are written down before they are made; nil without a state directory.
  var journal: Journal?
  /// What starting on the state directory found.
  public internal(set) var recoveryReport: RecoveryReport?
  /// Refusals of notifications that could not be written down; they go before the next change.
  var unwrittenTaints: [Name: Refusals] = [:]
  /// Whether the notification that is failing has tainted its stream already.
  var isTaintNoted = false

  /// What `server/status` counts.
  struct Counters: Sendable {
    var pushes: UInt64 = 0
    var rows: UInt64 = 0
    var rejectedBatches: UInt64 = 0
    var queries: UInt64 = 0
  }

  public init(
    version: String, limits: ServiceLimits = ServiceLimits(),
    clock: @escaping @Sendable () -> Double, sharedMemory: SharedMemoryReader? = nil,
    files: FileAccess? = nil
  ) {
    self.files = files ?? .none
    self.version = version
    self.sharedMemory = sharedMemory
    self.limits = limits
    self.clock = clock
    startTime = clock()
  }

  /// The dispatcher of the daemon: the one table of methods.
  public static func dispatcher(
    version: String, limits: ServiceLimits, messages: MessageLimits,
    hasSharedMemory: Bool = false
  ) -> Dispatcher<Server> {
    Dispatcher(
      methods: methods,
      info: ServiceInfo(
        name: "evald", version: version, errors: ErrorKind.ofTheService,
        notifications: [pushFailedNotification, updateNotification, endedNotification],
        capabilities: { writer in
          writer.field(
            "column_encodings", ["json", "base64"] + (hasSharedMemory ? ["shared_memory"] : []))
          writer.field("tasks", Tasks.names)
        },
        limits: { writer in
          writer.field("max_streams", limits.maxStreams)
          writer.field("max_memory_bytes", limits.maxMemoryBytes)
          if let most = limits.maxConnections { writer.field("max_connections", most) }
        }),
      limits: messages,
      onNotificationFailure: { server, method, params, error in
        server.notificationFailed(method, params, error)
      },
      longWork: LongWorkPolicy(
        copy: { server, _, params in server.copyForLongWork(params) },
        adopt: { server, copy in server.adopt(copy) }))
  }

  /// Hands in what asks the system for memory fit for large columns. It changes no answer.
  public static func advise(onLargeColumns advice: @escaping LargeColumns.Advice) {
    LargeColumns.advise(advice)
  }

  /// Every method of the service; a new one is a file in `Methods` and a line here.
  static let methods: [Method<Server>] = [
    serverStatus,
    streamOpen,
    streamPush,
    streamList,
    streamDescribe,
    streamReset,
    streamDelete,
    streamFlush,
    streamMark,
    streamCheckpoint,
    streamRollback,
    metricCatalog,
    metricQuery,
    metricHistory,
    metricSubscribe,
    metricUnsubscribe,
    calibrationQuery,
    calibrationFit,
    thresholdOptimize,
    thresholdEvaluate,
    curveQuery,
    sliceQuery,
    stateExport,
    stateMerge,
  ]
}

// MARK: - Streams by name

extension Server {
  /// The name of the stream that a request is about; it exists.
  func streamName(_ params: Params) throws(RPCError) -> Name { try find(params).name }

  /// Where a stream is kept, as long as none comes or goes.
  typealias Place = Dictionary<Name, Stream>.Index

  /// The same, and where the stream is kept.
  func find(_ params: Params) throws(RPCError) -> (name: Name, place: Place) {
    let name = try params.name("stream")
    if let place = streams.index(forKey: name) { return (name, place) }
    let makesOne = "stream/open makes one"
    // Nobody reads the hint of a notification, and many streams have many names.
    let isRead = !params.caller.isNotification || params.caller.capabilities.pushFailed
    throw RPCError(
      .streamNotFound, "there is no stream \(quoted(name))", path: params.path(of: "stream"),
      hint: isRead
        ? nearNamesHint(
          name.text, in: streams.keys.sorted().prefix(1000).map(\.text), otherwise: makesOne)
        : makesOne)
  }

  /// Runs `body` on the stream a request names, in place, and brings the account of memory up to date.
  mutating func withStream<R>(
    _ params: Params, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    try withStream(named: try streamName(params), body)
  }

  /// The same for a stream whose name was looked up.
  mutating func withStream<R>(
    named name: Name, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    guard let place = streams.index(forKey: name) else {
      throw RPCError(.streamNotFound, "there is no stream \(quoted(name))")
    }
    return try withStream(at: place, body)
  }

  /// The same for a stream that was found.
  mutating func withStream<R>(
    at place: Place, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    defer { account(for: place) }
    return try body(&streams.values[place])
  }

  /// Lets `body` look at a stream that is there, in place: a copy would retain each of its parts.
  mutating func look<R>(
    at name: Name, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    guard let place = streams.index(forKey: name) else {
      throw RPCError(.streamNotFound, "there is no stream \(quoted(name))")
    }
    return try look(at: place, body)
  }

  /// The same at a stream that was found.
  mutating func look<R>(
    at place: Place, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    try body(&streams.values[place])
  }

  /// Runs `body` on a stream if it is there, in place.
  mutating func update(_ name: Name, _ body: (inout Stream) -> Void) {
    guard let place = streams.index(forKey: name) else { return }
    body(&streams.values[place])
    account(for: place)
  }

  /// Adds a stream, or puts another in the place of one.
  mutating func add(_ stream: Stream) {
    remove(stream.name)
    streams[stream.name] = stream
    update(stream.name) { _ in }
  }

  mutating func remove(_ name: Name) {
    guard let stream = streams.removeValue(forKey: name) else { return }
    accountedBytes -= stream.accountedBytes
  }
}

// MARK: - Memory

extension Server {
  /// Brings the account up to date with one stream.
  private mutating func account(for place: Place) {
    accountedBytes += streams.values[place].takeGrowth()
  }

  /// Refuses what would take `incoming` more bytes than there may be; `what` says what it is.
  mutating func reserveMemory(
    _ incoming: Int, for what: String, path: String
  ) throws(RPCError) {
    if fits(incoming) { return }
    // What queries have merged can be made again, so it goes first.
    for place in streams.values.indices {
      streams.values[place].contents.engine.forgetViews()
      account(for: place)
    }
    if fits(incoming) { return }
    throw RPCError(
      .memoryLimit,
      "the streams hold \(accountedBytes) bytes, and with \(incoming) for \(what) it would be more than the limit of \(limits.maxMemoryBytes)",
      path: path,
      hint: "delete or reset streams, keep fewer windows and checkpoints, or raise --max-memory")
  }

  private func fits(_ incoming: Int) -> Bool {
    let (sum, overflow) = accountedBytes.addingReportingOverflow(incoming)
    return !overflow && sum <= limits.maxMemoryBytes
  }
}

// MARK: - Replies

/// Ends a reply that grows too long to send.
struct ReplyLimit {
  private let most: Int
  private let start: Int

  /// Counts from what the writer holds now.
  init(_ writer: JSONWriter, _ limits: ServiceLimits) {
    start = writer.bytes.count
    most = limits.maxReplyBytes
  }

  /// Throws when the reply has grown too long; `hint` says how to ask for less.
  func check(_ writer: JSONWriter, hint: String) throws(RPCError) {
    if writer.bytes.count - start <= most { return }
    throw RPCError(
      .tooManyValues, "the answer would be longer than \(most) bytes", path: "/params", hint: hint)
  }
}
