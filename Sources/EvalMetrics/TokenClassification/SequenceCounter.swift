/// Counts sequences one by one, with memory that is used again for the next.
struct SequenceCounter {
  private let said: [Int32]
  private let truth: [Int32]
  private let tags: [Tag]
  private let types: TokenTable
  private let rules: TagRules
  /// Reads entities where that is quick.
  private let reader: Kernels.EntityReader?
  private let counts: Kernels.TypeCounts
  private var rows: [TokenClassificationBatch.Row] = []
  private var predicted: [Entity] = []
  private var references: [Entity] = []
  private var scratch = EntityOverlap.Scratch()

  /// For the codes of two columns of tags in a table, as many of either.
  init(_ table: TagTable, _ rules: TagRules, _ said: [Int32], _ truth: [Int32]) {
    (self.said, self.truth, self.rules) = (said, truth, rules)
    tags = table.tags
    types = table.types
    reader = rules.reader(said, truth, table)
    counts = Kernels.TypeCounts(table.types.count)
  }

  /// Adds a row: where it stands in the columns.
  mutating func add(_ range: Range<Int>) {
    var row = TokenClassificationBatch.Row()
    row.tokens = range.count
    counts.beginRow()
    if let reader, let found = reader.count(range, into: counts) {
      row.right = found.right
      row.overlap.exact = found.hits
      row.overlap.typed = found.hits
      if found.doOverlap {
        let (predicted, references) = reader.entities(of: found)
        row.overlap = EntityOverlap(predicted[...], references[...], &scratch)
      }
    } else {
      count(range, &row)
    }
    row.end = counts.count
    rows.append(row)
  }

  /// The same for any rules and tags.
  private mutating func count(_ range: Range<Int>, _ row: inout TokenClassificationBatch.Row) {
    // A tag has one code, so equal codes are equal tags.
    for place in range where said[place] == truth[place] { row.right += 1 }
    predicted.removeAll(keepingCapacity: true)
    references.removeAll(keepingCapacity: true)
    rules.appendEntities(of: said[range], tags, to: &predicted)
    rules.appendEntities(of: truth[range], tags, to: &references)
    for entity in references { counts.add(entity.type, labelled: 1) }
    for entity in predicted { counts.add(entity.type, predicted: 1) }
    addHits()
    row.overlap = EntityOverlap(predicted[...], references[...], &scratch)
  }

  /// Entities are in the order of their last tokens, and no two of a list have the same.
  private mutating func addHits() {
    var next = 0
    for entity in references {
      while next < predicted.count, predicted[next].last < entity.last { next += 1 }
      if next < predicted.count, predicted[next] == entity { counts.add(entity.type, hits: 1) }
    }
  }

  /// The batch, its types as codes of a table, which grows.
  consuming func finish(_ table: inout ClassTable) throws(InputError) -> TokenClassificationBatch {
    let (records, isUsed) = counts.finish()
    let used = isUsed.indices.filter { isUsed[$0] }
    let names = used.map { ClassName.text(String(decoding: types.bytes(of: $0), as: UTF8.self)) }
    table.add(names)
    guard table.count <= DeclaredClasses.limit else {
      throw InputError(
        .tooManyValues, [.key("references")],
        "the stream would have more than \(DeclaredClasses.limit) types of entities",
        hint: "a tag is a prefix and a type, such as \"B-PER\"")
    }
    var codes = [Int](repeating: 0, count: isUsed.count)
    for (id, name) in zip(used, names) { codes[id] = table.code(name) ?? 0 }
    var batch = TokenClassificationBatch()
    batch.rows = rows
    batch.types = records
    for place in records.indices { batch.types[place].type = codes[records[place].type] }
    batch.table = table
    return batch
  }
}
