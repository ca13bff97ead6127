extension Columns {
  /// The cell of each row. Every declared dimension must be there, and no other.
  func cells(of dimensions: [SliceDimension]) throws(InputError) -> CellAssignment {
    for name in slices.keys.sorted() where !dimensions.contains(where: { $0.name == name }) {
      throw .unknownName(
        .invalidBatch, [.key("slices"), .key(name.text)], "slice", name.text,
        known: dimensions.map(\.name.text))
    }
    if dimensions.isEmpty || rows == 0 { return .none }
    var coded: [(values: [SliceValue], codes: [Int32]?)] = []
    for dimension in dimensions {
      guard let column = slices[dimension.name] else {
        throw InputError(
          .invalidBatch, [.key("slices")], "the batch has no slice \"\(dimension.name)\"",
          hint: "a slice declared at stream/open comes with every batch; null is a value too")
      }
      coded.append(try code(column, dimension))
    }
    if coded.allSatisfy({ $0.codes == nil }) { return .whole(coded.map { $0.values[0] }) }
    return combine(coded)
  }

  /// A slice column as codes into its distinct values; no codes where one value holds for all rows.
  private func code(
    _ column: Column, _ dimension: SliceDimension
  ) throws(InputError) -> (values: [SliceValue], codes: [Int32]?) {
    func value(_ value: Value, _ place: InputError.Step...) throws(InputError) -> SliceValue {
      do {
        return try dimension.value(of: value)
      } catch {
        throw error.under([.key("slices"), .key(dimension.name.text)] + place)
      }
    }
    if case .numeric(let numbers) = column, numbers.width != 1 {
      throw InputError(
        .invalidBatch, [.key("slices"), .key(dimension.name.text)],
        "slice \(dimension.name) has the shape \(numbers.shape), and one value a row is wanted",
        hint: "send [n] or [n, 1]")
    }
    switch column {
    case .constant(let constant): return ([try value(constant)], nil)
    case .dictionary(let values, let codes):
      var distinct: [SliceValue] = []
      for (index, entry) in values.enumerated() {
        distinct.append(try value(entry, .key("dictionary"), .index(index)))
      }
      return (distinct, codes)
    case .numeric, .values, .text, .lists, .unread:
      var places: [Value: Int32] = [:]
      var distinct: [SliceValue] = []
      var codes: [Int32] = []
      codes.reserveCapacity(rows)
      for row in 0..<rows {
        let plain = column.value(at: row)
        if let place = places[plain] {
          codes.append(place)
        } else {
          let place = Int32(distinct.count)
          distinct.append(try value(plain, .index(row)))
          places[plain] = place
          codes.append(place)
        }
      }
      return (distinct, codes)
    }
  }

  /// The combinations of several dimensions that occur, and which each row has.
  private func combine(_ coded: [(values: [SliceValue], codes: [Int32]?)]) -> CellAssignment {
    var keys: [SliceKey] = [[]]
    // Nil while one key holds for all rows.
    var codes: [Int32]?
    for (values, next) in coded {
      if let next, let before = codes {
        (keys, codes) = cross(keys, before, values, next)
      } else if let next {
        keys = values.map { keys[0] + [$0] }
        codes = next
      } else {
        keys = keys.map { $0 + [values[0]] }
      }
    }
    return .byRow(keys: keys, codes: codes ?? [])
  }

  /// The keys by one more dimension. Only those that occur: two dictionaries can have more pairs than there are rows.
  private func cross(
    _ keys: [SliceKey], _ codes: [Int32], _ values: [SliceValue], _ next: [Int32]
  ) -> ([SliceKey], [Int32]) {
    var places: [Int: Int32] = [:]
    var crossed: [SliceKey] = []
    let combined = zip(codes, next).map { code, other in
      // Both are below 2^31, so their pair fits.
      let pair = Int(code) * values.count + Int(other)
      if let place = places[pair] { return place }
      let place = Int32(crossed.count)
      crossed.append(keys[Int(code)] + [values[Int(other)]])
      places[pair] = place
      return place
    }
    return (crossed, combined)
  }
}
