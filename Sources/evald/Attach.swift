#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `evald attach` is asked to do.
struct AttachOptions: Equatable {
  var target: Target
  /// Start a daemon where none is live, with these arguments of `serve`.
  var orStart = false
  var serveArguments: [String] = []
}

/// Bytes from standard input to the socket, and from the socket to standard output, in the order in
/// which they come. It keeps no more than a `Relay` each way.
///
/// It knows nothing of what it carries, but that `exit` ends a session and with which status.
final class Bridge {
  /// As of an evald on a pipe: see `EventLoop`.
  private static let patience = 5000
  private static let grace = 10_000
  private static let parentInterval = 1000

  private let socket: Int32
  private let output: Sink
  private let signals: SignalPipe
  private let title: String
  private var upwards = Relay()
  private var downwards = Relay()
  private var session = SessionWatch()
  private var inputEnded = false
  /// The socket was told that nothing more comes.
  private var isHalfClosed = false
  private var outputClosed = false
  private var daemonLeft = false
  private var wasCutOff = false
  private var terminations = 0
  private var graceUntil: Int?
  private var blockedSince: Int?
  private let parent = getppid()
  private var parentSeen = monotonicMilliseconds()

  init(socket: Int32, output: Sink, signals: SignalPipe, title: String) {
    self.socket = socket
    self.output = output
    self.signals = signals
    self.title = title
  }

  /// Carries until both ways have ended; returns the exit status.
  func run() -> Int32 {
    while true {
      let now = monotonicMilliseconds()
      if daemonLeft && downwards.isEmpty { return statusAtTheEnd() }
      if let graceUntil, now >= graceUntil { return ExitStatus.clean }
      if let blockedSince, now - blockedSince >= Self.patience {
        complain("error: replies were not read for \(Self.patience / 1000) s")
        return ExitStatus.repliesUnread
      }
      lookForParent(now)
      let ready = wait(now)
      if ready.signal, takeSignals() { return ExitStatus.clean }
      if ready.input { readInput() }
      if ready.socketOutput { sendUpwards() }
      if ready.socketInput { readSocket() }
      sendDownwards(monotonicMilliseconds())
    }
  }

  private func statusAtTheEnd() -> Int32 {
    if let status = session.exitStatus { return status }
    if inputEnded && isHalfClosed && !wasCutOff { return ExitStatus.clean }
    complain("error: the daemon \(title) is gone")
    return ExitStatus.failed
  }

  // MARK: - Either way

  private func readInput() {
    switch upwards.receive(from: STDIN_FILENO) {
    case .bytes(let count):
      session.see(upwards.last(count))
      sendUpwards()
    case .endOfFile, .failed: endInput()
    case .wouldBlock, .interrupted: break
    }
  }

  private func endInput() {
    guard !inputEnded else { return }
    inputEnded = true
    session.seeEnd()
    sendUpwards()
  }

  private func sendUpwards() {
    if case .failed = upwards.send(to: Sink(descriptor: socket, mode: .socket)).end {
      // Nothing more is wanted; what was answered before is still to be read.
      upwards.clear()
      inputEnded = true
      wasCutOff = true
    }
    if inputEnded && upwards.isEmpty && !isHalfClosed {
      isHalfClosed = true
      shutdown(socket, Int32(SHUT_WR))
    }
  }

  private func readSocket() {
    switch downwards.receive(from: socket) {
    case .endOfFile: daemonLeft = true
    case .failed:
      daemonLeft = true
      wasCutOff = true
    case .bytes, .wouldBlock, .interrupted: break
    }
  }

  private func sendDownwards(_ now: Int) {
    // As evald on a pipe does, what nobody reads is thrown away, and the rest goes on.
    if outputClosed { downwards.clear() }
    let (end, progress) = downwards.send(to: output)
    if case .failed = end {
      outputClosed = true
      downwards.clear()
    }
    let holdsUp = !downwards.isEmpty && (daemonLeft || hasHungUp)
    if !holdsUp {
      blockedSince = nil
    } else if progress || blockedSince == nil {
      blockedSince = now
    }
  }

  // MARK: - Waiting

  private struct Ready {
    var signal = false
    var input = false
    var socketInput = false
    var socketOutput = false
  }

  private var hasHungUp = false

  private func wait(_ now: Int) -> Ready {
    let wantsSocket = downwards.hasRoom && !daemonLeft
    var events: Int16 = wantsSocket ? Int16(POLLIN) : 0
    if !upwards.isEmpty { events |= Int16(POLLOUT) }
    var entries = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(
        fd: upwards.hasRoom && !inputEnded ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: hasHungUp && !wantsSocket ? -1 : socket, events: events, revents: 0),
      pollfd(fd: downwards.isEmpty ? -1 : output.descriptor, events: Int16(POLLOUT), revents: 0),
    ]
    var moment = now + Self.parentInterval
    if let graceUntil { moment = min(moment, graceUntil) }
    if let blockedSince { moment = min(moment, blockedSince + Self.patience) }
    guard poll(&entries, nfds_t(entries.count), Int32(clamping: max(0, moment - now))) > 0 else {
      return Ready()
    }
    let hangUp = entries[2].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0
    if hangUp { hasHungUp = true }
    return Ready(
      signal: entries[0].revents != 0, input: entries[1].revents != 0,
      socketInput: wantsSocket && (hangUp || entries[2].revents & Int16(POLLIN) != 0),
      socketOutput: !upwards.isEmpty && (hangUp || entries[2].revents & Int16(POLLOUT) != 0))
  }

  private func lookForParent(_ now: Int) {
    guard now - parentSeen >= Self.parentInterval else { return }
    parentSeen = now
    if getppid() != parent { endInput() }
  }

  /// Whether to end at once.
  private func takeSignals() -> Bool {
    for signal in signals.take() {
      if graceUntil == nil { graceUntil = monotonicMilliseconds() + Self.grace }
      if signal == SIGTERM { terminations += 1 }
    }
    return terminations > 1
  }
}

/// Carries until the end; returns the exit status.
func attach(_ options: AttachOptions) -> Int32 {
  guard let signals = SignalPipe(interruptEnds: false) else { return ExitStatus.usage }
  let output = Sink(inherited: takeStandardOutput())
  do throws(Refusal) {
    var starter = Starter(target: options.target, arguments: options.serveArguments)
    let socket =
      options.orStart
      ? try connect(to: options.target) { () throws(Refusal) in try starter.startIfNeeded() }
      : try connect(to: options.target)
    forgetChildren()
    return Bridge(
      socket: socket, output: output, signals: signals, title: options.target.text
    ).run()
  } catch {
    complain(error.message)
    return error.status
  }
}
