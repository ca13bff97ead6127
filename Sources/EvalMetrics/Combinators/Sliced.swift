/// Rows with the cell of the slice dimensions that each belongs to.
public struct SlicedBatch<Rows: RowBatch>: RowBatch {
  public var rows: Rows
  public var cells: CellAssignment

  public init(_ rows: Rows, cells: CellAssignment) {
    self.rows = rows
    self.cells = cells
  }

  public var count: Int { rows.count }

  public var keptScores: Int {
    if case .none = cells { rows.keptScores } else { 2 * rows.keptScores }
  }

  public func selecting(_ indices: [Int]) -> SlicedBatch {
    SlicedBatch(rows.selecting(indices), cells: cells.selecting(indices))
  }
}

/// Which cell each row of a batch belongs to.
public enum CellAssignment: Sendable {
  /// No dimension is declared.
  case none
  /// All rows belong to one cell.
  case whole(SliceKey)
  /// Row i belongs to `keys[codes[i]]`.
  case byRow(keys: [SliceKey], codes: [Int32])

  /// An upper bound of the cells that occur.
  var keyCount: Int {
    switch self {
    case .none: 0
    case .whole: 1
    case .byRow(let keys, _): keys.count
    }
  }

  /// The cells that rows belong to.
  var occurringKeys: Set<SliceKey> {
    switch self {
    case .none: []
    case .whole(let key): [key]
    case .byRow(let keys, let codes): Set(Set(codes).map { keys[Int($0)] })
    }
  }

  func selecting(_ indices: [Int]) -> CellAssignment {
    guard case .byRow(let keys, let codes) = self else { return self }
    return .byRow(keys: keys, codes: indices.map { codes[$0] })
  }
}

/// A state of states: one for all rows, and one for each cell, which is a combination of slice values that occurred.
///
/// Each row goes into exactly one cell, so a slice, or a cross of several dimensions, is the merge of
/// the cells that match. Merges are exact, so every metric answers for every slice as if it had been kept for it.
public struct Sliced<Base: State>: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var base: Base.Configuration
    public var dimensions: [SliceDimension]

    public init(base: Base.Configuration, dimensions: [SliceDimension]) {
      self.base = base
      self.dimensions = dimensions
    }
  }

  public let configuration: Configuration
  /// All rows.
  public private(set) var total: Base
  public private(set) var cells: [SliceKey: Base] = [:]
  /// Memory of all cells. It is kept up to date, since adding it up costs as much as there are cells.
  private var cellBytes = 0
  /// What a cell takes beside what its state counts: a place in a dictionary, which is half empty after it has grown, and its key.
  private var cellOverhead: Int {
    2 * MemoryLayout<Base>.stride + 128 + 48 * configuration.dimensions.count
  }

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    total = Base(configuration.base)
  }

  public var count: Int { total.count }

  public var byteCount: Int { total.byteCount + cellBytes }

  public mutating func update(_ batch: SlicedBatch<Base.Batch>) {
    total.update(batch.rows)
    switch batch.cells {
    case .none: break
    case .whole(let key):
      if batch.count > 0 { change(key) { $0.update(batch.rows) } }
    case .byRow(let keys, let codes):
      for (code, rows) in Self.rowsByCode(codes, codeCount: keys.count) {
        let part = rows.count == batch.count ? batch.rows : batch.rows.selecting(rows)
        change(keys[code]) { $0.update(part) }
      }
    }
  }

  public mutating func prepare() {
    total.prepare()
    for key in Array(cells.keys) { change(key) { $0.prepare() } }
  }

  public mutating func adoptPrepared(_ copy: Sliced) {
    total.adoptPrepared(copy.total)
    for (key, state) in copy.cells where cells[key] != nil {
      change(key) { $0.adoptPrepared(state) }
    }
  }

  /// Changes a cell in place, which is made if there is none yet.
  public mutating func change<R, E: Error>(
    _ key: SliceKey, _ body: (inout Base) throws(E) -> R
  ) throws(E) -> R {
    guard let place = cells.index(forKey: key) else {
      var state = Base(configuration.base)
      let result = try body(&state)
      cellBytes += state.byteCount + cellOverhead
      cells[key] = state
      return result
    }
    cellBytes -= cells.values[place].byteCount
    defer { cellBytes += cells.values[place].byteCount }
    return try body(&cells.values[place])
  }

  /// Changes the state of all rows in place, without changing what it answers.
  public mutating func changeTotal<R, E: Error>(
    _ body: (inout Base) throws(E) -> R
  ) throws(E) -> R { try body(&total) }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {
    total.forEachScoreIndex(body)
    for key in Array(cells.keys) { change(key) { $0.forEachScoreIndex(body) } }
  }

  /// Changes every state in place.
  mutating func changeAll(_ body: (inout Base) -> Void) {
    changeTotal(body)
    for key in Array(cells.keys) { change(key, body) }
  }

  /// The rows of each code that occurs, in ascending order.
  private static func rowsByCode(_ codes: [Int32], codeCount: Int) -> [(Int, [Int])] {
    var groups = Array(repeating: [Int](), count: codeCount)
    for (row, code) in codes.enumerated() { groups[Int(code)].append(row) }
    return groups.enumerated().filter { !$0.element.isEmpty }.map { ($0.offset, $0.element) }
  }

  public mutating func merge(_ other: Sliced) {
    total.merge(other.total)
    for (key, state) in other.cells { change(key) { $0.merge(state) } }
  }

  /// The keys of the cells that match a selection, by dimension.
  public func matching(_ selection: [Int: SliceValue]) -> [SliceKey] {
    cells.keys.filter { key in selection.allSatisfy { key[$0.key] == $0.value } }
  }

  public func encode(into writer: inout StateWriter) {
    total.encode(into: &writer)
    writer.write(UInt64(cells.count))
    // Equal states are equal bytes, so the cells are put in order.
    for key in cells.keys.sorted(by: Self.areInOrder) {
      guard let state = cells[key] else { continue }
      for value in key { value.encode(into: &writer) }
      state.encode(into: &writer)
    }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    total = try Base(configuration.base, from: &reader)
    for _ in 0..<(try reader.readCount()) {
      var key: SliceKey = []
      for _ in configuration.dimensions { key.append(try SliceValue(from: &reader)) }
      let state = try Base(configuration.base, from: &reader)
      change(key) { $0 = state }
    }
  }

  static func areInOrder(_ a: SliceKey, _ b: SliceKey) -> Bool {
    for (x, y) in zip(a, b) where x != y { return SliceValue.areInOrder(x, y) }
    return false
  }
}
