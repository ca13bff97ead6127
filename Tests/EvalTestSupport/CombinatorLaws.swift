import EvalMetrics

/// The same rows in cells of two slice dimensions, so that the laws are checked of states of states.
///
/// Its answers are those of all rows, of each cell, and of each value of the first dimension.
public func slicedSubject<Base: State>(
  _ base: LawSubject<Base>, seed: UInt64
) -> LawSubject<Sliced<Base>> {
  var generator = LawGenerator(seed)
  let dimensions = [SliceDimension(name: "language"), SliceDimension(name: "length", edges: [10])]
  let languages: [SliceValue] = [.text("en"), .null]
  let keys = languages.flatMap { [[$0, .bucket(0)], [$0, .bucket(1)]] }
  let pieces = base.pieces.map { piece in
    let codes = (0..<piece.count).map { _ in Int32(generator.integer(0..<keys.count)) }
    return SlicedBatch(piece, cells: .byRow(keys: keys, codes: codes))
  }
  return LawSubject(
    Sliced<Base>.Configuration(base: base.configuration, dimensions: dimensions), pieces: pieces
  ) { state in
    var answers = state.changeTotal { base.answers(&$0) }
    for key in keys where state.cells[key] != nil {
      answers += ["cell \(key)"] + state.change(key) { base.answers(&$0) }
    }
    for language in languages {
      var merged = Base(base.configuration)
      for key in state.matching([0: language]) {
        if let cell = state.cells[key] { merged.merge(cell) }
      }
      answers += ["language \(language), \(merged.count) rows"] + base.answers(&merged)
    }
    return answers
  }
}

/// Checks that a slice answers as a state that was given exactly its rows.
public func checkSliceRows<Base: State>(
  _ subject: LawSubject<Sliced<Base>>, _ base: LawSubject<Base>
)
  -> [String]
{
  var sliced = Sliced<Base>(subject.configuration)
  var alone: [SliceKey: Base] = [:]
  for piece in subject.pieces {
    sliced.update(piece)
    guard case .byRow(let keys, let codes) = piece.cells else { continue }
    for row in 0..<piece.count {
      alone[keys[Int(codes[row])], default: Base(base.configuration)]
        .update(piece.rows.selecting([row]))
    }
  }
  if Set(sliced.cells.keys) != Set(alone.keys) {
    return ["cells: other keys than those of the rows"]
  }
  var violations: [String] = []
  for (key, state) in alone {
    var (mine, theirs) = (state, sliced.cells[key] ?? Base(base.configuration))
    if mine.count != theirs.count || base.answers(&mine) != base.answers(&theirs) {
      violations.append("cell \(key): not the answers of its rows")
    }
  }
  return violations
}

/// Checks windows: wherever the marks fall, every window answers as a state of exactly its rows.
public func checkWindowLaws<S: State>(_ subject: LawSubject<S>, _ effort: LawEffort) -> [String] {
  var generator = LawGenerator(effort.seed)
  var violations: [String] = []
  for round in 0..<effort.rounds {
    var windows = Windowed<S>(subject.configuration, keep: round % 3)
    // What each window holds, the last one open.
    var alone = [S(subject.configuration)]
    for piece in subject.pieces {
      for range in generator.cuts(of: piece.count, upTo: max(1, piece.count / 3)) {
        let batch = piece.selecting(Array(range))
        windows.current.update(batch)
        alone[alone.count - 1].update(batch)
        if generator.chance(0.2) { _ = subject.answers(&windows.current) }
        if generator.chance(0.2) {
          windows.mark("epoch \(alone.count)")
          alone.append(S(subject.configuration))
        }
      }
    }
    let kept = alone.dropLast().suffix(windows.keep)
    var asked: [(Window, [S])] = [(.current, alone.suffix(1)), (.all, alone)]
    for (index, state) in zip(kept.indices, kept) {
      asked.append((.mark("epoch \(index + 1)"), [state]))
    }
    for count in 0..<kept.count { asked.append((.marks(count + 1), kept.suffix(count + 1))) }
    for (window, states) in asked {
      guard var found = merged(windows, window) else {
        violations.append("window \(window): not kept")
        continue
      }
      var wanted = S(subject.configuration)
      for state in states { wanted.merge(state) }
      if found.count != wanted.count || subject.answers(&found) != subject.answers(&wanted) {
        violations.append("window \(window) in round \(round): not the answers of its rows")
      }
    }
    for window in [Window.marks(kept.count + 1), .mark("epoch 0"), .rows(10)]
    where windows.parts(of: window) != nil {
      violations.append("window \(window): kept though it was never asked to be")
    }
  }
  return violations
}

/// Checks buckets of rows: however rows are batched the buckets are the same, the last n rows are the
/// newest whole ones that hold them, and they answer as a state of exactly those rows.
public func checkRollingLaws<S: State>(_ subject: LawSubject<S>, _ effort: LawEffort) -> [String] {
  var generator = LawGenerator(effort.seed)
  var violations: [String] = []
  let rows = subject.pieces.flatMap { piece in (0..<piece.count).map { piece.selecting([$0]) } }
  for limit in [1, 63, 200] {
    var single = Rolling<S>(subject.configuration, rows: limit)
    for row in rows { single.update(row) }
    for round in 0..<effort.rounds {
      var rolling = Rolling<S>(subject.configuration, rows: limit)
      for piece in subject.pieces {
        let cuts = generator.cuts(of: piece.count, upTo: piece.count)
        for range in round == 0 ? [0..<piece.count] : cuts {
          rolling.update(piece.selecting(Array(range)))
        }
      }
      let asked = round == 0 ? limit : generator.integer(1..<limit + 1)
      var found = S(subject.configuration)
      for state in rolling.states[rolling.newest(asked)] { found.merge(state) }
      let alone = single.states[single.newest(asked)].reduce(0) { $0 + $1.count }
      if found.count < min(asked, rows.count) || found.count != alone {
        violations.append("the last \(asked) of \(limit) rows: \(found.count), row by row \(alone)")
      }
      var wanted = S(subject.configuration)
      for row in rows.suffix(found.count) { wanted.update(row) }
      if subject.answers(&found) != subject.answers(&wanted) {
        violations.append("the last \(asked) of \(limit) rows: not the answers of those rows")
      }
    }
  }
  return violations
}

func merged<S: State>(_ windows: Windowed<S>, _ window: Window) -> S? {
  guard let parts = windows.parts(of: window) else { return nil }
  var result = S(windows.configuration)
  for part in parts { result.merge(windows.state(part)) }
  return result
}
