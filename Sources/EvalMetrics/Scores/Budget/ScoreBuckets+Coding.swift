// Buckets as bytes.

extension ScoreBuckets {
  func encode(into writer: inout StateWriter) {
    writer.write(UInt8(droppedBits))
    writer.write(UInt64(layout.rows))
    writer.write(Int16(layout.lowest))
    writer.write(Int16(layout.highest))
    writer.write(UInt8(layout.hasWeights ? 1 : 0))
    writer.write(lowestKey)
    writer.write(highestKey)
    writer.write(UInt64(chunks.count))
    for chunk in chunks {
      writer.write(chunk.keys)
      writer.write(chunk.mixed)
      writer.write(chunk.limbs)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    let bits = Int(try reader.read(UInt8.self))
    guard bits <= 64, let rows = Int(exactly: try reader.read(UInt64.self)) else {
      throw StateError("more bits are dropped than a key has")
    }
    let lowest = Int(try reader.read(Int16.self))
    let highest = Int(try reader.read(Int16.self))
    let hasWeights = try reader.read(UInt8.self) != 0
    guard
      let layout = WeightLayout(
        rows: rows, lowest: lowest, highest: highest, hasWeights: hasWeights)
    else { throw StateError("weights are out of range") }
    self.init(droppedBits: bits, layout: layout)
    lowestKey = try reader.read()
    highestKey = try reader.read()
    for _ in 0..<(try reader.readCount(ofSize: 24)) {
      let chunk = Chunk(
        keys: try reader.readArray(), mixed: try reader.readArray(), limbs: try reader.readArray())
      try check(chunk)
      chunks.append(chunk)
    }
    if let first = chunks.first?.keys.first, let last = chunks.last?.keys.last {
      guard highestKey >> UInt64(bits) == first >> UInt64(bits),
        lowestKey >> UInt64(bits) == last >> UInt64(bits), lowestKey <= highestKey,
        Kernels.double(lowestKey).isFinite, Kernels.double(highestKey).isFinite
      else { throw StateError("the ends of the scores are not those of the groups") }
    }
  }

  /// Throws unless a chunk fits behind those before it.
  private mutating func check(_ chunk: Chunk) throws(StateError) {
    guard !chunk.keys.isEmpty, chunk.keys.count <= Self.chunkCapacity,
      chunk.mixed.count == (chunk.keys.count + 63) / 64,
      chunk.limbs.count == chunk.keys.count * 2 * layout.width
    else { throw StateError("a group of scores lacks a part") }
    var last = chunks.last?.keys.last
    for (index, key) in chunk.keys.enumerated() {
      if let last, last >> UInt64(droppedBits) <= key >> UInt64(droppedBits) {
        throw StateError("groups of scores are not in order")
      }
      last = key
      if chunk.isMixed(index) {
        guard droppedBits > 0, key & droppedMask == 0 else {
          throw StateError("a group of scores begins inside another")
        }
        mixedCount += 1
      }
      let place = index * 2 * layout.width
      if chunk.limbs[place..<place + 2 * layout.width].allSatisfy({ $0 == 0 }) {
        throw StateError("a group of scores has no rows")
      }
    }
  }
}
