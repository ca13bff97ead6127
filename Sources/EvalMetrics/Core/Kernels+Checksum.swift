extension Kernels {
  /// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720, appendix B.4), eight bytes a step.
  /// `seed` is the checksum of what goes before.
  public static func crc32c(
    _ bytes: [UInt8], in range: Range<Int>? = nil, seed: UInt32 = 0
  ) -> UInt32 {
    let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
    return checksumTables.withUnsafeBufferPointer { tables in
      bytes.withUnsafeBytes { source in
        var crc = ~seed
        var place = range.lowerBound
        while place + 8 <= range.upperBound {
          let word = source.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
          let mixed = word ^ UInt64(crc)
          crc = 0
          for step in 0..<8 {
            crc ^= tables[(7 - step) << 8 | Int(mixed >> UInt64(step * 8) & 0xFF)]
          }
          place += 8
        }
        while place < range.upperBound {
          crc = crc >> 8 ^ tables[Int((crc ^ UInt32(source[place])) & 0xFF)]
          place += 1
        }
        return ~crc
      }
    }
  }

  /// Eight tables of 256: what a byte does to the checksum when so many bytes follow it.
  private static let checksumTables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for place in 256..<8 * 256 {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()
}
