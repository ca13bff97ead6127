#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import JSONRPC

/// The version of the program, told by `--version` and `initialize`.
let version = "0.1.0"

/// Does what the arguments after the program's name ask for; returns the exit status.
func run(_ arguments: [String]) -> Int32 {
  openStandardDescriptors()
  prepareMemory()
  switch Result(catching: { () throws(UsageError) in try parseArguments(arguments) }) {
  case .success(.version): writeToStandardOutput("evald \(version)\n")
  case .success(.help): writeToStandardOutput(helpText)
  case .success(.serve(let options)): return serve(options)
  case .failure(let error):
    writeToStandardError("evald: \(error.message)\n")
    return ExitStatus.usage
  }
  return EventLoop.Status.clean
}

private func serve(_ options: Options) -> Int32 {
  let log = Log(level: options.logLevel)
  guard let signals = SignalPipe() else {
    log.error("the system gave no pipe (errno \(errno))")
    return ExitStatus.usage
  }
  let owner = Connection(
    input: STDIN_FILENO, sink: Sink(inherited: takeStandardOutput()), session: SessionID(0),
    maxLineBytes: options.maxLineBytes)
  do throws(StateDirectoryError) {
    let service = try Service(options: options, log: log)
    return EventLoop(owner: owner, service: service, signals: signals, log: log).run()
  } catch {
    log.error(error.message)
    return error.status
  }
}
