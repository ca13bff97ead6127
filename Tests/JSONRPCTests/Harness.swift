import WireJSON

@testable import JSONRPC

/// What the methods below change, and what the hook was told.
struct TestContext {
  var notes: [Int] = []
  var failures: [(method: String, kind: String, path: String, params: String?)] = []
  var outbox = Outbox()
}

/// One dispatcher with one session: text in, text out.
struct Harness {
  let dispatcher: Dispatcher<TestContext>
  var session = Session(id: SessionID(7))
  var context = TestContext()

  init(limits: MessageLimits = MessageLimits()) {
    dispatcher = Dispatcher(
      methods: testMethods,
      info: ServiceInfo(
        name: "tester", version: "9.8", protocolVersions: [1, 3],
        errors: [ErrorKind(code: 1001, name: "Fragile", summary: "It broke.")],
        notifications: [
          ServerNotification(
            name: "test/event", summary: "Something came up.",
            parameters: [Parameter("what", "What.", schema: #"{"type": "string"}"#)])
        ],
        capabilities: { $0.field("colour", "green") }, limits: { $0.field("max_things", 3) }),
      limits: limits,
      onNotificationFailure: { context, method, params, error in
        let sent = params.value.map { String(decoding: $0.rawText, as: UTF8.self) }
        context.failures.append((method, error.kind, error.path, sent))
      })
  }

  /// All that was answered to a line, with its LF.
  mutating func send(_ line: String) -> String { send(bytes: Array(line.utf8)) }

  mutating func send(bytes: [UInt8]) -> String {
    var output: [UInt8] = []
    dispatcher.handle(
      bytes, in: 0..<bytes.count, session: &session, context: &context, output: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// A reply parsed; for members that a test looks at one by one.
  mutating func reply(_ line: String) throws -> JSONValue {
    var text = send(line)
    if text.hasSuffix("\n") { text.removeLast() }
    return try JSONDocument(parsing: Array(text.utf8)).root
  }
}

private let anything = #"{"type": "object"}"#

let testMethods: [Method<TestContext>] = [
  Method(
    name: "echo", summary: "Gives back what it got.",
    parameters: [
      Parameter("value", "Anything.", required: true, schema: "{}"),
      Parameter("other", "Anything.", schema: "{}"),
    ],
    resultSchema: "{}",
    handler: { _, params, writer throws(RPCError) in
      writer.raw(try params.required("value").rawText)
    }),
  Method(
    name: "note", summary: "Keeps a number.",
    parameters: [
      Parameter("number", "The number.", required: true, schema: #"{"type": "integer"}"#)
    ],
    resultSchema: anything,
    handler: { context, params, writer throws(RPCError) in
      context.notes.append(try params.int("number", in: 0...100))
      writer.beginObject()
      writer.endObject()
    }),
  Method(
    name: "break/halfway", summary: "Writes something, then fails.", resultSchema: anything,
    errors: ["Fragile", "NoSuchKind"],
    handler: { _, _, writer throws(RPCError) in
      writer.beginObject()
      writer.field("lost", "text")
      writer.key("list")
      writer.beginArray()
      throw RPCError(
        code: 1001, kind: "Fragile", message: "broke", path: "/params/x", hint: "glue it",
        data: [
          ("expected", .int(4)), ("names", .array([.string("a"), .null, .bool(true)])),
          ("inner", .object([("half", .double(0.5))])),
        ])
    }),
  Method(
    name: "say/nothing", summary: "Forgets to write a result.", resultSchema: anything,
    handler: { _, _, _ in }),
  Method(
    name: "large", summary: "A result of many bytes.",
    parameters: [Parameter("size", "Bytes.", required: true, schema: #"{"type": "integer"}"#)],
    resultSchema: #"{"type": "string"}"#,
    handler: { context, params, writer throws(RPCError) in
      let size = try params.int("size", in: 0...1_000_000)
      context.notes.append(size)
      writer.string(String(repeating: "x", count: size))
    }),
  Method(
    name: "tell", summary: "Sends a notification to a session.",
    parameters: [Parameter("session", "Its number.", required: true, schema: anything)],
    resultSchema: anything,
    handler: { context, params, writer throws(RPCError) in
      let number = UInt64(clamping: try params.int("session"))
      context.outbox.notify(SessionID(number), method: "test/event") { writer in
        writer.beginObject()
        writer.field("what", "told")
        writer.field("by", Int(clamping: params.caller.session.number))
        writer.endObject()
      }
      writer.null()
    }),
]

/// An error reply as the dispatcher must write it, byte for byte.
func errorLine(
  _ id: String, _ code: Int, _ message: String, _ kind: String, path: String = "",
  hint: String = "", extra: String = ""
) -> String {
  func text(_ string: String) -> String {
    var writer = JSONWriter()
    writer.string(string)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
  return """
    {"jsonrpc":"2.0","id":\(id),"error":{"code":\(code),"message":\(text(message)),\
    "data":{"kind":"\(kind)","path":\(text(path)),"hint":\(text(hint))\(extra)}}}

    """
}
