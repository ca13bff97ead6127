/// Entities by type: how many the references have, how many were predicted, and how many of those are right.
struct EntityCounts: Sendable {
  private(set) var types: ClassTable
  private var labelled = TallyColumn()
  private var predicted = TallyColumn()
  private var hits = TallyColumn()

  /// None, of types that come as they come. Declared ones are in the table from the start.
  init(_ declared: [String]?) {
    types = ClassTable()
    if let declared { types.add(declared.map(ClassName.text)) }
  }

  /// Adds counts of rows, whose codes are those of `table`.
  mutating func add(
    _ rows: ArraySlice<TokenClassificationBatch.OfType>, of table: ClassTable, times weight: Double
  ) {
    let map = types.adopt(table)
    if weight == 1 && rows.count > table.count {
      return add(Kernels.sums(of: rows, types: table.count)[...], map)
    }
    if weight == 1 { return add(rows, map) }
    for row in rows {
      let code = map?[row.type] ?? row.type
      labelled.add(row.labelled, times: weight, at: code)
      predicted.add(row.predicted, times: weight, at: code)
      hits.add(row.hits, times: weight, at: code)
    }
  }

  private mutating func add(
    _ sums: ArraySlice<TokenClassificationBatch.OfType>, _ map: [Int]?
  ) {
    for sum in sums where sum.labelled != 0 || sum.predicted != 0 {
      let code = map?[sum.type] ?? sum.type
      labelled.add(sum.labelled, at: code)
      predicted.add(sum.predicted, at: code)
      hits.add(sum.hits, at: code)
    }
  }

  mutating func merge(_ other: EntityCounts) {
    let map = types.adopt(other.types)
    labelled.merge(other.labelled, map)
    predicted.merge(other.predicted, map)
    hits.merge(other.hits, map)
  }

  /// What was counted of a code.
  subscript(code: Int) -> ClassCount {
    ClassCount(hits: hits[code], labelled: labelled[code], predicted: predicted[code])
  }

  /// The codes of types that occur in rows with a weight, in the order of their names.
  var seen: [Int] {
    types.canonicalOrder.filter { !labelled[$0].isZero || !predicted[$0].isZero }
  }

  /// The codes that answers are about: those that occur, or also the declared ones, in the order of their names.
  func told(declared: [String]?) -> [Int] {
    guard let declared else { return seen }
    let wanted = Set(declared.compactMap { types.code(.text($0)) })
    return types.canonicalOrder.filter {
      wanted.contains($0) || !labelled[$0].isZero || !predicted[$0].isZero
    }
  }

  var byteCount: Int {
    types.byteCount + labelled.byteCount + predicted.byteCount + hits.byteCount
  }

  /// Writes the types that occur by name, in order, so that equal rows are equal bytes.
  func encode(into writer: inout StateWriter) {
    let seen = seen
    writer.write(UInt64(seen.count))
    for code in seen {
      types.name(code).encode(into: &writer)
      for column in [labelled, predicted, hits] { column[code].encode(into: &writer) }
    }
  }

  init(_ declared: [String]?, from reader: inout StateReader) throws(StateError) {
    self.init(declared)
    let count = try reader.readCount(ofSize: 80)
    guard count <= DeclaredClasses.limit else { throw StateError("too many types") }
    var names: [ClassName] = []
    var tallies: [[Tally]] = []
    for _ in 0..<count {
      let name = try ClassName(from: &reader)
      guard case .text = name else { throw StateError("a type is no text") }
      names.append(name)
      var row: [Tally] = []
      for _ in 0..<3 { row.append(try Tally(from: &reader)) }
      tallies.append(row)
    }
    types.add(names)
    guard Set(names).count == names.count else { throw StateError("a type comes twice") }
    for (name, row) in zip(names, tallies) {
      guard let code = types.code(name) else { throw StateError("a type has no place") }
      labelled.add(row[0], at: code)
      predicted.add(row[1], at: code)
      hits.add(row[2], at: code)
    }
  }
}

extension TallyColumn {
  /// Adds so many things of a row that has this weight to a code.
  mutating func add(_ things: Int, times weight: Double, at code: Int) {
    if things == 0 { return }
    var tally = Tally()
    tally.add(things, times: weight)
    add(tally, at: code)
  }
}
