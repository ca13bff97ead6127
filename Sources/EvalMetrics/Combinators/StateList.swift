/// States in a row, and the memory of all of them, which costs nothing to ask for.
struct StateList<Base: State>: Sendable {
  private(set) var states: [Base] = []
  private(set) var byteCount = 0

  mutating func append(_ state: Base) {
    states.append(state)
    byteCount += state.byteCount
  }

  /// Takes the first state out; there must be one.
  mutating func removeFirst() -> Base {
    let state = states.removeFirst()
    byteCount -= state.byteCount
    return state
  }

  /// Changes a state in place.
  mutating func change<R, E: Error>(
    _ index: Int, _ body: (inout Base) throws(E) -> R
  ) throws(E) -> R {
    byteCount -= states[index].byteCount
    defer { byteCount += states[index].byteCount }
    return try body(&states[index])
  }
}
