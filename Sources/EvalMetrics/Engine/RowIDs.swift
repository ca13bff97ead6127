/// The name of a row. The integer 7 is not the string "7".
public enum RowID: Sendable, Hashable {
  case integer(Int64)
  case unsigned(UInt64)
  case text(String)
}

/// The ids that a window has seen, each with a fingerprint of its row.
struct RowIDs: Sendable {
  private var seen: [RowID: UInt64] = [:]

  /// Takes in the new ids of these rows and gives the rows that are new; the others are counted.
  mutating func insert(
    _ ids: [RowID], of rows: [Int], in columns: Columns, report: inout PushReport
  ) -> [Int] {
    var kept: [Int] = []
    for row in rows {
      let print = columns.fingerprint(row: row)
      if let known = seen[ids[row]] {
        report.duplicates += 1
        if known != print { report.conflicting += 1 }
      } else {
        seen[ids[row]] = print
        kept.append(row)
      }
    }
    return kept
  }

  var byteCount: Int { seen.count * 64 }
}

extension Columns {
  /// The `ids` column: strings or 64-bit integers.
  func rowIDs() throws(InputError) -> [RowID] {
    guard has("ids") else {
      throw InputError(
        .invalidBatch, [], "the batch has no column \"ids\"",
        hint: "the stream was opened with unique_ids")
    }
    var ids: [RowID] = []
    ids.reserveCapacity(rows)
    for row in 0..<rows {
      switch value("ids", row: row) {
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

  /// A hash of all that a row holds, its id aside (FNV-1a on a canonical form, so that it is the same in every process).
  fileprivate func fingerprint(row: Int) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for name in columns.keys.sorted() where name != "ids" {
      for byte in "\(name)=\(canonical(name, row));".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      }
    }
    return hash
  }

  private func canonical(_ name: String, _ row: Int) -> String {
    guard case .numeric(let column) = columns[name] else { return "\(value(name, row: row))" }
    let width = column.width
    return (row * width..<(row + 1) * width).map { index in
      column.value(at: index).exactDouble.map { "\($0)" } ?? "\(column.value(at: index))"
    }.joined(separator: ",")
  }
}
