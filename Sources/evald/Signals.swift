#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The end that the signal handler writes to. A handler can reach nothing but globals; this one
/// is set once, before any handler is installed.
nonisolated(unsafe) private var signalPipeInput: Int32 = -1

/// Turns signals into bytes of a pipe, which the event loop polls; a handler may do no more.
struct SignalPipe {
  /// Readable when a signal came; each byte is a signal's number.
  let descriptor: Int32

  /// Installs the dispositions of evald. Nil when the system gives no pipe.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      // Both ends are ours alone, so these flags bother nobody.
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    signalPipeInput = ends[1]
    installDispositions()
  }

  /// The signals that came since the last call.
  func take() -> [Int32] {
    var room = [UInt8](repeating: 0, count: 64)
    let transfer = room.withUnsafeMutableBytes { readBytes(descriptor, into: $0) }
    guard case .bytes(let count) = transfer else { return [] }
    return room.prefix(count).map(Int32.init)
  }
}

private func installDispositions() {
  // A closed reader is an error of write(2), not the end of the process.
  signal(SIGPIPE, SIG_IGN)
  signal(SIGUSR1, SIG_IGN)
  signal(SIGUSR2, SIG_IGN)
  // Ctrl-C in a shell or notebook goes to the whole group; the script's own cleanup still needs
  // its numbers. At a terminal, it is meant for evald.
  signal(SIGINT, isatty(STDIN_FILENO) == 1 ? SIG_DFL : SIG_IGN)
  signal(SIGTERM, noteSignal)
  // nohup(1) starts its program with SIGHUP ignored, and that is to stay so.
  let previous = signal(SIGHUP, noteSignal)
  if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
    signal(SIGHUP, SIG_IGN)
  }
  // A parent that blocks signals in the thread that starts us passes the mask on.
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, SIGTERM)
  sigaddset(&set, SIGHUP)
  sigprocmask(SIG_UNBLOCK, &set, nil)
}

private func noteSignal(_ number: Int32) {
  let before = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(signalPipeInput, &byte, 1)  // full: 64 KiB of signals wait already
  errno = before
}
