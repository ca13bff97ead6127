extension Sliced {
  /// One of the states that a sliced state holds.
  enum Cell {
    case total
    case cell(SliceKey)
  }

  /// The held state that is exactly this slice; nil when cells have to be merged, or none matches.
  func soleCell(_ slice: [Int: SliceValue]) -> Cell? {
    if slice.isEmpty { return .total }
    if slice.count == configuration.dimensions.count {
      let key = configuration.dimensions.indices.map { slice[$0] ?? .null }
      return cells[key] == nil ? nil : .cell(key)
    }
    let keys = matching(slice)
    return keys.count == 1 ? .cell(keys[0]) : nil
  }

  /// Prepares one held state in place.
  mutating func prepare(_ cell: Cell) {
    switch cell {
    case .total: total.prepare()
    case .cell(let key): cells[key]?.prepare()
    }
  }

  /// One held state.
  func state(_ cell: Cell) -> Base {
    switch cell {
    case .total: total
    case .cell(let key): cells[key] ?? Base(configuration.base)
    }
  }

  /// The merge of a slice over several states; nil when there is nothing to merge.
  static func merged(_ states: [Sliced], slice: [Int: SliceValue]) -> Base? {
    var result: Base?
    func add(_ state: Base) {
      if result == nil { result = state } else { result?.merge(state) }
    }
    for state in states {
      if slice.isEmpty {
        add(state.total)
      } else {
        for key in state.matching(slice) { if let cell = state.cells[key] { add(cell) } }
      }
    }
    return result
  }
}
