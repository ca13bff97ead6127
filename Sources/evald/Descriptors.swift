#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes sure that descriptors 0, 1 and 2 are open, so that none of ours can become one of them
/// and receive what was meant for a standard stream.
func openStandardDescriptors() {
  for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
    // The lowest free number is given out, and all below are open: it is this one.
    _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
  }
}

/// Takes standard output for the protocol alone: returns a private descriptor of it, and makes
/// descriptor 1 mean standard error, so that nothing else in the process can print among replies.
func takeStandardOutput() -> Int32 {
  let own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
  guard own >= 0 else { return STDOUT_FILENO }  // out of descriptors: still works, less guarded
  dup2(STDERR_FILENO, STDOUT_FILENO)
  return own
}

/// Where a connection's replies go, and how to write there without ever waiting.
struct Sink {
  /// How to write without waiting.
  enum Mode {
    /// The file description is ours alone and non-blocking: write, and EAGAIN tells.
    case nonBlocking
    /// A socket: a flag of each call does it.
    case socket
    /// A shared, perhaps blocking description: ask poll(2), then write no more than it promises.
    case polled
    /// Regular files don't wait for a reader.
    case file
  }

  let descriptor: Int32
  let mode: Mode

  /// A socket has room again once a whole write to it was read. Small ones let a slow reader be told
  /// from one that takes nothing.
  private static let packet = 16 << 10

  /// Inherited descriptors are never made non-blocking: the flag belongs to the file description,
  /// and other processes share it. For a pipe or a terminal, Linux lets one open the same thing
  /// again with a description of one's own.
  init(inherited descriptor: Int32) {
    switch kind(of: descriptor) {
    case .socket: (self.descriptor, mode) = (descriptor, .socket)
    case .file: (self.descriptor, mode) = (descriptor, .file)
    case .pipe, .other:
      let own = open(
        "/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
      (self.descriptor, mode) = own >= 0 ? (own, .nonBlocking) : (descriptor, .polled)
    }
  }

  init(descriptor: Int32, mode: Mode) {
    self.descriptor = descriptor
    self.mode = mode
  }

  /// Writes some of `bytes`.
  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    switch mode {
    case .nonBlocking, .file: return writeBytes(descriptor, bytes)
    case .socket:
      return sendBytes(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.packet)))
    case .polled:
      guard isWritableNow(descriptor) else { return .wouldBlock }
      return writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(atomicWrite)))
    }
  }
}

/// Lets go of standard input and output, at which somebody else may wait for their end.
func giveUpStandardStreams() {
  for descriptor in [STDIN_FILENO, STDOUT_FILENO] {
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard nothing >= 0 else { return }
    dup2(nothing, descriptor)
    close(nothing)
  }
}
