extension Columns {
  /// The most that a column of counts may hold in a row: sums of a batch then fit an integer.
  static let countLimit = 1 << 40

  /// A column of whole numbers from 0 to `countLimit`, one a row.
  func counts(_ name: String) throws(InputError) -> [Int] {
    let numbers = try flatDoubles(name)
    var counts: [Int] = []
    counts.reserveCapacity(numbers.count)
    for (row, x) in numbers.enumerated() {
      guard let count = Int(exactly: x), count >= 0, count <= Self.countLimit else {
        throw .batch(
          name, row: row, "\(name) holds \(Value.wireText(x)) where a count is wanted",
          hint: "whole numbers from 0 to 2^40")
      }
      counts.append(count)
    }
    return counts
  }

  /// A column of booleans, or of 0 and 1, one a row.
  func flags(_ name: String) throws(InputError) -> [Bool] {
    let numbers = try flatDoubles(name)
    if let row = numbers.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw .batch(
        name, row: row, "\(name) holds \(Value.wireText(numbers[row])) where a boolean is wanted",
        hint: "true and false, or 1 and 0")
    }
    return numbers.map { $0 == 1 }
  }

  /// A column of one number a row. Those that are not finite are refused, or their rows noted as dropped
  /// and the numbers set to 0.
  func finiteDoubles(
    _ name: String, skipping skips: Bool, notes: inout ReadNotes
  ) throws(InputError) -> [Double] {
    var numbers = try flatDoubles(name)
    guard let first = Kernels.firstNonFinite(numbers) else { return numbers }
    for row in first..<numbers.count where !numbers[row].isFinite {
      guard skips else {
        throw .batch(
          name, row: row, "\(name) holds \(Value.wireText(numbers[row]))",
          hint: "open the stream with non_finite \"skip\" to leave such rows out")
      }
      notes.dropped.append(row)
      numbers[row] = 0
    }
    return numbers
  }
}
