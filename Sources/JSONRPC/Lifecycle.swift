import WireJSON

/// A message on its way through the dispatcher.
struct Call: ~Copyable {
  let message: Message
  let caller: Caller
  let inBatch: Bool
  /// Whether the replies of the batch already take all the room they may.
  let isFull: Bool
}

extension Dispatcher {
  /// The methods that the dispatcher answers by itself.
  static var lifecycleMethods: [Method<Context>] {
    [
      Method(
        name: "initialize",
        summary: "Agrees on a protocol version. Optional; if sent, the first message, and once.",
        parameters: initializeParameters, resultSchema: initializeResult,
        errors: [ErrorKind.unsupportedProtocol.name], action: .initialize),
      Method(
        name: "shutdown", summary: "Ends the session: only exit may follow.",
        resultSchema: #"{"type": "null"}"#, action: .shutdown),
      Method(
        name: "exit",
        summary: "A notification: ends the connection, with status 0 after shutdown, else 1.",
        resultSchema: #"{"type": "null"}"#, action: .exit),
      Method(
        name: "ping", summary: "Does nothing.", resultSchema: #"{"type": "object"}"#,
        handler: { _, _, writer throws(RPCError) in
          writer.beginObject()
          writer.endObject()
        }),
      Method(
        name: "rpc.discover", summary: "This document.",
        resultSchema: #"{"type": "object", "required": ["openrpc", "info", "methods"]}"#,
        action: .discover),
      Method(
        name: "$/cancelRequest",
        summary: "A notification: the request is answered all the same, perhaps by an error.",
        parameters: [
          Parameter(
            "id", "The id of the request.", required: true,
            schema: #"{"type": ["string", "integer"]}"#)
        ],
        resultSchema: #"{"type": "null"}"#, action: .cancel),
    ]
  }

  private static var initializeParameters: [Parameter] {
    [
      Parameter(
        "client", "Who is calling, for logs.",
        schema: """
          {"type": "object", "properties": \
          {"name": {"type": "string"}, "version": {"type": "string"}}}
          """),
      Parameter(
        "protocol_versions", "The versions that the client speaks.",
        schema: #"{"type": "array", "items": {"type": "integer"}, "default": [1]}"#),
      Parameter(
        "capabilities", "What the client wants to be told; unknown ones are ignored.",
        schema: """
          {"type": "object", "properties": \
          {"push_failed": {"type": "boolean"}, "progress": {"type": "boolean"}}}
          """),
    ]
  }

  private static var initializeResult: String {
    """
    {"type": "object", \
    "required": ["protocol_version", "server", "capabilities", "limits"], \
    "properties": {"protocol_version": {"type": "integer"}, \
    "server": {"type": "object", "required": ["name", "version"]}, \
    "capabilities": {"type": "object"}, "limits": {"type": "object"}}}
    """
  }

  func initialize(
    _ params: Params, isFirst: Bool, session: inout Session, writer: inout JSONWriter
  ) throws(RPCError) {
    guard isFirst else {
      throw RPCError(
        .invalidRequest,
        session.lifecycle == .initialized
          ? "initialize was answered before; it may be sent once"
          : "initialize must be the first message", path: "/method")
    }
    if let client = try params.optionalObject("client") {
      _ = try client.optionalString("name")
      _ = try client.optionalString("version")
    }
    var wanted = ClientCapabilities()
    if let capabilities = try params.optionalObject("capabilities") {
      wanted.pushFailed = try capabilities.optionalBool("push_failed") ?? false
      wanted.progress = try capabilities.optionalBool("progress") ?? false
    }
    let version = try negotiatedVersion(params)
    session.hasSpoken = true
    session.capabilities = wanted
    session.lifecycle = .initialized
    writeInitializeResult(version: version, &writer)
  }

  private func negotiatedVersion(_ params: Params) throws(RPCError) -> Int {
    guard let offered = try params.optionalArray("protocol_versions") else {
      return info.protocolVersions.first ?? 1
    }
    var best: Int?
    for (position, element) in offered.elements.enumerated() {
      let path = jsonPointer(params.path(of: "protocol_versions"), position)
      guard element.kind == .number, let version = element.int64.flatMap(Int.init(exactly:)) else {
        throw RPCError(.invalidParams, "a protocol version must be an integer", path: path)
      }
      if info.protocolVersions.contains(version) { best = max(best ?? version, version) }
    }
    guard let best else {
      let supported = info.protocolVersions.map(String.init).joined(separator: ", ")
      throw RPCError(
        .unsupportedProtocol, "none of the protocol versions offered is supported",
        path: params.path(of: "protocol_versions"), hint: "supported: \(supported)",
        data: [("supported", .array(info.protocolVersions.map(RPCValue.int)))])
    }
    return best
  }

  private func writeInitializeResult(version: Int, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("protocol_version", version)
    writer.key("server")
    writer.beginObject()
    writer.field("name", info.name)
    writer.field("version", info.version)
    writer.endObject()
    writer.key("capabilities")
    writer.beginObject()
    info.capabilities(&writer)
    writer.endObject()
    writer.key("limits")
    writer.beginObject()
    writer.field("max_line_bytes", limits.maxLineBytes)
    writer.field("max_depth", limits.maxDepth)
    writer.field("max_batch_messages", limits.maxBatchMessages)
    info.limits(&writer)
    writer.endObject()
    writer.endObject()
  }

  // MARK: - Checks against the table

  func unknownMethod(_ call: borrowing Call) -> RPCError {
    let name = call.message.methodName
    return RPCError(
      .methodNotFound, "there is no method \(quoted(name))", path: "/method",
      hint: nearNamesHint(
        name, in: methods.map(\.name), otherwise: "rpc.discover lists all methods"))
  }

  func checkedParams(
    _ call: borrowing Call, _ method: Method<Context>
  ) throws(RPCError) -> Params {
    guard let value = call.message.params else {
      let nothing = Params(nil, caller: call.caller)
      if let name = method.required.first { throw nothing.missing(name) }
      return nothing
    }
    let params = Params(value, caller: call.caller)
    guard value.kind == .object else {
      throw RPCError(
        .invalidParams, "parameters go by name: \"params\" must be an object", path: "/params",
        hint: "known: \(method.parameters.map { "\"\($0.name)\"" }.joined(separator: ", "))")
    }
    if let key = value.firstKey(notIn: method.parameterNames) {
      throw params.unknownKey(key, known: method.parameters.map(\.name))
    }
    for name in method.required where params.present(name) == nil { throw params.missing(name) }
    return params
  }
}
