#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService
import Locks
import Synchronization
import WireJSON

#if os(Linux)
  /// Reads columns that a client put into POSIX shared memory; nil where that is not supported.
  let sharedMemoryReader: SharedMemoryReader? = readSharedMemory
#else
  let sharedMemoryReader: SharedMemoryReader? = nil
#endif

/// The segment that was read last. Opening costs more than reading a small column, and a client uses one.
private let lastSegment = Lock(SharedSegment())

/// To be called when input has come, before its lines are taken: they may name segments and columns that
/// were made since.
///
/// What was found out between this and the next input holds for all lines in between. They were written
/// before the last of that input was read, with all that they name, and nothing of it may change before
/// they are answered.
func forgetSharedMemory() { lastSegment.withLock { $0.isKnown = false } }

/// How much was copied out of segments since replies were last passed on for it.
private let bytesTaken = Atomic<Int>(0)

/// Whether so much was read of shared memory that who waits to use it again should hear of it at once; if so,
/// that counts from here on anew.
func sharedMemoryIsPassedOn() -> Bool {
  if bytesTaken.load(ordering: .relaxed) < 512 << 10 { return false }
  bytesTaken.store(0, ordering: .relaxed)
  return true
}

/// Finds part of a segment of the same user. Where it is mapped it can be looked at, too.
private func readSharedMemory(
  _ name: String, _ offset: Int, _ count: Int
) -> Result<ByteSource, SharedMemoryError> {
  let (fault, isMapped) = lastSegment.withLock { segment in
    let fault = segment.find(name, offset, count)
    return (fault, fault == nil && segment.isMapped(offset, count))
  }
  if let fault { return .failure(fault) }
  // Whoever looks at numbers wants them at multiples of their size.
  let canLook = isMapped && offset.isMultiple(of: MemoryLayout<UInt64>.size)
  let look: ByteSource.Look = { body in
    lastSegment.withLock { $0.look(at: name, offset, count, body) }
  }
  return .success(
    ByteSource(count: count, look: canLook ? look : nil) { room in
      lastSegment.withLock { $0.fill(room, of: name, offset) }
    })
}

/// A segment of shared memory, and the bytes of it that were read ahead.
///
/// System calls cost more than small columns do. So one is read together with what stands behind it, and
/// the more so the longer reading goes on from there: a client puts the columns of one push, and one push
/// after the other, into neighbouring places. Where columns are large, or the segment is used again, it is
/// mapped and costs no more calls.
private struct SharedSegment {
  /// Whether the segment's facts, and what was read ahead, are of the input that came last.
  var isKnown = false
  private var name = ""
  private var descriptor: Int32 = -1
  private var size = 0
  private var ahead: [UInt8] = []
  private var aheadRange = 0..<0
  private var mapped: MappedBytes?
  /// How many times input named this segment, and whether it is one that must be read.
  private var uses = 0
  private var mustRead = false

  /// Columns of more bytes are read by themselves: copying them once more would cost more than it saves.
  private static let mostBuffered = 8 << 10
  private static let leastAhead = 4 << 10
  private static let mostAhead = 64 << 10
  /// Two columns with no more between them are neighbours.
  private static let gap = 256

  /// Looks for part of a segment; gives why it cannot be read, if it cannot.
  mutating func find(_ given: String, _ offset: Int, _ count: Int) -> SharedMemoryError? {
    let isThere = isKnown && isNamed(given)
    if isThere && offset <= size && count <= size - offset { return nil }
    if !isThere {
      aheadRange = 0..<0
      isKnown = false
    }
    if let fault = look(for: given) { return fault }
    isKnown = true
    if offset <= size && count <= size - offset { return nil }
    return SharedMemoryError(
      "the column ends behind the segment's \(size) bytes", hint: "check offset and shape")
  }

  /// Whether this is the segment's name. By bytes: two spellings of a letter are two segments.
  private func isNamed(_ given: String) -> Bool { given.utf8.elementsEqual(name.utf8) }

  /// Makes sure that the segment of this name is open and its size known. One that was unlinked meanwhile
  /// is opened anew, since another may have its name now.
  private mutating func look(for given: String) -> SharedMemoryError? {
    var facts = stat()
    if isNamed(given) && descriptor >= 0 && fstat(descriptor, &facts) == 0
      && facts.st_nlink > 0
    {
      size = Int(facts.st_size)
      uses += 1
      return nil
    }
    let hasSlash = given.utf8.first == UInt8(ascii: "/")
    let plain = hasSlash ? String(Substring(given.utf8.dropFirst())) : given
    guard !plain.isEmpty, plain.utf8.count <= 255, plain != ".", plain != "..",
      !plain.utf8.contains(UInt8(ascii: "/")), !plain.utf8.contains(0)
    else {
      return SharedMemoryError(
        "this is no name of a segment", hint: "a POSIX name without slashes, such as psm_1a2b3c")
    }
    letGo()
    let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    descriptor = open("/dev/shm/\(plain)", flags)
    guard descriptor >= 0, fstat(descriptor, &facts) == 0 else {
      let fault = errno
      letGo()
      return SharedMemoryError(
        "the segment cannot be opened (errno \(fault))",
        hint: "it must exist, belong to this user, and live until the push is answered")
    }
    guard facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid() else {
      letGo()
      return SharedMemoryError(
        "the segment is not this user's", hint: "owner and daemon must be one user")
    }
    name = given
    size = Int(facts.st_size)
    return nil
  }

