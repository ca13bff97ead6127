import JSONRPC
import Testing

@testable import evald

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct TargetTests {
  @Test(arguments: ["a", "0", "A.b_c-9", String(repeating: "x", count: 64)])
  func names(_ text: String) {
    #expect(Target(text) == .name(text))
  }

  @Test(arguments: [
    "", ".", "..", ".a", "-a", "_a", "a b", "é", "a\n", "@a", "[a", "{a", "`a", "a:",
    String(repeating: "x", count: 65),
  ]) func neither(_ text: String) {
    #expect(Target(text) == nil)
  }

  @Test(arguments: ["/a", "./a", "a/b", "/"]) func paths(_ text: String) {
    #expect(Target(text) == .path(text))
  }

  @Test(arguments: [
    ("/run/x.sock", "/run"), ("/x", "/"), ("x", "."), ("a/b/c", "a/b"), ("./x", "."),
  ]) func directories(_ path: String, _ directory: String) throws {
    let address = try SocketAddress(path: path)
    #expect(address.directory == directory)
    #expect(address.lockPath == path + ".lock")
  }

  @Test func lengths() throws {
    let most = SocketAddress.maxPathBytes
    #if os(Linux)
      #expect(most == 107)
    #endif
    let name = String(repeating: "n", count: 10)
    let directory = "/" + String(repeating: "d", count: most - 1 - 1 - 10 - 5)
    #expect(try SocketAddress(name: name, in: directory).path.utf8.count == most)
    #expect(throws: Refusal.self) { try SocketAddress(name: name, in: directory + "d") }
    #expect(throws: Refusal.self) { try SocketAddress(path: "/d/") }
    // Bytes count, not characters.
    #expect(throws: Refusal.self) {
      try SocketAddress(path: String(repeating: "é", count: most / 2 + 1))
    }
  }
}

@Suite struct SessionWatchTests {
  private func status(_ pieces: [String], ends: Bool = false) -> Int32? {
    var watch = SessionWatch()
    for piece in pieces { watch.see(Array(piece.utf8)[...]) }
    if ends { watch.seeEnd() }
    return watch.exitStatus
  }

  private let shutdown = #"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"# + "\n"
  private let exit = #"{"jsonrpc":"2.0","method":"exit"}"# + "\n"

  @Test func exitDecides() {
    #expect(status([shutdown]) == nil)
    #expect(status([exit]) == 1)
    #expect(status([shutdown, exit]) == 0)
    #expect(status([exit, shutdown]) == 1)
    #expect(status([#"{"jsonrpc":"2.0","id":1,"method":"ping"}"# + "\n"]) == nil)
  }

  @Test func howItIsCutMakesNoDifference() {
    let text = shutdown + exit
    for cut in 1..<text.utf8.count {
      let bytes = Array(text.utf8)
      let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
      #expect(status(pieces) == 0)
    }
    #expect(status([shutdown, String(exit.dropLast())]) == nil)
    #expect(status([shutdown, String(exit.dropLast())], ends: true) == 0)
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","method":"ex\u0069t"}"#, #"{"method" : "exit", "jsonrpc":"2.0"}"#,
    #"{"jsonrpc":"2.0","id":4,"method":"exit"}"#,
  ]) func otherSpellings(_ line: String) {
    #expect(status([line + "\n"]) == 1)
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","method":"exit""#, #"{"method":"exit"}"#, #""exit""#,
    #"[{"jsonrpc":"2.0","method":"exit"}]"#,
    #"{"jsonrpc":"2.0","id":1,"method":"stream/delete","params":{"stream":"exit"}}"#,
  ]) func whatEndsNothing(_ line: String) {
    #expect(status([line + "\n"]) == nil)
  }

  @Test func longLinesAreNotKept() {
    var watch = SessionWatch()
    let piece = [UInt8](repeating: 0x20, count: 1 << 16)
    for _ in 0..<1000 { watch.see(piece[...]) }
    watch.see(Array(("\n" + exit).utf8)[...])
    #expect(watch.exitStatus == 1)
  }
}

