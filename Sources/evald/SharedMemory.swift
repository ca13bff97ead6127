#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService
import Locks
import WireJSON

#if os(Linux)
  /// Reads columns that a client put into POSIX shared memory; nil where that is not supported.
  let sharedMemoryReader: SharedMemoryReader? = readSharedMemory
#else
  let sharedMemoryReader: SharedMemoryReader? = nil
#endif

/// Reads part of a segment of the same user by read(2). It is never mapped: a peer that shortens a
/// mapped segment would end this process with SIGBUS.
private func readSharedMemory(
  _ name: String, _ offset: Int, _ count: Int
) -> Result<ByteSource, SharedMemoryError> {
  let plain = name.hasPrefix("/") ? String(name.dropFirst()) : name
  guard !plain.isEmpty, plain.utf8.count <= 255, plain != ".", plain != "..",
    !plain.utf8.contains(UInt8(ascii: "/")), !plain.utf8.contains(0)
  else {
    return .failure(
      SharedMemoryError(
        "this is no name of a segment", hint: "a POSIX name without slashes, such as psm_1a2b3c"))
  }
  var facts = stat()
  let segment = openSegment(plain, &facts)
  guard segment.descriptor >= 0 else {
    return .failure(
      SharedMemoryError(
        "the segment cannot be opened (errno \(segment.fault))",
        hint: "it must exist, belong to this user, and live until the push is answered"))
  }
  let descriptor = segment.descriptor
  guard facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid() else {
    return .failure(
      SharedMemoryError("the segment is not this user's", hint: "owner and daemon must be one user")
    )
  }
  let size = Int(facts.st_size)
  guard offset <= size, count <= size - offset else {
    return .failure(
      SharedMemoryError(
        "the column ends behind the segment's \(size) bytes", hint: "check offset and shape"))
  }
  return .success(ByteSource(count: count) { readWhole(descriptor, $0, from: offset) })
}

/// The segment that was read last. Opening costs more than reading a small column, and a client uses one.
private let lastSegment = Lock<(name: String, descriptor: Int32)>(("", -1))

/// An open descriptor of a segment, and what it is. One that was unlinked meanwhile is opened anew,
/// since another may have its name now.
private func openSegment(_ name: String, _ facts: inout stat) -> (descriptor: Int32, fault: Int32) {
  lastSegment.withLock { last in
    if last.name == name, last.descriptor >= 0, fstat(last.descriptor, &facts) == 0,
      facts.st_nlink > 0
    {
      return (last.descriptor, 0)
    }
    if last.descriptor >= 0 { close(last.descriptor) }
    last = ("", -1)
    let opened = open("/dev/shm/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard opened >= 0 else { return (-1, errno) }
    guard fstat(opened, &facts) == 0 else {
      let fault = errno
      close(opened)
      return (-1, fault)
    }
    last = (name, opened)
    return (opened, 0)
  }
}

/// Reads until the room is full or the file ends; gives how many bytes came.
private func readWhole(
  _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, from offset: Int
) -> Int {
  var done = 0
  while done < room.count {
    let rest = UnsafeMutableRawBufferPointer(rebasing: room[done...])
    let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
    if count > 0 {
      done += count
    } else if count == 0 || errno != EINTR {
      break
    }
  }
  return done
}
