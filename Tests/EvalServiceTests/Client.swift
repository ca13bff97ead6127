import JSONRPC
import Locks
import Testing
import WireJSON

@testable import EvalService

/// A clock that tests set.
final class TestClock: Sendable {
  private let seconds = Lock(1000.0)

  var now: Double {
    get { seconds.withLock { $0 } }
    set { seconds.withLock { $0 = newValue } }
  }
}

/// An error reply.
struct Refusal: Equatable {
  var kind: String
  var code: Int
  var path: String
  var message: String
  var hint: String
  /// From which number a sender goes on, where the error says so.
  var expected: Int?
}

/// A server in this process, spoken to in lines of JSON.
struct Client {
  private let dispatcher: Dispatcher<Server>
  private(set) var server: Server
  private var session = Session(id: SessionID(1))
  private var nextID = 0
  let clock = TestClock()

  init(
    _ limits: ServiceLimits = ServiceLimits(), _ messages: MessageLimits = MessageLimits(),
    sharedMemory: SharedMemoryReader? = nil
  ) {
    let clock = clock
    dispatcher = Server.dispatcher(version: "1.2.3", limits: limits, messages: messages)
    server = Server(
      version: "1.2.3", limits: limits, clock: { clock.now }, sharedMemory: sharedMemory)
  }

  /// A server on a state directory. What takes long is done at once, unless a test has it otherwise.
  init(
    on store: MemoryStore, _ durability: Durability = .interval,
    sharedMemory: SharedMemoryReader? = nil,
    inBackground: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { $0() }
  ) throws(RecoveryError) {
    self.init(sharedMemory: sharedMemory)
    try server.recover(from: store, durability: durability, inBackground: inBackground)
  }

  /// Runs what evald does between requests.
  mutating func between(_ body: (inout Server) -> Void) { body(&server) }

  /// A server with room for so many bytes.
  init(memory: Int) {
    var limits = ServiceLimits()
    limits.maxMemoryBytes = memory
    self.init(limits)
  }

  /// Sends one line; gives what was answered, without the LF.
  mutating func send(_ line: String) -> String {
    var output: [UInt8] = []
    let bytes = Array(line.utf8)
    dispatcher.handle(
      bytes, in: 0..<bytes.count, session: &session, context: &server, output: &output)
    if output.last == UInt8(ascii: "\n") { output.removeLast() }
    return String(decoding: output, as: UTF8.self)
  }

  /// The whole reply to a request, whether result or error.
  mutating func request(_ method: String, _ params: String) throws -> JSONValue {
    nextID += 1
    let line = #"{"jsonrpc":"2.0","id":\#(nextID),"method":"\#(method)","params":\#(params)}"#
    let reply = try JSONDocument(parsing: Array(send(line).utf8)).root
    #expect(reply["id"]?.int64 == Int64(nextID))
    return reply
  }

  /// The result of a request that must succeed.
  @discardableResult
  mutating func call(
    _ method: String, _ params: String = "{}", at place: SourceLocation = #_sourceLocation
  ) throws -> JSONValue {
    let reply = try request(method, params)
    return try #require(
      reply["result"], "\(reply["error"]?.json ?? "no reply")", sourceLocation: place)
  }

  /// The error of a request that must be refused.
  @discardableResult
  mutating func refusal(
    _ method: String, _ params: String = "{}", at place: SourceLocation = #_sourceLocation
  ) throws -> Refusal {
    let reply = try request(method, params)
    let error = try #require(
      reply["error"], "it was answered: \(reply.json.prefix(300))", sourceLocation: place)
    return Refusal(
      kind: error["data"]?["kind"]?.string ?? "", code: Int(error["code"]?.int64 ?? 0),
      path: error["data"]?["path"]?.string ?? "", message: error["message"]?.string ?? "",
      hint: error["data"]?["hint"]?.string ?? "",
      expected: error["data"]?["expected"]?.int64.map { Int($0) })
  }

  /// Sends a request that may be answered elsewhere: what is put off, or else the reply.
  mutating func deferred(_ method: String, _ params: String) -> (LongRequest<Server>?, String) {
    nextID += 1
    let line = #"{"jsonrpc":"2.0","id":\#(nextID),"method":"\#(method)","params":\#(params)}"#
    var output: [UInt8] = []
    var deferred: Deferred<Server>? = Deferred()
    let bytes = Array(line.utf8)
    dispatcher.handle(
      bytes, in: 0..<bytes.count, session: &session, context: &server, output: &output,
      deferred: &deferred)
    return (deferred?.requests.first, String(decoding: output, as: UTF8.self))
  }

  /// Takes over what answering elsewhere found out.
  mutating func adopt(_ answered: Server) { dispatcher.adopt(answered, into: &server) }

  /// Sends a notification, which must get no reply.
  mutating func notify(_ method: String, _ params: String) {
    #expect(send(#"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"#) == "")
  }

  /// Notifications that the server has sent since this was asked last.
  mutating func notifications() throws -> [JSONValue] {
    try server.outbox.drain().map { try JSONDocument(parsing: $0.line.dropLast()).root }
  }
}

extension Client {
  /// A client with one open stream "s".
  static func open(_ task: String = "binary", _ rest: String = "") throws -> Client {
    var client = Client()
    try client.open(task, rest)
    return client
  }

  /// Opens the stream "s"; `rest` are more members, such as `"keep_windows":3`.
  @discardableResult
  mutating func open(_ task: String = "binary", _ rest: String = "") throws -> JSONValue {
    try call(
      "stream/open", #"{"stream":"s","task":"\#(task)"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  /// Pushes a batch to "s"; `rest` are more members beside it.
  @discardableResult
  mutating func push(_ batch: String, _ rest: String = "") throws -> JSONValue {
    try call("stream/push", Self.pushParams(batch, rest))
  }

  /// The error of a push to "s" that must be refused.
  @discardableResult
  mutating func refusedPush(_ batch: String, _ rest: String = "") throws -> Refusal {
    try refusal("stream/push", Self.pushParams(batch, rest))
  }

  /// The parameters of a push to "s".
  static func pushParams(_ batch: String, _ rest: String = "") -> String {
    #"{"stream":"s","batch":\#(batch)\#(rest.isEmpty ? "" : ",")\#(rest)}"#
  }

  /// Asks "s"; `rest` are more members.
  mutating func query(_ metrics: String, _ rest: String = "") throws -> JSONValue {
    try call(
      "metric/query",
      #"{"stream":"s","metrics":\#(metrics)\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  /// How many rows of "s" a window holds.
  mutating func count(_ window: String) throws -> Int {
    try query("[]", #""window":\#(window)"#).int("count")
  }

  mutating func mark(_ label: String? = nil) throws {
    try call(
      "stream/mark", #"{"stream":"s"\#(label.map { #","label":"\#($0)""# } ?? "")}"#)
  }

  mutating func describe() throws -> JSONValue { try call("stream/describe", #"{"stream":"s"}"#) }
}

extension JSONValue {
  /// The text without white space.
  var json: String {
    var writer = JSONWriter()
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The text of a member; "absent" when there is none.
  func json(_ key: String) -> String { self[key]?.json ?? "absent" }

  /// An integer member; -1 when there is none.
  func int(_ key: String) -> Int { Int(self[key]?.int64 ?? -1) }

  /// A number under `values`.
  func value(_ key: String) -> Double? { self["values"]?[key]?.double }
}
