import EvalMetrics
import EvalTestSupport
import Foundation
import Testing

/// What scikit-learn, scipy and numpy answered, against what evald answers, after each prefix of the rows.
@Suite struct GoldenTests {
  /// `Tests/goldens/<task>/<metric>.json`.
  struct Golden: Decodable {
    var task: String
    var metric: String
    var madeWith: [String: String]
    var cases: [Case]

    enum CodingKeys: String, CodingKey {
      case task, metric, cases
      case madeWith = "made_with"
    }

    struct Case: Decodable {
      var data: String
      var metric: PlainJSON
      var threshold: Double?
      var answers: [Expected]
    }

    struct Expected: Decodable {
      var rows: Int
      var value: PlainJSON?
      var reason: String?
    }
  }

  /// `Tests/goldens/<task>/rows.json`.
  struct Rows: Decodable {
    var options: [String: PlainJSON]
    var columns: [String: [PlainJSON]]

    var count: Int { columns.values.first?.count ?? 0 }
  }

  /// The metrics of every task by name, aliases aside: a metric without a golden fails here by itself.
  static func metricNames() throws -> [String] {
    try Tasks.metrics().filter { $0.aliasOf == nil }.map { "\($0.task)/\($0.name)" }
  }

  private static func read<T: Decodable>(_: T.Type, _ name: String) throws -> T {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "goldens/\(name).json"))
    return try JSONDecoder().decode(T.self, from: data)
  }

  /// The rows of every task, read once.
  private static let rows = Result {
    try Dictionary(
      uniqueKeysWithValues: Tasks.names.map {
        ($0, try read([String: Rows].self, "\($0)/rows"))
      })
  }

  @Test(arguments: try metricNames()) func agrees(_ name: String) throws {
    let golden = try Self.read(Golden.self, name)
    let rows = try #require(try Self.rows.get()[golden.task])
    #expect("\(golden.task)/\(golden.metric)" == name)
    #expect(!golden.madeWith.isEmpty && golden.madeWith["evald"] == nil)
    #expect(!golden.cases.isEmpty)
    for example in golden.cases {
      try Self.check(example, of: golden, #require(rows[example.data]))
    }
  }

  private static func check(_ example: Golden.Case, of golden: Golden, _ rows: Rows) throws {
    let metric = try Tasks.resolve(example.metric.value, task: golden.task)
    var bench = try Bench(golden.task, rows.options.mapValues(\.value), metrics: [metric])
    var pushed = 0
    for expected in example.answers {
      let whole = bench.engine.wholeColumns
      var batch: [String: Column] = [:]
      for (name, column) in rows.columns {
        let values = column[pushed..<expected.rows].map(\.value)
        // A column that is not by row stands there as a list a row, and is pushed as one.
        batch[name] = .values(whole.contains(name) ? values.flatMap(Self.elements) : values)
      }
      try bench.push(batch)
      pushed = expected.rows
      let found = try bench.engine.answers([metric], in: Scope(), threshold: example.threshold)
      #expect(found.count == pushed)
      #expect(
        isClose(found.answers[0], expected),
        "\(metric.key) of \(pushed) rows of \(example.data): \(found.answers[0].bits), not \(expected)"
      )
    }
    #expect(pushed == rows.count)
  }

  private static func elements(_ value: Value) -> [Value] {
    if case .list(let values) = value { values } else { [value] }
  }

  private static func isClose(_ found: Answer, _ expected: Golden.Expected) -> Bool {
    guard let value = expected.value else { return found.reason?.rawValue == expected.reason }
    return found.value.map { isClose($0, value.value) } ?? false
  }

  /// Numbers to 1e-12, or to what the reference rounds where it subtracts numbers near 1; counts exactly.
  private static func isClose(_ a: Value, _ b: Value) -> Bool {
    if case .record(let fields) = a, case .record(let others) = b {
      return fields.count == others.count
        && fields.allSatisfy { field in
          others.contains { $0.key == field.key && isClose(field.value, $0.value) }
        }
    }
    if case .list(let values) = a, case .list(let others) = b {
      return values.count == others.count && zip(values, others).allSatisfy { isClose($0, $1) }
    }
    guard let x = a.exactDouble, let y = b.exactDouble else { return a == b }
    if case .integer = a { return x == y }
    return x == y || abs(x - y) <= max(1e-12 * max(abs(x), abs(y)), 2e-15)
  }
}

/// JSON as a tree; integral numbers are integers.
struct PlainJSON: Decodable {
  var value: Value

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .null
    } else if let x = try? container.decode(Bool.self) {
      value = .bool(x)
    } else if let x = try? container.decode(Double.self) {
      value = Int64(exactly: x).map(Value.integer) ?? .number(x)
    } else if let x = try? container.decode(String.self) {
      value = .text(x)
    } else if let x = try? container.decode([PlainJSON].self) {
      value = .list(x.map(\.value))
    } else {
      let fields = try container.decode([String: PlainJSON].self)
      value = .record(fields.sorted { $0.key < $1.key }.map { Value.Field($0.key, $0.value.value) })
    }
  }
}
