/// Rows of a multilabel task in the types that its state reads: for every row whether it has each of the classes.
public struct MultilabelBatch: RowBatch {
  /// How many classes a row has, and their names by code.
  public var width: Int
  public var classes: ClassTable
  /// Row by row: 0, 1, or `LabelMatrix.ignored`.
  public var labels: [UInt8]
  /// Row by row: 0 or 1.
  public var decisions: [UInt8]
  public var weights: [Double]?
  /// Nil for rows of predictions.
  public var scores: ScoreMatrix?
  /// What was found of each row as a whole.
  public var rows: [LabelRow]

  public var count: Int { rows.count }
  public var keptScores: Int { scores == nil ? 0 : labels.count }

  public func selecting(_ chosen: [Int]) -> MultilabelBatch {
    func elements(_ column: [UInt8]) -> [UInt8] {
      var result: [UInt8] = []
      result.reserveCapacity(chosen.count * width)
      for row in chosen { result += column[row * width..<(row + 1) * width] }
      return result
    }
    return MultilabelBatch(
      width: width, classes: classes, labels: elements(labels), decisions: elements(decisions),
      weights: weights.map { w in chosen.map { w[$0] } }, scores: scores?.selecting(chosen),
      rows: chosen.map { rows[$0] })
  }
}

/// What metrics by row read of one row; classes that are ignored there are not in it.
public struct LabelRow: Sendable {
  /// Classes that count, those among them that are decided wrongly, and the F1 of the rest: nil for 0/0.
  public var classes = 0
  public var wrong = 0
  public var f1: Double?
  /// Of scores: the precision at each label of the row, the depth at which all are found, and the share of pairs of
  /// a label and another class in the wrong order.
  public var averagePrecision = 0.0
  public var coverage = 0.0
  public var rankingLoss = 0.0
}

/// The codes of elements of a matrix of labels.
public enum LabelMatrix {
  /// An element that counts for nothing.
  public static let ignored: UInt8 = 2
}

extension LabelRow {
  /// Reads the decisions of a row.
  init(labels: ArraySlice<UInt8>, decisions: ArraySlice<UInt8>) {
    var (hits, both) = (0, 0)
    for (label, decision) in zip(labels, decisions) where label != LabelMatrix.ignored {
      classes += 1
      wrong += label == decision ? 0 : 1
      hits += Int(label & decision)
      both += Int(label) + Int(decision)
    }
    f1 = both == 0 ? nil : 2 * Double(hits) / Double(both)
  }

  /// Reads the order of the scores of a row, as scikit-learn's ranking metrics do: equal scores are taken together,
  /// to the disadvantage of the row. A row in which no class is a label, or every one, has nothing to order.
  mutating func rank(_ scores: [(score: Double, isLabel: Bool)]) {
    let positives = scores.count { $0.isLabel }
    let negatives = scores.count - positives
    averagePrecision = 1
    if positives == 0 { return }
    let sorted = scores.sorted { $0.score > $1.score }
    var (above, labelsAbove, misordered) = (0, 0, 0.0)
    var precisions = 0.0
    var place = 0
    while place < sorted.count {
      var end = place
      var labels = 0
      while end < sorted.count, sorted[end].score == sorted[place].score {
        labels += sorted[end].isLabel ? 1 : 0
        end += 1
      }
      above = end
      labelsAbove += labels
      if labels > 0 {
        precisions += Double(labels) * Double(labelsAbove) / Double(above)
        misordered += Double(labels) * Double(above - labelsAbove)
        coverage = Double(above)
      }
      place = end
    }
    if negatives == 0 { return }
    averagePrecision = precisions / Double(positives)
    rankingLoss = misordered / (Double(positives) * Double(negatives))
  }
}
