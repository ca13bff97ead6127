/// The name of a row. The integer 7 is not the string "7".
public enum RowID: Sendable, Hashable {
  case integer(Int64)
  case unsigned(UInt64)
  case text(String)

  /// Texts are equal when their bytes are, as in `Value`.
  public static func == (a: RowID, b: RowID) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): x == y
    case (.unsigned(let x), .unsigned(let y)): x == y
    case (.text(let x), .text(let y)): x.hasSameBytes(as: y)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let x): hasher.combine(x)
    case .unsigned(let x): hasher.combine(x)
    case .text(let x): x.hashBytes(into: &hasher)
    }
  }

  fileprivate var byteCount: Int {
    if case .text(let text) = self { text.utf8.count } else { 0 }
  }
}

/// The ids that a window has seen, each with a fingerprint of its row.
struct RowIDs: Sendable {
  private var seen: [RowID: UInt64] = [:]
  private var textBytes = 0

  /// Rows whose ids are new, with what is to be kept of them.
  struct Fresh {
    var rows: [Int] = []
    fileprivate var prints: [RowID: UInt64] = [:]
  }

  /// Finds the rows whose ids are new, also among themselves; the others are counted. Nothing changes yet.
  func fresh(
    _ ids: [RowID], of rows: [Int], in columns: Columns, report: inout PushReport
  ) -> Fresh {
    let fingerprints = RowFingerprints(columns)
    var fresh = Fresh()
    for row in rows {
      let id = ids[row]
      let print = fingerprints.of(row: row)
      if let known = seen[id] ?? fresh.prints[id] {
        report.duplicates += 1
        if known != print { report.conflicting += 1 }
      } else {
        fresh.prints[id] = print
        fresh.rows.append(row)
      }
    }
    return fresh
  }

  /// Takes in what was found to be new.
  mutating func insert(_ fresh: Fresh) {
    for (id, print) in fresh.prints {
      seen[id] = print
      textBytes += id.byteCount
    }
  }

  var byteCount: Int { seen.count * 64 + textBytes }

  /// How many ids two windows share.
  func sharedCount(with other: RowIDs) -> Int {
    let (few, many) = seen.count < other.seen.count ? (seen, other.seen) : (other.seen, seen)
    return few.keys.reduce(0) { $0 + (many[$1] == nil ? 0 : 1) }
  }

  /// Takes in the ids of another window, which shares none.
  mutating func merge(_ other: RowIDs) {
    seen.merge(other.seen) { mine, _ in mine }
    textBytes += other.textBytes
  }

  /// Appends all ids in their order, so that equal windows are equal bytes.
  func encode(into writer: inout StateWriter) {
    writer.write(UInt64(seen.count))
    for (id, print) in seen.sorted(by: { $0.key.precedes($1.key) }) {
      id.plain.encode(into: &writer)
      writer.write(print)
    }
  }

  /// Reads what `encode` wrote.
  init(from reader: inout StateReader) throws(StateError) {
    for _ in 0..<(try reader.readCount(ofSize: 17)) {
      guard let id = RowID(try Value(from: &reader)) else { throw StateError("an id is no id") }
      guard seen.updateValue(try reader.read(), forKey: id) == nil else {
        throw StateError("an id is there twice")
      }
      textBytes += id.byteCount
    }
  }

  init() {}
}

extension RowID {
  /// The id as plain data.
  fileprivate var plain: Value {
    switch self {
    case .integer(let x): .integer(x)
    case .unsigned(let x): .unsigned(x)
    case .text(let x): .text(x)
    }
  }

  fileprivate init?(_ value: Value) {
    switch value {
    case .integer(let x): self = .integer(x)
    case .unsigned(let x): self = .unsigned(x)
    case .text(let x): self = .text(x)
    default: return nil
    }
  }

