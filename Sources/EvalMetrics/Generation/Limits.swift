/// How long the texts of a row may be for what takes more than the sum of their lengths. Longer ones are
/// refused, since a number for a part of them would stand for another.
enum Limits {
  /// For `cer`, `wer` and `rougeL`: the length of the prediction times those of the references, in
  /// characters or words. 64 take a few nanoseconds.
  static let alignmentCells = 1 << 34
  /// The same for `rougeLsum`, which keeps a bit for each; and the pairs of lines.
  static let unionCells = 1 << 28
  static let linePairs = 1 << 21
  /// Words of a prediction for TER, counted once for each reference, or as often as the beam is wide for one
  /// of more than `terShort` words. Each may be gone over a thousand times.
  static let terWords = 1 << 19
  static let terShort = 24
  /// Words of a reference beyond which 64 cells a step are no quicker than the beam.
  static let terLong = 64 * (2 * Kernels.BeamAligner.width + 1)
  /// Words of a prediction times references, for METEOR.
  static let meteorWords = 1 << 26

  /// Whether a prediction may be aligned with its references. What both begin or end with costs next to nothing.
  static func allow(_ texts: Symbols, _ cells: Int) -> Bool {
    let prediction = texts.range(0)
    // However short a reference is, the prediction is gone over once for it, which is 64 cells a symbol.
    let references = texts.symbols.count - prediction.count + 64 * (texts.count - 1)
    if allow(prediction.count, references, cells) { return true }
    var left = cells
    for index in 1..<texts.count {
      let (a, b) = Kernels.withoutCommonEnds(texts.symbols, prediction, texts.range(index))
      guard allow(a.count, b.count + 64, left) else { return false }
      left -= a.count * (b.count + 64)
    }
    return true
  }

  /// The same for paths of common subsequences, of which only what both texts end with is known.
  static func allowPaths(_ texts: Symbols, _ cells: Int) -> Bool {
    var left = cells
    for index in 1..<texts.count {
      let (a, b) = Kernels.withoutCommonEnd(texts.symbols, texts.range(0), texts.range(index))
      guard allow(a.count, b.count, left) else { return false }
      left -= a.count * b.count
    }
    return true
  }

  /// Whether a product is within a limit.
  static func allow(_ a: Int, _ b: Int, _ limit: Int) -> Bool {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return !overflow && product <= limit
  }
}
