/// A value for each code, in an array while the codes that occur fill a fair part of it, else in a dictionary:
/// one row of class 999,999 in each of many slices must not cost an array of a million each.
struct CodeColumn<Element: Sendable>: Sendable {
  private(set) var dense: [Element] = []
  private var sparse: [Int: Element] = [:]
  private let zero: Element

  init(zero: Element) { self.zero = zero }

  /// So many codes always have an array.
  private static var least: Int { 64 }

  /// The value of a code.
  @inline(__always)
  subscript(code: Int) -> Element {
    code < dense.count ? dense[code] : sparse.isEmpty ? zero : sparse[code] ?? zero
  }

  /// Changes the value of a code, which must not be negative.
  @inline(__always)
  mutating func change(_ code: Int, _ body: (inout Element) -> Void) {
    if code < dense.count { return body(&dense[code]) }
    changeFar(code, body)
  }

  private mutating func changeFar(_ code: Int, _ body: (inout Element) -> Void) {
    var value = sparse[code] ?? zero
    body(&value)
    sparse[code] = value
    // Sixteen places for every code that occurs, so that memory grows with what was pushed. Only sometimes
    // asked, since the answer takes a look at every key.
    if code < Self.least || sparse.count & (sparse.count - 1) == 0 { settle() }
  }

  private mutating func settle() {
    guard let last = sparse.keys.max() else { return }
    let wanted = last < Self.least ? Self.least : last + 1
    guard wanted <= Self.least || wanted <= 16 * (sparse.count + dense.count / 16) else {
      return moveNear()
    }
    dense.append(contentsOf: repeatElement(zero, count: max(0, wanted - dense.count)))
    for (code, value) in sparse { dense[code] = value }
    sparse = [:]
  }

  /// Moves the first codes into an array, where one can be told to be worth it.
  private mutating func moveNear() {
    if dense.count >= Self.least || !sparse.keys.contains(where: { $0 < Self.least }) { return }
    dense.append(contentsOf: repeatElement(zero, count: Self.least - dense.count))
    for (code, value) in sparse where code < Self.least { dense[code] = value }
    sparse = sparse.filter { $0.key >= Self.least }
  }

  /// The codes that may have another value than zero, ascending.
  var codes: [Int] {
    sparse.isEmpty ? Array(dense.indices) : Array(dense.indices) + sparse.keys.sorted()
  }

  /// Calls `body` for every code that may have another value than zero, in no order.
  @inline(__always)
  func each(_ body: (Int, Element) -> Void) {
    for code in dense.indices { body(code, dense[code]) }
    for (code, value) in sparse { body(code, value) }
  }

  var byteCount: Int {
    dense.capacity * MemoryLayout<Element>.stride
      + sparse.capacity * (MemoryLayout<Element>.stride + 16)
  }
}
