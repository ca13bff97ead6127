#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService

/// Why a state directory cannot be taken.
struct StateDirectoryError: Error {
  var message: String
  var status: Int32
}

/// The directory of `--state`, locked for as long as the process lives.
final class StateDirectory: StateStorage {
  private let path: String
  /// Keeps the lock: the system lets go of it when the process ends, however that happens.
  private let lock: Int32
  let bootID = readBootID()

  /// Makes the directory where it is not there, and locks it.
  init(_ path: String) throws(StateDirectoryError) {
    self.path = path
    if let fault = makeDirectories(path) {
      throw StateDirectoryError(message: "--state \(path) \(fault)", status: ExitStatus.usage)
    }
    lock = try Self.lock(path)
  }

  private static func lock(_ path: String) throws(StateDirectoryError) -> Int32 {
    let descriptor = openFile("\(path)/LOCK", O_RDWR | O_CREAT)
    guard descriptor >= 0 else {
      throw StateDirectoryError(
        message: "--state \(path) cannot be locked: \(errorText(errno))", status: ExitStatus.usage)
    }
    // Never waiting: some network file systems would do so for ever.
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let number = errno
      if number == EINTR { continue }
      let holder = holder(descriptor)
      close(descriptor)
      guard number == EWOULDBLOCK else {
        throw StateDirectoryError(
          message:
            "--state \(path) cannot be locked: \(errorText(number)); use a directory on a local disk",
          status: ExitStatus.usage)
      }
      throw StateDirectoryError(
        message: "--state \(path) is in use\(holder); one evald at a time",
        status: ExitStatus.inUse)
    }
    let text = Array("\(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    return descriptor
  }

  /// Who says in the lock file that it is theirs.
  private static func holder(_ descriptor: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 20)
    let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    let digits = text.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
    return digits.isEmpty ? "" : " by process \(String(decoding: digits, as: UTF8.self))"
  }

  private func place(_ name: String) -> String { "\(path)/\(name)" }

  private func fault(_ what: String, _ name: String) -> StorageFault {
    StorageFault("\(place(name)) \(what): \(errorText(errno))")
  }

  func names() throws(StorageFault) -> [String] {
    guard let directory = opendir(path) else { throw fault("cannot be listed", "") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  func size(of name: String) throws(StorageFault) -> Int {
    var facts = stat()
    guard stat(place(name), &facts) == 0 else { throw fault("cannot be read", name) }
    return Int(facts.st_size)
  }

  func read(_ name: String, at offset: Int, count: Int) throws(StorageFault) -> [UInt8] {
    let descriptor = openFile(place(name), O_RDONLY)
    guard descriptor >= 0 else { throw fault("cannot be opened", name) }
    defer { close(descriptor) }
    let count = min(count, max(0, try size(of: name) - offset))
    var done = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, written in
      while done < count {
        let rest = UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: room[done...]))
        let taken = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if taken > 0 {
          done += taken
        } else if taken == 0 || errno != EINTR {
          break
        }
      }
      written = done
    }
    guard done == count else { throw fault("cannot be read", name) }
    return bytes
  }

  func create(_ name: String) throws(StorageFault) -> any StorageFile {
    if let slash = name.firstIndex(of: "/") { mkdir(place(String(name[..<slash])), 0o700) }
    return try opened(name, O_WRONLY | O_CREAT | O_TRUNC)
  }

  func open(_ name: String) throws(StorageFault) -> any StorageFile { try opened(name, O_WRONLY) }

  private func opened(_ name: String, _ flags: Int32) throws(StorageFault) -> any StorageFile {
    let descriptor = openFile(place(name), flags | O_APPEND)
    guard descriptor >= 0 else { throw fault("cannot be opened", name) }
    return StateDirectoryFile(descriptor, place(name))
  }

  func rename(_ name: String, to other: String) throws(StorageFault) {
    if let slash = other.firstIndex(of: "/") { mkdir(place(String(other[..<slash])), 0o700) }
    guard move(place(name), place(other)) == 0 else { throw fault("cannot be renamed", name) }
  }

  func remove(_ name: String) throws(StorageFault) {
    guard unlink(place(name)) == 0 || errno == ENOENT else {
      throw fault("cannot be removed", name)
    }
  }

  func syncDirectory() throws(StorageFault) {
    for folder in ["", "quarantine"] {
      let descriptor = openFile(place(folder), O_RDONLY | O_DIRECTORY)
      if descriptor < 0 && errno == ENOENT { continue }
      guard descriptor >= 0 else { throw fault("cannot be opened", folder) }
      defer { close(descriptor) }
      // Some file systems have no such call for directories.
      guard fsync(descriptor) == 0 || errno == EINVAL else {
        throw fault("cannot be written to disk", folder)
      }
    }
  }

  func freshID() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: .min ... .max) } }
}

/// An open file of the state directory.
private final class StateDirectoryFile: StorageFile {
  private let descriptor: Int32
  private let path: String

  init(_ descriptor: Int32, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  private func fault(_ what: String) -> StorageFault {
    StorageFault("\(path) \(what): \(errorText(errno))")
  }

  func append(_ bytes: [UInt8]) throws(StorageFault) {
    var done = 0
    while done < bytes.count {
      switch bytes.withUnsafeBytes({
        writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]))
      }) {
      case .bytes(let count): done += count
      case .interrupted: continue
      case .endOfFile, .wouldBlock, .failed: throw fault("cannot be written")
      }
    }
  }

  func truncate(to length: Int) throws(StorageFault) {
    guard ftruncate(descriptor, off_t(length)) == 0 else { throw fault("cannot be cut") }
  }

  func sync() throws(StorageFault) {
    #if canImport(Darwin)
      // fsync there leaves the data in the drive's own memory.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
      guard fsync(descriptor) == 0 else { throw fault("cannot be written to disk") }
    #else
      guard fdatasync(descriptor) == 0 else { throw fault("cannot be written to disk") }
    #endif
  }
}

private func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// open(2), under a name that a method of that name does not hide.
private func openFile(_ path: String, _ flags: Int32) -> Int32 {
  open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
}

/// rename(2), under a name that a method of that name does not hide.
private func move(_ path: String, _ other: String) -> Int32 { rename(path, other) }

/// Makes a directory that only its owner may enter, and those above it; says what is wrong, or nil.
private func makeDirectories(_ path: String) -> String? {
  guard !path.isEmpty, path.utf8.count < 4000, !path.utf8.contains(0) else { return "is no path" }
  var end = path.startIndex
  while let slash = path.utf8[end...].firstIndex(of: UInt8(ascii: "/")) {
    // What is wrong with one of them shows at the last.
    if slash > path.startIndex { mkdir(String(path[..<slash]), 0o777) }
    end = path.utf8.index(after: slash)
  }
  if mkdir(path, 0o700) == 0 || errno == EEXIST {
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
      return "is not a directory"
    }
    return nil
  }
  return "cannot be made: \(errorText(errno))"
}

/// What the system says of this start of the machine; zeros where it says nothing.
private func readBootID() -> [UInt8] {
  var text = [UInt8](repeating: 0, count: 64)
  let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return Array(repeating: 0, count: 16) }
  defer { close(descriptor) }
  let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
  let digits = text.prefix(max(0, count)).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  guard digits.count == 32 else { return Array(repeating: 0, count: 16) }
  return (0..<16).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
}
