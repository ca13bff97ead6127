import JSONRPC
import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One peer: where its lines come from, where its replies go, and what waits in between.
final class Connection {
  /// How much a client may leave unread before evald stops reading from it.
  static let maxQueuedBytes = 64 << 20
  /// What others cause comes even to a client that is not read from any more, up to this.
  private static let mostQueuedBytes = 2 * maxQueuedBytes
  /// How long a client may take nothing while what waits for it holds things up, in milliseconds.
  static let patience = 5000
  /// The least room for one read(2).
  private static let readBytes = 256 << 10

  /// Hands a notification to the session it is for.
  typealias Delivery = (Outbox.Entry) -> Void

  let input: Int32
  let sink: Sink
  var session: Session
  var queue = OutputQueue()
  /// No more will be read: the input ended, failed, or `exit` came.
  private(set) var inputEnded = false
  /// Reading was found not to wait: somebody made the input non-blocking.
  private(set) var inputMayNotWait = false
  /// Nobody reads the replies any more.
  private(set) var outputClosed = false
  /// The error that ended writing, unless the reader just went away.
  private(set) var outputFault: Int32?
  /// Since when nothing can go on for want of a reader: counted anew whenever it takes something.
  private(set) var heldUpSince: Int?
  /// Lines were read that are not yet done: they wait for the reader, or for this client's next turn.
  private(set) var linesWait = false
  /// More came for this client than is kept for one that reads nothing.
  private(set) var isOverrun = false
  /// Where there are others, the moment at which it is their turn.
  var turnEnds: Int?
  /// What poll(2) last said of it, where there are others.
  var ready = EventLoop.Ready()
  /// The other end is closed both ways.
  var hasHungUp = false
  /// Its descriptor is closed.
  var hasLeft = false
  private var splitter: LineSplitter

  init(input: Int32, sink: Sink, session: SessionID, maxLineBytes: Int) {
    self.input = input
    self.sink = sink
    self.session = Session(id: session)
    splitter = LineSplitter(maxLineBytes: maxLineBytes)
  }

  /// Whether so much waits that nothing more is read or done for this client.
  var isStalled: Bool { queue.count >= Self.maxQueuedBytes }
  /// Whether all was done that is to be done.
  var isFinished: Bool { inputEnded && queue.isEmpty && !linesWait }

  /// Reads once and takes the lines that are complete.
  func readInput(_ service: inout Service, now: Int, deliver: Delivery) {
    var transfer = Transfer.wouldBlock
    splitter.receive(upTo: Self.readBytes) { room in
      transfer = evald.readBytes(input, into: room)
      if case .bytes(let count) = transfer { return count }
      return 0
    }
    switch transfer {
    case .bytes:
      forgetSharedMemory()
      takeLines(&service, now: now, deliver: deliver)
    case .wouldBlock: inputMayNotWait = true
    case .interrupted: break
    case .endOfFile, .failed: endInput(&service, now: now, deliver: deliver)
    }
  }

  /// As at the end of the input: takes the last line even if it is not terminated.
  func endInput(_ service: inout Service, now: Int, deliver: Delivery) {
    guard !inputEnded else { return }
    inputEnded = true
    takeLines(&service, now: now, deliver: deliver)
  }

  /// Writes after poll said that there is room, and goes on with lines that had to wait for it: no
  /// poll would tell of them, since they were read long ago.
  func outputReady(_ service: inout Service, now: Int, deliver: Delivery) {
    flush(now: now)
    if linesWait { takeLines(&service, now: now, deliver: deliver) }
  }

  /// Answers complete lines until there are none, the reader's room is used up, or it is somebody
  /// else's turn; then writes.
  func takeLines(_ service: inout Service, now: Int, deliver: Delivery) {
    // Large replies are passed on as they come, so that client and server work side by side.
    let writeAhead = 256 << 10
    linesWait = false
    while session.exitStatus == nil {
      if queue.count >= writeAhead { flush(now: now) }
      if isStalled || (turnEnds != nil && service.mustWait(session.id)) {
        linesWait = true
        break
      }
      guard let line = inputEnded ? splitter.finish() : splitter.next() else { break }
      service.handle(line, session: &session, output: &queue.bytes)
      if outputClosed { queue.clear() }
      // Who waits for room in shared memory goes on while the next of it is read.
      if !queue.isEmpty && sharedMemoryIsPassedOn() { flush(now: now) }
      if service.hasNotifications {
        for entry in service.takeNotifications() { deliver(entry) }
      }
      if let turnEnds, monotonicMilliseconds() >= turnEnds {
        linesWait = true
        break
      }
    }
    if session.exitStatus != nil {
      inputEnded = true
      linesWait = false
    }
    flush(now: now)
  }

  /// Appends lines that no request of this client asked for.
  func notify(_ line: [UInt8]) {
    guard !outputClosed, session.exitStatus == nil, !isOverrun else { return }
    guard queue.count + line.count <= Self.mostQueuedBytes else {
      isOverrun = true
      return
    }
    queue.bytes.append(contentsOf: line)
  }

  /// Whether evald has waited long enough for this reader.
  func isTooSlow(now: Int) -> Bool {
    guard let since = heldUpSince, now - since >= Self.patience else { return false }
    // Poll tells of a socket's room only when most of it is there: he may have taken something.
    flush(now: now)
    return heldUpSince == since
  }

  /// Writes what the reader has room for.
  func flush(now: Int) {
    guard !queue.isEmpty else { return }
    let (result, progress) = queue.flush(to: sink)
    if case .closed(let fault) = result {
      outputClosed = true
      outputFault = fault == EPIPE ? nil : fault
    }
    // While there is room, a client may read as late as it likes; but not once it holds up evald.
    let isHoldingUp = !queue.isEmpty && (isStalled || inputEnded)
    if !isHoldingUp {
      heldUpSince = nil
    } else if progress || heldUpSince == nil {
      heldUpSince = now
    }
  }
}
