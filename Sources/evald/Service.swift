import EvalService
import JSONRPC
import WireJSON

/// What the event loop talks to: lines in, lines out, and the moments that matter to durability.
struct Service {
  private let dispatcher: Dispatcher<Server>
  private var server: Server
  private let worker = Worker()
  /// Requests that the worker has not answered, in the order in which they came.
  private var pending: [(request: LongRequest<Server>, since: Double)] = []
  /// What the line that is being answered puts off; nil where everything has to be answered at once.
  private var deferred: Deferred<Server>?
  private var progressSent = 0.0

  /// How many long questions may wait; further ones are answered in line.
  private static let pendingLimit = 64
  /// How many of one client wait where there are others: then it is read no further.
  private static let pendingOfOne = 16
  /// Seconds between two reports of progress.
  private static let progressInterval = 0.25

  private let log: Log

  /// Reads the state directory, if there is one, before anything is answered.
  init(options: Options, log: Log) throws(StateDirectoryError) {
    self.log = log
    var messages = MessageLimits()
    messages.maxLineBytes = options.maxLineBytes
    messages.maxDepth = options.maxDepth
    var limits = ServiceLimits()
    limits.maxStreams = options.maxStreams
    limits.maxMemoryBytes = options.maxMemoryBytes
    limits.maxConnections = options.listen != nil ? options.maxConnections : nil
    dispatcher = Server.dispatcher(
      version: version, limits: limits, messages: messages,
      hasSharedMemory: sharedMemoryReader != nil)
    server = Server(
      version: version, limits: limits, clock: secondsSince1970,
      sharedMemory: sharedMemoryReader, files: fileAccess)
    try server.recover(options, log)
  }

  /// Answers one line of a session.
  mutating func handle(
    _ line: LineSplitter.Line, session: inout Session, output: inout [UInt8]
  ) {
    switch line {
    case .line(let bytes, let range):
      let canWait = worker != nil && pending.count < Self.pendingLimit
      if canWait != (deferred != nil) { deferred = canWait ? Deferred() : nil }
      dispatcher.handle(
        bytes, in: range, session: &session, context: &server, output: &output,
        deferred: &deferred)
      if deferred?.isEmpty == false { takeDeferred(session.id, output: &output) }
    case .tooLong(let prefix, let length):
      dispatcher.refuseTooLong(prefix: prefix, length: length, output: &output)
    }
  }

  /// Notifications that the last line caused, for any session.
  mutating func takeNotifications() -> [Outbox.Entry] {
    hasNotifications ? server.outbox.drain() : []
  }

  /// Whether there are any.
  var hasNotifications: Bool { !server.outbox.isEmpty }

  /// Whether anybody wants updates.
  var hasSubscriptions: Bool { server.hasSubscriptions }

  /// Queues updates of subscriptions that are due; milliseconds until the next, nil when none waits.
  mutating func sendUpdates(canTake: (SessionID) -> Bool) -> Int? {
    server.sendUpdates(canTake: canTake).map { Int(($0 * 1000).rounded(.up)) }
  }

  /// SIGTERM and SIGHUP: what was acknowledged is to survive from here on.
  mutating func makeDurable() {
    server.makeDurable()
    logWarnings()
  }

  /// Whether there is a state directory to look after.
  var isDurable: Bool { server.isDurable }

  /// About once a second, between requests.
  mutating func tick() {
    server.maintainJournal()
    logWarnings()
  }

  /// Once, when all is answered.
  mutating func finish() {
    server.closeJournal()
    logWarnings()
  }

  private func logWarnings() {
    for warning in server.journalWarnings { log.warning(warning) }
  }
}

// MARK: - Long questions

extension Service {
  /// Readable when the worker has an answer; -1 without a worker.
  var workerDescriptor: Int32 { worker?.descriptor ?? -1 }

  /// Whether answers are still to come.
  var isAnswering: Bool { !pending.isEmpty }

  /// Whether answers to this client are still to come.
  func isAnswering(_ session: SessionID) -> Bool {
    pending.contains { $0.request.session == session }
  }

  /// Whether this client has so many long questions that its next one must wait: answered in line,
  /// it would hold up others.
  func mustWait(_ session: SessionID) -> Bool {
    pending.count >= Self.pendingOfOne
      && pending.count(where: { $0.request.session == session }) >= Self.pendingOfOne
  }

  /// Forgets what a client that is gone had asked for.
  mutating func sessionEnded(_ session: SessionID) {
    for (request, _) in pending where request.session == session {
      worker?.forget(session, request.id)
    }
    pending.removeAll { $0.request.session == session }
    server.sessionEnded(session)
  }

  private mutating func takeDeferred(_ session: SessionID, output: inout [UInt8]) {
    guard let deferred else { return }
    self.deferred = nil
    for id in deferred.cancelled {
      guard
        let place = pending.firstIndex(where: {
          $0.request.session == session && $0.request.id == id
        })
      else { continue }
      output += pending.remove(at: place).request.cancelledReply
      worker?.forget(session, id)
    }
    for request in deferred.requests {
      pending.append((request, secondsSince1970()))
      output += request.progress("begin", seconds: 0) ?? []
      worker?.run(request)
    }
  }

  /// The lines that are ready: answers, and reports of progress that are due.
  mutating func takeAnswers() -> [Outbox.Entry] {
    var entries: [Outbox.Entry] = []
    for answer in worker?.takeAnswers() ?? [] {
      dispatcher.adopt(answer.context, into: &server)
      let request = answer.request
      // One that was cancelled has its reply.
      guard
        let place = pending.firstIndex(where: {
          $0.request.session == request.session && $0.request.id == request.id
        })
      else { continue }
      let since = pending.remove(at: place).since
      let end = request.progress("end", seconds: secondsSince1970() - since) ?? []
      entries.append(Outbox.Entry(session: request.session, line: end + answer.reply))
    }
    return entries
  }

  /// Milliseconds until progress is to be reported; nil when nobody waits for it.
  var millisecondsToProgress: Int? {
    guard pending.contains(where: \.request.wantsProgress) else { return nil }
    let wait = progressSent + Self.progressInterval - secondsSince1970()
    return max(0, Int((wait * 1000).rounded(.up)))
  }

  /// Reports on requests that are being answered.
  mutating func progressReports() -> [Outbox.Entry] {
    guard millisecondsToProgress == 0 else { return [] }
    let now = secondsSince1970()
    progressSent = now
    return pending.compactMap { request, since in
      request.progress("report", seconds: now - since).map {
        Outbox.Entry(session: request.session, line: $0)
      }
    }
  }
}
