import EvalService
import Testing

@testable import evald

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The real files behind `StateStorage`: each call does what it says, and a failure of the system is told and
/// names the file.
@Suite struct StateDirectoryTests {
  /// Runs with a directory that is gone at the end.
  private func inDirectory(_ body: (String, StateDirectory) throws -> Void) throws {
    var template = Array("/tmp/evald-state.XXXXXX".utf8CString)
    mkdtemp(&template)
    let path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    defer { remove(tree: path) }
    try body(path, try StateDirectory(path + "/state"))
  }

  private func remove(tree path: String) {
    var names: [String] = []
    forEachName(in: path) { names.append($0) }
    for name in names { remove(tree: "\(path)/\(name)") }
    if unlink(path) != 0 { rmdir(path) }
  }

  private func fails(
    _ text: String, _ body: () throws(StorageFault) -> Void,
    at place: SourceLocation = #_sourceLocation
  ) {
    do throws(StorageFault) {
      try body()
      Issue.record("it did not fail", sourceLocation: place)
    } catch {
      #expect(error.message.contains(text), sourceLocation: place)
    }
  }

  @Test func `files are written, cut, renamed and read`() throws {
    try inDirectory { path, directory in
      let file = try directory.create("a.tmp")
      try file.append([1, 2, 3])
      try file.append([4, 5])
      try file.truncate(to: 4)
      try file.append([6])
      try file.sync()
      #expect(try directory.read("a.tmp", at: 0, count: 100) == [1, 2, 3, 4, 6])
      #expect(try directory.read("a.tmp", at: 3, count: 1) == [4])
      #expect(try directory.read("a.tmp", at: 9, count: 1) == [])
      try directory.rename("a.tmp", to: "a")
      #expect(try directory.size(of: "a") == 5)
      try directory.open("a").append([7])
      #expect(try directory.size(of: "a") == 6)
      try directory.rename("a", to: "quarantine/a")
      try directory.syncDirectory()
      #expect(Set(try directory.names()) == ["LOCK", "quarantine"])
      #expect(try directory.read("quarantine/a", at: 4, count: 9) == [6, 7])
      // A file takes the place of another, whole.
      try directory.create("quarantine/a").append([8])
      #expect(try directory.size(of: "quarantine/a") == 1)
      try directory.remove("quarantine/a")
      try directory.remove("quarantine/a")
      #expect(directory.freshID() != directory.freshID())
      #expect(directory.bootID.count == 16)
    }
  }

  @Test func `what the system refuses is told and names the file`() throws {
    try inDirectory { path, directory in
      fails("/state/none cannot be read") { () throws(StorageFault) in
        _ = try directory.size(of: "none")
      }
      fails("/state/none cannot be opened") { () throws(StorageFault) in
        _ = try directory.read("none", at: 0, count: 1)
      }
      fails("/state/none cannot be opened") { () throws(StorageFault) in
        _ = try directory.open("none")
      }
      fails("/state/none cannot be renamed") { () throws(StorageFault) in
        try directory.rename("none", to: "other")
      }
      mkdir(path + "/state/folder", 0o700)
      fails("/state/folder cannot be opened") { () throws(StorageFault) in
        _ = try directory.create("folder")
      }
      fails("/state/folder cannot be removed") { () throws(StorageFault) in
        try directory.remove("folder")
      }
      // A link may lead anywhere.
      symlink(path + "/elsewhere", path + "/state/link")
      fails("/state/link cannot be opened") { () throws(StorageFault) in
        _ = try directory.create("link")
      }
      #expect(access(path + "/elsewhere", F_OK) != 0)
    }
  }

  @Test func `a write, a cut or a sync that fails is told`() throws {
    try inDirectory { path, directory in
      // A pipe can be neither cut nor synced, and without a reader nothing can be written to it.
      signal(SIGPIPE, SIG_IGN)
      mkfifo(path + "/state/pipe", 0o600)
      let reader = openPipe(path + "/state/pipe")
      let file = try directory.open("pipe")
      try file.append([1])
      fails("/state/pipe cannot be written to disk") { () throws(StorageFault) in try file.sync() }
      fails("/state/pipe cannot be cut") { () throws(StorageFault) in try file.truncate(to: 0) }
      close(reader)
      fails("/state/pipe cannot be written") { () throws(StorageFault) in try file.append([1]) }
    }
  }

  @Test func `a directory that is gone takes nothing more`() throws {
    try inDirectory { path, directory in
      let file = try directory.create("a")
      rename(path + "/state", path + "/moved")
      fails("cannot be listed") { () throws(StorageFault) in _ = try directory.names() }
      fails("cannot be opened") { () throws(StorageFault) in _ = try directory.create("b") }
      fails("cannot be renamed") { () throws(StorageFault) in try directory.rename("a", to: "b") }
      // What is open is still the file that it was.
      try file.append([1])
      rename(path + "/moved", path + "/state")
      #expect(try directory.size(of: "a") == 1)
    }
  }

  @Test func `one at a time, and no paths that are none`() throws {
    try inDirectory { path, _ in
      do throws(StateDirectoryError) {
        _ = try StateDirectory(path + "/state")
        Issue.record("two have it")
      } catch {
        #expect(error.status == ExitStatus.inUse)
        #expect(error.message.contains("by process \(getpid())"))
      }
      for wrong in [
        "", path + "/" + String(repeating: "x", count: 300), String(repeating: "a/", count: 2500),
        path + "/nul\0", "/dev/null", "/dev/null/below",
      ] {
        do throws(StateDirectoryError) {
          _ = try StateDirectory(wrong)
          Issue.record("\(wrong) is a directory")
        } catch { #expect(error.status == ExitStatus.usage) }
      }
    }
  }
}

/// Both ends of a pipe in one, so that opening it waits for nobody.
private func openPipe(_ path: String) -> Int32 { open(path, O_RDWR | O_NONBLOCK) }
