// Columns of tags: lists of strings, or integers that are places among the tags declared.

/// Tags of all rows as codes of a table, one after the other.
struct TagSequences {
  var codes: [Int32] = []
  /// Where each row ends.
  var ends: [Int] = []

  @inline(__always)
  func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// The same without the tokens for which another column, with rows of the same lengths, has a code.
  func leavingOut(_ code: Int32, of other: TagSequences) -> TagSequences {
    var kept = TagSequences()
    kept.codes.reserveCapacity(codes.count)
    kept.ends.reserveCapacity(ends.count)
    for row in ends.indices {
      for place in range(row) where other.codes[place] != code { kept.codes.append(codes[place]) }
      kept.ends.append(kept.codes.count)
    }
    return kept
  }
}

/// A column of tags that is not taken apart yet.
enum TagColumn {
  case texts(TextLists)
  /// Different tags, and places among them.
  case coded(TextColumn, [Int32], ends: [Int])
  case integers([Int64], ends: [Int])

  var ends: [Int] {
    switch self {
    case .texts(let lists): lists.ends
    case .coded(_, _, let ends): ends
    case .integers(_, let ends): ends
    }
  }
}

extension Columns {
  /// A column with a list of tags a row: strings, or integers where tags were declared.
  func tags(_ name: String, declared: Int) throws(InputError) -> TagColumn {
    let column = try require(name)
    switch column {
    case .numeric(let numbers):
      guard numbers.shape.count == 2 else {
        throw .batch(
          name, "\(name) has the shape \(numbers.shape), and a list of tags a row is wanted",
          hint: "send [n, t], or a list a row")
      }
      try requireTags(name, declared)
      let ends = (0..<numbers.rows).map { ($0 + 1) * numbers.width }
      switch numbers.integers() {
      case .success(let integers): return .integers(integers, ends: ends)
      case .failure(let fault):
        throw .batch(
          name, row: fault.index / max(1, numbers.width),
          "\(name) holds \(numbers.value(at: fault.index).brief) where a tag is wanted",
          hint: Self.integerHint(declared))
      }
    case .lists(.numeric, _):
      try requireTags(name, declared)
      return try raggedTags(name, declared)
    case .values(let values) where values.contains(where: Self.holdsNumber):
      try requireTags(name, declared)
      return try raggedTags(name, declared)
    case .lists(.dictionary(let values, let codes), let ends):
      guard let words = TextColumn(values) else { return .texts(try textLists(name)) }
      return .coded(words, codes, ends: ends)
    default: return .texts(try textLists(name))
    }
  }

  private static func holdsNumber(_ value: Value) -> Bool {
    guard case .list(let list) = value else { return false }
    return list.contains { $0.exactDouble != nil }
  }

  fileprivate static func integerHint(_ declared: Int) -> String {
    "with tags, integers from 0 to \(declared - 1) are places among them; ignore_index is left out"
  }

  private func requireTags(_ name: String, _ declared: Int) throws(InputError) {
    if declared > 0 { return }
    throw .batch(
      name, "\(name) holds numbers, and no tags were declared",
      hint: "open the stream with the option tags, the names in the order of the numbers")
  }

  private func raggedTags(_ name: String, _ declared: Int) throws(InputError) -> TagColumn {
    let lists = try numberLists(name)
    var integers: [Int64] = []
    integers.reserveCapacity(lists.values.count)
    for (index, x) in lists.values.enumerated() {
      guard let integer = Int64(exactly: x) else {
        throw .batch(
          name, row: lists.ends.firstIndex { $0 > index },
          "\(name) holds \(Value.wireText(x)) where a tag is wanted",
          hint: Self.integerHint(declared))
      }
      integers.append(integer)
    }
    return .integers(integers, ends: lists.ends)
  }
}

