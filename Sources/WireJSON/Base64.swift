import Processors

#if arch(x86_64)
  import WireAVX2
#endif

/// Base64 by tables: four characters become three bytes with four look-ups. Where the processor has
/// AVX2, all but the end is decoded by that.
enum Base64 {
  fileprivate static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")
  /// Set in the table entries of characters outside the alphabet.
  private static let invalid: UInt32 = 0xFF00_0000
  /// Groups between two looks at what was collected of `invalid`.
  private static let blockGroups = 2048

  /// Four tables of 256 entries, one for each place in a group: the six bits where they belong in
  /// the three bytes, first byte lowest. Never freed.
  private nonisolated(unsafe) static let tables: UnsafePointer<UInt32> = makeTables()

  private static func makeTables() -> UnsafePointer<UInt32> {
    let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 1024)
    tables.initialize(repeating: invalid, count: 1024)
    for (i, character) in alphabet.enumerated() {
      let bits = UInt32(i)
      let at = Int(character)
      tables[at] = bits << 2
      tables[256 + at] = bits >> 4 | (bits & 15) << 12
      tables[512 + at] = (bits >> 2) << 8 | (bits & 3) << 22
      tables[768 + at] = bits << 16
    }
    return UnsafePointer(tables)
  }

  /// How many bytes the text stands for, by its length and padding.
  static func decodedLength(_ text: ArraySlice<UInt8>) throws(PackedError) -> Int {
    guard text.count.isMultiple(of: 4) else {
      throw PackedError(
        kind: .notBase64, offset: text.count,
        message: "base64 text is a multiple of 4 characters long, with its padding; this has "
          + "\(text.count)")
    }
    let pads = text.suffix(2).reversed().prefix { $0 == padding }.count
    return text.count / 4 * 3 - pads
  }

  /// Decodes a text whose length was checked into `length` bytes of room; gives the offset of the
  /// first wrong character, or nil.
  static func decode(
    _ text: UnsafeBufferPointer<UInt8>, into room: UnsafeMutableRawBufferPointer, length: Int
  ) -> Int? {
    guard let source = text.baseAddress, let target = room.baseAddress, text.count >= 4 else {
      return nil
    }
    let vectorised = decodeBlocks(source, text.count, into: target, room: length)
    let tables = tables
    // Each group but the last is stored as four bytes, the last of which the next one overwrites.
    let groups = text.count / 4 - 1
    var done = vectorised / 4
    while done < groups {
      let end = min(done + blockGroups, groups)
      var collected: UInt32 = 0
      for group in done..<end {
        let bits = lookUp(source + 4 &* group, tables)
        collected |= bits
        target.storeBytes(of: bits, toByteOffset: 3 &* group, as: UInt32.self)
      }
      if collected & invalid != 0 { return firstWrong(text, from: 4 * done) }
      done = end
    }
    return decodeLast(text, into: target + 3 * groups, count: length - 3 * groups)
  }

  /// Decodes from the start as far as the processor has a faster way; gives how many characters.
  @inline(__always)
  private static func decodeBlocks(
    _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutableRawPointer, room: Int
  ) -> Int {
    #if arch(x86_64)
      if count >= 64 && Processor.hasAVX2 {
        return Base64AVX2.decode(source, count, into: target, room: room)
      }
    #endif
    return 0
  }

  @inline(__always)
  private static func lookUp(
    _ p: UnsafePointer<UInt8>, _ tables: UnsafePointer<UInt32>
  ) -> UInt32 {
    tables[Int(p[0])] | tables[256 &+ Int(p[1])] | tables[512 &+ Int(p[2])]
      | tables[768 &+ Int(p[3])]
  }

  /// Decodes the last group, of `count` bytes; the bits that it leaves unused have to be 0.
  private static func decodeLast(
    _ text: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableRawPointer, count: Int
  ) -> Int? {
    let last = text.count - 4
    var characters: (UInt8, UInt8, UInt8, UInt8) = (
      text[last], text[last + 1], text[last + 2], text[last + 3]
    )
    // Padding stands for zeros here; how many there are was counted before.
    if count < 3 { characters.3 = alphabet[0] }
    if count < 2 { characters.2 = alphabet[0] }
    let bits = withUnsafeBytes(of: &characters) { group -> UInt32 in
      guard let start = group.bindMemory(to: UInt8.self).baseAddress else { return invalid }
      return lookUp(start, tables)
    }
    if bits & invalid != 0 { return firstWrong(text, from: last) }
    for i in 0..<count {
      target.storeBytes(
        of: UInt8(truncatingIfNeeded: bits >> UInt32(8 * i)), toByteOffset: i, as: UInt8.self)
    }
    return bits >> UInt32(8 * count) == 0 ? nil : last + count
  }

  private static func firstWrong(_ text: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
    (offset..<text.count).first { tables[Int(text[$0])] == invalid } ?? offset
  }

  /// The error for the character at an offset.
  static func wrongCharacter(_ text: ArraySlice<UInt8>, _ offset: Int) -> PackedError {
    let character = text[text.startIndex + offset]
    let message =
      alphabet.contains(character)
      ? "the last character of base64 text at \(offset) has bits beyond the data"
      : "\(describe(character)) at \(offset) is not base64 (the alphabet of RFC 4648 section 4, "
        + "\"=\" only at the end)"
    return PackedError(kind: .notBase64, offset: offset, message: message)
  }
}

/// Base64 of the bytes (RFC 4648, section 4), padded and without line breaks.
public func encodeBase64(_ bytes: [UInt8]) -> String {
  let alphabet = Base64.alphabet
  let count = (bytes.count + 2) / 3 * 4
  return String(unsafeUninitializedCapacity: count) { buffer in
    var at = 0
    var i = 0
    while i < bytes.count {
      let given = min(3, bytes.count - i)
      let group =
        UInt32(bytes[i]) << 16 | (given > 1 ? UInt32(bytes[i + 1]) << 8 : 0)
        | (given > 2 ? UInt32(bytes[i + 2]) : 0)
      for place in 0..<4 {
        let digit = alphabet[Int(group >> UInt32(18 - 6 * place) & 63)]
        buffer[at + place] = place <= given ? digit : UInt8(ascii: "=")
      }
      at += 4
      i += 3
    }
    return count
  }
}
