import EvalMetrics
import Locks

/// Everything a server knows, in one file: a head, then records as in a journal, numbered from 1.
enum Snapshot {
  /// The kinds of its records.
  enum Kind {
    /// What is no stream's: the server's count of changes, and how many streams follow.
    static let server: UInt8 = 1
    /// Bytes of a stream; they go on in the next record until one `streamEnd`.
    static let streamPart: UInt8 = 2
    static let streamEnd: UInt8 = 3
    /// The last record, so that a file that was cut is no snapshot.
    static let end: UInt8 = 4
  }

  /// Writes a snapshot, and gives its bytes once it is on the disk under its name.
  static func write(
    _ server: Server, to storage: any StateStorage, generation: UInt64, base: UInt64
  ) throws(StorageFault) -> Int {
    let name = StateFileName.snapshot(generation)
    let head = FileHead(
      kind: .snapshot, generation: generation, base: base, id: storage.freshID(),
      boot: storage.bootID)
    let file = try storage.create(name + StateFileName.unfinished)
    let writer = PieceWriter(file, head)
    writer.add(Kind.server) { body in
      body.write(server.changes)
      body.write(UInt64(server.streams.count))
    }
    for stream in server.streams.values.sorted(by: { $0.openedAt < $1.openedAt }) {
      var body = StateWriter(passingTo: { piece in
        writer.add(Kind.streamPart) { $0.write(raw: piece) }
      })
      stream.encode(into: &body)
      body.finish()
      writer.add(Kind.streamEnd) { _ in }
      // No need to go on when the disk is full.
      if writer.fault != nil { break }
    }
    writer.add(Kind.end) { _ in }
    if let fault = writer.fault {
      try? storage.remove(name + StateFileName.unfinished)
      throw fault
    }
    try file.sync()
    try storage.rename(name + StateFileName.unfinished, to: name)
    try storage.syncDirectory()
    return writer.length
  }

  /// Reads a snapshot into a server that holds nothing yet; gives its head.
  static func read(
    _ storage: any StateStorage, generation: UInt64, into server: inout Server
  ) throws(StateError) -> (head: FileHead, size: Int) {
    let name = StateFileName.snapshot(generation)
    var reader = try reader(storage, name)
    guard reader.head.generation == generation else {
      throw StateError("the file is that of generation \(reader.head.generation)")
    }
    var parts: [UInt8] = []
    var missing: UInt64 = 0
    while true {
      let record = try next(&reader)
      var payload = record.payload
      switch record.head.kind {
      case Kind.server:
        server.changes = try payload.read()
        missing = try payload.read()
      case Kind.streamPart: parts += payload.rest
      case Kind.streamEnd:
        var body = StateReader(parts)
        server.add(try server.stream(from: &body))
        guard body.remaining == 0, missing > 0 else {
          throw StateError("bytes follow a stream, before offset \(record.offset)")
        }
        missing -= 1
        parts = []
      case Kind.end:
        guard missing == 0, reader.position == reader.size else {
          throw StateError("streams are missing, or bytes follow, at offset \(record.offset)")
        }
        return (reader.head, reader.size)
      case let kind where record.head.flags & RecordHead.ignorable == 0:
        throw StateError("a record at offset \(record.offset) has kind \(kind)", isTooNew: true)
      default: continue
      }
    }
  }

  /// What the system does not give is as good as damaged here: an older snapshot may do.
  private static func reader(
    _ storage: any StateStorage, _ name: String
  ) throws(StateError) -> RecordReader {
    do throws(RecordReader.Fault) {
      return try RecordReader(storage, name, .snapshot, firstNumber: 1)
    } catch {
      switch error {
      case .unread(let fault): throw StateError(fault.message)
      case .wrong(let fault): throw fault
      }
    }
  }

  private static func next(_ reader: inout RecordReader) throws(StateError) -> Record {
    do throws(StorageFault) {
      switch try reader.next() {
      case .record(let record): return record
      case .end: throw StorageFault("the file ends too early, at offset \(reader.size)")
      case .bad(let offset): throw StorageFault("the record at offset \(offset) is damaged")
      }
    } catch { throw StateError(error.message) }
  }
}

/// Appends records to a new file, until one fails.
private final class PieceWriter: Sendable {
  private struct State {
    var number: UInt64 = 1
    var length = FileHead.length
    var fault: StorageFault?
    var writer = StateWriter()
  }

  private let file: any StorageFile
  private let seed: UInt32
  private let state: Lock<State>

  init(_ file: any StorageFile, _ head: FileHead) {
    self.file = file
    seed = head.seed
    var state = State()
    do throws(StorageFault) { try file.append(head.bytes) } catch { state.fault = error }
    self.state = Lock(state)
  }

  var fault: StorageFault? { state.withLock(\.fault) }
  var length: Int { state.withLock(\.length) }

  func add(_ kind: UInt8, _ body: (inout StateWriter) -> Void) {
    state.withLock { state in
      if state.fault != nil { return }
      let head = RecordHead(number: state.number, synced: 0, kind: kind)
      guard state.writer.record(head, seed: seed, body) else {
        state.fault = StorageFault("one record would have more than 4 GiB")
        return
      }
      do throws(StorageFault) { try file.append(state.writer.bytes) } catch { state.fault = error }
      state.number += 1
      state.length += state.writer.bytes.count
    }
  }
}
