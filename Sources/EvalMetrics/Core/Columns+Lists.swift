// Columns of texts, and columns with a list a row, whatever they were encoded as.

extension Columns {
  /// A column with a text a row.
  public func texts(_ name: String) throws(InputError) -> TextColumn {
    let column = try require(name)
    if case .text(let texts) = column { return texts }
    var texts = TextColumn()
    texts.ends.reserveCapacity(rows)
    for row in 0..<rows {
      let value = column.value(at: row)
      guard let text = value.string else {
        throw .batch(
          name, row: row, "\(name) holds \(value.brief) where a string is wanted",
          hint: value == .null ? "a string a row, \"\" for none" : "a string a row")
      }
      texts.append(text)
    }
    return texts
  }

  /// A column with a list of texts a row. Where `wrapsSingle` says so, a text is a list of one.
  public func textLists(
    _ name: String, wrapsSingle: Bool = false
  ) throws(InputError) -> TextLists {
    let column = try require(name)
    if let lists = column.textLists { return lists }
    if case .text(let texts) = column, wrapsSingle {
      return TextLists(texts: texts, ends: Array(1..<texts.count + 1))
    }
    var lists = TextLists()
    lists.ends.reserveCapacity(rows)
    for row in 0..<rows {
      let value = column.value(at: row)
      switch value {
      case .list(let values):
        for element in values {
          guard let text = element.string else {
            throw .batch(
              name, row: row, "\(name) holds \(element.brief) in a list of strings",
              hint: "a list of strings a row")
          }
          lists.texts.append(text)
        }
      case .text(let text) where wrapsSingle: lists.texts.append(text)
      default:
        throw .batch(
          name, row: row, "\(name) holds \(value.brief) where a list of strings is wanted",
          hint: "a list of strings a row")
      }
      lists.ends.append(lists.texts.count)
    }
    return lists
  }

  /// A column with a list of numbers a row, which may be of unequal length. "NaN" and the infinities are
  /// understood.
  public func numberLists(_ name: String) throws(InputError) -> NumberLists {
    let column = try require(name)
    switch column {
    case .numeric(let numbers) where numbers.shape.count == 2:
      let (values, shape) = try doubles(name)
      return NumberLists(values: values, ends: (0..<shape[0]).map { ($0 + 1) * shape[1] })
    case .lists(.numeric(let numbers), let ends) where numbers.shape.count == 1:
      switch numbers.doubles() {
      case .success(let values): return NumberLists(values: values, ends: ends)
      case .failure(let fault):
        throw Self.inexact(name, ends.firstIndex { $0 > fault.index })
      }
    default: break
    }
    var lists = NumberLists()
    for row in 0..<rows {
      let value = column.value(at: row)
      guard case .list(let values) = value, !isNumeric(column) else {
        throw .batch(
          name, row: row, "\(name) holds \(value.brief) where a list of numbers is wanted",
          hint: "a list of numbers a row")
      }
      for element in values { lists.values.append(try Self.double(element, name, row)) }
      lists.ends.append(lists.values.count)
    }
    return lists
  }

  private func isNumeric(_ column: Column) -> Bool {
    if case .numeric = column { true } else { false }
  }
}

extension Column {
  /// Lists of texts that came as such, or as places in a dictionary of texts; nil for anything else.
  var textLists: TextLists? {
    switch self {
    case .lists(.text(let texts), let ends): return TextLists(texts: texts, ends: ends)
    case .lists(.dictionary(let values, let codes), let ends):
      guard let words = TextColumn(values) else { return nil }
      return TextLists(texts: words.selecting(codes.map { Int($0) }), ends: ends)
    default: return nil
    }
  }
}

extension TextColumn {
  /// Values all of which are texts; nil where one is none.
  init?(_ values: [Value]) {
    self.init()
    for value in values {
      guard let text = value.string else { return nil }
      append(text)
    }
  }
}
