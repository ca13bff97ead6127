/// Rows of an agreement task: what each rater says of an item.
public struct AgreementBatch: RowBatch {
  public var count: Int
  public var raters: Int
  /// The labels of the batch, each once.
  public var labels: [Value]
  /// Row after row, a place in `labels` for each rater, or -1 where the annotation is missing.
  public var codes: [Int32]
  public var weights: [Double]?

  /// At least as many as there are different pairs of labels of one item.
  var mostPairs: Int {
    func product(_ a: Int, _ b: Int) -> Int {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? .max : product
    }
    let pairsOfLabels = product(labels.count, labels.count + 1) / 2
    return min(product(count, raters * max(0, raters - 1) / 2), product(pairsOfLabels, raters))
  }

  public func selecting(_ rows: [Int]) -> AgreementBatch {
    AgreementBatch(
      count: rows.count, raters: raters, labels: labels,
      codes: rows.flatMap { codes[$0 * raters..<($0 + 1) * raters] },
      weights: weights.map { w in rows.map { w[$0] } })
  }
}

/// What the differences of labels mean.
public enum AgreementLevel: String, Sendable, CaseIterable {
  case nominal
  case ordinal
  case interval
}

/// What agreement metrics read: how often the first two raters said which two things, and how often two
/// raters of one item did, by how many annotations the item has. All of them are counts.
public struct AgreementState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var level: AgreementLevel

    public init(level: AgreementLevel) { self.level = level }
  }

  /// Two labels by their codes.
  struct Pair: Hashable, Sendable {
    var first: Int32
    var second: Int32
  }

  /// Two annotations of an item, the lower code first, and how many annotations the item has.
  struct ItemPair: Hashable, Sendable {
    var annotations: Int32
    var pair: Pair
  }

  public let configuration: Configuration
  public private(set) var count = 0
  /// The most annotations that an item can have.
  private(set) var raters = 0
  private(set) var labels: [Value] = []
  private var places: [Value: Int32] = [:]
  private var labelBytes = 0
  /// What the first rater said, and the second, of the items that both have seen.
  private(set) var firstTwo: [Pair: Tally] = [:]
  private(set) var itemPairs: [ItemPair: Tally] = [:]
  /// By label, annotations of items that have at least two.
  private(set) var pairable: [Tally] = []

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: AgreementBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    raters = max(raters, batch.raters)
    let codes = batch.labels.map { code(of: $0) }
    var item: [Int32] = []
    for row in 0..<batch.count {
      let weight = batch.weights?[row] ?? 1
      if weight == 0 { continue }
      let said = batch.codes[row * batch.raters..<(row + 1) * batch.raters]
      if batch.raters >= 2, let first = said.first, let second = said.dropFirst().first, first >= 0,
        second >= 0
      {
        firstTwo[
          Pair(first: codes[Int(first)], second: codes[Int(second)]), default: Tally()
        ].add(weight: weight)
      }
      item.removeAll(keepingCapacity: true)
      for code in said where code >= 0 { item.append(codes[Int(code)]) }
      if item.count >= 2 { add(&item, weight) }
    }
  }

  /// Adds the pairs of an item's annotations.
  private mutating func add(_ item: inout [Int32], _ weight: Double) {
    item.sort()
    let annotations = Int32(truncatingIfNeeded: item.count)
    var start = 0
    while start < item.count {
      var end = start + 1
      while end < item.count && item[end] == item[start] { end += 1 }
      let times = end - start
      pairable[Int(item[start])].add(times, weight: weight)
      if times > 1 {
        let pair = Pair(first: item[start], second: item[start])
        itemPairs[ItemPair(annotations: annotations, pair: pair), default: Tally()]
          .add(times * (times - 1) / 2, weight: weight)
      }
      var other = end
      while other < item.count {
        var next = other + 1
        while next < item.count && item[next] == item[other] { next += 1 }
        let pair = Pair(first: item[start], second: item[other])
        itemPairs[ItemPair(annotations: annotations, pair: pair), default: Tally()]
          .add(times * (next - other), weight: weight)
        other = next
      }
      start = end
    }
  }

  /// How many pairs of the labels of one item a batch has that are not here, counted up to a limit.
  func newPairs(of batch: AgreementBatch, upTo limit: Int) -> Int {
    // Labels that are new have codes behind those that are known.
    let codes = batch.labels.indices.map {
      places[batch.labels[$0]] ?? Int32(truncatingIfNeeded: labels.count + $0)
    }
    var found: Set<ItemPair> = []
    for row in 0..<batch.count {
      let said = batch.codes[row * batch.raters..<(row + 1) * batch.raters]
      let item = said.filter { $0 >= 0 }.map { codes[Int($0)] }.sorted()
      for (place, first) in item.enumerated() {
        for second in item[(place + 1)...] {
          let pair = Pair(first: first, second: second)
          let key = ItemPair(annotations: Int32(truncatingIfNeeded: item.count), pair: pair)
          if itemPairs[key] == nil { found.insert(key) }
          if found.count >= limit { return found.count }
        }
      }
    }
    return found.count
  }

  private mutating func code(of label: Value) -> Int32 {
    if let code = places[label] { return code }
    let code = Int32(truncatingIfNeeded: labels.count)
    places[label] = code
    labels.append(label)
    pairable.append(Tally())
    labelBytes += label.string?.utf8.count ?? 8
    return code
  }

  public mutating func merge(_ other: AgreementState) {
    count = count.addingClamped(other.count)
    raters = max(raters, other.raters)
    let codes = other.labels.map { code(of: $0) }
    for (code, tally) in other.pairable.enumerated() {
      pairable[Int(codes[code])].merge(tally)
    }
    for (pair, tally) in other.firstTwo {
      let here = Pair(first: codes[Int(pair.first)], second: codes[Int(pair.second)])
      firstTwo[here, default: Tally()].merge(tally)
    }
    for (key, tally) in other.itemPairs {
      let (a, b) = (codes[Int(key.pair.first)], codes[Int(key.pair.second)])
      let here = ItemPair(
        annotations: key.annotations, pair: Pair(first: min(a, b), second: max(a, b)))
      itemPairs[here, default: Tally()].merge(tally)
    }
  }

  public var byteCount: Int {
    256 + labelBytes + labels.count * 160 + (firstTwo.count + itemPairs.count) * 96
  }
}

