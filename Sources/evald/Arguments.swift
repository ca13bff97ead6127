import EvalService
import JSONRPC

/// What the command line asks for.
enum Command: Equatable {
  case serve(Options)
  case attach(AttachOptions)
  case call(CallOptions)
  case list(asJSON: Bool)
  case version
  case help
}

/// The settings of a serving evald.
struct Options: Equatable, Sendable {
  var maxLineBytes = 64 << 20
  var maxMemoryBytes = 2 << 30
  var maxDepth = 64
  var maxStreams = 10_000
  /// Where others reach it; nil for nowhere.
  var listen: Target?
  /// Whether it is the daemon of whoever has its standard input and output.
  var hasOwner = true
  /// Clients besides the owner.
  var maxConnections = 256
  /// Seconds without a client after which a daemon without an owner ends.
  var idleExit: Int?
  var logLevel = LogLevel.warning
  /// Where everything is kept that is to outlive the process; nil for nowhere.
  var stateDirectory: String?
  var durability = Durability.interval
}

/// A command line that can't be followed; `message` names the argument.
struct UsageError: Error, Equatable {
  var message: String
}

/// Flags that take a value. One table for parsing, for near names and for `--help`.
private struct Flag {
  let name: String
  let placeholder: String
  let help: String
  let apply: @Sendable (String, inout Options) -> String?  // what is wrong, or nil
}

private let flags: [Flag] = [
  Flag(name: "--max-line-bytes", placeholder: "SIZE", help: "longest line (64MiB)") {
    setSize($0, &$1.maxLineBytes, 1...(1 << 30))
  },
  Flag(name: "--max-memory", placeholder: "SIZE", help: "accounted state (2GiB)") {
    setSize($0, &$1.maxMemoryBytes, 1...(1 << 50))
  },
  Flag(name: "--max-depth", placeholder: "N", help: "nesting of a message (64)") {
    setCount($0, &$1.maxDepth, 1...10_000)
  },
  Flag(name: "--max-streams", placeholder: "N", help: "open streams (10000)") {
    setCount($0, &$1.maxStreams, 1...10_000_000)
  },
  Flag(name: "--name", placeholder: "NAME", help: "also listen, for attach, call and ps") {
    guard Target.isName($0) else { return "must be \(Target.nameRule)" }
    $1.listen = .name($0)
    return nil
  },
  Flag(name: "--listen", placeholder: "PATH", help: "the same at a path of your own") {
    guard !$0.isEmpty else { return "must be the path of a socket" }
    $1.listen = .path($0)
    return nil
  },
  Flag(name: "--max-connections", placeholder: "N", help: "clients besides the owner (256)") {
    setCount($0, &$1.maxConnections, 1...10_000)
  },
  Flag(name: "--idle-exit", placeholder: "SECONDS", help: "serve: end when nobody is there so long")
  {
    var seconds = 0
    let problem = setCount($0, &seconds, 0...1_000_000_000)
    $1.idleExit = seconds
    return problem
  },
  Flag(name: "--state", placeholder: "DIR", help: "keep everything in this directory") {
    if $0.isEmpty { return "must be a directory" }
    $1.stateDirectory = $0
    return nil
  },
  Flag(
    name: "--durability", placeholder: "WHEN",
    help: "survives loss of power: os, interval, disk (interval)"
  ) {
    guard let durability = Durability(rawValue: $0) else {
      return "must be one of os, interval, disk"
    }
    $1.durability = durability
    return nil
  },
  Flag(name: "--log-level", placeholder: "LEVEL", help: "error, warning, info or debug (warning)") {
    guard let level = LogLevel(rawValue: $0) else {
      return "must be one of error, warning, info, debug"
    }
    $1.logLevel = level
    return nil
  },
]

