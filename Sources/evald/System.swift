// System calls in the form that the rest of evald wants: no varargs, no flags in pointers, errors
// as a closed set of outcomes.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService

/// What a read or write came to.
enum Transfer: Equatable {
  case bytes(Int)  // more than 0
  case endOfFile  // reads only
  case wouldBlock
  case interrupted
  case failed(errno: Int32)
}

private func outcome(_ count: Int) -> Transfer {
  if count > 0 { return .bytes(count) }
  if count == 0 { return .endOfFile }
  switch errno {
  case EINTR: return .interrupted
  case EAGAIN, EWOULDBLOCK: return .wouldBlock
  default: return .failed(errno: errno)
  }
}

func readBytes(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer) -> Transfer {
  outcome(read(descriptor, room.baseAddress, room.count))
}

func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
  outcome(write(descriptor, bytes.baseAddress, bytes.count))
}

/// Writes to a socket without waiting, whatever its flags say.
func sendBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
  outcome(send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT)))
}

/// Whether poll(2) says at once that a write of up to `atomicWrite` bytes won't wait.
func isWritableNow(_ descriptor: Int32) -> Bool {
  var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  return poll(&entry, 1, 0) == 1
}

/// What poll(2) promises room for in a pipe.
let atomicWrite = Int(PIPE_BUF)

/// Milliseconds of a clock that never jumps.
func monotonicMilliseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int(time.tv_sec) &* 1000 &+ Int(time.tv_nsec) / 1_000_000
}

/// What kind of thing a descriptor stands for.
enum DescriptorKind {
  case pipe
  case socket
  case file
  case other
}

func kind(of descriptor: Int32) -> DescriptorKind {
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { return .other }
  switch status.st_mode & S_IFMT {
  case S_IFIFO: return .pipe
  case S_IFSOCK: return .socket
  case S_IFREG: return .file
  default: return .other
  }
}

/// Best effort, and never waits.
func writeToStandardError(_ text: String) {
  guard isWritableNow(STDERR_FILENO) else { return }
  let line = Array(text.utf8.prefix(atomicWrite))
  _ = line.withUnsafeBytes { writeBytes(STDERR_FILENO, $0) }
}

/// For commands that print something and end: waits until all is written or the reader is gone.
func writeToStandardOutput(_ text: String) { writeToStandardOutput(Array(text.utf8)) }

func writeToStandardOutput(_ bytes: [UInt8]) { writeAll(bytes, to: STDOUT_FILENO) }

/// Writes all of it, however long that takes, or until the reader is gone.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
  var rest = bytes[...]
  while !rest.isEmpty {
    switch rest.withUnsafeBytes({ writeBytes(descriptor, $0) }) {
    case .bytes(let count): rest = rest.dropFirst(count)
    case .interrupted: continue
    case .wouldBlock:
      var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&entry, 1, -1)
    case .endOfFile, .failed: return
    }
  }
}

/// The wall clock, which the service is handed.
func secondsSince1970() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

#if canImport(Glibc)
  /// mallopt(3), which Swift's module of the C library leaves out.
  @_silgen_name("mallopt")
  private func setAllocatorOption(_ option: Int32, _ value: Int32) -> Int32
#endif

/// Lets the heap keep what it will soon need again, and asks for large pages where columns are large:
/// the system takes half a microsecond and more for each small page that is touched first.
func prepareMemory() {
  #if canImport(Glibc)
    // Room above this size goes back to the system once it is free; below it, and up to eight
    // megabytes, it stays for the next batch.
    _ = setAllocatorOption(-3, 4 << 20)  // M_MMAP_THRESHOLD
    _ = setAllocatorOption(-1, 8 << 20)  // M_TRIM_THRESHOLD
  #endif
  #if os(Linux)
    Server.advise(onLargeColumns: { room in
      guard let start = room.baseAddress else { return }
      let page = UInt(getpagesize())
      // With the array's own head in the first page, or that page would keep two megabytes small.
      let first = UInt(bitPattern: start) / page * page
      let end = (UInt(bitPattern: start) + UInt(room.count) + page - 1) / page * page
      // Only a wish: where it isn't granted, pages are small.
      madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_HUGEPAGE)
    })
  #endif
}
