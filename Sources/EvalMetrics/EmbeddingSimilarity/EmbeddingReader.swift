/// Reads a batch of embeddings and matches it: afterwards only the best cosines are left.
struct EmbeddingReader {
  static let mostDimensions = 65_536
  /// The most products of numbers that a batch may ask for, with 64 for each pair of tokens.
  static let mostWork = 1 << 36

  let hasIDF: Bool
  let skipsNonFinite: Bool
  /// What embeddings have; settled by the first batch that has any.
  var dimension: Int?

  mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> EmbeddingBatch.Rows {
    if columns.rows == 0 { return hasIDF ? .tokens(MatchedRows()) : .scores([]) }
    let predictions = try side("prediction", columns)
    let references = try side("reference", columns)
    try checkWork(predictions, references)
    var matcher = GreedyMatcher(predictions, references, hasIDF: hasIDF)
    for row in 0..<columns.rows {
      guard let fault = matcher.match(row) else { continue }
      guard skipsNonFinite else { throw Self.error(fault, row) }
      notes.dropped.append(row)
    }
    return matcher.rows
  }

  private static func error(_ fault: GreedyMatcher.Fault, _ row: Int) -> InputError {
    .batch(
      "\(fault.side)_embeddings", row: fault.token,
      "token \(fault.place) of row \(row) has no direction: it is all zeros, or not finite",
      hint: "push no padding; non_finite \"skip\" leaves such rows out")
  }

  /// A batch that would take minutes is refused, since nothing else is answered while it is matched.
  private func checkWork(_ predictions: TokenSide, _ references: TokenSide) throws(InputError) {
    var work = 0
    for row in predictions.rowEnds.indices {
      let tokens = predictions.tokens(row).count
      for text in references.texts(row) {
        let (pairs, tooMany) = tokens.multipliedReportingOverflow(by: references.tokens(text).count)
        let (more, tooMuch) = pairs.multipliedReportingOverflow(by: (dimension ?? 0) + 64)
        work = work.addingClamped(more)
        guard !tooMany, !tooMuch, work <= Self.mostWork else {
          throw InputError(
            .tooManyValues, [.key("prediction_lengths"), .index(row)],
            "the pairs of tokens up to row \(row) are too many to compare at once",
            hint: "push fewer rows at a time, or shorter texts")
        }
      }
    }
  }
}

// MARK: - Columns

extension EmbeddingReader {
  private mutating func side(
    _ name: String, _ columns: Columns
  ) throws(InputError) -> TokenSide {
    var side = TokenSide(
      name: name, embeddings: try embeddings("\(name)_embeddings", columns))
    let lengths = try Self.lengths("\(name)_lengths", columns, lists: name == "reference")
    side.rowEnds = lengths.rowEnds
    try Self.cut(&side, lengths.values, "\(name)_lengths")
    side.ids = try Self.ids("\(name)_tokens", columns, side)
    if hasIDF, side.ids == nil {
      throw InputError(
        .invalidBatch, [], "the batch has no column \"\(name)_tokens\"",
        hint: "with idf every token has an id")
    }
    side.weights = try weights("\(name)_token_weights", columns, side)
    return side
  }

  private mutating func embeddings(
    _ name: String, _ columns: Columns
  ) throws(InputError) -> NumericColumn {
    var column = try columns.numbers(name)
    // Half-precision and single-precision numbers stay as they are, which is half of the memory.
    if column.isIntegral {
      let (values, shape) = try columns.doubles(name)
      column = NumericColumn(storage: .float64(values), shape: shape)
    }
    if column.rows == 0 { return column }
    let known = dimension ?? column.width
    guard column.shape.count <= 2, column.width == known, known >= 1 else {
      let wanted = dimension.map { "\($0)" } ?? "dimension"
      throw .batch(
        name, "\(name) has the shape \(column.shape), and [tokens, \(wanted)] is wanted",
        hint: dimension == nil
          ? "a row of numbers a token" : "all embeddings of a stream have one dimension")
    }
    guard known <= Self.mostDimensions else {
      throw InputError(
        .tooManyValues, [.key(name)], "an embedding of \(name) has \(known) numbers",
        hint: "at most \(Self.mostDimensions)")
    }
    dimension = known
    return column
  }

