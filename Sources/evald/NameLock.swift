#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Says that a daemon lives: a lock on a file beside its socket, which the system takes back when
/// the process ends, however it ends.
///
/// Whoever has the lock may remove or make the socket, and nobody else. A record lock of fcntl(2),
/// since others can look at it, and learn the process that has it, without ever taking it.
/// The process must not open the file a second time: closing that would release the lock.
struct NameLock {
  private let descriptor: Int32
  private let path: String

  /// What came of trying.
  enum Attempt {
    case taken(NameLock)
    case held(by: Int32)
    case failed(errno: Int32)
  }

  /// Takes the lock if nobody has it.
  static func take(_ path: String) -> Attempt {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { return .failed(errno: errno) }
      guard isOurs(descriptor) else {
        close(descriptor)
        return .failed(errno: EPERM)
      }
      var lock = wholeFile()
      guard fcntl(descriptor, F_SETLK, &lock) == 0 else {
        let number = errno
        let holder = holder(of: descriptor)
        close(descriptor)
        // EACCES and EAGAIN both mean that somebody has it; he may be gone by now.
        guard number == EAGAIN || number == EACCES else { return .failed(errno: number) }
        return .held(by: holder ?? 0)
      }
      // The last holder removes the file, so this one may be nobody's any more.
      if isStill(descriptor, at: path) {
        return .taken(NameLock(descriptor: descriptor, path: path))
      }
      close(descriptor)
    }
  }

  /// The process that has the lock, without touching it; nil when nobody has.
  static func holder(of path: String) -> Int32? {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return holder(of: descriptor)
  }

  private static func holder(of descriptor: Int32) -> Int32? {
    var lock = wholeFile()
    guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return nil }
    return lock.l_pid
  }

  /// Removes the file and releases the lock, in this order.
  func release() {
    unlink(path)
    close(descriptor)
  }

  private static func wholeFile() -> flock {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    return lock
  }

  private static func isOurs(_ descriptor: Int32) -> Bool {
    var facts = stat()
    return fstat(descriptor, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
      && facts.st_uid == geteuid()
  }

  private static func isStill(_ descriptor: Int32, at path: String) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }
}
