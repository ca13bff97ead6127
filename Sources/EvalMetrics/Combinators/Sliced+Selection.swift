extension Sliced {
  /// One of the states that a sliced state holds.
  enum Cell {
    case total
    case cell(SliceKey)
  }

  /// The held state that is exactly this slice; nil when cells have to be merged, or none matches.
  func soleCell(_ slice: [Int: SliceValue]) -> Cell? {
    if slice.isEmpty { return .total }
    guard slice.count == configuration.dimensions.count else { return nil }
    let key = configuration.dimensions.indices.map { slice[$0] ?? .null }
    return cells[key] == nil ? nil : .cell(key)
  }

  /// Lets `body` look at one held state. Preparing it changes no answer, and what it did stays.
  mutating func look<R, E: Error>(
    at cell: Cell, preparing prepares: Bool, _ body: (Base) throws(E) -> R
  ) throws(E) -> R {
    func look(_ state: inout Base) throws(E) -> R {
      if prepares { state.prepare() }
      return try body(state)
    }
    switch cell {
    case .total: return try changeTotal(look)
    case .cell(let key): return try change(key, look)
    }
  }

  /// Hands out every held state of a slice, prepared if asked for, so that merging them sorts nothing again.
  mutating func each(
    of slice: [Int: SliceValue], preparing prepares: Bool, _ body: (Base) -> Void
  ) {
    if slice.isEmpty { return look(at: .total, preparing: prepares, body) }
    for key in matching(slice) { look(at: .cell(key), preparing: prepares, body) }
  }

  /// Hands out every cell, prepared if asked for.
  mutating func eachCell(preparing prepares: Bool, _ body: (SliceKey, Base) -> Void) {
    for key in Array(cells.keys) {
      look(at: .cell(key), preparing: prepares) { body(key, $0) }
    }
  }
}
