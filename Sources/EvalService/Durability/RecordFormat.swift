import EvalMetrics

/// What a journal or a snapshot begins with.
///
/// 96 bytes: ten of a magic word, which transfers as text would change; the format's major and minor number;
/// the generation; the number of the first record; sixteen bytes that no other file has, and sixteen of the
/// machine's start; zeros; and the CRC-32C of all that. Integers are little-endian.
struct FileHead: Equatable {
  enum Kind { case journal, snapshot }

  static let length = 96
  /// A reader refuses a greater major number; a greater minor one only adds what may be left out.
  static let major: UInt16 = 1
  static let minor: UInt16 = 0

  var kind: Kind
  var generation: UInt64
  /// The number of the first record of a journal; of a snapshot, that of the first one that is not in it.
  var base: UInt64
  /// Part of every checksum, so that no block of an older file passes.
  var id: [UInt8]
  var boot: [UInt8]

  /// What checksums of the file's records begin with.
  var seed: UInt32 { Kernels.crc32c(id) }

  private static func magic(_ kind: Kind) -> [UInt8] {
    Array((kind == .journal ? "EVALDJ\r\n\u{1A}\n" : "EVALDS\r\n\u{1A}\n").utf8)
  }

  var bytes: [UInt8] {
    var writer = StateWriter()
    writer.write(raw: Self.magic(kind))
    writer.write(Self.major)
    writer.write(Self.minor)
    writer.write(generation)
    writer.write(base)
    for part in [id, boot] { writer.write(raw: Array((part + Self.zeros).prefix(16))) }
    writer.write(raw: Array(repeating: UInt8(0), count: Self.length - 4 - writer.bytes.count))
    writer.write(Kernels.crc32c(writer.bytes))
    return writer.bytes
  }

  private static let zeros = [UInt8](repeating: 0, count: 16)

  init(kind: Kind, generation: UInt64, base: UInt64, id: [UInt8], boot: [UInt8]) {
    self.kind = kind
    self.generation = generation
    self.base = base
    self.id = id
    self.boot = boot
  }

  init(_ bytes: [UInt8], kind: Kind) throws(StateError) {
    guard bytes.count >= Self.length else {
      throw StateError("the head of the file ends too early")
    }
    guard Array(bytes.prefix(10)) == Self.magic(kind) else {
      throw StateError("the file does not begin as one of evald")
    }
    var reader = StateReader(bytes, in: 10..<Self.length)
    let major: UInt16 = try reader.read()
    // Before the checksum: where a newer format has it is not known.
    guard major <= Self.major else {
      throw StateError("the file has format \(major)", isTooNew: true)
    }
    _ = try reader.read(UInt16.self)
    self.kind = kind
    generation = try reader.read()
    base = try reader.read()
    id = try reader.read(raw: 16, of: UInt8(0))
    boot = try reader.read(raw: 16, of: UInt8(0))
    var tail = StateReader(bytes, in: Self.length - 4..<Self.length)
    guard try tail.read(UInt32.self) == Kernels.crc32c(bytes, in: 0..<Self.length - 4) else {
      throw StateError("the checksum of the file's head is wrong")
    }
    guard base > 0 else { throw StateError("the file's first record has the number 0") }
  }
}

/// What stands before the bytes of a record.
///
/// 32 bytes: their number; their CRC-32C; the record's number; that of the last record known to be on the
/// disk when this one was written; kind, version, flags; and the CRC-32C of these. Both checksums go on from
/// the file's own id.
struct RecordHead: Equatable {
  static let length = 32
  /// Set on a record that a reader may leave out which does not know its kind.
  static let ignorable: UInt16 = 1

  var payloadLength: UInt32 = 0
  var payloadChecksum: UInt32 = 0
  var number: UInt64
  var synced: UInt64
  var kind: UInt8
  var version: UInt8 = 1
  var flags: UInt16 = 0

  func bytes(seed: UInt32) -> [UInt8] {
    var writer = StateWriter()
    writer.write(payloadLength)
    writer.write(payloadChecksum)
    writer.write(number)
    writer.write(synced)
    writer.write(kind)
    writer.write(version)
    writer.write(flags)
    writer.write(Kernels.crc32c(writer.bytes, seed: seed))
    return writer.bytes
  }

  init(number: UInt64, synced: UInt64, kind: UInt8) {
    self.number = number
    self.synced = synced
    self.kind = kind
  }

  /// Nil where these bytes are no head of a record.
  init?(_ bytes: [UInt8], at place: Int, seed: UInt32) {
    guard place >= 0, place + Self.length <= bytes.count else { return nil }
    var reader = StateReader(bytes, in: place..<place + Self.length)
    do throws(StateError) {
      payloadLength = try reader.read()
      payloadChecksum = try reader.read()
      number = try reader.read()
      synced = try reader.read()
      kind = try reader.read()
      version = try reader.read()
      flags = try reader.read()
      let end = place + Self.length - 4
      guard try reader.read() == Kernels.crc32c(bytes, in: place..<end, seed: seed) else {
        return nil
      }
    } catch { return nil }
  }
}

extension StateWriter {
  /// Makes a record of what `body` writes; nothing else may be in the writer.
  mutating func record(
    _ head: RecordHead, seed: UInt32, _ body: (inout StateWriter) -> Void
  ) -> Bool {
    var head = head
    clear()
    write(raw: Array(repeating: UInt8(0), count: RecordHead.length))
    body(&self)
    guard let length = UInt32(exactly: bytes.count - RecordHead.length) else { return false }
    head.payloadLength = length
    head.payloadChecksum = Kernels.crc32c(bytes, in: RecordHead.length..<bytes.count, seed: seed)
    replace(at: 0, with: head.bytes(seed: seed))
    return true
  }
}
