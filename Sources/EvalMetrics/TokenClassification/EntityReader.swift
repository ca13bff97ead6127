/// An entity: its type's id, and its first and last token.
struct Entity: Equatable {
  var type: Int32
  var first: Int
  var last: Int
}

extension TagRules {
  /// Adds the entities of a sequence to a list, in order: `codes` are of `tags`.
  func appendEntities(of codes: ArraySlice<Int32>, _ tags: [Tag], to entities: inout [Entity]) {
    switch self {
    case .conlleval(let ends, let starts):
      Self.append(codes, tags, ends, starts, &entities)
    case .strict(let starts, let inside, let ends):
      Self.append(codes, tags, starts, inside, ends, &entities)
    }
  }

  /// A reader of two columns of codes of tags that looks up what a tag does; nil where there are too many pairs of
  /// tags for so few tokens, and in the strict mode, which looks ahead.
  func reader(
    _ said: [Int32], _ truth: [Int32], _ table: TagTable
  ) -> Kernels.EntityReader? {
    let tags = table.tags
    guard case .conlleval(let ends, let starts) = self, tags.count * tags.count <= truth.count
    else { return nil }
    // One more for what is before the first token and behind the last. Nothing ends there that has not begun.
    let all = tags + [.outside]
    return Kernels.EntityReader(
      said, truth, types: tags.map(\.type), typeCount: table.types.count
    ) { previous, code in
      (ends.holds(all[previous], all[code]) ? Kernels.TagStep.ends : 0)
        | (starts.holds(all[previous], all[code]) ? Kernels.TagStep.starts : 0)
    }
  }

  /// One pass, as seqeval's default mode has it: a tag may end the entity before it and start one.
  ///
  /// Tags that are in no scheme can end what never started; the entity then begins where the last one did.
  private static func append(
    _ codes: ArraySlice<Int32>, _ tags: [Tag], _ ends: TagRelation, _ starts: TagRelation,
    _ entities: inout [Entity]
  ) {
    var previous = Tag.outside
    var first = 0
    var place = 0
    for code in codes {
      let tag = tags[Int(code)]
      // Most tokens are outside, after one that is.
      if tag != previous || tag.prefix != .outside {
        if ends.holds(previous, tag) {
          entities.append(Entity(type: previous.type, first: first, last: place - 1))
        }
        if starts.holds(previous, tag) { first = place }
        previous = tag
      }
      place += 1
    }
    if ends.holds(previous, .outside) {
      entities.append(Entity(type: previous.type, first: first, last: place - 1))
    }
  }

  /// seqeval's strict mode: from a start as far as tags are inside, and an entity only if it ends well.
  private static func append(
    _ codes: ArraySlice<Int32>, _ tags: [Tag], _ starts: TagRelation, _ inside: TagRelation,
    _ ends: TagRelation, _ entities: inout [Entity]
  ) {
    let count = codes.count
    let base = codes.startIndex
    func tag(_ place: Int) -> Tag {
      place >= 0 && place < count ? tags[Int(codes[base + place])] : .outside
    }
    var place = 0
    while place < count {
      let first = tag(place)
      guard starts.holds(tag(place - 1), first) else {
        place += 1
        continue
      }
      var end = place + 1
      while end < count, inside.holds(tag(end - 1), tag(end)) { end += 1 }
      if ends.holds(tag(end - 1), tag(end)) {
        entities.append(Entity(type: first.type, first: place, last: end - 1))
      }
      place = end
    }
  }
}

/// How well predicted entities match those of the reference, type aside or place aside, as SemEval-2013
/// (task 9.1) counts and nervaluate has it.
struct EntityOverlap: Sendable, Equatable {
  /// Predicted entities with the boundaries of one of the reference.
  var exact = 0
  /// Others that overlap one.
  var partial = 0
  /// Predicted entities that overlap one of their own type.
  var typed = 0

  /// Memory for one row, used again for the next: by entity of the reference the number of the last row in which
  /// it was taken.
  struct Scratch {
    var row = 0
    var taken: [Int] = []
    var takenByType: [Int] = []

    mutating func begin(_ count: Int) {
      row += 1
      let missing = count - taken.count
      if missing > 0 {
        taken.append(contentsOf: repeatElement(0, count: missing))
        takenByType.append(contentsOf: repeatElement(0, count: missing))
      }
    }
  }

  /// None.
  init() {}

  /// Goes through both lists once: each is in order, and its entities do not overlap.
  ///
  /// Each entity of the reference is matched once, by the first prediction that gets it.
  init(
    _ predicted: ArraySlice<Entity>, _ references: ArraySlice<Entity>, _ scratch: inout Scratch
  ) {
    if predicted.isEmpty || references.isEmpty { return }
    scratch.begin(references.count)
    var low = 0
    var free = 0
    for entity in predicted {
      // Only what never started can begin inside the one before it.
      let first = max(entity.first, free)
      free = entity.last + 1
      while low < references.count, references[low].last < first { low += 1 }
      let entity = Entity(type: entity.type, first: first, last: entity.last)
      if !matchSame(entity, references, low, &scratch) {
        match(entity, references, low, &scratch)
      }
    }
  }

  /// Whether an entity is that of the reference at a place, which nothing has taken: then there is nothing to
  /// choose.
  private mutating func matchSame(
    _ entity: Entity, _ references: ArraySlice<Entity>, _ place: Int, _ scratch: inout Scratch
  ) -> Bool {
    guard place < references.count, references[place] == entity, entity.first <= entity.last,
      place == 0 || references[place - 1].last < entity.first,
      scratch.taken[place] != scratch.row, scratch.takenByType[place] != scratch.row
    else { return false }
    scratch.taken[place] = scratch.row
    scratch.takenByType[place] = scratch.row
    exact += 1
    typed += 1
    return true
  }

  private mutating func match(
    _ entity: Entity, _ references: ArraySlice<Entity>, _ low: Int, _ scratch: inout Scratch
  ) {
    var other: Int?
    var isExact = false
    var ofType: (place: Int, distance: Int)?
    var ofOther: Int?
    var place = low
    while place < references.count {
      let free = place == 0 ? 0 : references[place - 1].last + 1
      let first = max(references[place].first, free)
      let last = references[place].last
      if first > entity.last { break }
      let shared = min(last, entity.last) - max(first, entity.first) + 1
      // nervaluate asks for one hundredth of the reference's tokens.
      if Double(shared) / Double(last - first + 1) * 100 >= 1 {
        if scratch.taken[place] != scratch.row {
          if first == entity.first && last == entity.last {
            isExact = true
            other = place
          } else if other == nil {
            other = place
          }
        }
        if scratch.takenByType[place] != scratch.row {
          let distance = abs(first - entity.first) + abs(last - entity.last)
          if references[place].type != entity.type {
            ofOther = ofOther ?? place
          } else if distance < ofType?.distance ?? .max {
            ofType = (place, distance)
          }
        }
      }
      place += 1
    }
    if let other {
      scratch.taken[other] = scratch.row
      if isExact { exact += 1 } else { partial += 1 }
    }
    if ofType != nil { typed += 1 }
    if let place = ofType?.place ?? ofOther { scratch.takenByType[place] = scratch.row }
  }
}
