import Testing

@testable import evald

@Suite struct ArgumentsTests {
  @Test(arguments: [
    ("0", 0), ("4096", 4096), ("1B", 1), ("64MiB", 64 << 20), ("2GiB", 2 << 30), ("1TiB", 1 << 40),
    ("3kB", 3000), ("3KB", 3000), ("2MB", 2_000_000), ("1GB", 1_000_000_000),
    ("9223372036854775807", Int.max),
  ]) func sizes(_ text: String, _ size: Int) {
    #expect(parseSize(text) == size)
  }

  @Test(arguments: [
    "", "MiB", "-1", "+1", "1.5", "1 MiB", "1mib", "1M", "0x10", "٣", "1e3", "9223372036854775808",
    "9007199254740992MiB", "99999999999999999999999999GB", " 1",
  ]) func notSizes(_ text: String) {
    #expect(parseSize(text) == nil)
  }

  @Test func nothingMeansDefaults() throws {
    #expect(try parseArguments([]) == .serve(Options()))
  }

  @Test func bothSpellings() throws {
    var options = Options()
    options.maxDepth = 9
    options.maxMemoryBytes = 1 << 20
    options.logLevel = .error
    #expect(
      try parseArguments(["--max-depth", "9", "--max-memory=1MiB", "--log-level=error"])
        == .serve(options))
  }

  @Test func helpAndVersionWin() throws {
    #expect(try parseArguments(["--max-depth", "9", "--help"]) == .help)
    #expect(try parseArguments(["-h", "--nonsense"]) == .help)
    #expect(try parseArguments(["--version"]) == .version)
  }

  @Test(arguments: [
    (["--max-deph", "3"], #"unknown flag --max-deph: did you mean "--max-depth"?"#),
    (["--zzz"], "unknown flag --zzz: see evald --help"),
    (["zzz"], "unknown command zzz: see evald --help"),
    (["serv"], #"unknown command serv: did you mean "serve"?"#),
    (["serve"], "which evald? evald serve NAME|PATH"),
    (
      ["serve", ".x"], #"".x" is no name: it must be \#(Target.nameRule); a path has a slash in it"#
    ),
    (["serve", "a", "b"], #"one argument too many: "b""#),
    (["serve", "a", "--name", "b"], "--name is not for serve: its first argument says where"),
    (["serve", "a", "--or-start"], "--or-start is not for serve"),
    (
      ["--name", "a", "--listen", "./a"],
      "--name and --listen exclude each other: a socket has one place"
    ),
    (["--idle-exit", "5"], "--idle-exit is for serve: an evald with an owner ends with him"),
    (["--json"], "--json is not for evald"),
    (["attach"], "which evald? evald attach NAME|PATH [--or-start]"),
    (["attach", "a", "--max-depth", "9"], "--max-depth is not for attach without --or-start"),
    (
      ["attach", "a", "--or-start", "--name", "b"],
      "--name is not for serve: its first argument says where"
    ),
    (["attach", "a", "--json"], "--json is not for attach"),
    (["call", "a"], "which method? evald call NAME|PATH METHOD [JSON|-]"),
    (["call", "a", "ping", "{}", "x"], #"one argument too many: "x""#),
    (["call", "a", "ping", "--max-depth=9"], "--max-depth is not for call"),
    (["ps", "x"], #"one argument too many: "x""#),
    (["ps", "--or-start"], "--or-start is not for ps"),
    (["--name", "a/b"], #"--name must be \#(Target.nameRule), not "a/b""#),
    (["--listen", ""], #"--listen must be the path of a socket, not """#),
    (
      ["--max-connections", "0"],
      #"--max-connections must be a whole number from 1 to 10000, not "0""#
    ),
    (["--state="], #"--state must be a directory, not """#),
    (["--durability", "never"], "--durability must be one of os, interval, disk, not \"never\""),
    (["--max-depth"], "--max-depth needs a value: --max-depth N"),
    (["--max-depth", "0"], #"--max-depth must be a whole number from 1 to 10000, not "0""#),
    (
      ["--max-line-bytes=x"],
      "--max-line-bytes must be a size from 1 to 1073741824 bytes, such as 64MiB, not \"x\""
    ),
    (["--log-level", ""], #"--log-level must be one of error, warning, info, debug, not """#),
  ]) func refusals(_ arguments: [String], _ message: String) {
    #expect(throws: UsageError(message: message)) { try parseArguments(arguments) }
  }

  @Test func commands() throws {
    var options = Options()
    options.listen = .name("run")
    #expect(try parseArguments(["--name", "run"]) == .serve(options))
    options.hasOwner = false
    options.idleExit = 60
    #expect(try parseArguments(["serve", "--idle-exit=60", "run"]) == .serve(options))
    #expect(try parseArguments(["--idle-exit", "60", "serve", "run"]) == .serve(options))
    let path = Target.path("./run.sock")
    #expect(try parseArguments(["attach", "./run.sock"]) == .attach(AttachOptions(target: path)))
    #expect(
      try parseArguments(["attach", "--or-start", "./run.sock", "--max-memory", "1MiB"])
        == .attach(
          AttachOptions(target: path, orStart: true, serveArguments: ["--max-memory=1MiB"])))
    #expect(
      try parseArguments(["call", "run", "metric/query", "-"])
        == .call(CallOptions(target: .name("run"), method: "metric/query", params: "-")))
    #expect(try parseArguments(["ps"]) == .list(asJSON: false))
    #expect(try parseArguments(["ps", "--json"]) == .list(asJSON: true))
  }

  @Test func helpNamesEveryFlag() {
    for flag in [
      "--max-line-bytes", "--max-memory", "--max-depth", "--max-streams", "--log-level", "--name",
      "--listen", "--max-connections", "--idle-exit", "--or-start", "--json", "--state",
      "--durability",
    ] {
      #expect(helpText.contains("  \(flag) "))
    }
    #expect(helpText.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }
}
