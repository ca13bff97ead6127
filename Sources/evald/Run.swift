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
  case .success(.attach(let options)): return attach(options)
  case .success(.call(let options)): return call(options)
  case .success(.list(let asJSON)): return listProcesses(asJSON: asJSON)
  case .failure(let error):
    complain(error.message)
    return ExitStatus.usage
  }
  return ExitStatus.clean
}

private func serve(_ options: Options) -> Int32 {
  let log = Log(level: options.logLevel)
  guard let signals = SignalPipe(interruptEnds: options.listen != nil) else {
    log.error("the system gave no pipe (errno \(errno))")
    return ExitStatus.usage
  }
  var guests: Guests?
  if let target = options.listen {
    do throws(Refusal) {
      guests = Guests(listener: try Listener(target), options: options, log: log)
    } catch {
      complain(error.message)
      return error.status
    }
  }
  var owner: Connection?
  if options.hasOwner {
    owner = Connection(
      input: STDIN_FILENO, sink: Sink(inherited: takeStandardOutput()), session: SessionID(0),
      maxLineBytes: options.maxLineBytes)
  } else {
    giveUpStandardStreams()
  }
  do throws(StateDirectoryError) {
    let service = try Service(options: options, log: log)
    let loop = EventLoop(
      owner: owner, guests: guests, service: service, signals: signals, log: log)
    return loop.run()
  } catch {
    log.error(error.message)
    return error.status
  }
}
