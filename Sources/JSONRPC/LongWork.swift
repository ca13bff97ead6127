import WireJSON

/// How a service answers long requests without stopping the line: from a copy of its context, elsewhere.
///
/// The copy is a value, so the context goes on changing meanwhile. Only methods that change nothing
/// may say that they can take long.
public struct LongWorkPolicy<Context: Sendable>: Sendable {
  /// A copy that can answer this request, where answering would take long; nil where it would not.
  public var copy: @Sendable (inout Context, _ method: String, Params) -> Context?
  /// Takes back what answering found out, such as sorted rows, so that it is not done again.
  public var adopt: @Sendable (inout Context, Context) -> Void

  /// A policy.
  public init(
    copy: @escaping @Sendable (inout Context, String, Params) -> Context?,
    adopt: @escaping @Sendable (inout Context, Context) -> Void
  ) {
    self.copy = copy
    self.adopt = adopt
  }
}

/// A request that is answered elsewhere and later. Whoever owns the threads runs it.
public struct LongRequest<Context: Sendable>: Sendable {
  /// Whose it is.
  public let session: SessionID
  /// Its id's own text.
  public let id: [UInt8]
  fileprivate let method: String
  /// The token of `$/progress`, as sent; nil when the client wants none.
  let progressToken: [UInt8]?
  /// Whether the client wants to hear of its progress.
  public var wantsProgress: Bool { progressToken != nil }
  fileprivate let copy: Context
  fileprivate let params: Params
  fileprivate let handler: Method<Context>.Handler
  fileprivate let adopt: @Sendable (inout Context, Context) -> Void

  /// The context of the request's own answering, with what that found out.
  public typealias Answered = (reply: [UInt8], context: Context)

  /// The reply line, and the context that made it. Runs on any thread. What `before` found out, the
  /// answer of an earlier request, is not done again.
  public func run(after before: Context?) -> Answered {
    var context = copy
    if let before { adopt(&context, before) }
    var writer = JSONWriter()
    writer.beginReply(id: id)
    writer.result(of: method) { writer throws(RPCError) in
      try handler(&context, params, &writer)
    }
    writer.lineFeed()
    return (writer.bytes, context)
  }

  /// The reply line when it was cancelled.
  public var cancelledReply: [UInt8] {
    var writer = JSONWriter()
    writer.errorReply(
      RPCError(.requestCancelled, "the request was cancelled", path: "/id"), id: id)
    writer.lineFeed()
    return writer.bytes
  }

  /// A `$/progress` notification line about it; nil when the client wants none.
  public func progress(_ kind: String, seconds: Double) -> [UInt8]? {
    guard let progressToken else { return nil }
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("jsonrpc", "2.0")
    writer.field("method", "$/progress")
    writer.key("params")
    writer.beginObject()
    writer.key("token")
    writer.raw(progressToken)
    writer.key("value")
    writer.beginObject()
    writer.field("kind", kind)
    writer.field("seconds", seconds)
    writer.endObject()
    writer.endObject()
    writer.endObject()
    writer.lineFeed()
    return writer.bytes
  }
}

extension JSONWriter {
  /// The rest of a reply: what `body` writes as the result, or its error.
  mutating func result(
    of method: @autoclosure () -> String, _ body: (inout JSONWriter) throws(RPCError) -> Void
  ) {
    let result = mark
    plain(#","result":"#)
    let before = bytes.count
    do throws(RPCError) {
      try body(&self)
      guard bytes.count > before else {
        throw RPCError(.internalError, "\(quoted(method())) gave no result")
      }
    } catch {
      rewind(to: result)
      errorMember(error)
    }
    endObject()
  }
}

/// What a line asked for besides replies: requests to run elsewhere, and ids to cancel.
public struct Deferred<Context: Sendable>: Sendable {
  public fileprivate(set) var requests: [LongRequest<Context>] = []
  /// The text of the ids that `$/cancelRequest` named.
  public fileprivate(set) var cancelled: [[UInt8]] = []
  /// Nothing yet.
  public init() {}
  /// Whether there is nothing to do.
  public var isEmpty: Bool { requests.isEmpty && cancelled.isEmpty }

  mutating func add(
    _ message: borrowing Message, id: [UInt8], _ copy: Context, _ params: Params, _ caller: Caller,
    _ handler: @escaping Method<Context>.Handler,
    adopt: @escaping @Sendable (inout Context, Context) -> Void
  ) {
    let token = caller.capabilities.progress ? message.params?["progress_token"] : nil
    requests.append(
      LongRequest(
        session: caller.session, id: id, method: message.methodName, progressToken: token?.rawText,
        copy: copy, params: params,
        handler: handler, adopt: adopt))
  }

  mutating func cancel(_ id: [UInt8]) { cancelled.append(id) }
}
