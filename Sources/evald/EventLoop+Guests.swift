import JSONRPC

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Many clients on the one thread. Each has a turn of a few milliseconds between two polls, in which
// it is read from once and its lines are answered; what is left of them waits for its next turn.
// So a client that floods costs the others a turn, and no more.

extension EventLoop {
  /// How many milliseconds one client may have before it is somebody else's turn. A line that is
  /// begun is answered, however long that takes.
  private static let turn = 2

  /// What there is to do where there are several clients.
  struct SharedReady {
    var signal = false
    var answers = false
    var door = false
    var owner = Ready()
  }

  /// Does for one client what can be done now.
  func giveTurn(to client: Connection, _ ready: Ready) {
    client.turnEnds = monotonicMilliseconds() + Self.turn
    if ready.output {
      client.outputReady(&service, now: now, deliver: deliver)
    } else if client.linesWait {
      client.takeLines(&service, now: now, deliver: deliver)
    }
    if client.linesWait { return }
    if ready.input {
      client.readInput(&service, now: now, deliver: deliver)
    } else if drainingUntil != nil && !ready.interrupted && !client.isStalled {
      client.endInput(&service, now: now, deliver: deliver)  // nothing more was there to be read
    }
  }

  /// A turn for each, then the door.
  func serveGuests(_ isDoorReady: Bool) {
    guard let guests else { return }
    for client in guests.clients { giveTurn(to: client, client.ready) }
    if isDoorReady { guests.letIn(now: now) }
  }

  /// Waits for something to do for anyone, or for the next moment at which something is due.
  func waitForAll() -> SharedReady {
    endGrace()
    guard let guests else { return SharedReady() }
    var entries = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: service.workerDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: guests.door(now: now), events: Int16(POLLIN), revents: 0),
      pollfd(fd: owner.map(wantedInput) ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: owner.map(wantedOutput) ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    let first = entries.count
    entries.reserveCapacity(first + guests.clients.count)
    for client in guests.clients { entries.append(entry(for: client)) }
    let timeout = canGoOn(guests) ? 0 : Int32(clamping: millisecondsUntilNextMoment())
    let count = poll(&entries, nfds_t(entries.count), timeout)
    let isInterrupted = count < 0
    for (place, client) in guests.clients.enumerated() {
      client.ready =
        isInterrupted ? Ready(interrupted: true) : ready(client, entries[first + place])
    }
    if isInterrupted { return SharedReady(owner: Ready(interrupted: true)) }
    return SharedReady(
      signal: entries[0].revents != 0, answers: entries[1].revents != 0,
      door: entries[2].revents != 0,
      owner: Ready(input: entries[3].revents != 0, output: entries[4].revents != 0))
  }

  /// Whether a client has lines that wait for nothing but their turn, or is to be read to its end.
  private func canGoOn(_ guests: Guests) -> Bool {
    if let owner, canGoOn(owner) { return true }
    return guests.clients.contains(where: canGoOn)
  }

  private func canGoOn(_ client: Connection) -> Bool {
    if client.isStalled { return false }
    if client.linesWait { return !service.mustWait(client.session.id) }
    return drainingUntil != nil && !client.inputEnded
  }

  private func wantsInput(_ client: Connection) -> Bool {
    !client.inputEnded && !client.isStalled && !client.linesWait
  }

  private func wantedInput(_ client: Connection) -> Int32 {
    wantsInput(client) ? client.input : -1
  }

  private func wantedOutput(_ client: Connection) -> Int32 {
    client.queue.isEmpty ? -1 : client.sink.descriptor
  }

  /// A guest has one descriptor for both ways. Without a wish poll still tells that it has hung up,
  /// which only matters once its input has ended, and would else be told again and again.
  private func entry(for client: Connection) -> pollfd {
    var events: Int16 = 0
    if wantsInput(client) { events |= Int16(POLLIN) }
    if !client.queue.isEmpty { events |= Int16(POLLOUT) }
    let isOfUse = events != 0 || (client.inputEnded && hangUpMeansGone)
    return pollfd(fd: isOfUse ? client.input : -1, events: events, revents: 0)
  }

  private func ready(_ client: Connection, _ entry: pollfd) -> Ready {
    let hangUp = Int16(POLLHUP | POLLERR | POLLNVAL)
    let hasHungUp = entry.revents & hangUp != 0
    if hasHungUp && client.inputEnded && client.queue.isEmpty && hangUpMeansGone {
      client.hasHungUp = true
    }
    return Ready(
      input: wantsInput(client) && entry.revents & (Int16(POLLIN) | hangUp) != 0,
      output: !client.queue.isEmpty && entry.revents & (Int16(POLLOUT) | hangUp) != 0)
  }
}

#if canImport(Darwin)
  /// There poll also calls it a hang-up when a peer will only send nothing more.
  private let hangUpMeansGone = false
#else
  private let hangUpMeansGone = true
#endif
