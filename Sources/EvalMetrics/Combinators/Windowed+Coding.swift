// Windows and buckets in encoded streams.

extension Windowed {
  /// Appends every window that is kept, and the rows of those that are not.
  func encode(into writer: inout StateWriter) {
    current.encode(into: &writer)
    writer.write(UInt64(labels.count))
    for (place, label) in labels.enumerated() {
      writer.write(label)
      state(.closed(place)).encode(into: &writer)
    }
    writer.write(UInt8(hasPast ? 1 : 0))
    if hasPast { state(.past).encode(into: &writer) }
  }

  /// Reads what `encode` wrote.
  init(
    _ configuration: Base.Configuration, keep: Int, from reader: inout StateReader
  ) throws(StateError) {
    let current = try Base(configuration, from: &reader)
    var closed: [(label: Name, state: Base)] = []
    for _ in 0..<(try reader.readCount(ofSize: 9)) {
      let label = try reader.readName()
      closed.append((label, try Base(configuration, from: &reader)))
    }
    guard closed.count <= keep else { throw StateError("there are more windows than are kept") }
    let past = try reader.read(UInt8.self) == 1 ? try Base(configuration, from: &reader) : nil
    self.init(configuration, keep: keep, current: current, closed: closed, past: past)
  }
}

extension Rolling {
  /// Appends every bucket.
  func encode(into writer: inout StateWriter) {
    writer.write(UInt64(next))
    writer.write(UInt64(states.count))
    for state in states { state.encode(into: &writer) }
  }

  /// Takes what `encode` wrote in place of its own buckets.
  mutating func decode(from reader: inout StateReader) throws(StateError) {
    guard let next = Int(exactly: try reader.read(UInt64.self)) else {
      throw StateError("a count of rows is out of range")
    }
    var states: [Base] = []
    for _ in 0..<(try reader.readCount()) { states.append(try Base(configuration, from: &reader)) }
    guard states.count <= Self.mostBuckets else { throw StateError("there are too many buckets") }
    replace(states, next: next)
  }
}
