#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService

/// The files of the methods that take a path.
let fileAccess = FileAccess(read: readFile, write: replaceFile)

/// What the system says of an error.
private func fault(_ what: String, _ path: String, _ number: Int32, hint: String) -> FileFault {
  FileFault("\(path) \(what): \(String(cString: strerror(number)))", hint: hint)
}

private func isPath(_ path: String) -> Bool {
  !path.isEmpty && path.utf8.count < 4096 && !path.utf8.contains(0)
}

private func readFile(_ path: String, _ limit: Int) -> Result<[UInt8], FileFault> {
  let hint = "the path is seen from where evald runs"
  guard isPath(path) else { return .failure(FileFault("this is no path", hint: hint)) }
  // Not waiting: what is opened may be a pipe without a writer.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else {
    return .failure(fault("cannot be opened", path, errno, hint: hint))
  }
  defer { close(descriptor) }
  var facts = stat()
  guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
    return .failure(FileFault("\(path) is not a regular file", hint: hint))
  }
  let size = Int(facts.st_size)
  guard size <= limit else {
    return .failure(
      FileFault(
        "\(path) has \(size) bytes, and at most \(limit) are read", hint: "see --max-memory"))
  }
  var bytes = [UInt8](repeating: 0, count: size)
  var done = 0
  while done < size {
    switch bytes.withUnsafeMutableBytes({
      readBytes(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
    }) {
    case .bytes(let count): done += count
    case .interrupted: continue
    case .endOfFile, .wouldBlock:
      return .failure(FileFault("\(path) became shorter while it was read", hint: hint))
    case .failed(let number):
      return .failure(fault("cannot be read", path, number, hint: hint))
    }
  }
  return .success(bytes)
}

/// Writes beside the path first, so that a reader sees the old file or the new one, and never a part.
private func replaceFile(_ path: String, _ bytes: [UInt8]) -> FileFault? {
  let hint = "the path is seen from where evald runs; what was there before is untouched"
  guard isPath(path) else { return FileFault("this is no path", hint: hint) }
  let beside = "\(path).\(getpid()).tmp"
  let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { return fault("cannot be written", path, errno, hint: hint) }
  var done = 0
  while done < bytes.count {
    switch bytes.withUnsafeBytes({
      writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]))
    }) {
    case .bytes(let count): done += count
    case .interrupted: continue
    case .endOfFile, .wouldBlock, .failed:
      let number = errno
      close(descriptor)
      unlink(beside)
      return fault("cannot be written", path, number, hint: hint)
    }
  }
  let isSynced = fsync(descriptor) == 0
  let isClosed = close(descriptor) == 0
  if isSynced, isClosed, rename(beside, path) == 0 { return nil }
  let number = errno
  unlink(beside)
  return fault("cannot be written", path, number, hint: hint)
}
