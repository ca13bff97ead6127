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
}
