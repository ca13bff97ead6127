import EvalMetrics

/// Which files are the last ones, so that one that is lost is missed.
///
/// Ten bytes of a magic word, a format number, the generations of the last journal and snapshot (0: none), and
/// the CRC-32C of that.
struct Manifest: Equatable {
  var journal: UInt64
  var snapshot: UInt64

  private static let magic = Array("EVALDM\r\n\u{1A}\n".utf8)
  private static let format: UInt16 = 1

  func write(to storage: any StateStorage) throws(StorageFault) {
    var writer = StateWriter()
    writer.write(raw: Self.magic)
    writer.write(Self.format)
    writer.write(journal)
    writer.write(snapshot)
    writer.write(Kernels.crc32c(writer.bytes))
    try storage.replace(StateFileName.manifest, writer.bytes)
  }

  init(journal: UInt64, snapshot: UInt64) {
    self.journal = journal
    self.snapshot = snapshot
  }

  init(_ bytes: [UInt8]) throws(StateError) {
    guard bytes.count >= 12, Array(bytes.prefix(10)) == Self.magic else {
      throw StateError("it does not begin as one of evald")
    }
    var reader = StateReader(bytes, in: 10..<bytes.count)
    let format: UInt16 = try reader.read()
    guard format <= Self.format else { throw StateError("it has format \(format)", isTooNew: true) }
    journal = try reader.read()
    snapshot = try reader.read()
    guard try reader.read() == Kernels.crc32c(bytes, in: 0..<bytes.count - 4), reader.remaining == 0
    else { throw StateError("its checksum is wrong") }
  }
}

extension StateStorage {
  /// Puts a file with these bytes in place of what is there: the whole of it, or nothing.
  func replace(_ name: String, _ bytes: [UInt8]) throws(StorageFault) {
    let file = try create(name + StateFileName.unfinished)
    try file.append(bytes)
    try file.sync()
    try rename(name + StateFileName.unfinished, to: name)
    try syncDirectory()
  }

  /// All bytes of a small file.
  func readAll(_ name: String, most: Int = 1 << 16) throws(StorageFault) -> [UInt8] {
    try read(name, at: 0, count: min(most, try size(of: name)))
  }
}
