/// Translation edit rate: the least edits that make a prediction the reference, where moving a run of
/// words is one edit. The search for moves is Tercom's, with its limits, as sacreBLEU has it.
struct TERScorer {
  /// The longest run that is moved, how far, and how many moves are tried in all.
  private static let longestMove = 10
  private static let furthestMove = 50
  private static let mostTries = 1000

  private var reader = TERWordReader()
  private let beam = Kernels.BeamAligner()
  private let aligner = Kernels.Aligner()
  private var words: [UInt32] = []
  private var moved: [UInt32] = []
  private var references: [UInt32] = []
  /// Of the alignment at hand: for each word of the reference the last word of the prediction that stands
  /// before it or on it, and how many words up to each place are wrong.
  private var aligned: [Int] = []
  private var wrongWords: [Int] = []
  private var wrongReferences: [Int] = []

  /// The least edits over the references, and the mean length of the references; nil when the texts are too
  /// long to be aligned.
  mutating func score(
    _ segment: Segment, _ settings: TERSettings
  ) -> (edits: Int, length: Double)? {
    let texts = reader.read(segment, settings)
    let prediction = texts.range(0)
    let length =
      Double(texts.symbols.count - prediction.count) / Double(max(1, texts.count - 1))
    // Nothing is less than what an equal reference needs, however long it is.
    for index in 1..<texts.count where Self.areEqual(texts, prediction, texts.range(index)) {
      return (0, length)
    }
    guard Self.isShortEnough(texts) else { return nil }
    var least = Int.max
    for index in 1..<texts.count {
      words = Array(texts.symbols[prediction])
      references = Array(texts.symbols[texts.range(index)])
      least = min(least, edits())
    }
    return (least, length)
  }

  private static func areEqual(_ texts: Symbols, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
    a.count == b.count && texts.symbols[a] == texts.symbols[b]
  }

  private static func isShortEnough(_ texts: Symbols) -> Bool {
    var rows = 0
    for index in 1..<texts.count {
      rows += texts.range(index).count <= Limits.terShort ? 1 : 2 * Kernels.BeamAligner.width + 1
    }
    return Limits.allow(texts.range(0).count, rows, Limits.terWords)
  }

  private mutating func edits() -> Int {
    if references.isEmpty { return words.count }
    var moves = 0
    var tries = 0
    while true {
      let distance = beam.align(words, references)
      readPath()
      guard let gain = bestMove(distance, &tries), tries < Self.mostTries, gain > 0 else {
        return moves + distance
      }
      moves += 1
      swap(&words, &moved)
    }
  }

  /// Reads the alignment off the path.
  private mutating func readPath() {
    aligned = Array(repeating: -1, count: references.count)
    wrongWords = Array(repeating: 0, count: words.count + 1)
    wrongReferences = Array(repeating: 0, count: references.count + 1)
    var (word, reference) = (words.count, references.count)
    beam.walk(words.count, references.count) { step in
      switch step {
      case .match, .substitution:
        aligned[reference - 1] = word - 1
        if step == .substitution {
          wrongWords[word] = 1
          wrongReferences[reference] = 1
        }
        word -= 1
        reference -= 1
      case .deletion:
        wrongWords[word] = 1
        word -= 1
      case .insertion:
        aligned[reference - 1] = word - 1
        wrongReferences[reference] = 1
        reference -= 1
      case .undefined: break
      }
    }
    for place in 1..<wrongWords.count { wrongWords[place] += wrongWords[place - 1] }
    for place in 1..<wrongReferences.count { wrongReferences[place] += wrongReferences[place - 1] }
  }

  /// A run of words, and the place before which it would stand.
  private struct Move {
    var gain: Int
    var length: Int
    var start: Int
    var target: Int

    /// The greatest gain, then the longest run, then the first one, then the first place.
    func isBetter(than other: Move) -> Bool {
      if gain != other.gain { return gain > other.gain }
      if length != other.length { return length > other.length }
      if start != other.start { return start < other.start }
      return target < other.target
    }
  }

  /// Tries moves, leaves the words with the best one in `moved`, and gives its gain; nil when there is none to try.
  private mutating func bestMove(_ distance: Int, _ tries: inout Int) -> Int? {
    var best: Move?
    search: for start in words.indices {
      if start - Self.furthestMove >= references.count { break }
      let near =
        max(
          0, start - Self.furthestMove)..<min(
          references.count, start + Self.furthestMove + 1)
      for target in near where words[start] == references[target] {
        var length = 0
        while length < Self.longestMove, start + length < words.count,
          target + length < references.count,
          words[start + length] == references[target + length]
        {
          length += 1
          guard isWorthTrying(start, target, length) else { continue }
          tryPlaces(start, target, length, distance, &best, &tries)
          if tries >= Self.mostTries { break search }
        }
      }
    }
    guard let best else { return nil }
    Self.move(words, best.start, best.length, best.target, into: &moved)
    return best.gain
  }

  /// Both sides must have an error, and the run must not stand over its target already.
  private func isWorthTrying(_ start: Int, _ target: Int, _ length: Int) -> Bool {
    wrongWords[start + length] > wrongWords[start]
      && wrongReferences[target + length] > wrongReferences[target]
      && !(start..<start + length).contains(aligned[target])
  }

  private mutating func tryPlaces(
    _ start: Int, _ target: Int, _ length: Int, _ distance: Int, _ best: inout Move?,
    _ tries: inout Int
  ) {
    var before = -1
    for offset in -1..<length {
      let place = target + offset == -1 ? 0 : aligned[target + offset] + 1
      if place == before { continue }
      before = place
      Self.move(words, start, length, place, into: &moved)
      let gain = distance - distanceOfMoved(min(start, place))
      tries += 1
      let move = Move(gain: gain, length: length, start: start, target: place)
      if best.map(move.isBetter) ?? true { best = move }
    }
  }

  /// The distance within the beam. Where the distance without it shows that the best path keeps within it, both
  /// are the same: the path leaves the diagonal by half of distance and difference of lengths at most.
  private mutating func distanceOfMoved(_ place: Int) -> Int {
    // There the distance without the beam takes longer than the one within it.
    if references.count > Limits.terLong {
      return beam.distance(moved, references, changedFrom: place)
    }
    let difference = abs(words.count - references.count)
    let count = words.count
    moved.append(contentsOf: references)
    let free = aligner.editDistance(moved, 0..<count, count..<moved.count)
    moved.removeLast(references.count)
    if references.count <= Limits.terShort || free + difference <= 46 { return free }
    return beam.distance(moved, references, changedFrom: place)
  }

  /// The words with a run of them moved before a place; a place inside the run counts on from its start.
  private static func move(
    _ words: [UInt32], _ start: Int, _ length: Int, _ target: Int, into moved: inout [UInt32]
  ) {
    moved.removeAll(keepingCapacity: true)
    let end = start + length
    let run = words[start..<end]
    if target < start {
      moved.append(contentsOf: words[..<target])
      moved.append(contentsOf: run)
      moved.append(contentsOf: words[target..<start])
      moved.append(contentsOf: words[end...])
    } else {
      let behind = min(words.count, target > end ? target : target + length)
      moved.append(contentsOf: words[..<start])
      moved.append(contentsOf: words[end..<max(end, behind)])
      moved.append(contentsOf: run)
      moved.append(contentsOf: words[max(end, behind)...])
    }
  }
}
