import JSONRPC
import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A live daemon of this user, as `evald ps` tells of it.
struct LiveDaemon: Equatable {
  /// Nil where it has none, and listens at a path of its own.
  let name: String?
  let path: String
  let process: Int32
  /// Seconds since 1970; nil, as the count of streams, where it did not answer in time.
  var since: Double?
  var streams: Int64?
}

/// How long a daemon may take to answer. It is live all the same.
private let answerMilliseconds = 2000

/// The daemons that can be reached, those with a name first. What the dead have left in the
/// directories for names is removed.
func liveDaemons() -> [LiveDaemon] {
  var named: [LiveDaemon] = []
  var others: [LiveDaemon] = []
  for directory in SocketDirectory.all() where SocketDirectory.isUsable(directory) {
    var files: [String] = []
    forEachName(in: directory) { files.append($0) }
    for file in files.sorted() {
      if let address = namedAddress(file, in: directory) {
        if let process = NameLock.holder(of: address.lockPath) {
          named.append(look(at: address, process))
        } else {
          removeDead(address)
        }
      } else if file.hasSuffix(Signpost.suffix) {
        let link = "\(directory)/\(file)"
        guard let address = Signpost.target(of: link) else { continue }
        if let process = NameLock.holder(of: address.lockPath) {
          others.append(look(at: address, process))
        } else {
          unlink(link)
        }
      }
    }
  }
  return named + others
}

private func namedAddress(_ file: String, in directory: String) -> SocketAddress? {
  guard file.hasSuffix(".sock") else { return nil }
  let name = String(file.dropLast(5))
  return Target.isName(name) ? try? SocketAddress(name: name, in: directory) : nil
}

private func look(at address: SocketAddress, _ process: Int32) -> LiveDaemon {
  var daemon = LiveDaemon(name: address.name, path: address.path, process: process)
  guard case .socket(let socket) = reach(address.path, milliseconds: answerMilliseconds) else {
    return daemon
  }
  defer { close(socket) }
  var exchange = Exchange(socket: socket)
  if case .result(let text) = exchange.ask("server/status", nil),
    let status = try? JSONDocument(parsing: text).root
  {
    daemon.streams = status["streams"]?.int64
    daemon.since = status["uptime_seconds"]?.double.map { secondsSince1970() - $0 }
  }
  return daemon
}

/// Nobody has the lock, so nobody listens; once we have it, nobody can begin to.
private func removeDead(_ address: SocketAddress) {
  guard case .taken(let lock) = NameLock.take(address.lockPath) else { return }
  defer { lock.release() }
  var facts = stat()
  guard lstat(address.path, &facts) == 0, facts.st_mode & S_IFMT == S_IFSOCK else { return }
  unlink(address.path)
}

/// Prints the daemons; returns the exit status.
func listProcesses(asJSON: Bool) -> Int32 {
  signal(SIGPIPE, SIG_IGN)
  let daemons = liveDaemons()
  writeToStandardOutput(asJSON ? json(daemons) : Array(table(daemons).utf8))
  return ExitStatus.clean
}

private func json(_ daemons: [LiveDaemon]) -> [UInt8] {
  var writer = JSONWriter()
  writer.beginArray()
  for daemon in daemons {
    writer.beginObject()
    writer.key("name")
    if let name = daemon.name { writer.string(name) } else { writer.null() }
    writer.field("pid", Int(daemon.process))
    writer.key("since")
    if let since = daemon.since { writer.double(since) } else { writer.null() }
    writer.key("streams")
    if let streams = daemon.streams { writer.int(streams) } else { writer.null() }
    writer.field("path", daemon.path)
    writer.endObject()
  }
  writer.endArray()
  writer.lineFeed()
  return writer.bytes
}

private func table(_ daemons: [LiveDaemon]) -> String {
  let rows =
    [["NAME", "PID", "SINCE", "STREAMS"]]
    + daemons.map { daemon in
      [
        daemon.name ?? daemon.path, "\(daemon.process)", daemon.since.map(moment) ?? "?",
        daemon.streams.map { "\($0)" } ?? "?",
      ]
    }
  var text = ""
  for row in rows {
    for (column, cell) in row.enumerated() {
      let width = rows.map { $0[column].utf8.count }.max() ?? 0
      let isLast = column == row.count - 1
      text += isLast ? cell : cell + String(repeating: " ", count: width - cell.utf8.count + 2)
    }
    text += "\n"
  }
  return text
}

/// A time of this century as ISO 8601 writes it, in UTC.
private func moment(_ seconds: Double) -> String {
  guard var time = time_t(exactly: seconds.rounded(.down)) else { return "?" }
  var parts = tm()
  guard gmtime_r(&time, &parts) != nil else { return "?" }
  let two = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
  return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
}