  /// How many tokens each text has, and where the texts of each row end.
  private static func lengths(
    _ name: String, _ columns: Columns, lists: Bool
  ) throws(InputError) -> (values: [Int], rowEnds: [Int]) {
    let column = try columns.require(name)
    var found: (values: [Int], rowEnds: [Int]) = ([], [])
    func add(_ value: Value, _ row: Int) throws(InputError) {
      guard let length = value.exactInteger, (0...Int(Int32.max)).contains(length) else {
        throw .batch(
          name, row: row, "\(name) holds \(value.brief) where a number of tokens is wanted",
          hint: lists ? "an integer a row, or a list of them" : "an integer a row")
      }
      found.values.append(length)
    }
    if case .numeric(let numbers) = column {
      guard lists ? numbers.shape.count <= 2 : numbers.width == 1 else {
        throw .batch(
          name, "\(name) has the shape \(numbers.shape), and a number of tokens a row is wanted",
          hint: lists ? "[n], or [n, references]" : "[n]")
      }
      for row in 0..<numbers.rows {
        for place in 0..<numbers.width {
          try add(numbers.value(at: row * numbers.width + place), row)
        }
        found.rowEnds.append(found.values.count)
      }
    } else {
      for row in 0..<columns.rows {
        let value = column.value(at: row)
        if lists, case .list(let values) = value {
          for value in values { try add(value, row) }
        } else {
          try add(value, row)
        }
        found.rowEnds.append(found.values.count)
      }
    }
    if let row = found.rowEnds.indices.first(where: {
      found.rowEnds[$0] == ($0 == 0 ? 0 : found.rowEnds[$0 - 1])
    }) {
      throw .batch(
        name, row: row, "row \(row) has no reference", hint: "a row has at least one reference")
    }
    return found
  }

  /// Cuts the tokens into texts.
  private static func cut(
    _ side: inout TokenSide, _ lengths: [Int], _ name: String
  ) throws(InputError) {
    let tokens = side.embeddings.rows
    var end = 0
    for row in side.rowEnds.indices {
      for text in side.texts(row) {
        // Each is below 2^31, and stops here at the first that is too far.
        end += lengths[text]
        guard end <= tokens else {
          throw .batch(
            name, row: row,
            "\(name) up to row \(row) add up to \(end), and \(side.name)_embeddings has \(tokens) tokens",
            hint: "the lengths add up to the tokens of the batch")
        }
        side.textEnds.append(end)
      }
    }
    guard end == tokens else {
      throw .batch(
        name, "\(name) add up to \(end), and \(side.name)_embeddings has \(tokens) tokens",
        hint: "the lengths add up to the tokens of the batch")
    }
  }

  private static func ids(
    _ name: String, _ columns: Columns, _ side: TokenSide
  ) throws(InputError) -> [Int32]? {
    guard let values = try perToken(name, columns, side) else { return nil }
    return try values.enumerated().map { token, x throws(InputError) in
      guard let id = Int32(exactly: x) else {
        throw .batch(
          name, row: token, "\(name) holds \(Value.wireText(x)) where the id of a token is wanted",
          hint: "integers of 32 bits")
      }
      return id
    }
  }

  private func weights(
    _ name: String, _ columns: Columns, _ side: TokenSide
  ) throws(InputError) -> [Double]? {
    guard let values = try Self.perToken(name, columns, side) else { return nil }
    for (token, weight) in values.enumerated() {
      guard weight >= 0, weight <= 0x1p100, !hasIDF || weight == 0 || weight == 1 else {
        throw .batch(
          name, row: token, "\(name) holds \(Value.wireText(weight))",
          hint: hasIDF
            ? "with idf a token counts, 1, or does not, 0" : "weights are finite and not negative")
      }
    }
    return values
  }

  private static func perToken(
    _ name: String, _ columns: Columns, _ side: TokenSide
  ) throws(InputError) -> [Double]? {
    guard columns.has(name) else { return nil }
    let (values, shape) = try columns.doubles(name)
    guard values.count == side.embeddings.rows, shape.dropFirst().allSatisfy({ $0 == 1 }) else {
      throw .batch(
        name,
        "\(name) has the shape \(shape), and \(side.name)_embeddings has \(side.embeddings.rows) tokens",
        hint: "a number for each token")
    }
    return values
  }
}
