import EvalMetrics
import JSONRPC

/// Batches that were refused, and the first of them.
struct Refusals: Sendable {
  private(set) var batches = 0
  private(set) var rows = 0
  private(set) var first: First?

  struct First: Sendable {
    var kind: String
    var path: String
    var message: String
  }

  var isEmpty: Bool { batches == 0 }

  /// Counts a batch. How many rows it had is what its sender says, so the sum may be anything.
  mutating func add(rows: Int, _ error: RPCError) {
    batches += 1
    let (sum, overflow) = self.rows.addingReportingOverflow(max(0, rows))
    self.rows = overflow ? .max : sum
    if first == nil { first = First(kind: error.kind, path: error.path, message: error.message) }
  }

  /// Counts others beside these.
  mutating func add(_ other: Refusals) {
    batches = batches.addingClamped(other.batches)
    rows = rows.addingClamped(other.rows)
    if first == nil { first = other.first }
  }
}

extension Refusals {
  /// Of one batch.
  init(rows: Int, _ error: RPCError) { add(rows: rows, error) }

  func encode(into writer: inout StateWriter) {
    writer.write(UInt64(batches))
    writer.write(UInt64(rows))
    writer.write(optional: first) { writer, first in
      writer.write(first.kind)
      writer.write(first.path)
      writer.write(first.message)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    batches = try reader.readCounter()
    rows = try reader.readCounter()
    first = try reader.readOptional { reader throws(StateError) in
      let kind = try reader.readString()
      let path = try reader.readString()
      return First(kind: kind, path: path, message: try reader.readString())
    }
  }
}