  /// Integers by size, then texts by their bytes.
  fileprivate func precedes(_ other: RowID) -> Bool {
    switch (self, other) {
    case (.integer(let x), .integer(let y)): x < y
    case (.unsigned(let x), .unsigned(let y)): x < y
    case (.text(let x), .text(let y)): x.precedesByBytes(y)
    case (.integer, _): true
    case (.unsigned, .text): true
    default: false
    }
  }
}

extension Columns {
  /// The `ids` column: strings or 64-bit integers.
  func rowIDs() throws(InputError) -> [RowID] {
    guard has("ids") else {
      throw InputError(
        .invalidBatch, [], "the batch has no column \"ids\"",
        hint: "the stream was opened with unique_ids")
    }
    try requireFlat("ids")
    var ids: [RowID] = []
    ids.reserveCapacity(rows)
    for row in 0..<rows {
      switch value("ids", row: row).asName {
      case .text(let text): ids.append(.text(text))
      case .integer(let x): ids.append(.integer(x))
      case .unsigned(let x):
        ids.append(Int64(exactly: x).map(RowID.integer) ?? .unsigned(x))
      case let other:
        throw .batch(
          "ids", row: row, "an id is \(other.brief)", hint: "ids are strings or 64-bit integers")
      }
    }
    return ids
  }
}

/// Hashes of all that a row holds, its id aside: FNV-1a on a canonical form, so that a row has the
/// same one in every process and every encoding.
private struct RowFingerprints {
  private let columns: [(name: String, column: Column)]

  init(_ columns: Columns) {
    self.columns =
      columns.columns.sorted { $0.key < $1.key }.filter { $0.key != "ids" }.map {
        ($0.key, $0.value)
      }
      // Two spellings of a text are told apart by their bytes; anything else has the order that it always had, since
      // fingerprints are kept.
      + columns.slices.sorted { ($0.key.text, $0.key) < ($1.key.text, $1.key) }.map {
        ("slices/\($0.key)", $0.value)
      }
  }

  func of(row: Int) -> UInt64 {
    var hash = Hash()
    for (name, column) in columns {
      hash.add(name)
      switch column {
      case .constant, .values, .text, .lists, .dictionary: hash.add(row: column.value(at: row))
      case .numeric(let numbers):
        for index in row * numbers.width..<(row + 1) * numbers.width {
          hash.add(numbers.value(at: index))
        }
      case .unread(let numbers):
        for index in row * numbers.width..<(row + 1) * numbers.width {
          hash.add(numbers.value(at: index))
        }
      }
    }
    return hash.bits
  }

  private struct Hash {
    private(set) var bits: UInt64 = 0xcbf2_9ce4_8422_2325

    private mutating func step(_ byte: UInt8) { bits = (bits ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func add(_ text: String) {
      for byte in text.utf8 { step(byte) }
      // No text holds this byte, so "ab", "c" is not "a", "bc".
      step(0xFF)
    }

    mutating func add(_ number: UInt64) {
      for shift in stride(from: 0, to: 64, by: 8) {
        step(UInt8(truncatingIfNeeded: number >> shift))
      }
    }

    /// A row that is a list is its elements, as a row of a matrix is.
    mutating func add(row value: Value) {
      guard case .list(let values) = value else { return add(value) }
      for value in values { add(value) }
    }

    /// Equal numbers are one, whatever their type: 1, 1.0 and true.
    mutating func add(_ value: Value) {
      switch value {
      case .null: step(0xFE)
      case .bool(let x): add(.number(x ? 1 : 0))
      case .integer, .unsigned, .number:
        if let x = value.exactDouble {
          add((x + 0).bitPattern)
        } else {
          add("\(value)")
        }
      case .text(let x): add(x)
      case .list(let values):
        add(UInt64(values.count))
        for value in values { add(value) }
      case .record(let fields):
        add(UInt64(fields.count))
        for field in fields {
          add(field.key)
          add(field.value)
        }
      }
    }
  }
}