let helpText =
  """
  evald keeps score: predictions and labels in, true validation metrics out.
  It serves JSON-RPC 2.0, one message a line, on its standard input and output.

  usage: evald [flags]
         evald serve NAME|PATH [flags]         without an owner, for others
         evald attach NAME|PATH [--or-start]   a bridge to a live one
         evald call NAME|PATH METHOD [JSON|-]  one request; prints the result
         evald ps [--json]                     the live ones of this user


  """
  + flags.map { flag in
    let left = "  \(flag.name) \(flag.placeholder)"
    return left + String(repeating: " ", count: max(1, 26 - left.count)) + flag.help + "\n"
  }.joined()
    + """
      --or-start              attach: start a serve if none is live, with its flags
      --json                  ps: as JSON
      --version               print the version
      --help                  print this

    SIZE is a number of bytes, or ends in KiB, MiB, GiB, TiB, kB, MB, GB or TB.
    A NAME has no slash in it, a PATH has one.
    Exit status: 0 clean; 1 exit without shutdown, an error of call, nobody there;
    2 usage; 3 name or state directory in use; 4 state directory damaged;
    5 replies were not read.

    """

/// Reads the arguments after the program's name.
func parseArguments(_ arguments: [String]) throws(UsageError) -> Command {
  var parsed = ParsedArguments()
  var rest = arguments[...]
  while let argument = rest.popFirst() {
    switch argument {
    case "--help", "-h": return .help
    case "--version": return .version
    case "--or-start", "--json":
      parsed.switches.append(argument)
      continue
    default: break
    }
    // Parameters of a call may be a lone dash, and a method may begin as it likes.
    let isPlain = !argument.hasPrefix("-") || argument == "-"
    if isPlain && (parsed.command != nil || isCommand(argument)) {
      parsed.words.append(argument)
      continue
    }
    let (name, attached) = split(argument)
    guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(name) }
    guard let value = attached ?? rest.popFirst() else {
      throw UsageError(message: "\(name) needs a value: \(name) \(flag.placeholder)")
    }
    if let problem = flag.apply(value, &parsed.options) {
      throw UsageError(message: "\(name) \(problem), not \(quoted(value))")
    }
    parsed.flags.append((name, value))
  }
  return try parsed.finish()
}

/// `--flag=value` as its two halves.
private func split(_ argument: String) -> (name: String, value: String?) {
  guard argument.hasPrefix("--"), let sign = argument.utf8.firstIndex(of: UInt8(ascii: "="))
  else {
    return (argument, nil)
  }
  return (String(argument[..<sign]), String(argument[argument.utf8.index(after: sign)...]))
}

private func unknown(_ name: String) -> UsageError {
  let what = name.hasPrefix("-") ? "flag" : "command"
  let known =
    what == "flag"
    ? flags.map(\.name) + ["--or-start", "--json", "--version", "--help"]
    : ParsedArguments.commands
  let hint = nearNamesHint(name, in: known, otherwise: "see evald --help")
  return UsageError(message: "unknown \(what) \(clipped(name)): \(hint)")
}

// MARK: - Values

private func setCount(_ text: String, _ target: inout Int, _ range: ClosedRange<Int>) -> String? {
  guard let count = decimal(text[...]), range.contains(count) else {
    return "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
  target = count
  return nil
}

private func setSize(_ text: String, _ target: inout Int, _ range: ClosedRange<Int>) -> String? {
  guard let size = parseSize(text), range.contains(size) else {
    return "must be a size from \(range.lowerBound) to \(range.upperBound) bytes, such as 64MiB"
  }
  target = size
  return nil
}

/// Digits, and perhaps a unit: `4096`, `64MiB`, `2GB`. Nil when it is none, or over 64 bits.
func parseSize(_ text: String) -> Int? {
  let units: [String: Int] = [
    "": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
  ]
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  guard let unit = units[String(text[digits.endIndex...])], let count = decimal(digits) else {
    return nil
  }
  let (size, overflow) = count.multipliedReportingOverflow(by: unit)
  return overflow ? nil : size
}

/// Digits only: `Int` would take a sign as well.
private func decimal(_ text: Substring) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  return Int(text)
}
