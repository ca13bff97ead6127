/// States by window: the rows since the last mark, those of marked windows while they are kept, and all older rows together.
public struct Windowed<Base: State>: Sendable, ScoreKeeper {
  public let configuration: Base.Configuration
  /// How many closed windows stay queryable by themselves.
  public let keep: Int
  /// The rows since the last mark.
  public var current: Base
  /// Labels of the closed windows that are kept, the oldest first; at most `keep`.
  public private(set) var labels: [Name] = []
  private var closed = StateList<Base>()
  /// The rows of windows that are no longer kept by themselves; nil when there are none.
  private var past: Base?
  /// Memory of `past`, which can be many small pieces.
  private var pastBytes = 0
  /// Windows that were merged into `past` since its pieces were put together.
  private var loosePieces = 0

  public init(_ configuration: Base.Configuration, keep: Int) {
    self.configuration = configuration
    self.keep = keep
    current = Base(configuration)
  }

  /// Windows as they were encoded.
  init(
    _ configuration: Base.Configuration, keep: Int, current: Base,
    closed: [(label: Name, state: Base)], past: Base?
  ) {
    self.init(configuration, keep: keep)
    self.current = current
    for (label, state) in closed {
      labels.append(label)
      self.closed.append(state)
    }
    if let past { change(.past) { $0 = past } }
  }

  /// Whether there are rows of windows that are no longer kept by themselves.
  var hasPast: Bool { past != nil }

  /// Closes the current window under a label and begins the next.
  public mutating func mark(_ label: Name) {
    labels.append(label)
    closed.append(current)
    current = Base(configuration)
    while labels.count > keep {
      labels.removeFirst()
      let oldest = closed.removeFirst()
      change(.past) { $0.merge(oldest) }
      loosePieces += 1
    }
    // Ten thousands of windows of a few rows must not become as many pieces.
    if loosePieces >= 64, let past, past.count <= loosePieces << 16 {
      loosePieces = 0
      change(.past) { $0.prepare() }
    }
  }

  /// One of the states.
  public enum Part: Sendable, Hashable {
    case past
    case closed(Int)
    case current
  }

  /// The states that make up a window; nil when it is not kept.
  public func parts(of window: Window) -> [Part]? {
    switch window {
    case .current: return [.current]
    case .all:
      return (past == nil ? [] : [.past]) + labels.indices.map(Part.closed) + [.current]
    case .marks(let count):
      guard count >= 1, count <= labels.count else { return nil }
      return labels.indices.suffix(count).map(Part.closed)
    case .mark(let label):
      guard let index = labels.lastIndex(of: label) else { return nil }
      return [.closed(index)]
    case .rows: return nil
    }
  }

  /// How many marks came after the rows of a part; after those of windows that are no longer kept, the fewest.
  func marks(since part: Part) -> Int {
    switch part {
    case .past: labels.count + 1
    case .closed(let index): labels.count - index
    case .current: 0
    }
  }

  /// The state of a part.
  public func state(_ part: Part) -> Base {
    switch part {
    case .past: past ?? Base(configuration)
    case .closed(let index): closed.states[index]
    case .current: current
    }
  }

  /// A sum over all states.
  func sum(_ count: (Base) -> Int) -> Int {
    closed.states.reduce(count(current) + (past.map(count) ?? 0)) { $0 + count($1) }
  }

  /// Changes the state of a part in place, without changing what it answers.
  mutating func change<R, E: Error>(
    _ part: Part, _ body: (inout Base) throws(E) -> R
  ) throws(E) -> R {
    switch part {
    case .past:
      var state = past ?? Base(configuration)
      past = nil
      defer {
        pastBytes = state.byteCount
        past = state
      }
      return try body(&state)
    case .closed(let index): return try closed.change(index, body)
    case .current: return try body(&current)
    }
  }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {
    if past != nil { change(.past) { $0.forEachScoreIndex(body) } }
    for index in closed.states.indices { closed.change(index) { $0.forEachScoreIndex(body) } }
    current.forEachScoreIndex(body)
  }

  /// Takes over what preparing a copy found out. Since it was made, rows were only added to the current window.
  mutating func adoptPrepared(_ copy: Windowed) {
    var prepared = copy
    prepared.current = current
    prepared.current.adoptPrepared(copy.current)
    self = prepared
  }

  public var byteCount: Int { current.byteCount + closed.byteCount + pastBytes }
}

/// A window of a stream, as a query names it.
public enum Window: Sendable, Hashable {
  /// Since the last mark; everything while there is none.
  case current
  /// Every row since the stream was opened or reset.
  case all
  /// The last n closed windows together.
  case marks(Int)
  /// The closed window with this label, the latest if several have it.
  case mark(Name)
  /// At least the last n rows, in whole buckets.
  case rows(Int)
}
