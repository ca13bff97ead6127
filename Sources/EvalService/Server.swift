import EvalMetrics
import JSONRPC
import WireJSON

/// The limits of the service that are not the dispatcher's.
public struct ServiceLimits: Sendable {
  public var maxStreams = 10_000
  /// Accounted memory of all streams.
  public var maxMemoryBytes = 2 << 30
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
  let startTime: Double
  var streams: [String: Stream] = [:]
  /// Counts changes of all streams, so that a checkpoint knows which streams came after it.
  var changes: UInt64 = 0
  var counters = Counters()
  var memory = MemoryAccount()
  var subscriptions = Subscriptions()
  /// Notifications on their way out.
  public var outbox = Outbox()

  /// What `server/status` counts.
  struct Counters: Sendable {
    var pushes: UInt64 = 0
    var rows: UInt64 = 0
    var rejectedBatches: UInt64 = 0
    var queries: UInt64 = 0
  }

  public init(
    version: String, limits: ServiceLimits = ServiceLimits(),
    clock: @escaping @Sendable () -> Double, sharedMemory: SharedMemoryReader? = nil
  ) {
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
        notifications: [pushFailedNotification, updateNotification],
        capabilities: { writer in
          writer.field(
            "column_encodings", ["json", "base64"] + (hasSharedMemory ? ["shared_memory"] : []))
          writer.field("tasks", Tasks.names)
        },
        limits: { writer in
          writer.field("max_streams", limits.maxStreams)
          writer.field("max_memory_bytes", limits.maxMemoryBytes)
        }),
      limits: messages,
      onNotificationFailure: { server, method, params, error in
        server.notificationFailed(method, params, error)
      },
      longWork: LongWorkPolicy(
        copy: { server, _, params in server.copyForLongWork(params) },
        adopt: { server, copy in server.adopt(copy) }))
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
  ]
}

// MARK: - Streams by name

extension Server {
  /// The name of the stream that a request is about; it exists.
  func streamName(_ params: Params) throws(RPCError) -> String {
    let name = try params.string("stream")
    if streams[name] != nil { return name }
    throw RPCError(
      .streamNotFound, "there is no stream \(quoted(name))", path: params.path(of: "stream"),
      hint: nearNamesHint(
        name, in: Array(streams.keys.sorted().prefix(1000)), otherwise: "stream/open makes one"))
  }

  /// Runs `body` on the stream a request names, in place.
  mutating func withStream<R>(
    _ params: Params, _ body: (inout Stream) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    let name = try streamName(params)
    guard let place = streams.index(forKey: name) else {
      throw RPCError(.streamNotFound, "there is no stream \(quoted(name))")
    }
    return try body(&streams.values[place])
  }
}

/// Memory by account. Adding up every stream for every push would cost more than the push, so pushes
/// add an upper bound, and the sum is made anew when the bound reaches the limit.
struct MemoryAccount: Sendable {
  /// An upper bound of what all streams hold.
  var bound = 0
}

extension Server {
  /// Refuses when `incoming` more bytes would be over the limit.
  mutating func reserveMemory(_ incoming: Int, path: String) throws(RPCError) {
    memory.bound += incoming
    if memory.bound <= limits.maxMemoryBytes { return }
    let held = streams.values.reduce(0) { $0 + $1.byteCount }
    memory.bound = held + incoming
    if memory.bound <= limits.maxMemoryBytes { return }
    memory.bound = held
    throw RPCError(
      .memoryLimit,
      "the streams hold \(held) bytes, and this batch may need \(incoming) more than the limit of \(limits.maxMemoryBytes)",
      path: path,
      hint: "delete or reset streams, keep fewer windows and checkpoints, or raise --max-memory")
  }
}
