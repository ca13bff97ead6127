import EvalMetrics

/// Goes through the rows of a history: which answers of the row it has come to are shown, and which row
/// was the best so far in each metric. A row costs its answers, however many metrics and rows there are.
struct BestRows {
  struct Best {
    var key: Name
    var label: Name
    var value: Double
  }

  /// What is shown of this row: keys, and the places of their answers; nil for what it has not.
  private(set) var shown: [(key: Name, place: Int?)] = []
  /// Metrics in the order in which they came up; nil for those without a direction or a value.
  private(set) var best: [Best?] = []
  private let engine: any TaskEngine
  private let chosen: [MetricRequest]?
  private var numbers: [Name: Int] = [:]
  private var directions: [Direction] = []
  /// The requests of the last row, which mostly are those of the next, and their places in `best`.
  private var known: [MetricRequest]?
  private var places: [Int?] = []

  /// For the metrics that were chosen, or for all that the rows have.
  init(_ chosen: [MetricRequest]?, _ engine: any TaskEngine) {
    self.chosen = chosen
    self.engine = engine
    for request in chosen ?? [] { note(request) }
  }

  mutating func take(_ row: HistoryRow) {
    if known != row.requests { find(row.requests) }
    for (index, answer) in row.answers.enumerated() where index < places.count {
      guard let place = places[index], directions[place] != .neither, let value = answer.number
      else { continue }
      if let known = best[place]?.value {
        // Of equal ones the first.
        if directions[place] == .higher ? value <= known : value >= known { continue }
      }
      best[place] = Best(key: row.requests[index].key, label: row.label, value: value)
    }
  }

  private mutating func note(_ request: MetricRequest) {
    if numbers[request.key] != nil { return }
    numbers[request.key] = best.count
    best.append(nil)
    directions.append(engine.direction(of: request))
  }

  private mutating func find(_ requests: [MetricRequest]) {
    known = requests
    var own: [Name: Int] = [:]
    for (place, request) in requests.enumerated() {
      own[request.key] = place
      if chosen == nil { note(request) }
    }
    places = requests.map { numbers[$0.key] }
    shown = (chosen ?? requests).map { ($0.key, own[$0.key]) }
  }
}
