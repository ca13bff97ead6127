/// Where a parser puts what has no nodes: the elements of flat arrays of numbers, and the words of lists. Made with
/// the first of them, since most messages have none.
final class FlatPools {
  var ints = NumberPool<Int64>()
  var doubles = NumberPool<Double>()
  /// 1 beside each double that was written as an integer; may be shorter than `doubles`.
  var integerMarks: [UInt8] = []
  var words = WordPool()

  /// Adds an element that is written as an integer to a mixed array.
  func appendInteger(_ value: Double) {
    let missing = doubles.used - integerMarks.count
    if missing > 0 { integerMarks.append(contentsOf: repeatElement(0, count: missing)) }
    integerMarks.append(1)
    doubles.append(value)
  }

  /// Moves all of it out.
  func taken() -> FlatArrays {
    FlatArrays(
      ints: ints.takeFinished(), doubles: doubles.takeFinished(),
      integerMarks: integerMarks.taken(), words: words.takeWords(), codes: words.codes.taken())
  }
}

/// The same once all is read.
final class FlatArrays: Sendable {
  let ints: [Int64]
  let doubles: [Double]
  let integerMarks: [UInt8]
  /// The different strings of lists without nodes, and their codes, one list after the other.
  let words: TextArray
  let codes: [UInt8]

  init(
    ints: [Int64], doubles: [Double], integerMarks: [UInt8], words: TextArray, codes: [UInt8]
  ) {
    self.ints = ints
    self.doubles = doubles
    self.integerMarks = integerMarks
    self.words = words
    self.codes = codes
  }
}
