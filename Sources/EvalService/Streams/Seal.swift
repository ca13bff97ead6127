import EvalMetrics

/// What closes a state or a checkpoint on its way out of the daemon, and is looked at before any of it is read.
///
/// As bytes: eight of a magic word, a format number, the length of the body, the body, and the CRC-32C of
/// everything before it. Integers are little-endian.
struct Seal {
  /// Eight bytes.
  let magic: [UInt8]
  let format: UInt16
  /// What is sealed, for messages.
  let what: String

  private static let headLength = 18

  /// A body that is sealed; it may come in two parts.
  func close(_ body: [UInt8], _ rest: [UInt8] = []) -> [UInt8] {
    var file = StateWriter()
    file.write(raw: magic)
    file.write(format)
    file.write(UInt64(body.count + rest.count))
    file.write(raw: body)
    file.write(raw: rest)
    file.write(Kernels.crc32c(file.bytes))
    return file.bytes
  }

  /// The body. What it says is checked against its checksum first, so that nothing is made of damaged bytes.
  func open(_ bytes: [UInt8]) throws(StateError) -> StateReader {
    let head = Self.headLength
    guard bytes.count >= head + 4, Array(bytes.prefix(8)) == magic else {
      throw StateError("this is no \(what) of evald, or it ends in its first bytes")
    }
    let end = bytes.count - 4
    var reader = StateReader(bytes, in: 8..<head)
    let found: UInt16 = try reader.read()
    guard found <= format else {
      throw StateError("the \(what) has format \(found)", isTooNew: true)
    }
    let length: UInt64 = try reader.read()
    guard length == UInt64(end - head) else {
      throw StateError(
        "the \(what) should have \(length) bytes after its head, and has \(end - head)")
    }
    var tail = StateReader(bytes, in: end..<bytes.count)
    guard try tail.read(UInt32.self) == Kernels.crc32c(bytes, in: 0..<end) else {
      throw StateError("the checksum of the \(what) is wrong")
    }
    return StateReader(bytes, in: head..<end)
  }
}
