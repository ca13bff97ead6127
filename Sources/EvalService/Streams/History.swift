import EvalMetrics

/// A closed window as `metric/history` shows it.
struct HistoryRow: Sendable {
  var label: Name
  var count: Int
  var requests: [MetricRequest]
  /// One for each request.
  var answers: [Answer]
  /// A JSON object as text.
  var extra: [UInt8]
  /// Seconds since 1970.
  var time: Double
  /// What was refused in that window.
  var taint: Refusals
}

/// The closed windows of a stream, the oldest first.
struct History: Sendable {
  private(set) var rows: [HistoryRow] = []
  /// Memory by account.
  private(set) var byteCount = 0

  /// The most rows a stream keeps.
  static let limit = 100_000

  mutating func append(_ row: HistoryRow) {
    var row = row
    byteCount += 512 + row.label.text.utf8.count + row.extra.count
    byteCount += row.answers.reduce(0) { $0 + 64 + ($1.value?.byteCount ?? 0) }
    if let last = rows.last, last.requests == row.requests {
      // One list serves all rows that asked for the same.
      row.requests = last.requests
    } else {
      byteCount += row.requests.count * MetricRequest.accountedBytes
    }
    rows.append(row)
  }
}

extension MetricRequest {
  /// About what one takes, its options included.
  static let accountedBytes = 512
}
