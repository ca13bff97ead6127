import JSONRPC

/// A command line, cut into its parts: which of them go together is what is checked here.
struct ParsedArguments {
  var options = Options()
  /// The command and what belongs to it.
  var words: [String] = []
  var switches: [String] = []
  var flags: [(name: String, value: String)] = []

  static let commands = ["serve", "attach", "call", "ps"]

  var command: String? { words.first }

  /// The command that they make.
  func finish() throws(UsageError) -> Command {
    switch command {
    case "serve": return .serve(try serveOptions(words.dropFirst(), usage: "serve NAME|PATH"))
    case "attach": return .attach(try attachOptions())
    case "call": return .call(try callOptions())
    case "ps":
      try refuseFlags(of: "ps")
      try refuseSwitches(but: "--json", of: "ps")
      try refuseWords(after: 1)
      return .list(asJSON: !switches.isEmpty)
    default: return .serve(try ownerOptions())
    }
  }

  private func ownerOptions() throws(UsageError) -> Options {
    try refuseSwitches(but: nil, of: "evald")
    if options.idleExit != nil {
      throw UsageError(message: "--idle-exit is for serve: an evald with an owner ends with him")
    }
    try refuseTwoPlaces()
    return options
  }

  /// A daemon may be reached at one place.
  private func refuseTwoPlaces() throws(UsageError) {
    let places = Set(flags.map(\.name)).intersection(["--name", "--listen"])
    if places.count > 1 {
      throw UsageError(message: "--name and --listen exclude each other: a socket has one place")
    }
  }

  private func serveOptions(
    _ words: ArraySlice<String>, usage: String
  ) throws(UsageError) -> Options {
    try refuseSwitches(but: usage.hasPrefix("attach") ? "--or-start" : nil, of: "serve")
    for place in ["--name", "--listen"] where flags.contains(where: { $0.name == place }) {
      throw UsageError(message: "\(place) is not for serve: its first argument says where")
    }
    var options = options
    options.hasOwner = false
    options.listen = try target(words.first, usage: usage)
    try refuseWords(after: 2)
    return options
  }

  private func attachOptions() throws(UsageError) -> AttachOptions {
    let usage = "attach NAME|PATH [--or-start]"
    try refuseSwitches(but: "--or-start", of: "attach")
    if switches.isEmpty { try refuseFlags(of: "attach without --or-start") }
    let target = try target(words.dropFirst().first, usage: usage)
    // What serve would refuse is refused here, where somebody reads it.
    _ = try serveOptions(words.dropFirst(), usage: usage)
    return AttachOptions(
      target: target, orStart: !switches.isEmpty,
      serveArguments: flags.map { "\($0.name)=\($0.value)" })
  }

  private func callOptions() throws(UsageError) -> CallOptions {
    let usage = "call NAME|PATH METHOD [JSON|-]"
    try refuseFlags(of: "call")
    try refuseSwitches(but: nil, of: "call")
    let target = try target(words.dropFirst().first, usage: usage)
    guard words.count > 2 else { throw UsageError(message: "which method? evald \(usage)") }
    try refuseWords(after: 4)
    return CallOptions(
      target: target, method: words[2], params: words.count > 3 ? words[3] : nil)
  }

  private func target(_ word: String?, usage: String) throws(UsageError) -> Target {
    guard let word else { throw UsageError(message: "which evald? evald \(usage)") }
    guard let target = Target(word) else {
      throw UsageError(
        message: "\(quoted(word)) is no name: it must be \(Target.nameRule); "
          + "a path has a slash in it")
    }
    return target
  }

  // MARK: - What does not belong there

  private func refuseFlags(of command: String) throws(UsageError) {
    if let flag = flags.first {
      throw UsageError(message: "\(flag.name) is not for \(command)")
    }
  }

  private func refuseSwitches(but known: String?, of command: String) throws(UsageError) {
    if let other = switches.first(where: { $0 != known }) {
      throw UsageError(message: "\(other) is not for \(command)")
    }
  }

  private func refuseWords(after count: Int) throws(UsageError) {
    if words.count > count {
      throw UsageError(message: "one argument too many: \(quoted(words[count]))")
    }
  }
}

func isCommand(_ argument: String) -> Bool { ParsedArguments.commands.contains(argument) }
