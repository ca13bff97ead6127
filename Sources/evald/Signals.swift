#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import Synchronization

/// The end that the signal handler writes to. A handler can reach nothing but globals; this one
/// is set once, before any handler is installed.
nonisolated(unsafe) private var signalPipeInput: Int32 = -1

/// Set with each byte of the pipe, so that looking costs no system call.
private let signalHasCome = Atomic<Bool>(false)

/// Turns signals into bytes of a pipe, which the event loop polls; a handler may do no more.
struct SignalPipe {
  /// Readable when a signal came; each byte is a signal's number.
  let descriptor: Int32

  /// Installs the dispositions of evald. Nil when the system gives no pipe. `interruptEnds`: at a
  /// terminal, SIGINT is as SIGTERM, so that nothing is left lying about.
  init?(interruptEnds: Bool) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      // Both ends are ours alone, so these flags bother nobody.
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    signalPipeInput = ends[1]
    installDispositions(interruptEnds: interruptEnds)
  }

  /// Whether there is something to take.
  var hasCome: Bool { signalHasCome.load(ordering: .relaxed) }

  /// The signals that came since the last call.
  func take() -> [Int32] {
    // Before the pipe is read: a signal in between is told of again, and that does no harm.
    signalHasCome.store(false, ordering: .relaxed)
    var room = [UInt8](repeating: 0, count: 64)
    let transfer = room.withUnsafeMutableBytes { readBytes(descriptor, into: $0) }
    guard case .bytes(let count) = transfer else { return [] }
    return room.prefix(count).map(Int32.init)
  }
}

private func installDispositions(interruptEnds: Bool) {
  // A closed reader is an error of write(2), not the end of the process.
  signal(SIGPIPE, SIG_IGN)
  // So is a file that would grow past what `ulimit -f` allows: what cannot be written is refused.
  signal(SIGXFSZ, SIG_IGN)
  signal(SIGUSR1, SIG_IGN)
  signal(SIGUSR2, SIG_IGN)
  // Ctrl-C in a shell or notebook goes to the whole group; the script's own cleanup still needs
  // its numbers. At a terminal, it is meant for evald.
  let isForUs = isatty(STDIN_FILENO) == 1
  signal(SIGINT, isForUs ? SIG_DFL : SIG_IGN)
  if isForUs && interruptEnds { interrupt(by: SIGINT, noteSignal) }
  // A read that waits is to end when one of these comes.
  interrupt(by: SIGTERM, noteSignal)
  // nohup(1) starts its program with SIGHUP ignored, and that is to stay so.
  let previous = signal(SIGHUP, noteSignal)
  if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
    signal(SIGHUP, SIG_IGN)
  } else {
    interrupt(by: SIGHUP, noteSignal)
  }
  // A parent that blocks signals in the thread that starts us passes the mask on.
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, SIGTERM)
  sigaddset(&set, SIGHUP)
  sigaddset(&set, SIGALRM)
  sigaddset(&set, SIGBUS)
  sigprocmask(SIG_UNBLOCK, &set, nil)
}

private func noteNothing(_: Int32) {}

/// Installs a handler after which a read(2) that waits is not begun again.
private func interrupt(by number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
  var action = sigaction()
  sigemptyset(&action.sa_mask)
  action.sa_flags = 0
  #if canImport(Glibc)
    action.__sigaction_handler.sa_handler = handler
  #elseif canImport(Musl)
    action.__sa_handler.sa_handler = handler
  #else
    action.__sigaction_u.__sa_handler = handler
  #endif
  sigaction(number, &action, nil)
}

/// Lets a read(2) that waits be interrupted every so often. A signal that comes just before the read
/// is seen then at the latest.
func interruptReads(everyMilliseconds interval: Int) {
  interrupt(by: SIGALRM, noteNothing)
  let time = timeval(tv_sec: interval / 1000, tv_usec: .init(interval % 1000 * 1000))
  var timer = itimerval(it_interval: time, it_value: time)
  #if canImport(Glibc)
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
  #else
    setitimer(ITIMER_REAL, &timer, nil)
  #endif
}

private func noteSignal(_ number: Int32) {
  let before = errno
  var byte = UInt8(truncatingIfNeeded: number)
  signalHasCome.store(true, ordering: .relaxed)
  _ = write(signalPipeInput, &byte, 1)  // full: 64 KiB of signals wait already
  errno = before
}
