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
    (["serve"], "serve is not in this version"),
    (["--state="], "--state must be a directory, not \"\""),
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

  @Test func helpNamesEveryFlag() {
    for flag in [
      "--max-line-bytes", "--max-memory", "--max-depth", "--max-streams", "--log-level", "--state",
      "--durability",
    ] {
      #expect(helpText.contains("  \(flag) "))
    }
    #expect(helpText.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }
}