@Suite struct NameLockTests {
  private func withDirectory(_ body: (String) throws -> Void) rethrows {
    var template = Array("/tmp/evald-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      forEachName(in: path) { unlink("\(path)/\($0)") }
      rmdir(path)
    }
    try body(path)
  }

  @Test func aFreeLockHasNoHolderAndLeavesNoFile() {
    withDirectory { directory in
      let path = directory + "/a.lock"
      #expect(NameLock.holder(of: path) == nil)
      guard case .taken(let lock) = NameLock.take(path) else {
        Issue.record("it is free")
        return
      }
      #expect(access(path, F_OK) == 0)
      lock.release()
      #expect(access(path, F_OK) != 0)
    }
  }

  @Test func whatIsNoFileOfOursIsNoLock() {
    withDirectory { directory in
      symlink("/dev/null", directory + "/link")
      mkfifo(directory + "/pipe", 0o600)
      mkdir(directory + "/folder", 0o700)
      defer { rmdir(directory + "/folder") }
      for name in ["link", "pipe", "folder", "missing/x"] {
        guard case .failed = NameLock.take("\(directory)/\(name)") else {
          Issue.record("\(name) was taken")
          continue
        }
      }
    }
  }

  @Test func directoriesAreChecked() throws {
    try withDirectory { directory in
      let inner = directory + "/evald"
      try SocketDirectory.make(inner)
      #expect(SocketDirectory.isUsable(inner))
      for mode: mode_t in [0o720, 0o702, 0o777] {
        chmod(inner, mode)
        #expect(throws: Refusal.self) { try SocketDirectory.make(inner) }
        #expect(!SocketDirectory.isUsable(inner))
      }
      chmod(inner, 0o755)
      try SocketDirectory.make(inner)
      var facts = stat()
      #expect(stat(inner, &facts) == 0 && facts.st_mode & 0o777 == 0o700)
      symlink(inner, directory + "/link")
      #expect(throws: Refusal.self) { try SocketDirectory.make(directory + "/link") }
      rmdir(inner)
    }
  }
}

@Suite struct RelayTests {
  @Test func whatComesGoesOnInOrder() {
    var (from, to): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    socketpair(AF_UNIX, 1, 0, &from)
    socketpair(AF_UNIX, 1, 0, &to)
    defer { (from + to).forEach { close($0) } }
    for end in from + to { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    let sample = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var (sent, received): (Int, [UInt8]) = (0, [])
    var relay = Relay()
    var room = [UInt8](repeating: 0, count: 5003)
    while received.count < sample.count {
      if case .bytes(let count) = sample[sent...].withUnsafeBytes({ writeBytes(from[0], $0) }) {
        sent += count
      }
      if relay.hasRoom { _ = relay.receive(from: from[1]) }
      _ = relay.send(to: Sink(descriptor: to[0], mode: .socket))
      if case .bytes(let count) = room.withUnsafeMutableBytes({ readBytes(to[1], into: $0) }) {
        received += room.prefix(count)
      }
    }
    #expect(received == sample)
    #expect(relay.isEmpty)
  }

  @Test func aReaderThatTookALittleMakesRoom() {
    var (from, to): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    socketpair(AF_UNIX, 1, 0, &from)
    pipe(&to)
    defer { (from + to).forEach { close($0) } }
    for end in from + to { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    let sink = Sink(descriptor: to[1], mode: .nonBlocking)
    let piece = [UInt8](repeating: 7, count: 4096)
    var relay = Relay()
    for _ in 0..<100 where relay.hasRoom {
      _ = piece.withUnsafeBytes { writeBytes(from[0], $0) }
      _ = relay.receive(from: from[1])
      _ = relay.send(to: sink)
    }
    #expect(!relay.hasRoom)
    var room = [UInt8](repeating: 0, count: 8192)
    _ = room.withUnsafeMutableBytes { readBytes(to[0], into: $0) }
    #expect(relay.send(to: sink).progress)
    #expect(relay.hasRoom && !relay.isEmpty)
  }
}
