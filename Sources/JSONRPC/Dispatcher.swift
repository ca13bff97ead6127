import WireJSON

/// Takes lines, answers lines: envelopes, lifecycle, batches and the table of methods.
///
/// The table that dispatches is the one that `rpc.discover` tells of. A dispatcher is immutable:
/// what changes is the caller's session and the service's context.
public struct Dispatcher<Context: Sendable>: Sendable {
  /// Told of each notification that failed, since its sender gets no reply. `Params.value` is
  /// what was sent as `params`, whatever its kind; the caller stands in `Params.caller`.
  public typealias FailureHook =
    @Sendable (inout Context, _ method: String, Params, RPCError) -> Void

  /// All methods, the dispatcher's own first.
  public let methods: [Method<Context>]
  let info: ServiceInfo
  let limits: MessageLimits
  let index: NameIndex
  private let keys = EnvelopeKeys()
  let onNotificationFailure: FailureHook?
  let longWork: LongWorkPolicy<Context>?

  /// Makes a dispatcher. Of two methods of one name the first counts; the dispatcher's own
  /// (`initialize`, `shutdown`, `exit`, `ping`, `rpc.discover`, `$/cancelRequest`) can't be
  /// replaced.
  public init(
    methods: [Method<Context>], info: ServiceInfo, limits: MessageLimits = MessageLimits(),
    onNotificationFailure: FailureHook? = nil, longWork: LongWorkPolicy<Context>? = nil
  ) {
    self.longWork = longWork
    self.methods = Self.lifecycleMethods + methods
    self.info = info
    self.limits = limits
    self.onNotificationFailure = onNotificationFailure
    index = NameIndex(self.methods.map(\.name))
  }

  /// Answers one line without its LF: appends the reply and an LF to `output`, or nothing.
  public func handle(
    _ bytes: [UInt8], in range: Range<Int>, session: inout Session, context: inout Context,
    output: inout [UInt8]
  ) {
    var nothing: Deferred<Context>?
    handle(
      bytes, in: range, session: &session, context: &context, output: &output, deferred: &nothing)
  }

  /// The same for a caller that has threads: what takes long is put into `deferred` instead of being
  /// answered. A nil there means that everything is answered at once.
  public func handle(
    _ bytes: [UInt8], in range: Range<Int>, session: inout Session, context: inout Context,
    output: inout [UInt8], deferred: inout Deferred<Context>?
  ) {
    guard session.exitStatus == nil, !isBlank(bytes, range) else { return }
    let root: JSONValue
    do {
      root = try JSONDocument(parsing: bytes, in: range, maxDepth: limits.maxDepth).root
    } catch {
      let kind: ErrorKind = error.kind == .tooDeep ? .tooDeep : .parseError
      let refusal = RPCError(kind, error.message, hint: error.hint, offset: error.offset)
      appendLine(to: &output) { $0.errorReply(refusal, id: recoveredID(error)) }
      return
    }
    appendLine(to: &output) { writer in
      if root.kind == .array {
        answerBatch(root, session: &session, context: &context, writer: &writer)
      } else {
        answer(
          root, inBatch: false, session: &session, context: &context, writer: &writer,
          deferred: &deferred)
      }
    }
  }

  /// Lets a context take over what answering elsewhere found out.
  public func adopt(_ answered: Context, into context: inout Context) {
    longWork?.adopt(&context, answered)
  }

  /// Answers a line that was longer than the limit, under its id if that stands in `prefix`, the
  /// line's first bytes. `length` is the length of the whole line in bytes.
  public func refuseTooLong(prefix: [UInt8], length: Int, output: inout [UInt8]) {
    let id = recoveredID(prefix: prefix, maxDepth: limits.maxDepth)
    let refusal = RPCError(
      .lineTooLong, "the line has \(length) bytes, more than the limit of \(limits.maxLineBytes)",
      hint: "send less at once, pack columns as base64, or raise --max-line-bytes",
      offset: limits.maxLineBytes,
      data: [("limit", .int(limits.maxLineBytes)), ("length", .int(length))])
    appendLine(to: &output) { $0.errorReply(refusal, id: id) }
  }

  /// Lets `body` write after what is in `output` without a copy; ends what it wrote with an LF.
  private func appendLine(to output: inout [UInt8], _ body: (inout JSONWriter) -> Void) {
    let before = output.count
    var writer = JSONWriter()
    swap(&writer.bytes, &output)
    body(&writer)
    swap(&writer.bytes, &output)
    if output.count > before { output.append(UInt8(ascii: "\n")) }
  }

  private func isBlank(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    for byte in bytes[range] {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
      default: return false
      }
    }
    return true
  }
}

// MARK: - One message, and batches

