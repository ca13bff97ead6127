#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import EvalService
import JSONRPC
import Locks

/// A second thread, for questions that take long. It is handed copies and hands answers back, so
/// the loop's state is the loop's alone.
final class Worker: Sendable {
  /// An answer on its way back.
  struct Answer: Sendable {
    let request: LongRequest<Server>
    let reply: [UInt8]
    let context: Server
  }

  private struct State {
    var requests: [LongRequest<Server>] = []
    var answers: [Answer] = []
    var isStarted = false
    var lastSession: SessionID?

    /// The next to be answered: clients take turns, each with what it asked first.
    mutating func next() -> LongRequest<Server>? {
      if requests.isEmpty { return nil }
      let place = requests.firstIndex { $0.session != lastSession } ?? requests.startIndex
      lastSession = requests[place].session
      return requests.remove(at: place)
    }
  }

  /// Readable when an answer is there.
  let descriptor: Int32
  private let answered: Int32
  private let asked: (output: Int32, input: Int32)
  private let state = Lock(State())

  /// Nil when the system gives no pipes; then everything is answered in line.
  init?() {
    guard let answers = Self.makePipe(), let requests = Self.makePipe() else { return nil }
    descriptor = answers.output
    answered = answers.input
    asked = requests
  }

  /// Queues a request; they are answered one after the other, those of one client in order.
  func run(_ request: LongRequest<Server>) {
    let mustStart = state.withLock { state in
      state.requests.append(request)
      defer { state.isStarted = true }
      return !state.isStarted
    }
    // Started with the first long question: most runs never need it.
    if mustStart && !startThread(serve) {
      state.withLock { $0.isStarted = false }
      answerAll()
    }
    Self.ring(asked.input)
  }

  /// Forgets a request that was not begun.
  func forget(_ session: SessionID, _ id: [UInt8]) {
    state.withLock { state in
      state.requests.removeAll { $0.session == session && $0.id == id }
    }
  }

  /// The answers that have come.
  func takeAnswers() -> [Answer] {
    var room = [UInt8](repeating: 0, count: 64)
    _ = room.withUnsafeMutableBytes { readBytes(descriptor, into: $0) }
    return state.withLock { state in
      defer { state.answers = [] }
      return state.answers
    }
  }

  /// Waits for requests and answers them, for as long as the process lives.
  private func serve() {
    while true {
      var byte: UInt8 = 0
      let transfer = withUnsafeMutableBytes(of: &byte) { readBytes(asked.output, into: $0) }
      if case .failed = transfer { return }
      answerAll()
    }
  }

  private func answerAll() {
    // Kept only while requests wait, since it may hold a copy of many rows.
    var last: Server?
    while let request = state.withLock({ $0.next() }) {
      let (reply, context) = request.run(after: last)
      last = context
      state.withLock {
        $0.answers.append(Answer(request: request, reply: reply, context: context))
      }
      Self.ring(answered)
    }
  }

  private static func ring(_ descriptor: Int32) {
    var byte: UInt8 = 1
    // A full pipe rings already.
    _ = withUnsafeBytes(of: &byte) { writeBytes(descriptor, $0) }
  }

  /// A pipe whose ends are closed in children. Only the reading end of the worker waits.
  private static func makePipe() -> (output: Int32, input: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }
}
