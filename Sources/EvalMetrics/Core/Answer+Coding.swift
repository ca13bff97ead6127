extension Answer {
  /// Appends the answer as it was given.
  public func encode(into writer: inout StateWriter) {
    writer.write(
      UInt8(value == nil ? 0 : 1) | (bounds == nil ? 0 : 2) | (fieldBounds == nil ? 0 : 4))
    if let value { value.encode(into: &writer) } else { writer.write(reason?.rawValue ?? "") }
    if let bounds {
      writer.write(bounds.lowerBound)
      writer.write(bounds.upperBound)
    }
    if let fieldBounds {
      fieldBounds.low.encode(into: &writer)
      fieldBounds.high.encode(into: &writer)
    }
    Value.list(notes.map(Value.text)).encode(into: &writer)
  }

  /// Reads what `encode` wrote.
  public init(from reader: inout StateReader) throws(StateError) {
    let parts = try reader.read(UInt8.self)
    self.init()
    if parts & 1 == 1 {
      value = try Value(from: &reader)
    } else {
      let name = try reader.readString()
      reason = Reason(rawValue: name)
      guard reason != nil else { throw StateError("there is no reason \(Value.text(name).brief)") }
    }
    if parts & 2 == 2 {
      let (low, high) = (try reader.readDouble(), try reader.readDouble())
      guard low <= high else { throw StateError("the bounds of an answer are none") }
      bounds = low...high
    }
    if parts & 4 == 4 {
      let low = try Value(from: &reader)
      fieldBounds = FieldBounds(low: low, high: try Value(from: &reader))
    }
    guard case .list(let notes) = try Value(from: &reader) else {
      throw StateError("the notes of an answer are none")
    }
    self.notes = notes.compactMap(\.string)
  }
}
