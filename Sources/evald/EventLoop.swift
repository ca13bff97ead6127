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
/// replies wait, up to a bound, and then it stops for that client alone. Where there are several
/// clients they take turns; see `EventLoop+Guests.swift`.
final class EventLoop {
  /// How long evald goes on after SIGTERM or SIGHUP.
  private static let grace = 10_000
  /// How often it looks for its parent, and after the state directory.
  private static let lookInterval = 1000
  /// How long the rest of the input and the replies may take once the parent is gone.
  private static let lastWords = 1000

  /// The client on standard input and output; nil for a daemon without an owner.
  let owner: Connection?
  let signals: SignalPipe
  let log: Log
  var service: Service
  /// Who else is served, and at which door they come in; nil where nobody else can.
  var guests: Guests?
  private let parent = getppid()
  var now = monotonicMilliseconds()
  private var lookedAround: Int
  /// Set once the parent is gone or the grace is over: read what is there, then end.
  private(set) var drainingUntil: Int?
  private var graceUntil: Int?
  /// When the next update of a subscription is due.
  private var updateDue: Int?
  private var terminations = 0
  private var faultReported = false
  /// How the owner ended, while others get their last words.
  private var ownersStatus: Int32?

  init(owner: Connection?, guests: Guests?, service: Service, signals: SignalPipe, log: Log) {
    self.owner = owner
    self.guests = guests
    self.service = service
    self.signals = signals
    self.log = log
    lookedAround = now
  }

  /// Serves until the owner is done, or a daemon without one is; returns the exit status.
  func run() -> Int32 {
    let status: Int32
    if guests != nil {
      status = runShared()
    } else if let owner {
      status = runAlone(with: owner)
    } else {
      status = ExitStatus.clean
    }
    guests?.close()
    // Where there is no time for more, what was written is enough.
    let hasTime = drainingUntil == nil || ownersStatus != nil
    if hasTime && terminations < 2 { service.finish() } else { service.makeDurable() }
    return status
  }

  private func runAlone(with owner: Connection) -> Int32 {
    interruptReads(everyMilliseconds: Self.lookInterval)
    while true {
      if let status = statusIfDone(owner) { return status }
      let ready = waitForEvents(of: owner)
      now = monotonicMilliseconds()
      if ready.signal, let status = takeSignals() { return status }
      lookAround()
      serve(owner, ready)
      takeAnswers(ready.answers)
      sendUpdates()
      reportFault(owner)
    }
  }

  private func runShared() -> Int32 {
    // Another process may have emptied the owner's pipe between poll and read; that read must end.
    if owner != nil { interruptReads(everyMilliseconds: Self.lookInterval) }
    while true {
      if let status = statusIfShared() { return status }
      let ready = waitForAll()
      now = monotonicMilliseconds()
      if ready.signal, let status = takeSignals() { return status }
      lookAround()
      if let owner {
        giveTurn(to: owner, ready.owner)
        reportFault(owner)
      }
      serveGuests(ready.door)
      takeAnswers(ready.answers)
      sendUpdates()
      // Last, since an answer may have been all that somebody waited for.
      guests?.removeEnded(&service, now: now)
    }
  }

  /// Reads and writes what can be.
  private func serve(_ client: Connection, _ ready: Ready) {
    if ready.output { client.outputReady(&service, now: now, deliver: deliver) }
    if ready.input {
      client.readInput(&service, now: now, deliver: deliver)
    } else if drainingUntil != nil && !ready.interrupted && !client.isStalled {
      client.endInput(&service, now: now, deliver: deliver)  // nothing more was there to be read
    }
  }

  /// Passes on what the worker has answered, and how far it is with the rest.
  private func takeAnswers(_ areReady: Bool) {
    guard areReady || service.isAnswering else { return }
    let entries = (areReady ? service.takeAnswers() : []) + service.progressReports()
    if entries.isEmpty { return }
    for entry in entries { deliver(entry) }
    flushAll()
  }

  /// Subscriptions are answered between reads; a client that has not read the last answer waits for a newer one.
  private func sendUpdates() {
    updateDue = nil
    if service.hasSubscriptions {
      let wait = service.sendUpdates(canTake: { self.client($0)?.queue.isEmpty ?? false })
      updateDue = wait.map { now + $0 }
    }
    guard service.hasNotifications else { return }
    for entry in service.takeNotifications() { deliver(entry) }
    flushAll()
  }