extension Dispatcher {
  private func answerBatch(
    _ batch: JSONValue, session: inout Session, context: inout Context, writer: inout JSONWriter
  ) {
    let count = batch.count
    guard count > 0, count <= limits.maxBatchMessages else {
      let message =
        count == 0
        ? "a batch must not be empty"
        : "the batch has \(count) messages, more than the limit of \(limits.maxBatchMessages)"
      writer.errorReply(
        RPCError(
          .invalidRequest, message, hint: count == 0 ? "" : "nothing of it was done; send less"),
        id: nil)
      return
    }
    let start = writer.mark
    let before = writer.bytes.count
    writer.beginArray()
    let empty = writer.bytes.count
    // The replies of a batch are one line, so nothing of it is put off.
    var nothing: Deferred<Context>?
    for element in batch.elements {
      let isFull = writer.bytes.count - before > limits.maxBatchReplyBytes
      answer(
        element, inBatch: true, isFull: isFull, session: &session, context: &context,
        writer: &writer, deferred: &nothing)
    }
    if writer.bytes.count == empty {
      writer.rewind(to: start)  // notifications only
    } else {
      writer.endArray()
    }
  }

  private func answer(
    _ value: JSONValue, inBatch: Bool, isFull: Bool = false, session: inout Session,
    context: inout Context, writer: inout JSONWriter, deferred: inout Deferred<Context>?
  ) {
    do {
      let message = try readMessage(value, keys)
      let caller = Caller(
        session: session.id, capabilities: session.capabilities, isNotification: message.id == nil)
      answer(
        Call(message: message, caller: caller, inBatch: inBatch, isFull: isFull),
        session: &session, context: &context, writer: &writer, deferred: &deferred)
    } catch {
      writer.errorReply(error.error, id: error.id?.rawText)
    }
  }

  private func answer(
    _ call: borrowing Call, session: inout Session, context: inout Context,
    writer: inout JSONWriter, deferred: inout Deferred<Context>?
  ) {
    let start = writer.mark
    guard let id = call.message.id else {
      do {
        try run(
          call, session: &session, context: &context, writer: &writer, deferred: &deferred)
      } catch {
        onNotificationFailure?(
          &context, call.message.methodName, Params(call.message.params, caller: call.caller),
          error)
      }
      writer.rewind(to: start)
      return
    }
    var isDeferred = false
    writer.beginReply(id: id)
    writer.result(of: call.message.methodName) { writer throws(RPCError) in
      isDeferred = try run(
        call, session: &session, context: &context, writer: &writer, deferred: &deferred)
    }
    if isDeferred { writer.rewind(to: start) }
  }

  /// Writes the result; true when it will be made elsewhere, and nothing was written that counts.
  @discardableResult
  private func run(
    _ call: borrowing Call, session: inout Session, context: inout Context,
    writer: inout JSONWriter, deferred: inout Deferred<Context>?
  ) throws(RPCError) -> Bool {
    let position = index.position(of: call.message.method)
    if session.lifecycle == .shutDown {
      guard let position, case .exit = methods[position].action else {
        if call.caller.isNotification { return false }
        throw RPCError(.invalidRequest, "shutdown was answered; only exit may follow")
      }
    }
    let isFirst = !session.hasSpoken
    guard let position else {
      session.hasSpoken = true
      // LSP: what begins with $/ may be ignored by whoever doesn't know it.
      if call.caller.isNotification && call.message.methodName.hasPrefix("$/") { return false }
      throw unknownMethod(call)
    }
    let method = methods[position]
    // A refused initialize may be tried again, so it counts only once it is answered.
    if case .initialize = method.action {} else { session.hasSpoken = true }
    if call.inBatch && method.action.endsOrBeginsSession {
      throw RPCError(
        .invalidRequest, "\(quoted(method.name)) can't be part of a batch", path: "/method",
        hint: "send it on a line of its own")
    }
    if call.isFull && !call.caller.isNotification {
      throw RPCError(
        .overloaded, "the replies of this batch already take \(limits.maxBatchReplyBytes) bytes",
        hint: "this request was not done; send it in another batch")
    }
    if case .exit = method.action {
      session.lifecycle = .exited(status: session.lifecycle == .shutDown ? 0 : 1)
      writer.null()
      return false
    }
    let params = try checkedParams(call, method)
    switch method.action {
    case .service(let handler):
      if method.mayTakeLong, deferred != nil, let id = call.message.id,
        let longWork, let copy = longWork.copy(&context, method.name, params)
      {
        deferred?.add(
          call.message, id: id.rawText, copy, params, call.caller, handler, adopt: longWork.adopt)
        writer.null()
        return true
      }
      try handler(&context, params, &writer)
    case .initialize:
      try initialize(params, isFirst: isFirst, session: &session, writer: &writer)
    case .shutdown:
      session.lifecycle = .shutDown
      writer.null()
    case .discover: writeOpenRPC(&writer)
    case .cancel:
      if let id = params["id"], isValidID(id) { deferred?.cancel(id.rawText) }
      writer.null()
    case .exit: writer.null()
    }
    return false
  }
}
