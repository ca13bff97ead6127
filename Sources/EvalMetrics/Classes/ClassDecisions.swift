/// Codes of a row beside those of classes.
public enum ClassCode {
  /// No prediction, or no label.
  public static let none: Int32 = -1
  /// Equal to `ignore_index`.
  public static let ignored: Int32 = -2
}

/// Labels and decisions of rows by class: all that metrics of decisions read. The confusion matrix is kept
/// as its errors only, sparse; its diagonal is `hits`.
public struct ClassDecisions: Sendable {
  /// The classes, by code.
  public private(set) var classes: ClassTable
  /// Rows by label, by prediction, and those where both are the same class.
  public private(set) var labelled = TallyColumn()
  public private(set) var predicted = TallyColumn()
  public private(set) var hits = TallyColumn()
  /// Rows without a prediction, by label.
  public private(set) var abstained = TallyColumn()
  /// Pairs of label and wrong prediction.
  public private(set) var errors = PairCounts()

  /// No rows, of the declared classes or of none yet.
  public init(_ classes: ClassTable) { self.classes = classes }

  /// Adds rows, whose codes are those of `table`; a prediction of `ClassCode.none` abstains.
  public mutating func update(
    labels: [Int32], predictions: [Int32], of table: ClassTable, weights: [Double]?
  ) {
    guard let map = classes.adopt(table) else {
      return add(labels, predictions, weights) { Int($0) }
    }
    add(labels, predictions, weights) { $0 < 0 ? Int($0) : map[Int($0)] }
  }

  @inline(__always)
  private mutating func add(
    _ labels: [Int32], _ predictions: [Int32], _ weights: [Double]?, _ code: (Int32) -> Int
  ) {
    for row in 0..<min(labels.count, predictions.count) {
      let label = code(labels[row])
      let prediction = code(predictions[row])
      if label < 0 { continue }
      if let weight = weights?[row], weight != 1 {
        add(weight, label, prediction)
      } else {
        add(1, label: label, prediction: prediction)
      }
    }
  }

  private mutating func add(_ weight: Double, _ label: Int, _ prediction: Int) {
    labelled.add(weight: weight, at: label)
    if prediction < 0 { return abstained.add(weight: weight, at: label) }
    predicted.add(weight: weight, at: prediction)
    if label == prediction {
      hits.add(weight: weight, at: label)
    } else {
      errors.add(weight: weight, label, prediction)
    }
  }

  /// Adds rows of weight one that have these codes of `classes`; a negative prediction abstains.
  @inline(__always)
  public mutating func add(_ rows: Int, label: Int, prediction: Int) {
    labelled.add(rows, at: label)
    if prediction < 0 { return abstained.add(rows, at: label) }
    predicted.add(rows, at: prediction)
    if label == prediction {
      hits.add(rows, at: label)
    } else if rows == 1 {
      errors.add(label, prediction)
    } else {
      errors.add([(label, prediction, rows)])
    }
  }

  /// Adds the cells of a table of counts: rows of weight one by codes of `table`.
  public mutating func add(
    _ cells: [(label: Int, prediction: Int, rows: Int)], of table: ClassTable
  ) {
    let map = classes.adopt(table)
    var wrong: [(first: Int, second: Int, rows: Int)] = []
    for cell in cells {
      let label = map?[cell.label] ?? cell.label
      let prediction = map?[cell.prediction] ?? cell.prediction
      labelled.add(cell.rows, at: label)
      predicted.add(cell.rows, at: prediction)
      if label == prediction {
        hits.add(cell.rows, at: label)
      } else {
        wrong.append((label, prediction, cell.rows))
      }
    }
    errors.add(wrong)
  }

  public mutating func merge(_ other: ClassDecisions) {
    let map = classes.adopt(other.classes)
    labelled.merge(other.labelled, map)
    predicted.merge(other.predicted, map)
    hits.merge(other.hits, map)
    abstained.merge(other.abstained, map)
    errors.merge(other.errors, map)
  }

  public var byteCount: Int {
    labelled.byteCount + predicted.byteCount + hits.byteCount + abstained.byteCount
      + errors.byteCount + classes.byteCount
  }
}

// MARK: - Reading

/// What was counted of one class.
public struct ClassCount: Sendable {
  public var hits: Tally
  public var labelled: Tally
  public var predicted: Tally

  public init(hits: Tally, labelled: Tally, predicted: Tally) {
    self.hits = hits
    self.labelled = labelled
    self.predicted = predicted
  }
}

extension ClassDecisions {
  /// What was counted of a code.
  public subscript(code: Int) -> ClassCount {
    ClassCount(hits: hits[code], labelled: labelled[code], predicted: predicted[code])
  }

  /// The codes that occur in labels or predictions of rows with a weight, in canonical order.
  public var seen: [Int] {
    let codes = Set(labelled.codes).union(predicted.codes)
    if classes.isRange { return codes.sorted() }
    return classes.canonicalOrder.filter(codes.contains)
  }

  /// The codes that are told: the declared ones, else those that occur.
  public var told: [Int] { classes.grows ? seen : classes.canonicalOrder }

  /// The codes that an average runs over.
  public func averaged(overDeclared: Bool) -> [Int] { overDeclared ? told : seen }
}

// MARK: - Coding

extension ClassDecisions {
  /// Writes the classes that occur by name, in canonical order, so that equal rows are equal bytes.
  public func encode(into writer: inout StateWriter) {
    let seen = seen
    var places: [Int: Int] = [:]
    writer.write(UInt64(seen.count))
    for (place, code) in seen.enumerated() {
      places[code] = place
      classes.name(code).encode(into: &writer)
      for column in [labelled, predicted, hits, abstained] {
        column[code].encode(into: &writer)
      }
    }
    let entries = errors.entries.compactMap { entry in
      places[entry.first].flatMap { first in places[entry.second].map { (first, $0, entry.tally) } }
    }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    writer.write(UInt64(entries.count))
    for (first, second, tally) in entries {
      writer.write(UInt32(truncatingIfNeeded: first))
      writer.write(UInt32(truncatingIfNeeded: second))
      tally.encode(into: &writer)
    }
  }

  public init(
    _ classes: ClassTable, from reader: inout StateReader
  ) throws(StateError) {
    self.init(classes)
    let count = try reader.readCount(ofSize: 100)
    guard count <= DeclaredClasses.limit else { throw StateError("too many classes") }
    var names: [ClassName] = []
    var tallies: [[Tally]] = []
    for _ in 0..<count {
      names.append(try ClassName(from: &reader))
      var row: [Tally] = []
      for _ in 0..<4 { row.append(try Tally(from: &reader)) }
      tallies.append(row)
    }
    self.classes.restore(names)
    var codes: [Int] = []
    var known: Set<Int> = []
    for (name, row) in zip(names, tallies) {
      guard let code = self.classes.code(name), known.insert(code).inserted else {
        throw StateError("a class is not one of the stream's, or comes twice")
      }
      codes.append(code)
      labelled.add(row[0], at: code)
      predicted.add(row[1], at: code)
      hits.add(row[2], at: code)
      abstained.add(row[3], at: code)
    }
    var pairs: [PairCounts.Entry] = []
    for _ in 0..<(try reader.readCount(ofSize: 33)) {
      let first = Int(try reader.read(UInt32.self))
      let second = Int(try reader.read(UInt32.self))
      let tally = try Tally(from: &reader)
      guard first < count, second < count, first != second else {
        throw StateError("an error is of no class")
      }
      pairs.append(.init(first: codes[first], second: codes[second], tally: tally))
    }
    errors.add(pairs)
  }
}
