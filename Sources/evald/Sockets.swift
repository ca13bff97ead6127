// Unix sockets in the form that the rest of evald wants. There is no other kind: nothing here can be
// reached from another machine.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new socket that children don't inherit; -1 when the system gives none.
func makeSocket() -> Int32 {
  #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue)
  #else
    let kind = SOCK_STREAM
  #endif
  let descriptor = socket(AF_UNIX, kind, 0)
  if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
  return descriptor
}

/// Lets `body` have the path as the system wants it. It was checked to be short enough.
func withSocketAddress<R>(
  _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
) -> R {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { room in
    room.copyBytes(from: path.utf8.prefix(room.count - 1))
  }
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}

/// What came of trying to reach a daemon.
enum Reached {
  case socket(Int32)
  case refused(errno: Int32)
  /// Somebody listens there, but not this user.
  case ofAnother(user: UInt32)
}

/// Connects to the socket of a daemon of this user. Waits no longer than `milliseconds` for room in
/// its queue, nor later for each answer, where a time is given.
func reach(_ path: String, milliseconds: Int? = nil) -> Reached {
  let descriptor = makeSocket()
  guard descriptor >= 0 else { return .refused(errno: errno) }
  if let milliseconds {
    var time = timeval(tv_sec: milliseconds / 1000, tv_usec: .init(milliseconds % 1000 * 1000))
    for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
      setsockopt(
        descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }
  while withSocketAddress(path, { connect(descriptor, $0, $1) }) != 0 {
    if errno == EINTR { continue }
    let number = errno
    close(descriptor)
    return .refused(errno: number)
  }
  if let peer = peerUser(descriptor), peer == geteuid() { return .socket(descriptor) }
  let peer = peerUser(descriptor)
  close(descriptor)
  return peer.map { .ofAnother(user: $0) } ?? .refused(errno: EPERM)
}

/// Who is at the other end, as the system saw it connect or listen; nil when it can't say.
func peerUser(_ descriptor: Int32) -> UInt32? {
  #if canImport(Darwin)
    var (user, group) = (uid_t(), gid_t())
    return getpeereid(descriptor, &user, &group) == 0 ? user : nil
  #else
    // struct ucred: process, user, group. Swift's module of the C library leaves it out.
    var facts: (Int32, UInt32, UInt32) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: facts))
    let isTold = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &facts, &size) == 0
    return isTold && Int(size) == MemoryLayout.size(ofValue: facts) ? facts.1 : nil
  #endif
}
