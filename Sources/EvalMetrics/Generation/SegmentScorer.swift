/// Scores the rows of a batch for all that a stream keeps. Its readers keep their memory from row to row.
struct SegmentScorer {
  private let layout: TextLayout
  private var bleu = BLEUScorer()
  private var chrf = CHRFScorer()
  private var ter = TERScorer()
  private var rouge = ROUGEScorer()
  private var meteor: [String?: METEORScorer] = [:]
  private var matches = MatchScorer()
  private var errorRates = ErrorRateScorer()

  /// A scorer with the dictionaries that it needs, by name.
  init(_ layout: TextLayout, _ dictionaries: [String: WordNet]) {
    self.layout = layout
    for case .meteor(let name) in layout.kept {
      meteor[name] = METEORScorer(name.flatMap { dictionaries[$0] })
    }
  }

  /// Scores every row; throws for one whose texts are too long to be aligned.
  mutating func score(
    _ predictions: TextColumn, _ references: TextLists
  ) throws(InputError) -> ScoredSegments {
    var scored = ScoredSegments(layout: layout)
    scored.counts.reserveCapacity(predictions.count * layout.counts)
    scored.reals.reserveCapacity(predictions.count * layout.reals)
    scored.references.reserveCapacity(predictions.count)
    for row in 0..<predictions.count {
      let segment = Segment(
        prediction: TextSlice(bytes: predictions.bytes, range: predictions.range(row)),
        references: references, places: references.range(row))
      rouge.begin()
      for statistics in layout.kept {
        guard score(segment, statistics, &scored) else { throw Self.tooLong(row, statistics) }
      }
      scored.references.append(segment.places.count)
    }
    return scored
  }

  /// Appends one kind of statistics of a segment; false when its texts are too long.
  private mutating func score(
    _ segment: Segment, _ statistics: TextStatistics, _ scored: inout ScoredSegments
  ) -> Bool {
    switch statistics {
    case .bleu(let tokenizer, let lowercase):
      bleu.score(segment, tokenizer, lowercase: lowercase, into: &scored.counts)
    case .chrf(let settings):
      chrf.score(segment, settings, into: &scored.counts)
    case .ter(let settings):
      guard let found = ter.score(segment, settings) else { return false }
      scored.counts.append(found.edits)
      scored.reals.append(found.length)
    case .rouge(let kind, let settings):
      guard let found = rouge.score(segment, kind, settings) else { return false }
      scored.reals += [found.precision, found.recall, found.f1]
    case .meteor(let name):
      guard let found = meteor[name]?.score(segment) else { return false }
      scored.reals.append(found)
    case .exactMatch: scored.counts.append(MatchScorer.isExact(segment) ? 1 : 0)
    case .tokenF1: scored.reals.append(matches.tokenF1(segment))
    case .wer: return Self.append(errorRates.words(segment), &scored)
    case .cer: return Self.append(errorRates.characters(segment), &scored)
    }
    return true
  }

  private static func append(
    _ found: (edits: Int, length: Int)?, _ scored: inout ScoredSegments
  ) -> Bool {
    guard let found else { return false }
    scored.counts.append(found.edits)
    scored.counts.append(found.length)
    return true
  }

  private static func tooLong(_ row: Int, _ statistics: TextStatistics) -> InputError {
    .batch(
      "predictions", row: row,
      "the texts of this row are too long to be aligned for \(statistics.name.prefix { $0 != " " })",
      hint:
        "cut them into segments, or open the stream with keep \"named\" and metrics that need no alignment"
    )
  }
}
