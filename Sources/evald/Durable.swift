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
        inBackground: { body in startThread(body) })
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
    if let sync = syncer {
      startThread {
        while true {
          sleep(1)
          sync()
        }
      }
    }
  }
}

/// A thread that runs `body` and ends with it.
func startThread(_ body: @escaping @Sendable () -> Void) {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  // Musl's default would be small for deep generic code.
  pthread_attr_setstacksize(&attributes, 8 << 20)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  #if canImport(Darwin)
    var thread: pthread_t?
  #else
    var thread = pthread_t()
  #endif
  pthread_create(&thread, &attributes, threadMain, Unmanaged.passRetained(Body(body)).toOpaque())
}

/// Signals are the event loop's business: one that went elsewhere would not interrupt its read.
private func blockSignals() {
  var all = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_BLOCK, &all, nil)
}

private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

#if canImport(Darwin)
  private func threadMain(_ body: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    blockSignals()
    Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run()
    return nil
  }
#else
  private func threadMain(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    blockSignals()
    if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
    return nil
  }
#endif
