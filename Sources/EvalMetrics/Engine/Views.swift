/// Merged states that were asked for, so that asking again costs nothing until rows or marks come.
struct Views<Base: State>: Sendable {
  /// A state that was made of others.
  struct View: Sendable {
    var state: Base
    /// Whether what it was made of was prepared, so that it needed no sorting of its own.
    var isPrepared: Bool
  }

  /// The slices of a window by some of the dimensions.
  struct Grouping: Sendable, Hashable {
    var window: Window
    var places: [Int]
  }

  /// Every slice of a grouping.
  struct Groups: Sendable {
    var states: [SliceKey: Base]
    var isPrepared: Bool
  }

  private var views: [Scope: View] = [:]
  private var groups: [Grouping: Groups] = [:]
  private(set) var byteCount = 0

  private static var mostKept: Int { 64 }

  mutating func take(_ scope: Scope) -> View? {
    guard let view = views.removeValue(forKey: scope) else { return nil }
    byteCount -= view.byteCount
    return view
  }

  mutating func take(_ grouping: Grouping) -> Groups? {
    guard let found = groups.removeValue(forKey: grouping) else { return nil }
    byteCount -= found.byteCount
    return found
  }

  /// Keeps a view, unless it takes more than `limit` bytes by itself. All others go if together they would.
  mutating func keep(_ view: View, for scope: Scope, limit: Int) {
    if view.byteCount > limit { return }
    makeRoom(view.byteCount, limit)
    views[scope] = view
    byteCount += view.byteCount
  }

  mutating func keep(_ found: Groups, for grouping: Grouping, limit: Int) {
    if found.byteCount > limit { return }
    makeRoom(found.byteCount, limit)
    groups[grouping] = found
    byteCount += found.byteCount
  }

  private mutating func makeRoom(_ incoming: Int, _ limit: Int) {
    if byteCount + incoming <= limit && views.count + groups.count < Self.mostKept { return }
    self = Views()
  }

  /// Forgets what rows that came since would change; closed windows stay as they are.
  mutating func forgetOpenWindows() {
    if views.isEmpty && groups.isEmpty { return }
    for scope in views.keys where scope.window.isOpen { _ = take(scope) }
    for grouping in groups.keys where grouping.window.isOpen { _ = take(grouping) }
  }
}

extension Views.View {
  var byteCount: Int { state.byteCount + 512 }
}

extension Views.Groups {
  var byteCount: Int { states.values.reduce(512) { $0 + $1.byteCount + 256 } }
}

extension Window {
  /// Whether rows that come belong to it.
  fileprivate var isOpen: Bool {
    switch self {
    case .current, .all, .rows: true
    case .marks, .mark: false
    }
  }
}
