import JSONRPC
import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `evald call` is asked to do.
struct CallOptions: Equatable {
  var target: Target
  var method: String
  /// JSON, or `-` for standard input; nil for none.
  var params: String?
}

/// What came of a request.
enum Outcome: Equatable {
  case result([UInt8])
  case error([UInt8])
}

/// One request on a connection of its own.
struct Exchange {
  private static let maxReplyDepth = 10_000
  private static let id: [UInt8] = [UInt8(ascii: "1")]

  private let socket: Int32
  private var splitter = LineSplitter(maxLineBytes: .max)

  init(socket: Int32) { self.socket = socket }

  /// Asks and waits for the answer; nil when the daemon is gone without one, or takes longer than
  /// was agreed when it was reached.
  mutating func ask(_ method: String, _ params: [UInt8]?) -> Outcome? {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("jsonrpc", "2.0")
    writer.key("id")
    writer.raw(Self.id)
    writer.field("method", method)
    if let params {
      writer.key("params")
      writer.raw(params)
    }
    writer.endObject()
    writer.lineFeed()
    send(writer.bytes)
    while let line = nextLine() {
      guard case .line(let bytes, let range) = line,
        let root = try? JSONDocument(parsing: bytes, in: range, maxDepth: Self.maxReplyDepth).root,
        root["method"] == nil, let id = root["id"]
      else { continue }
      // A null id: the connection itself was refused.
      guard id.rawText == Self.id || id.isNull else { continue }
      if let result = root["result"] { return .result(result.rawText) }
      if let error = root["error"] { return .error(error.rawText) }
    }
    return nil
  }

  /// The whole of it; what was answered before a fault can still be read.
  private func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch rest.withUnsafeBytes({ writeBytes(socket, $0) }) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .interrupted: continue
      case .wouldBlock, .endOfFile, .failed: return
      }
    }
  }

  private mutating func nextLine() -> LineSplitter.Line? {
    while true {
      if let line = splitter.next() { return line }
      var transfer = Transfer.endOfFile
      let descriptor = socket
      splitter.receive(upTo: 64 << 10) { room in
        transfer = readBytes(descriptor, into: room)
        if case .bytes(let count) = transfer { return count }
        return 0
      }
      switch transfer {
      case .bytes, .interrupted: continue
      case .wouldBlock, .endOfFile, .failed: return nil
      }
    }
  }
}

/// Makes one request, and prints what it is answered; returns the exit status.
func call(_ options: CallOptions) -> Int32 {
  signal(SIGPIPE, SIG_IGN)
  do throws(Refusal) {
    let params = try readParams(options.params)
    let socket = try connect(to: options.target)
    var exchange = Exchange(socket: socket)
    switch exchange.ask(options.method, params) {
    case .result(let text):
      writeToStandardOutput(text + [UInt8(ascii: "\n")])
      return ExitStatus.clean
    case .error(let text):
      writeAll(text + [UInt8(ascii: "\n")], to: STDERR_FILENO)
      return ExitStatus.failed
    case nil:
      throw Refusal(
        message: "the daemon \(options.target.text) is gone without an answer",
        status: ExitStatus.failed)
    }
  } catch {
    complain(error.message)
    return error.status
  }
}

/// Parameters as one line of JSON.
private func readParams(_ given: String?) throws(Refusal) -> [UInt8]? {
  guard let given else { return nil }
  let text = given == "-" ? readStandardInput() : Array(given.utf8)
  do {
    _ = try JSONDocument(parsing: text, maxDepth: 10_000)
  } catch {
    throw Refusal(
      message: "the parameters are no JSON: \(error.message) (byte \(error.offset))")
  }
  // Between values, where alone they can be, line ends are as good as spaces.
  return text.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
}

private func readStandardInput() -> [UInt8] {
  var bytes: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    switch room.withUnsafeMutableBytes({ readBytes(STDIN_FILENO, into: $0) }) {
    case .bytes(let count): bytes += room.prefix(count)
    case .interrupted: continue
    case .wouldBlock:
      var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      poll(&entry, 1, -1)
    case .endOfFile, .failed: return bytes
    }
  }
}
