// The edit distance of TER: within a beam around the diagonal, and with the path.
extension Kernels {
  /// Aligns words of a prediction with those of a reference near the diagonal, as sacreBLEU's TER does, and
  /// remembers every row, so that a prediction with a part moved is aligned from there on only.
  final class BeamAligner {
    /// A step of the path, from the prediction's side.
    enum Step: UInt8 {
      case undefined, match, substitution, deletion, insertion
    }

    /// How far from the diagonal a cell may be, unless the lengths differ more.
    static let width = 25
    private static let infinity: Int32 = 1 << 28
    private var costs = Scratch<Int32>()
    private var steps = Scratch<UInt8>()
    /// Row i holds columns `lows[i]..<highs[i]`, from `starts[i]` on.
    private var starts = Scratch<Int>()
    private var lows = Scratch<Int>()
    private var highs = Scratch<Int>()
    /// Two rows of a prediction that is only tried.
    private var rowA = Scratch<Int32>()
    private var rowB = Scratch<Int32>()

    init() {}

    /// How far from the diagonal a cell may be.
    static func beam(_ words: Int, _ references: Int) -> Int {
      let ratio = words == 0 ? 1 : Double(references) / Double(words)
      let width = Double(width)
      return width < ratio / 2 ? Int((ratio / 2 + width).rounded(.up)) : Self.width
    }

    /// The columns of a row that are looked at.
    private func columns(_ row: Int, _ words: Int, _ references: Int) -> Range<Int> {
      let ratio = Double(references) / Double(words)
      let beam = Self.beam(words, references)
      let diagonal = Int((Double(row) * ratio).rounded(.down))
      let high = row == words ? references + 1 : min(references + 1, diagonal + beam)
      let low = max(0, diagonal - beam)
      return low..<max(low, high)
    }

    /// Aligns, and remembers the rows and the path; gives the distance.
    func align(_ words: [UInt32], _ references: [UInt32]) -> Int {
      layOut(words.count, references.count)
      for column in 0...references.count {
        costs.base[column] = Int32(truncatingIfNeeded: column)
        steps.base[column] = Step.insertion.rawValue
      }
      references.withUnsafeBufferPointer { references in
        for row in 1..<words.count + 1 {
          let before = lows.base[row - 1]..<highs.base[row - 1]
          let columns = lows.base[row]..<highs.base[row]
          fill(
            costs.base + starts.base[row], steps.base + starts.base[row], columns,
            costs.base + starts.base[row - 1], before, words[row - 1], references)
        }
      }
      return Int(costs.base[starts.base[words.count + 1] - 1])
    }

    private func layOut(_ words: Int, _ references: Int) {
      starts.reserve(words + 2)
      lows.reserve(words + 1)
      highs.reserve(words + 1)
      var end = 0
      for row in 0...words {
        let columns = row == 0 ? 0..<references + 1 : columns(row, words, references)
        starts.base[row] = end
        lows.base[row] = columns.lowerBound
        highs.base[row] = columns.upperBound
        end += columns.count
      }
      starts.base[words + 1] = end
      costs.reserve(end)
      steps.reserve(end)
      rowA.reserve(references + 1)
      rowB.reserve(references + 1)
    }

    @inline(__always)
    private func fill(
      _ row: UnsafeMutablePointer<Int32>, _ path: UnsafeMutablePointer<UInt8>?,
      _ columns: Range<Int>, _ before: UnsafeMutablePointer<Int32>, _ known: Range<Int>,
      _ word: UInt32, _ references: UnsafeBufferPointer<UInt32>
    ) {
      for column in columns {
        var best = Self.infinity
        var step = Step.undefined
        let isKnown = known.contains(column)
        let above = isKnown ? before[column - known.lowerBound] : Self.infinity
        if column == 0 {
          best = above + 1
          step = .deletion
        } else {
          if known.contains(column - 1) {
            let equal = word == references[column - 1]
            let cost = before[column - 1 - known.lowerBound] + (equal ? 0 : 1)
            if cost < best {
              best = cost
              step = equal ? .match : .substitution
            }
          }
          if above + 1 < best {
            best = above + 1
            step = .deletion
          }
          if column > columns.lowerBound {
            let cost = row[column - 1 - columns.lowerBound] + 1
            if cost < best {
              best = cost
              step = .insertion
            }
          }
        }
        row[column - columns.lowerBound] = best
        path?[column - columns.lowerBound] = step.rawValue
      }
    }

    /// The distance of a prediction of the same length that was not changed before a place.
    func distance(_ words: [UInt32], _ references: [UInt32], changedFrom place: Int) -> Int {
      if place >= words.count { return Int(costs.base[starts.base[words.count + 1] - 1]) }
      return references.withUnsafeBufferPointer { references in
        var before = costs.base + starts.base[place]
        var (row, spare) = (rowA.base, rowB.base)
        for index in place + 1..<words.count + 1 {
          let known = lows.base[index - 1]..<highs.base[index - 1]
          let columns = lows.base[index]..<highs.base[index]
          fill(row, nil, columns, before, known, words[index - 1], references)
          before = row
          swap(&row, &spare)
        }
        let last = highs.base[words.count] - 1 - lows.base[words.count]
        return Int(before[last])
      }
    }

    /// Walks the remembered path from its end. `body` is told each step.
    func walk(_ words: Int, _ references: Int, _ body: (Step) -> Void) {
      var (row, column) = (words, references)
      while row > 0 || column > 0 {
        let columns = lows.base[row]..<highs.base[row]
        guard columns.contains(column),
          let step = Step(rawValue: steps.base[starts.base[row] + column - columns.lowerBound]),
          step != .undefined
        else { return }
        body(step)
        if step != .insertion { row -= 1 }
        if step != .deletion { column -= 1 }
      }
    }
  }
}
