import EvalMetrics

/// What a law check needs to know of a state: how to make one, and what it answers.
public struct LawSubject<S: State> {
  public var configuration: S.Configuration
  /// Rows, in batches that may differ in the types of their columns.
  public var pieces: [S.Batch]
  /// All answers of a state, bit for bit.
  public var answers: (inout S) -> [String]

  public init(
    _ configuration: S.Configuration, pieces: [S.Batch], answers: @escaping (inout S) -> [String]
  ) {
    self.configuration = configuration
    self.pieces = pieces
    self.answers = answers
  }
}

/// How hard a law is tried.
public struct LawEffort: Sendable {
  public var seed: UInt64
  /// Random cuts, orders and merge trees.
  public var rounds: Int
  /// Damaged encodings that are decoded.
  public var damages: Int

  public init(seed: UInt64 = 1, rounds: Int = 6, damages: Int = 200) {
    self.seed = seed
    self.rounds = rounds
    self.damages = damages
  }
}

/// Checks the laws of a state: identity, any split, any order, any merge tree, and the round trip
/// through bytes all give the same bits, and damaged bytes never trap. Gives what was violated.
public func checkStateLaws<S: State>(_ subject: LawSubject<S>, _ effort: LawEffort) -> [String] {
  var check = LawCheck(subject, effort)
  check.identity()
  for round in 0..<effort.rounds {
    check.anySplitAndOrder(round)
    check.anyMergeTree(round)
  }
  check.roundTrip()
  check.damagedBytes()
  return check.violations
}

private struct LawCheck<S: State> {
  private let subject: LawSubject<S>
  private let effort: LawEffort
  private var generator: LawGenerator
  /// The state of all pieces in order, and its answers.
  private let whole: S
  private let expected: [String]
  private(set) var violations: [String] = []

  init(_ subject: LawSubject<S>, _ effort: LawEffort) {
    self.subject = subject
    self.effort = effort
    generator = LawGenerator(effort.seed)
    var state = S(subject.configuration)
    for piece in subject.pieces { state.update(piece) }
    whole = state
    expected = subject.answers(&state)
  }

  private mutating func compare(_ state: S, _ law: String) {
    var copy = state
    let found = subject.answers(&copy)
    if state.count != whole.count {
      violations.append("\(law): \(state.count) rows instead of \(whole.count)")
    }
    for (a, b) in zip(expected, found) where a != b {
      violations.append("\(law): \(b) instead of \(a)")
      return
    }
    if found.count != expected.count {
      violations.append("\(law): \(found.count) answers instead of \(expected.count)")
    }
  }

  mutating func identity() {
    var left = S(subject.configuration)
    left.merge(whole)
    compare(left, "fresh + state")
    var right = whole
    right.merge(S(subject.configuration))
    compare(right, "state + fresh")
    // Asking must not change what is asked.
    var asked = whole
    _ = subject.answers(&asked)
    compare(asked, "asked before")
    var emptied = whole
    for piece in subject.pieces { emptied.update(piece.selecting([])) }
    compare(emptied, "batches without rows")
  }

  /// All rows, shuffled and cut into batches; a batch has rows of one piece.
  private mutating func batches() -> [S.Batch] {
    var result: [S.Batch] = []
    for piece in subject.pieces {
      let rows = Array(0..<piece.count).shuffled(using: &generator)
      for range in generator.cuts(of: rows.count, upTo: max(1, rows.count / 3)) {
        result.append(piece.selecting(Array(rows[range])))
      }
    }
    return result.shuffled(using: &generator)
  }

  mutating func anySplitAndOrder(_ round: Int) {
    var state = S(subject.configuration)
    for batch in batches() {
      state.update(batch)
      // A question in between sorts what is there so far.
      if generator.chance(0.1) { _ = subject.answers(&state) }
    }
    compare(state, "split and order \(round)")
  }

  mutating func anyMergeTree(_ round: Int) {
    var states: [S] = []
    for batch in batches() {
      if states.isEmpty || generator.chance(0.4) { states.append(S(subject.configuration)) }
      states[generator.integer(0..<states.count)].update(batch)
    }
    if states.isEmpty { states.append(S(subject.configuration)) }
    while states.count > 1 {
      let from = generator.integer(0..<states.count)
      var other = states.remove(at: from)
      let into = generator.integer(0..<states.count)
      if generator.chance(0.2) { _ = subject.answers(&other) }
      if generator.chance(0.2) { other = decoded(other) ?? other }
      states[into].merge(other)
    }
    compare(states[0], "merge tree \(round)")
  }

  private func decoded(_ state: S) -> S? {
    var writer = StateWriter()
    state.encode(into: &writer)
    var reader = StateReader(writer.bytes)
    guard let copy = try? S(subject.configuration, from: &reader), reader.remaining == 0 else {
      return nil
    }
    return copy
  }

  mutating func roundTrip() {
    guard let copy = decoded(whole) else {
      violations.append("round trip: the bytes could not be read")
      return
    }
    compare(copy, "round trip")
    var writer = StateWriter()
    whole.encode(into: &writer)
    var again = StateWriter()
    copy.encode(into: &again)
    if writer.bytes != again.bytes { violations.append("round trip: other bytes") }
  }

  /// Cut and flipped bytes: each either is refused, or is a state that answers and merges. A trap ends the process.
  mutating func damagedBytes() {
    var writer = StateWriter()
    whole.encode(into: &writer)
    let bytes = writer.bytes
    for trial in 0..<effort.damages where !bytes.isEmpty {
      var damaged = bytes
      if trial % 4 == 0 {
        damaged.removeLast(generator.integer(1..<bytes.count + 1))
      } else {
        for _ in 0..<generator.integer(1..<4) {
          // Lengths and counts stand at the front, so that is where most damage is done.
          let reach = generator.chance(0.5) ? min(bytes.count, 400) : bytes.count
          damaged[generator.integer(0..<reach)] ^= UInt8(1 << generator.integer(0..<8))
        }
      }
      var reader = StateReader(damaged)
      guard var state = try? S(subject.configuration, from: &reader) else { continue }
      _ = subject.answers(&state)
      state.merge(state)
      state.merge(whole)
      _ = subject.answers(&state)
    }
  }
}
