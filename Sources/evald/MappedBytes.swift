#if canImport(Glibc)
  import Glibc

  import Synchronization

  /// The first bytes of a file in shared memory, seen through a mapping. Copying out of it costs a quarter of
  /// reading, and what is taken up at once need not be copied before.
  ///
  /// Whoever made the file may change it at any time, so nothing may follow from two looks at one byte. It may be
  /// shortened, too, and touching what is gone raises SIGBUS. A handler then puts empty pages there, and what was
  /// seen means nothing: the mapping has to be let go and the file to be read.
  ///
  /// There is one at a time, and the calls of its owner don't overlap.
  struct MappedBytes {
    /// Where the mapping begins.
    private let start: UInt
    let count: Int
    /// So many bytes from the beginning are in no hole. A touch would fill holes with pages, where reading
    /// does not.
    private var solid = 0

    /// A peer has no more in one segment; more is read.
    private static let most = 256 << 20

    /// SEEK_HOLE, for which the C library has no name without extensions.
    private static let seekHole: Int32 = 4

    /// Nil where the system does not want to.
    init?(_ descriptor: Int32, count: Int) {
      guard count > 0, count <= Self.most, guardsAreSet,
        let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED
      else { return nil }
      start = UInt(bitPattern: base)
      self.count = count
      hasLost.store(false, ordering: .relaxed)
      guardedStart.store(start, ordering: .relaxed)
      guardedEnd.store(start + UInt(count), ordering: .relaxed)
    }

    /// Whether none of the bytes up to an end are in a hole, as far as the mapping goes.
    mutating func hasNoHole(_ descriptor: Int32, upTo end: Int) -> Bool {
      if end > solid { solid = max(solid, Int(lseek(descriptor, off_t(solid), Self.seekHole))) }
      return end <= min(solid, count)
    }

    /// Hands out where so many bytes begin, at an offset.
    mutating func look(
      _ descriptor: Int32, at offset: Int, _ length: Int, _ body: (UnsafeRawPointer) -> Void
    ) -> MappedLook {
      guard offset <= count, length <= count - offset,
        hasNoHole(descriptor, upTo: offset + length),
        let place = UnsafeRawPointer(bitPattern: start + UInt(offset))
      else { return .notThere }
      body(place)
      // The handler runs within this thread, so no more than the compiler has to be held back.
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      return hasLost.load(ordering: .relaxed) ? .lost : .whole
    }

    /// Copies from an offset on.
    mutating func copy(
      _ descriptor: Int32, from offset: Int, to room: UnsafeMutableRawBufferPointer
    ) -> MappedLook {
      look(descriptor, at: offset, room.count) { place in
        room.copyMemory(from: UnsafeRawBufferPointer(start: place, count: room.count))
      }
    }

    /// Takes the mapping away.
    func letGo() {
      guardedStart.store(0, ordering: .relaxed)
      guardedEnd.store(0, ordering: .relaxed)
      munmap(UnsafeMutableRawPointer(bitPattern: start), count)
    }
  }

  /// The addresses of the mapping, and whether some of it was lost. A handler can reach nothing but globals.
  private let guardedStart = Atomic<UInt>(0)
  private let guardedEnd = Atomic<UInt>(0)
  private let hasLost = Atomic<Bool>(false)

  /// Whether the handler is installed.
  private let guardsAreSet: Bool = {
    var action = sigaction()
    sigemptyset(&action.sa_mask)
    action.sa_flags = SA_SIGINFO
    action.__sigaction_handler.sa_sigaction = putEmptyPages
    return sigaction(SIGBUS, &action, nil) == 0
  }()

  /// Puts empty pages in the place of the mapping where a part of it was lost: all at once, since more than
  /// that part may be gone.
  private func putEmptyPages(
    _ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _: UnsafeMutableRawPointer?
  ) {
    let before = errno
    defer { errno = before }
    let isFault = info?.pointee.si_code == Int32(BUS_ADRERR)
    if isFault, let info {
      let address = UInt(bitPattern: info.pointee._sifields._sigfault.si_addr)
      let start = guardedStart.load(ordering: .relaxed)
      let end = guardedEnd.load(ordering: .relaxed)
      if address >= start, address < end {
        hasLost.store(true, ordering: .relaxed)
        let place = UnsafeMutableRawPointer(bitPattern: start)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
        if mmap(place, Int(end - start), PROT_READ, flags, -1, 0) != MAP_FAILED { return }
      }
    }
    // Anything else ends the process, as it does without a handler; a fault comes again by itself.
    signal(SIGBUS, SIG_DFL)
    if !isFault { raise(SIGBUS) }
  }
#else
  /// Elsewhere nothing is mapped.
  struct MappedBytes {
    let count = 0
    init?(_: Int32, count _: Int) { return nil }
    func hasNoHole(_: Int32, upTo _: Int) -> Bool { false }
    func look(_: Int32, at _: Int, _: Int, _: (UnsafeRawPointer) -> Void) -> MappedLook {
      .notThere
    }
    func copy(_: Int32, from _: Int, to _: UnsafeMutableRawBufferPointer) -> MappedLook {
      .notThere
    }
    func letGo() {}
  }
#endif

/// What became of a look at a mapping.
enum MappedLook {
  case whole
  /// The file has a hole there, or ends before.
  case notThere
  /// The file was shortened meanwhile; what was seen means nothing.
  case lost
}
