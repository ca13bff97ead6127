#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a daemon listens: under a name, in the directory of this user, or at a path of its own.
struct SocketAddress: Equatable {
  /// The name, where it has one.
  let name: String?
  let path: String

  /// The longest path of a socket, one byte of the system's room being its end.
  static let maxPathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  /// Held by the daemon for as long as it lives; see `NameLock`.
  var lockPath: String { path + ".lock" }
  /// As a person would call it.
  var title: String { name ?? path }

  /// A path as it was given.
  init(path: String) throws(Refusal) {
    name = nil
    self.path = path
    try checkLength()
  }

  /// A name in one of the directories for names.
  init(name: String, in directory: String) throws(Refusal) {
    self.name = name
    path = "\(directory)/\(name).sock"
    try checkLength()
  }

  private func checkLength() throws(Refusal) {
    let count = path.utf8.count
    guard count <= Self.maxPathBytes else {
      throw Refusal(
        message: "\(path) has \(count) bytes, and the path of a socket at most "
          + "\(Self.maxPathBytes): take a shorter \(name == nil ? "path" : "name")")
    }
    if path.isEmpty || path.utf8.last == UInt8(ascii: "/") {
      throw Refusal(message: "\(path) is no path of a socket: it must end in a file's name")
    }
  }

  /// The directory that the socket is in.
  var directory: String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// What a user calls a daemon: a path has a slash in it, a name has none.
enum Target: Equatable {
  case name(String)
  case path(String)

  static let nameRule =
    "1 to 64 letters, digits, dots, dashes and underscores, the first a letter or a digit"

  /// Nil where the text is neither.
  init?(_ text: String) {
    if text.utf8.contains(UInt8(ascii: "/")) {
      self = .path(text)
    } else if Self.isName(text) {
      self = .name(text)
    } else {
      return nil
    }
  }

  static func isName(_ text: String) -> Bool {
    let isPlain = { (byte: UInt8) in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
    guard let first = text.utf8.first, text.utf8.count <= 64, isPlain(first) else { return false }
    return text.utf8.allSatisfy { isPlain($0) || "._-".utf8.contains($0) }
  }

  /// As it is given on a command line.
  var text: String {
    switch self {
    case .name(let text), .path(let text): return text
    }
  }

  /// Where a daemon of this name or path listens from now on; the directory is there and safe.
  func addressToListen() throws(Refusal) -> SocketAddress {
    switch self {
    case .name(let name):
      let address = try SocketAddress(name: name, in: SocketDirectory.own())
      try SocketDirectory.make(address.directory)
      return address
    case .path(let path):
      let address = try SocketAddress(path: path)
      try SocketDirectory.check(address.directory)
      return address
    }
  }

  /// Where a daemon of this name or path may be, the likeliest place first.
  func addresses() throws(Refusal) -> [SocketAddress] {
    switch self {
    case .path(let path): return [try SocketAddress(path: path)]
    case .name(let name):
      var found: [SocketAddress] = []
      for directory in SocketDirectory.all() {
        found.append(try SocketAddress(name: name, in: directory))
      }
      return found
    }
  }
}

/// The directories in which sockets may be, and what makes one safe.
///
/// Whoever can write to the directory of a socket can put another in its place, so it must be ours
/// and nobody else's. The path is not followed where it is a symbolic link.
enum SocketDirectory {
  /// Where names of this user are: `$XDG_RUNTIME_DIR/evald`, or `/tmp/evald-UID` where that variable
  /// names no directory of ours (after su, in containers, on clusters). Never `$TMPDIR`, which
  /// differs from one program to the next.
  static func own() -> String { all().first ?? fallback }

  /// All directories in which a name may be: another process of this user may have another
  /// environment.
  static func all() -> [String] {
    var all: [String] = []
    if let variable = getenv("XDG_RUNTIME_DIR") {
      let runtime = String(cString: variable)
      if runtime.hasPrefix("/"), fault(of: runtime, followLinks: true) == nil {
        all.append(runtime + "/evald")
      }
    }
    return all + [fallback]
  }

  private static var fallback: String { "/tmp/evald-\(geteuid())" }

  /// Makes the directory for names if it isn't there, with mode 0700, and checks it.
  static func make(_ path: String) throws(Refusal) {
    let before = umask(0o077)
    let isMade = mkdir(path, 0o700) == 0
    let number = errno
    umask(before)
    guard isMade || number == EEXIST else {
      throw Refusal(message: "\(path) can't be made: \(String(cString: strerror(number)))")
    }
    try check(path)
    // Ours, and at most readable by others until now.
    _ = chmod(path, 0o700)
  }

  /// Refuses a directory that somebody else may change.
  static func check(_ path: String) throws(Refusal) {
    if let fault = fault(of: path, followLinks: false) {
      throw Refusal(message: "\(path), the directory of the socket, \(fault)")
    }
  }

  /// Whether a directory for names is there and safe to look for sockets in.
  static func isUsable(_ path: String) -> Bool { fault(of: path, followLinks: false) == nil }

  private static func fault(of path: String, followLinks: Bool) -> String? {
    var facts = stat()
    guard (followLinks ? stat(path, &facts) : lstat(path, &facts)) == 0 else {
      return "can't be used: \(String(cString: strerror(errno)))"
    }
    switch facts.st_mode & S_IFMT {
    case S_IFDIR: break
    case S_IFLNK: return "is a symbolic link, which is not followed"
    default: return "is no directory"
    }
    guard facts.st_uid == geteuid() else { return "belongs to another user" }
    guard facts.st_mode & 0o022 == 0 else {
      return "may be written to by others: chmod 700 it, or take another"
    }
    return nil
  }
}
