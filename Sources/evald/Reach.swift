#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How long a daemon may take to come to its socket: `evald serve run42 & evald call run42 …`.
private let arrivalMilliseconds = 1000
/// How long a daemon that we start, or another starter does, may take.
private let startMilliseconds = 10_000
private let pollInterval: UInt32 = 10_000  // µs

/// Connects to the live daemon of a name or path. `start` is called, perhaps again, while none is
/// there; without it a short while is waited for one.
func connect(to target: Target, start: (() throws(Refusal) -> Void)? = nil) throws(Refusal) -> Int32
{
  let deadline =
    monotonicMilliseconds() + (start == nil ? arrivalMilliseconds : startMilliseconds)
  while true {
    for address in try target.addresses() {
      if address.name != nil, !SocketDirectory.isUsable(address.directory) { continue }
      switch reach(address.path) {
      case .socket(let descriptor): return descriptor
      case .ofAnother(let user):
        throw Refusal(
          message: "\(address.path) is a socket of another user (\(user))",
          status: ExitStatus.failed)
      case .refused(let number):
        if ![ENOENT, ECONNREFUSED, EAGAIN, ENOTDIR].contains(number) {
          throw Refusal(
            message: "\(address.path) can't be reached: \(String(cString: strerror(number)))",
            status: ExitStatus.failed)
        }
      }
    }
    guard monotonicMilliseconds() < deadline else {
      throw Refusal(
        message: "there is no live evald \(target.text); evald ps lists them",
        status: ExitStatus.failed)
    }
    try start?()
    usleep(pollInterval)
  }
}

/// Starts `evald serve` as a process of its own: no terminal, no descriptor of ours, no parent that
/// it could miss.
struct Starter {
  let target: Target
  /// Further arguments of `serve`.
  let arguments: [String]
  private var child: pid_t = 0

  init(target: Target, arguments: [String]) {
    self.target = target
    self.arguments = arguments
  }

  /// Starts one unless one that was started is still there. One that ended because another has the
  /// name is as good as started.
  mutating func startIfNeeded() throws(Refusal) {
    if child != 0 {
      var status: Int32 = 0
      guard waitpid(child, &status, WNOHANG) == child else { return }
      child = 0
      let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
      guard code == ExitStatus.inUse || code == ExitStatus.clean else {
        throw Refusal(
          message: "evald serve \(target.text) could not be started; by itself it says why",
          status: code > 0 ? code : ExitStatus.failed)
      }
    }
    // What it would refuse is refused here, where somebody reads it.
    _ = try target.addressToListen()
    child = try spawn()
  }

  private func spawn() throws(Refusal) -> pid_t {
    keepDescriptorsToOurselves()
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for descriptor in STDIN_FILENO...STDERR_FILENO {
      let way = descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", way, 0)
    }
    posix_spawnattr_setflags(&attributes, Int16(newSessionFlag))
    let words = ["evald", "serve", target.text] + arguments
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    var process: pid_t = 0
    let number = posix_spawn(&process, executablePath(), &actions, &attributes, &pointers, environ)
    guard number == 0 else {
      throw Refusal(
        message: "evald serve can't be started: \(String(cString: strerror(number)))",
        status: ExitStatus.failed)
    }
    return process
  }
}

/// From here on nobody waits for those whom we started, and they may end before we do.
func forgetChildren() {
  signal(SIGCHLD, SIG_IGN)
  while waitpid(-1, nil, WNOHANG) > 0 {}
}

#if canImport(Darwin)
  private let newSessionFlag = POSIX_SPAWN_SETSID
#else
  /// POSIX_SPAWN_SETSID, which Swift's module of the C library leaves out.
  private let newSessionFlag = 0x80
#endif

/// The file that this process runs.
private func executablePath() -> String {
  #if canImport(Darwin)
    var size: UInt32 = 4096
    var room = [CChar](repeating: 0, count: Int(size))
    return _NSGetExecutablePath(&room, &size) == 0 ? String(cString: room) : "evald"
  #else
    let own = "/proc/self/exe"
    guard let path = linkTarget(own) else { return own }
    // A file that was replaced meanwhile can still be run by the link.
    return access(path, X_OK) == 0 ? path : own
  #endif
}

/// Whoever started us may have left us pipes that he waits at; a child that lives on must not have
/// them.
private func keepDescriptorsToOurselves() {
  #if os(Linux)
    let list = "/proc/self/fd"
  #else
    let list = "/dev/fd"
  #endif
  var numbers: [Int32] = []
  forEachName(in: list) { name in
    if let number = Int32(name) { numbers.append(number) }
  }
  if numbers.isEmpty { numbers = Array(3..<1024) }
  for number in numbers where number > STDERR_FILENO { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
}

/// The names in a directory, in no order; none where it can't be read.
func forEachName(in directory: String, _ body: (String) -> Void) {
  guard let stream = opendir(directory) else { return }
  defer { closedir(stream) }
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { body(name) }
  }
}