extension TagTable {
  /// The codes of a column. Tokens that are ignored in `references` are not looked at.
  mutating func codes(
    of column: TagColumn, _ name: String, ignoring ignored: Int64?,
    where references: TagSequences? = nil
  ) throws(InputError) -> TagSequences {
    var sequences = TagSequences(ends: column.ends)
    sequences.codes.reserveCapacity(column.ends.last ?? 0)
    do throws(Fault) {
      switch column {
      case .texts(let lists):
        try append(lists.texts, to: &sequences.codes, where: references?.codes)
      case .coded(let words, let places, _):
        try append(words, places, to: &sequences.codes, where: references?.codes)
      case .integers(let integers, _):
        try append(
          integers, to: &sequences.codes, ignoring: references == nil ? ignored : nil,
          where: references?.codes)
      }
    } catch {
      let index = sequences.codes.count
      throw .batch(
        name, row: column.ends.firstIndex { $0 > index }, "\(name) holds \(error.message)",
        hint: error.hint)
    }
    return sequences
  }

  private mutating func append(
    _ texts: TextColumn, to codes: inout [Int32], where references: [Int32]?
  ) throws(Fault) {
    if takesAll, references.map({ !$0.contains(Self.ignored) }) ?? true {
      return try appendCodes(of: texts, to: &codes)
    }
    var start = 0
    for (index, end) in texts.ends.enumerated() {
      var code = Self.ignored
      if references == nil || references?[index] != Self.ignored {
        code = try self.code(texts.bytes, start..<end)
        // What is ignored is so by the reference; as a prediction it is a tag like any other.
        if code == Self.ignored && references != nil {
          code = try knownCode(texts.bytes, start..<end)
        }
      }
      codes.append(code)
      start = end
    }
  }

  /// Each word is looked up once; of those that are a fault, the one that stands first is told.
  private mutating func append(
    _ words: TextColumn, _ places: [Int32], to codes: inout [Int32], where references: [Int32]?
  ) throws(Fault) {
    guard let references, references.contains(Self.ignored) else {
      var known: [Int32] = []
      var faults: [Int32: Fault] = [:]
      for word in 0..<words.count {
        do throws(Fault) {
          known.append(try code(words, word, isReference: references == nil))
        } catch {
          faults[Int32(truncatingIfNeeded: word)] = error
          known.append(Self.ignored)
        }
      }
      if !faults.isEmpty, let index = places.firstIndex(where: { faults[$0] != nil }),
        let fault = faults[places[index]]
      {
        codes = Array(repeating: Self.ignored, count: index)
        throw fault
      }
      // Often the words of the first column are all there are, in the order in which they came.
      let areSame = known.indices.allSatisfy { known[$0] == $0 }
      codes = areSame ? places : Kernels.values(known, at: places)
      return
    }
    // What is predicted where the reference is ignored need be no tag.
    var known: [Int32?] = Array(repeating: nil, count: words.count)
    for (index, place) in places.enumerated() {
      if references[index] == Self.ignored {
        codes.append(Self.ignored)
      } else if let code = known[Int(place)] {
        codes.append(code)
      } else {
        let code = try code(words, Int(place), isReference: false)
        known[Int(place)] = code
        codes.append(code)
      }
    }
  }

  private mutating func code(
    _ words: TextColumn, _ word: Int, isReference: Bool
  ) throws(Fault) -> Int32 {
    let range = words.range(word)
    return isReference ? try code(words.bytes, range) : try knownCode(words.bytes, range)
  }

  private func append(
    _ integers: [Int64], to codes: inout [Int32], ignoring ignored: Int64?,
    where references: [Int32]?
  ) throws(Fault) {
    if ignored == nil, references.map({ !$0.contains(Self.ignored) }) ?? true,
      let all = Kernels.codes(integers, below: declaredCount)
    {
      codes = all
      return
    }
    let count = Int64(declaredCount)
    for (index, integer) in integers.enumerated() {
      if references?[index] == Self.ignored || integer == ignored {
        codes.append(Self.ignored)
      } else if integer >= 0 && integer < count {
        codes.append(Int32(truncatingIfNeeded: integer))
      } else {
        throw Fault(
          message: "\(integer) where a tag is wanted",
          hint: Columns.integerHint(declaredCount))
      }
    }
  }
}
