#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService

extension Server {
  /// Reads the state directory that the options name, and writes every change there from now on.
  mutating func recover(_ options: Options, _ log: Log) throws(StateDirectoryError) {
    guard let path = options.stateDirectory else { return }
    let directory = try StateDirectory(path)
    do throws(RecoveryError) {
      try recover(
        from: directory, durability: options.durability,
        inBackground: { body in
          // Where there is no thread to be had, it takes its time here.
          if !startThread(body) { body() }
        })
    } catch {
      switch error {
      case .unusable(let message):
        throw StateDirectoryError(
          message: "--state \(path) cannot be used: \(message)", status: ExitStatus.usage)
      case .damaged(let message):
        throw StateDirectoryError(
          message: "--state \(path) is damaged, and was left as it is: \(message)",
          status: ExitStatus.damaged)
      case .tooNew(let message):
        throw StateDirectoryError(
          message: "--state \(path) is of a newer evald, and was left as it is: \(message)",
          status: ExitStatus.damaged)
      }
    }
    for warning in recoveryReport?.warnings ?? [] { log.warning("\(path): \(warning)") }
    guard let sync = syncer else { return }
    let isStarted = startThread {
      while true {
        sleep(1)
        sync()
      }
    }
    if !isStarted {
      throw StateDirectoryError(
        message: "--durability interval needs a thread, and the system gives none",
        status: ExitStatus.failed)
    }
  }
}