// MARK: - Coding

extension AgreementState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(raters))
    writer.write(UInt64(labels.count))
    for (label, tally) in zip(labels, pairable) {
      label.encode(into: &writer)
      tally.encode(into: &writer)
    }
    writer.write(UInt64(firstTwo.count))
    for (pair, tally) in firstTwo.sorted(by: { $0.key.isBefore($1.key) }) {
      writer.write(pair.first)
      writer.write(pair.second)
      tally.encode(into: &writer)
    }
    writer.write(UInt64(itemPairs.count))
    let sorted = itemPairs.sorted { a, b in
      a.key.annotations == b.key.annotations
        ? a.key.pair.isBefore(b.key.pair) : a.key.annotations < b.key.annotations
    }
    for (key, tally) in sorted {
      writer.write(key.annotations)
      writer.write(key.pair.first)
      writer.write(key.pair.second)
      tally.encode(into: &writer)
    }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let raters = Int(exactly: try reader.read(UInt64.self)),
      raters <= AgreementTask.raterLimit
    else { throw StateError("a count is out of range") }
    self.count = count
    self.raters = raters
    for _ in 0..<(try reader.readCount(ofSize: 10)) {
      let label = try Value(from: &reader)
      guard places[label] == nil else { throw StateError("a label is there twice") }
      let code = code(of: label)
      pairable[Int(code)] = try Tally(from: &reader)
    }
    for _ in 0..<(try reader.readCount(ofSize: 16)) {
      let pair = try readPair(&reader)
      firstTwo[pair] = try Tally(from: &reader)
    }
    for _ in 0..<(try reader.readCount(ofSize: 20)) {
      let annotations = try reader.read(Int32.self)
      let pair = try readPair(&reader)
      guard (2...Int32(AgreementTask.raterLimit)).contains(annotations), pair.first <= pair.second
      else { throw StateError("a pair of annotations is out of range") }
      itemPairs[ItemPair(annotations: annotations, pair: pair)] = try Tally(from: &reader)
    }
  }

  private func readPair(_ reader: inout StateReader) throws(StateError) -> Pair {
    let pair = Pair(first: try reader.read(Int32.self), second: try reader.read(Int32.self))
    guard labels.indices.contains(Int(pair.first)), labels.indices.contains(Int(pair.second)) else {
      throw StateError("a label has no name")
    }
    return pair
  }
}

extension AgreementState.Pair {
  fileprivate func isBefore(_ other: Self) -> Bool {
    first == other.first ? second < other.second : first < other.first
  }
}
