/// Counts sequences one by one, with memory that is used again for the next.
struct SequenceCounter {
  private let tags: [Tag]
  private let types: TokenTable
  /// By code of a tag.
  private let typeOfCode: [Int32]
  private let rules: TagRules
  /// What each tag does after each other one, where that is quick to look up.
  private let steps: Kernels.TagSteps?
  /// Whether there are tokens to be left out.
  private let mayIgnore: Bool
  private var batch = TokenClassificationBatch()
  private var predicted: [Entity] = []
  private var references: [Entity] = []
  private var scratch = EntityOverlap.Scratch()
  private var kept: (predictions: [Int32], references: [Int32]) = ([], [])
  /// By the id of a type: the place of its counts in the batch, which are those of this row if it is not
  /// before the row's first.
  private var places: [Int]

  /// For so many tokens of tags in a table.
  init(_ table: TagTable, _ rules: TagRules, tokens: Int, mayIgnore: Bool) {
    tags = table.tags
    types = table.types
    self.rules = rules
    self.mayIgnore = mayIgnore
    steps = rules.steps(table.tags, tokens: tokens)
    typeOfCode = table.tags.map(\.type) + [0]
    places = Array(repeating: -1, count: table.types.count)
  }

  /// Adds a row: where it stands in codes of tags, as many of either.
  mutating func add(_ said: [Int32], _ truth: [Int32], _ range: Range<Int>) {
    if mayIgnore && truth[range].contains(TagTable.ignored) {
      kept.predictions.removeAll(keepingCapacity: true)
      kept.references.removeAll(keepingCapacity: true)
      for place in range where truth[place] != TagTable.ignored {
        kept.predictions.append(said[place])
        kept.references.append(truth[place])
      }
      let (predictions, references) = kept
      count(predictions, references, 0..<references.count)
    } else {
      count(said, truth, range)
    }
  }

  private mutating func count(_ said: [Int32], _ truth: [Int32], _ range: Range<Int>) {
    var row = TokenClassificationBatch.Row()
    row.tokens = range.count
    // A tag has one code, so equal codes are equal tags.
    row.right = Kernels.countOfEqual(said, truth, range)
    let first = batch.types.count
    let (saidCount, truthCount) = readEntities(said, truth, range)
    for index in 0..<truthCount {
      batch.types[place(references[index].type, from: first)].labelled += 1
    }
    for index in 0..<saidCount {
      batch.types[place(predicted[index].type, from: first)].predicted += 1
    }
    if saidCount > 0 && truthCount > 0 {
      addHits(saidCount, truthCount, from: first)
      row.overlap = EntityOverlap(predicted[..<saidCount], references[..<truthCount], &scratch)
    }
    row.end = batch.types.count
    batch.rows.append(row)
  }

  /// Reads the entities of both sequences to the starts of their lists; gives how many there are.
  private mutating func readEntities(
    _ said: [Int32], _ truth: [Int32], _ range: Range<Int>
  ) -> (said: Int, truth: Int) {
    if let steps {
      return (
        steps.entities(of: said, range, typeOfCode, into: &predicted),
        steps.entities(of: truth, range, typeOfCode, into: &references)
      )
    }
    predicted.removeAll(keepingCapacity: true)
    references.removeAll(keepingCapacity: true)
    rules.appendEntities(of: said[range], tags, to: &predicted)
    rules.appendEntities(of: truth[range], tags, to: &references)
    return (predicted.count, references.count)
  }

  /// Entities are in the order of their last tokens, and no two of a list have the same.
  private mutating func addHits(_ saidCount: Int, _ truthCount: Int, from first: Int) {
    var next = 0
    for index in 0..<truthCount {
      let entity = references[index]
      while next < saidCount, predicted[next].last < entity.last { next += 1 }
      if next < saidCount, predicted[next] == entity {
        batch.types[place(entity.type, from: first)].hits += 1
      }
    }
  }

  /// Where in the batch the counts of a type in this row are.
  @inline(__always)
  private mutating func place(_ type: Int32, from first: Int) -> Int {
    let known = places[Int(type)]
    if known >= first { return known }
    places[Int(type)] = batch.types.count
    batch.types.append(TokenClassificationBatch.OfType(type: Int(type)))
    return batch.types.count - 1
  }

  /// The batch, its types as codes of a table, which grows.
  consuming func finish(_ table: inout ClassTable) throws(InputError) -> TokenClassificationBatch {
    let used = places.indices.filter { places[$0] >= 0 }
    let names = used.map { ClassName.text(String(decoding: types.bytes(of: $0), as: UTF8.self)) }
    table.add(names)
    guard table.count <= DeclaredClasses.limit else {
      throw InputError(
        .tooManyValues, [.key("references")],
        "the stream would have more than \(DeclaredClasses.limit) types of entities",
        hint: "a tag is a prefix and a type, such as \"B-PER\"")
    }
    var codes = [Int](repeating: 0, count: places.count)
    for (id, name) in zip(used, names) { codes[id] = table.code(name) ?? 0 }
    for place in batch.types.indices { batch.types[place].type = codes[batch.types[place].type] }
    batch.table = table
    return batch
  }
}
