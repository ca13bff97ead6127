/// The nodes of a document, in memory of their own: an array would ask at every node whether somebody shares it.
struct NodeArray: ~Copyable, @unchecked Sendable {
  // Sendable, since what is shared does not change any more: a tape lends it, and has no way to write to it.

  private var start: UnsafeMutablePointer<Node>?
  private(set) var count = 0
  private(set) var capacity = 0

  /// No nodes, and no memory.
  init() {}

  deinit { start?.deallocate() }

  /// Makes room for so many nodes in all.
  mutating func reserveCapacity(_ wanted: Int) {
    guard wanted > capacity else { return }
    let larger = UnsafeMutablePointer<Node>.allocate(capacity: wanted)
    if let start {
      larger.moveInitialize(from: start, count: count)
      start.deallocate()
    }
    start = larger
    capacity = wanted
  }

  /// Adds a node.
  @inline(__always)
  mutating func append(_ node: Node) {
    if count == capacity { reserveCapacity(max(16, 2 * capacity)) }
    guard let start else { return }
    (start + count).initialize(to: node)
    count &+= 1
  }

  /// The node at an index; beyond the last one the end of an empty object, which is part of no value.
  @inline(__always)
  subscript(index: Int) -> Node {
    guard let start, UInt(bitPattern: index) < UInt(bitPattern: count) else {
      return Node(tag: .end, offset: 0)
    }
    return start[index]
  }

  /// Says how many elements or members a container has, and which node is behind or around it.
  @inline(__always)
  mutating func setPayload(_ payload: UInt64, at index: Int) {
    guard let start, UInt(bitPattern: index) < UInt(bitPattern: count) else { return }
    start[index].payload = payload
  }

  /// Lends all of them.
  @inline(__always)
  func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Node>) -> R) -> R {
    body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Moves everything out.
  @inline(__always)
  mutating func taken() -> NodeArray {
    var other = NodeArray()
    swap(&self, &other)
    return other
  }
}