  /// Notifications go after the reply of what caused them; for a session that is gone, nowhere.
  func deliver(_ entry: Outbox.Entry) { client(entry.session)?.notify(entry.line) }

  private func client(_ session: SessionID) -> Connection? {
    if let owner, owner.session.id == session { return owner }
    return guests?.client(session)
  }

  private func flushAll() {
    owner?.flush(now: now)
    guests?.flush(now: now)
  }

  // MARK: - The end

  private func statusIfDone(_ owner: Connection) -> Int32? {
    // What was asked before the end of the input is answered, however long it takes.
    let isAnswering =
      service.isAnswering && owner.session.exitStatus == nil && !owner.outputClosed
      && service.isAnswering(owner.session.id)
    if owner.isFinished && !isAnswering { return owner.session.exitStatus ?? ExitStatus.clean }
    if let drainingUntil, now >= drainingUntil { return ExitStatus.clean }
    if owner.isTooSlow(now: now) {
      log.error("replies were not read for \(Connection.patience / 1000) s; closing the connection")
      return ExitStatus.repliesUnread
    }
    return nil
  }

  /// Where there are others: the socket ends with its owner, and they with the socket, but what they
  /// have sent is answered. A daemon without an owner ends when it is to and nobody is there.
  private func statusIfShared() -> Int32? {
    guard let guests else { return ExitStatus.clean }
    if let owner, ownersStatus == nil, let status = statusIfDone(owner) {
      ownersStatus = status
      guests.shut()
      beginDraining()
    }
    if let drainingUntil, guests.isEmpty || now >= drainingUntil {
      if owner == nil || ownersStatus != nil { return ownersStatus ?? ExitStatus.clean }
    }
    return owner == nil && guests.haveEnded(now: now) ? ExitStatus.clean : nil
  }

  private func reportFault(_ owner: Connection) {
    guard let fault = owner.outputFault, !faultReported else { return }
    faultReported = true
    log.error("replies can't be written (errno \(fault)); going on without")
  }

  /// Once a second: what is due in the state directory, and whether the parent is still there. A daemon
  /// without an owner has no parent to end with.
  private func lookAround() {
    guard now - lookedAround >= Self.lookInterval else { return }
    lookedAround = now
    service.tick()
    if owner != nil && getppid() != parent { beginDraining() }
  }

  private func beginDraining() {
    if drainingUntil == nil { drainingUntil = now + Self.lastWords }
  }

  /// Returns an exit status for a signal that ends evald at once.
  private func takeSignals() -> Int32? {
    for signal in signals.take() {
      service.makeDurable()
      if graceUntil == nil { graceUntil = now + Self.grace }
      if owner == nil { guests?.endsWhenEmpty = true }
      guard signal == SIGTERM else { continue }
      terminations += 1
      if terminations > 1 {
        flushAll()
        return ExitStatus.clean
      }
    }
    return nil
  }

  // MARK: - Waiting

  /// What there is to do for one client.
  struct Ready {
    var signal = false
    var input = false
    var output = false
    var answers = false
    var interrupted = false
  }

  /// Waits for something to do, or for the next moment at which something is due.
  private func waitForEvents(of owner: Connection) -> Ready {
    endGrace()
    let wantsInput = !owner.inputEnded && !owner.isStalled
    let wantsOutput = !owner.queue.isEmpty
    if wantsInput && !wantsOutput && canBlockInRead(owner) {
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

  func endGrace() {
    if let graceUntil, now >= graceUntil { beginDraining() }
  }

  /// Whether only input, a signal or the passing of a second can bring something to do. Then the read
  /// itself may wait, which spares a system call for every message.
  private func canBlockInRead(_ owner: Connection) -> Bool {
    !owner.inputMayNotWait && !service.isAnswering && updateDue == nil && drainingUntil == nil
      && graceUntil == nil && !signals.hasCome
  }

  func millisecondsUntilNextMoment() -> Int {
    var moment = guests?.nextMoment(now: now) ?? .max
    if owner != nil || service.isDurable { moment = min(moment, lookedAround + Self.lookInterval) }
    if let owner {
      if drainingUntil != nil && !owner.inputEnded && !owner.isStalled { return 0 }
      if let since = owner.heldUpSince { moment = min(moment, since + Connection.patience) }
    }
    if let wait = service.millisecondsToProgress { moment = min(moment, now + wait) }
    if let updateDue { moment = min(moment, updateDue) }
    if let end = drainingUntil ?? graceUntil { moment = min(moment, end) }
    return moment == .max ? .max : max(0, moment - now)
  }
}
