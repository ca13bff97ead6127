/// States by window: the rows since the last mark, those of marked windows while they are kept, and all older rows together.
public struct Windowed<Base: State>: Sendable {
  /// A closed window that is still kept.
  public struct Closed: Sendable {
    public var label: String
    public var state: Base
  }

  public let configuration: Base.Configuration
  /// How many closed windows stay queryable by themselves.
  public let keep: Int
  /// The rows since the last mark.
  public var current: Base
  /// Closed windows, the oldest first; at most `keep`.
  public private(set) var closed: [Closed] = []
  /// The rows of windows that are no longer kept by themselves; nil when there are none.
  public private(set) var past: Base?
  /// Marks so far.
  public private(set) var marks = 0

  public init(_ configuration: Base.Configuration, keep: Int) {
    self.configuration = configuration
    self.keep = keep
    current = Base(configuration)
  }

  /// Closes the current window under a label and begins the next.
  public mutating func mark(_ label: String) {
    marks += 1
    closed.append(Closed(label: label, state: current))
    current = Base(configuration)
    while closed.count > keep {
      let oldest = closed.removeFirst()
      if past == nil { past = oldest.state } else { past?.merge(oldest.state) }
    }
  }

  /// Which states make up a window; nil when it is not kept.
  public func parts(of window: Window) -> Parts? {
    switch window {
    case .current: return .current
    case .all:
      if closed.isEmpty && past == nil { return .current }
      return .merged((past.map { [$0] } ?? []) + closed.map(\.state) + [current])
    case .marks(let count):
      guard count >= 1, count <= closed.count else { return nil }
      if count == 1 { return .closed(closed.count - 1) }
      return .merged(closed.suffix(count).map(\.state))
    case .mark(let label):
      guard let index = closed.lastIndex(where: { $0.label == label }) else { return nil }
      return .closed(index)
    case .rows: return nil
    }
  }

  /// What a window is made of.
  public enum Parts {
    case current
    case closed(Int)
    case merged([Base])
  }

  /// Changes a closed window in place; used to keep what a query has sorted.
  mutating func updateClosed(_ index: Int, _ body: (inout Base) -> Void) {
    body(&closed[index].state)
  }

  public var byteCount: Int {
    closed.reduce(current.byteCount + (past?.byteCount ?? 0)) { $0 + $1.state.byteCount }
  }
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
  case mark(String)
  /// At least the last n rows, in whole buckets.
  case rows(Int)
}