  private mutating func letGo() {
    mapped?.letGo()
    if descriptor >= 0 { close(descriptor) }
    (name, descriptor, size, isKnown, aheadRange) = ("", -1, 0, false, 0..<0)
    (mapped, uses, mustRead) = (nil, 0, false)
  }

  /// Whether part of the segment that was found can be looked at, for which it is mapped where that pays.
  mutating func isMapped(_ offset: Int, _ count: Int) -> Bool {
    canMap(offset, count) && mapped?.hasNoHole(descriptor, upTo: offset + count) == true
  }

  /// Hands out where part of a segment that was found lies; false where it is not there any more.
  mutating func look(
    at given: String, _ offset: Int, _ count: Int, _ body: (UnsafeRawPointer) -> Void
  ) -> Bool {
    guard isSame(given, offset, count), canMap(offset, count) else { return false }
    bytesTaken.wrappingAdd(count, ordering: .relaxed)
    return isWhole(mapped?.look(descriptor, at: offset, count, body))
  }

  /// Whether a segment that was found is the last one, or can be found again: another one may have been asked for
  /// since.
  private mutating func isSame(_ given: String, _ offset: Int, _ count: Int) -> Bool {
    isNamed(given) || find(given, offset, count) == nil
  }

  /// Fills the room from an offset of a segment that was found, and gives how many bytes came: fewer where it was
  /// shortened.
  mutating func fill(
    _ room: UnsafeMutableRawBufferPointer, of given: String, _ offset: Int
  ) -> Int {
    guard isSame(given, offset, room.count) else { return 0 }
    bytesTaken.wrappingAdd(room.count, ordering: .relaxed)
    if copy(to: room, offset) { return room.count }
    guard room.count <= Self.mostBuffered else { return readWhole(descriptor, room, from: offset) }
    let end = offset + room.count
    if !isKnown || offset < aheadRange.lowerBound || end > aheadRange.upperBound {
      readAhead(from: offset, room.count)
    }
    let count = min(end, aheadRange.upperBound) - offset
    guard count > 0 else { return 0 }
    let from = offset - aheadRange.lowerBound
    ahead.withUnsafeBytes { room.copyMemory(from: .init(rebasing: $0[from..<from + count])) }
    return count
  }

  /// Whether there is a mapping with so many bytes behind an offset. It is made where the segment is used again, or
  /// the bytes are many.
  private mutating func canMap(_ offset: Int, _ count: Int) -> Bool {
    if mustRead || (uses < 2 && count <= Self.mostBuffered) { return false }
    if let known = mapped, offset + count > known.count {
      known.letGo()
      mapped = nil
    }
    if mapped == nil { mapped = MappedBytes(descriptor, count: size) }
    return mapped != nil
  }

  /// Copies from the mapping; false where there is none, or it lost what it had.
  private mutating func copy(to room: UnsafeMutableRawBufferPointer, _ offset: Int) -> Bool {
    canMap(offset, room.count) && isWhole(mapped?.copy(descriptor, from: offset, to: room))
  }

  /// Whether a look was one. The mapping is let go where it was not.
  private mutating func isWhole(_ look: MappedLook?) -> Bool {
    switch look {
    case .whole: return true
    case .notThere: return false
    case .lost, nil:
      // A segment that was shortened once is read from then on.
      mapped?.letGo()
      mapped = nil
      mustRead = true
      return false
    }
  }

  /// Reads from an offset on at least `count` bytes if there are so many, and some more.
  private mutating func readAhead(from offset: Int, _ count: Int) {
    if ahead.isEmpty { ahead = [UInt8](repeating: 0, count: Self.mostAhead) }
    let last = aheadRange
    let goesOn = last.lowerBound < offset && offset <= last.upperBound + Self.gap && isKnown
    let wanted = goesOn && !last.isEmpty ? min(2 * last.count, Self.mostAhead) : Self.leastAhead
    let length = max(0, min(max(wanted, count), size - offset))
    let found = ahead.withUnsafeMutableBytes { room in
      readWhole(descriptor, .init(rebasing: room[..<length]), from: offset)
    }
    aheadRange = offset..<offset + found
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
