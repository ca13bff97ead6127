import JSONRPC

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one thread of evald: waits in poll(2), reads, lets the service answer, writes.
///
/// It waits nowhere else, so no peer can hold it up: reading from a client goes on while its
/// replies wait, up to a bound, and then it stops for that client alone.
final class EventLoop {
  /// Exit statuses that the loop decides on.
  enum Status {
    static let clean: Int32 = 0
    static let repliesUnread: Int32 = 5
  }

  /// How long a client may take nothing while what waits for it holds things up.
  private static let patience = 5000
  /// How long evald goes on after SIGTERM or SIGHUP.
  private static let grace = 10_000
  /// How often the parent is looked for.
  private static let parentInterval = 1000
  /// How long the rest of the input and the replies may take once the parent is gone.
  private static let lastWords = 1000

  private let owner: Connection
  private let signals: SignalPipe
  private let log: Log
  private var service: Service
  private let parent = getppid()
  private var now = monotonicMilliseconds()
  private var parentSeen: Int
  /// Set once the parent is gone or the grace is over: read what is there, then end.
  private var drainingUntil: Int?
  private var graceUntil: Int?
  /// When the next update of a subscription is due.
  private var updateDue: Int?
  private var terminations = 0
  private var faultReported = false

  init(owner: Connection, service: Service, signals: SignalPipe, log: Log) {
    self.owner = owner
    self.service = service
    self.signals = signals
    self.log = log
    parentSeen = now
  }

  /// Serves until the owner is done; returns the exit status.
  func run() -> Int32 {
    let status = serve()
    // Where there is no time for more, what was written is enough.
    if drainingUntil == nil && terminations < 2 { service.finish() } else { service.makeDurable() }
    return status
  }

  private func serve() -> Int32 {
    interruptReads(everyMilliseconds: Self.parentInterval)
    while true {
      if let status = statusIfDone() { return status }
      let ready = waitForEvents()
      now = monotonicMilliseconds()
      if ready.signal, let status = takeSignals() { return status }
      lookForParent()
      if ready.output { owner.outputReady(&service, now: now, deliver: deliver) }
      if ready.input {
        owner.readInput(&service, now: now, deliver: deliver)
      } else if drainingUntil != nil && !ready.interrupted && !owner.isStalled {
        owner.endInput(&service, now: now, deliver: deliver)  // nothing more was there to be read
      }
      takeAnswers(ready.answers)
      sendUpdates()
      reportFault()
    }
  }

  /// Passes on what the worker has answered, and how far it is with the rest.
  private func takeAnswers(_ areReady: Bool) {
    let entries = (areReady ? service.takeAnswers() : []) + service.progressReports()
    if entries.isEmpty { return }
    for entry in entries { deliver(entry) }
    owner.flush(now: now)
  }

  /// Subscriptions are answered between reads; a client that has not read the last answer waits for a newer one.
  private func sendUpdates() {
    let canTake = { (session: SessionID) in
      session == self.owner.session.id && self.owner.queue.isEmpty
    }
    let wait = service.sendUpdates(canTake: canTake)
    updateDue = wait.map { now + $0 }
    let entries = service.takeNotifications()
    if entries.isEmpty { return }
    for entry in entries { deliver(entry) }
    owner.flush(now: now)
  }

  /// Notifications go after the reply of what caused them; for a session that is gone, nowhere.
  private func deliver(_ entry: Outbox.Entry) {
    if entry.session == owner.session.id { owner.notify(entry.line) }
  }

  // MARK: - The end

  private func statusIfDone() -> Int32? {
    // What was asked before the end of the input is answered, however long it takes.
    let isAnswering = service.isAnswering && owner.session.exitStatus == nil && !owner.outputClosed
    if owner.isFinished && !isAnswering { return owner.session.exitStatus ?? Status.clean }
    if let drainingUntil, now >= drainingUntil { return Status.clean }
    if let since = owner.heldUpSince, now - since >= Self.patience {
      log.error("replies were not read for \(Self.patience / 1000) s; closing the connection")
      return Status.repliesUnread
    }
    return nil
  }

  private func reportFault() {
    guard let fault = owner.outputFault, !faultReported else { return }
    faultReported = true
    log.error("replies can't be written (errno \(fault)); going on without")
  }

  private func lookForParent() {
    guard now - parentSeen >= Self.parentInterval else { return }
    parentSeen = now
    service.tick()
    if getppid() != parent { beginDraining() }
  }

  private func beginDraining() {
    if drainingUntil == nil { drainingUntil = now + Self.lastWords }
  }

  /// Returns an exit status for a signal that ends evald at once.
  private func takeSignals() -> Int32? {
    for signal in signals.take() {
      service.makeDurable()
      if graceUntil == nil { graceUntil = now + Self.grace }
      guard signal == SIGTERM else { continue }
      terminations += 1
      if terminations > 1 {
        owner.flush(now: now)
        return Status.clean
      }
    }
    return nil
  }

  // MARK: - Waiting

  private struct Ready {
    var signal = false
    var input = false
    var output = false
    var answers = false
    var interrupted = false
  }

  /// Waits for something to do, or for the next moment at which something is due.
  private func waitForEvents() -> Ready {
    if let graceUntil, now >= graceUntil { beginDraining() }
    let wantsInput = !owner.inputEnded && !owner.isStalled
    let wantsOutput = !owner.queue.isEmpty
    if wantsInput && !wantsOutput && canBlockInRead {
      return Ready(signal: signals.hasCome, input: true)
    }
    // A descriptor of -1 is left out: poll would report its hang-up again and again.
    var entries = (
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wantsInput ? owner.input : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wantsOutput ? owner.sink.descriptor : -1, events: Int16(POLLOUT), revents: 0),
      pollfd(
        fd: service.workerDescriptor, events: Int16(POLLIN), revents: 0)
    )
    let timeout = Int32(clamping: millisecondsUntilNextMoment())
    let count = withUnsafeMutableBytes(of: &entries) {
      poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 4, timeout)
    }
    guard count > 0 else { return Ready(interrupted: count < 0) }
    return Ready(
      signal: entries.0.revents != 0, input: entries.1.revents != 0,
      output: entries.2.revents != 0, answers: entries.3.revents != 0)
  }

  /// Whether only input, a signal or the passing of a second can bring something to do. Then the read
  /// itself may wait, which spares a system call for every message.
  private var canBlockInRead: Bool {
    !owner.inputMayNotWait && !service.isAnswering && updateDue == nil && drainingUntil == nil
      && graceUntil == nil && !signals.hasCome
  }

  private func millisecondsUntilNextMoment() -> Int {
    if drainingUntil != nil && !owner.inputEnded && !owner.isStalled { return 0 }
    var moment = parentSeen + Self.parentInterval
    if let wait = service.millisecondsToProgress { moment = min(moment, now + wait) }
    if let updateDue { moment = min(moment, updateDue) }
    if let graceUntil { moment = min(moment, graceUntil) }
    if let drainingUntil { moment = min(moment, drainingUntil) }
    if let since = owner.heldUpSince { moment = min(moment, since + Self.patience) }
    return max(0, moment - now)
  }
}
