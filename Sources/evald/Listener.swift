#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The socket at which others reach this daemon. While it lives, no other daemon has its name.
final class Listener {
  /// What a look at the door found.
  enum Arrival {
    case peer(Int32)
    /// Somebody whom we don't serve; he was turned away.
    case stranger
    case nobody
    /// The system has no descriptor for him: he waits at the door.
    case noRoom(errno: Int32)
  }

  let address: SocketAddress
  /// Readable when somebody waits.
  private(set) var descriptor: Int32 = -1
  private let lock: NameLock
  private var signpost: Signpost?
  /// What the socket's file was when it was made.
  private var file = stat()

  /// How long a process that has the name may take to listen, or to end.
  private static let patience = 1000
  /// How many may wait at the door; a client that does not want to wait is refused beyond.
  private static let waiting: Int32 = 1024

  /// Takes the name and listens. Refuses with `ExitStatus.inUse` where a daemon lives there.
  init(_ target: Target) throws(Refusal) {
    address = try target.addressToListen()
    lock = try Self.takeLock(address)
    do {
      try removeStale()
      try open()
    } catch {
      lock.release()
      throw error
    }
    if address.name == nil { signpost = Signpost(to: address) }
  }

  /// The next who waits, without waiting.
  func accept() -> Arrival {
    while true {
      let peer = systemAccept(descriptor)
      if peer < 0 {
        switch errno {
        case EINTR, ECONNABORTED: continue
        case EAGAIN, EWOULDBLOCK, EINVAL, EBADF: return .nobody
        default: return .noRoom(errno: errno)
        }
      }
      guard peerUser(peer) == geteuid() else {
        systemClose(peer)
        return .stranger
      }
      // This description is ours alone.
      _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
      _ = fcntl(peer, F_SETFL, O_NONBLOCK)
      return .peer(peer)
    }
  }

  /// Lets nobody else in. Who has connected before is still there to be accepted.
  func shut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Listens again after `shut`; false when that can't be done.
  func reopen() -> Bool {
    removeSocket()
    return (try? open()) != nil
  }

  /// Removes the socket, and gives the name up.
  func close() {
    guard descriptor >= 0 else { return }
    signpost?.remove()
    removeSocket()
    lock.release()
  }

  // MARK: -

  private static func takeLock(_ address: SocketAddress) throws(Refusal) -> NameLock {
    let start = monotonicMilliseconds()
    while true {
      switch NameLock.take(address.lockPath) {
      case .taken(let lock): return lock
      case .failed(let number):
        let why = String(cString: strerror(number))
        throw Refusal(message: "\(address.lockPath) can't be locked: \(why)")
      case .held(let holder):
        // It may be about to listen, or about to end; one that answers lives.
        let isLive = isAnswering(address.path)
        if isLive || monotonicMilliseconds() - start >= patience { throw inUse(address, holder) }
        usleep(10_000)
      }
    }
  }

  private static func inUse(_ address: SocketAddress, _ holder: Int32) -> Refusal {
    Refusal(
      message: "\(address.title) is in use by process \(holder): "
        + "evald attach \(address.title) reaches it", status: ExitStatus.inUse)
  }

  private static func isAnswering(_ path: String) -> Bool {
    switch reach(path, milliseconds: patience) {
    case .socket(let descriptor):
      systemClose(descriptor)
      return true
    case .ofAnother: return true
    case .refused(let number): return number == EAGAIN
    }
  }

  /// We have the lock, so the socket of an evald is of a dead one. Anything else stays.
  private func removeStale() throws(Refusal) {
    var facts = stat()
    guard lstat(address.path, &facts) == 0 else { return }
    guard facts.st_mode & S_IFMT == S_IFSOCK, facts.st_uid == geteuid() else {
      throw Refusal(message: "\(address.path) is there, and is no socket of this user")
    }
    // Another program may listen there that knows nothing of our locks.
    if Self.isAnswering(address.path) {
      throw Refusal(
        message: "\(address.path) is in use by another program", status: ExitStatus.inUse)
    }
    unlink(address.path)
  }

  private func open() throws(Refusal) {
    descriptor = makeSocket()
    // From its first moment on, nobody else may connect.
    let before = umask(0o177)
    let isBound =
      descriptor >= 0 && withSocketAddress(address.path) { bind(descriptor, $0, $1) } == 0
    let number = errno
    umask(before)
    guard isBound, lstat(address.path, &file) == 0, listen(descriptor, Self.waiting) == 0 else {
      let why = String(cString: strerror(isBound ? errno : number))
      if descriptor >= 0 { systemClose(descriptor) }
      if isBound { unlink(address.path) }
      descriptor = -1
      throw Refusal(message: "\(address.path) can't be listened at: \(why)")
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  private func removeSocket() {
    // Only ours: somebody may have put something else there.
    var facts = stat()
    if lstat(address.path, &facts) == 0, facts.st_ino == file.st_ino, facts.st_dev == file.st_dev {
      unlink(address.path)
    }
    systemClose(descriptor)
    descriptor = -1
  }
}

// Where a method has the name of a system call.
private func systemAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }
private func systemClose(_ descriptor: Int32) { close(descriptor) }
