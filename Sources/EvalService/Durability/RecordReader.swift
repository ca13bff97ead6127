import EvalMetrics

/// A record as it was read.
struct Record {
  var head: RecordHead
  /// Where its head begins in the file.
  var offset: Int
  var payload: StateReader
}

/// Reads the records of a journal or a snapshot one after the other, a few megabytes at a time.
struct RecordReader {
  /// What comes next in a file.
  enum Next {
    case record(Record)
    case end
    /// Not a record, or not the one with the next number.
    case bad(offset: Int)
  }

  /// Why a file has no records to read.
  enum Fault: Error {
    /// The system does not give what it holds, which may be whole.
    case unread(StorageFault)
    case wrong(StateError)
  }

  let name: String
  let head: FileHead
  let size: Int
  /// Where the next record begins.
  private(set) var position = FileHead.length
  private let storage: any StateStorage
  private let seed: UInt32
  private var expected: UInt64
  /// A part of the file, and where it begins.
  private var window: [UInt8] = []
  private var start = 0

  private static let windowBytes = 4 << 20

  /// Reads the head.
  init(
    _ storage: any StateStorage, _ name: String, _ kind: FileHead.Kind, firstNumber: UInt64? = nil
  ) throws(Fault) {
    self.storage = storage
    self.name = name
    do throws(StorageFault) {
      size = try storage.size(of: name)
      window = try storage.read(name, at: 0, count: Self.windowBytes)
    } catch { throw .unread(error) }
    do throws(StateError) { head = try FileHead(window, kind: kind) } catch { throw .wrong(error) }
    seed = head.seed
    expected = firstNumber ?? head.base
  }

  /// The number that the next record must have.
  var nextNumber: UInt64 { expected }

  mutating func next() throws(StorageFault) -> Next {
    if position == size { return .end }
    guard let record = try record(at: position), record.head.number == expected else {
      return .bad(offset: position)
    }
    position = end(of: record)
    expected &+= 1
    return .record(record)
  }

  /// The first whole record where a bad one was met or behind it, and the number up to which any such says
  /// that all was on the disk; nil when there is none.
  mutating func laterRecords() throws(StorageFault) -> (offset: Int, synced: UInt64)? {
    var found: (offset: Int, synced: UInt64)?
    // A whole record may stand right there, if the one before it is missing.
    var place = position
    while place + RecordHead.length <= size {
      try load(place, RecordHead.length)
      guard place + RecordHead.length <= start + window.count else { break }
      if let record = try record(at: place), record.head.number >= expected {
        found = (found?.offset ?? place, max(found?.synced ?? 0, record.head.synced))
        place = end(of: record)
      } else {
        place += 1
      }
    }
    return found
  }

  private func end(of record: Record) -> Int {
    record.offset + RecordHead.length + Int(record.head.payloadLength)
  }

  /// The record that begins here; nil where none does.
  private mutating func record(at place: Int) throws(StorageFault) -> Record? {
    try load(place, RecordHead.length)
    guard let head = RecordHead(window, at: place - start, seed: seed) else { return nil }
    let length = Int(head.payloadLength)
    guard length <= size - place - RecordHead.length else { return nil }
    try load(place, RecordHead.length + length)
    let first = place - start + RecordHead.length
    guard first + length <= window.count,
      Kernels.crc32c(window, in: first..<first + length, seed: seed) == head.payloadChecksum
    else { return nil }
    return Record(
      head: head, offset: place, payload: StateReader(window, in: first..<first + length))
  }

  /// Has so many bytes from this place on in the window, if the file has them.
  private mutating func load(_ place: Int, _ count: Int) throws(StorageFault) {
    if place >= start && place + count <= start + window.count { return }
    if place >= start && start + window.count >= size { return }
    window = try storage.read(name, at: place, count: max(count, Self.windowBytes))
    start = place
  }
}
