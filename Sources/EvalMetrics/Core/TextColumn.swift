/// Texts, one a row: their UTF-8 side by side, and where each ends. No string is made of a row until one is wanted.
public struct TextColumn: Sendable, Equatable {
  /// The UTF-8 of all rows, one after the other.
  public var bytes: [UInt8]
  /// Where in `bytes` each row ends; the next one begins there.
  public var ends: [Int]

  public init(bytes: [UInt8] = [], ends: [Int] = []) {
    self.bytes = bytes
    self.ends = ends
  }

  /// How many texts there are.
  public var count: Int { ends.count }

  /// Where in `bytes` a row stands.
  @inline(__always)
  public func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// The text of a row.
  public func text(_ row: Int) -> String { String(decoding: bytes[range(row)], as: UTF8.self) }

  /// Adds a row.
  public mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    ends.append(bytes.count)
  }

  /// The rows at these indices, in this order.
  public func selecting(_ rows: [Int]) -> TextColumn {
    var chosen = TextColumn()
    chosen.ends.reserveCapacity(rows.count)
    for row in rows {
      chosen.bytes.append(contentsOf: bytes[range(row)])
      chosen.ends.append(chosen.bytes.count)
    }
    return chosen
  }
}

/// A list of texts a row.
public struct TextLists: Sendable, Equatable {
  /// The texts of all rows, one after the other.
  public var texts: TextColumn
  /// Where in `texts` the list of each row ends.
  public var ends: [Int]

  public init(texts: TextColumn = TextColumn(), ends: [Int] = []) {
    self.texts = texts
    self.ends = ends
  }

  /// How many rows there are.
  public var count: Int { ends.count }

  /// Which of `texts` are those of a row.
  @inline(__always)
  public func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// The rows at these indices, in this order.
  public func selecting(_ rows: [Int]) -> TextLists {
    var chosen = TextLists()
    chosen.texts = texts.selecting(rows.flatMap { range($0) })
    var end = 0
    for row in rows {
      end += range(row).count
      chosen.ends.append(end)
    }
    return chosen
  }
}

/// A list of numbers a row.
public struct NumberLists: Sendable, Equatable {
  /// The numbers of all rows, one after the other.
  public var values: [Double]
  /// Where in `values` the list of each row ends.
  public var ends: [Int]

  public init(values: [Double] = [], ends: [Int] = []) {
    self.values = values
    self.ends = ends
  }

  /// How many rows there are.
  public var count: Int { ends.count }

  /// Which of `values` are those of a row.
  @inline(__always)
  public func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// The rows at these indices, in this order.
  public func selecting(_ rows: [Int]) -> NumberLists {
    var chosen = NumberLists()
    for row in rows {
      chosen.values.append(contentsOf: values[range(row)])
      chosen.ends.append(chosen.values.count)
    }
    return chosen
  }
}
