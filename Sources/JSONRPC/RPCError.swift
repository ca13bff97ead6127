/// A kind of error that a peer can meet: its stable name and its JSON-RPC code.
///
/// The service hands its own kinds to the dispatcher, which lists them in `rpc.discover`.
public struct ErrorKind: Sendable, Hashable {
  /// The JSON-RPC error code. Several kinds may share one.
  public let code: Int
  /// The stable name, sent as `data.kind`.
  public let name: String
  /// One sentence for the OpenRPC document.
  public let summary: String

  /// Makes a kind; `name` is unique among all kinds of a service.
  public init(code: Int, name: String, summary: String) {
    self.code = code
    self.name = name
    self.summary = summary
  }
}

extension ErrorKind {
  /// −32700: the line is not JSON.
  public static let parseError = ErrorKind(
    code: -32700, name: "ParseError", summary: "The line is not valid JSON.")
  /// −32700: the line nests deeper than the limit.
  public static let tooDeep = ErrorKind(
    code: -32700, name: "TooDeep", summary: "The line nests deeper than max_depth.")
  /// −32700: the line is longer than the limit.
  public static let lineTooLong = ErrorKind(
    code: -32700, name: "LineTooLong", summary: "The line is longer than max_line_bytes.")
  /// −32600: valid JSON, but not a request that may be made now.
  public static let invalidRequest = ErrorKind(
    code: -32600, name: "InvalidRequest", summary: "The message is not a request, or not now.")
  /// −32601: there is no such method.
  public static let methodNotFound = ErrorKind(
    code: -32601, name: "MethodNotFound", summary: "There is no method of this name.")
  /// −32602: a parameter is missing, unknown, or of the wrong type or range.
  public static let invalidParams = ErrorKind(
    code: -32602, name: "InvalidParams", summary: "A parameter is missing, unknown or wrong.")
  /// −32603: a fault of the server.
  public static let internalError = ErrorKind(
    code: -32603, name: "InternalError", summary: "A fault in the server.")
  /// −32800: the request was cancelled by `$/cancelRequest`.
  public static let requestCancelled = ErrorKind(
    code: -32800, name: "RequestCancelled", summary: "The request was cancelled.")
  /// 1021: the peer asks for more than the server will queue for it.
  public static let overloaded = ErrorKind(
    code: 1021, name: "Overloaded", summary: "The replies would take too much memory.")
  /// 1031: client and server share no protocol version.
  public static let unsupportedProtocol = ErrorKind(
    code: 1031, name: "UnsupportedProtocol", summary: "No common protocol version.")

  /// The kinds that the dispatcher itself can answer with.
  public static let ofTheEnvelope: [ErrorKind] = [
    .parseError, .tooDeep, .lineTooLong, .invalidRequest, .methodNotFound, .invalidParams,
    .internalError, .requestCancelled, .overloaded, .unsupportedProtocol,
  ]
}

/// A JSON value for the extra members of an error's `data`.
public indirect enum RPCValue: Sendable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([RPCValue])
  case object([(String, RPCValue)])
}

/// An error as a peer sees it: `{"code", "message", "data": {"kind", "path", "hint", …}}`.
public struct RPCError: Error, Sendable {
  /// The JSON-RPC code.
  public var code: Int
  /// The stable name of the kind.
  public var kind: String
  /// What is wrong, for a person.
  public var message: String
  /// A JSON pointer into the request, to what is wrong; empty for the whole of it.
  public var path: String
  /// What to do about it; empty when there is nothing to add.
  public var hint: String
  /// For errors of the text of a line: the byte where it went wrong, counted from 0.
  public var offset: Int?
  /// Further members of `data`, in this order.
  public var data: [(String, RPCValue)]

  /// An error of a kind.
  public init(
    _ kind: ErrorKind, _ message: String, path: String = "", hint: String = "",
    offset: Int? = nil, data: [(String, RPCValue)] = []
  ) {
    self.init(
      code: kind.code, kind: kind.name, message: message, path: path, hint: hint, offset: offset,
      data: data)
  }

  /// An error by code and name.
  public init(
    code: Int, kind: String, message: String, path: String = "", hint: String = "",
    offset: Int? = nil, data: [(String, RPCValue)] = []
  ) {
    self.code = code
    self.kind = kind
    self.message = message
    self.path = path
    self.hint = hint
    self.offset = offset
    self.data = data
  }
}
