/// What a node of the tape stands for.
enum Tag: UInt8 {
  case null, boolFalse, boolTrue
  /// payload: the bits of an Int64, a UInt64 (only above Int64.max) or a Double.
  case int, uint, double
  /// offset: of the first byte after the quote; payload: offset of the closing quote.
  case string
  /// payload: count and the index of the node behind its end.
  case array, object
  /// The last node of an array or object; offset: of the byte behind its closing bracket.
  case end
  /// Flat arrays of numbers only: payload: count and the start in a pool.
  case intArray, doubleArray
  /// A list of short strings: payload: count and the start among codes of words.
  case words
}

/// One value of the document: 16 bytes, whatever it is.
struct Node {
  static let escaped: UInt8 = 1
  static let integerText: UInt8 = 2
  static let overflow: UInt8 = 4

  var tag: Tag
  var flags: UInt8 = 0
  /// Of the value's text, from the start of the document.
  var offset: UInt32
  var payload: UInt64 = 0

  /// Elements or members of a container.
  var count: Int { Int(truncatingIfNeeded: payload & 0xFFFF_FFFF) }
  /// The node behind the end (array, object) or the start in the pool.
  var upper: Int { Int(truncatingIfNeeded: payload >> 32) }

  static func packed(count: Int, upper: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: count)) | UInt64(UInt32(truncatingIfNeeded: upper)) << 32
  }
}

/// The parsed document: the source, the nodes in the order of the text, and the numbers of flat
/// numeric arrays apart from them in pools. Immutable, so it can be shared between threads.
final class Tape: Sendable {
  let bytes: [UInt8]
  /// Where the text starts in `bytes`; all offsets count from here.
  let base: Int
  /// The length of the text.
  let length: Int
  let nodes: NodeArray
  /// Nil where everything has nodes.
  private let flat: FlatArrays?

  var ints: [Int64] { flat?.ints ?? [] }
  var doubles: [Double] { flat?.doubles ?? [] }
  var integerMarks: [UInt8] { flat?.integerMarks ?? [] }
  var words: TextArray { flat?.words ?? TextArray() }
  var codes: [UInt8] { flat?.codes ?? [] }

  /// Takes what a parser has made; nothing of it is left there.
  init(bytes: [UInt8], base: Int, parser: inout JSONParser) {
    self.bytes = bytes
    self.base = base
    length = parser.length
    nodes = parser.nodes.taken()
    flat = parser.flat?.taken()
  }

  /// The index of the node after this one and its descendants.
  func next(after index: Int) -> Int {
    let node = nodes[index]
    switch node.tag {
    case .array, .object: return node.upper
    default: return index + 1
    }
  }

  /// Lends the source of the whole document.
  @inline(__always)
  func withText<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    bytes.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[base..<base + length]))
    }
  }

  /// The source between two offsets.
  func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[base + range.lowerBound..<base + range.upperBound]
  }

  /// The value of an object's member, by the exact code points of its key; nil when there is none.
  func member(of object: Int, named key: UnsafeBufferPointer<UInt8>) -> Int? {
    nodes.withUnsafeBufferPointer { nodes in
      var child = object + 1
      for _ in 0..<nodes[object].count {
        let node = nodes[child]
        let mayBe =
          node.flags & Node.escaped != 0 || Int(node.payload) - Int(node.offset) == key.count
        if mayBe && string(at: child, equals: key) { return child + 1 }
        let value = nodes[child + 1]
        child = value.tag == .array || value.tag == .object ? value.upper : child + 2
      }
      return nil
    }
  }

  /// Whether the string of a node is exactly these bytes once its escapes are gone.
  func string(at index: Int, equals other: UnsafeBufferPointer<UInt8>) -> Bool {
    let node = nodes[index]
    let range = Int(node.offset)..<Int(node.payload)
    if node.flags & Node.escaped != 0 { return unescaped(text(range)).elementsEqual(other) }
    guard range.count == other.count else { return false }
    let own = base + range.lowerBound..<base + range.upperBound
    return bytes.withUnsafeBufferPointer {
      areEqual(UnsafeBufferPointer(rebasing: $0[own]), other)
    }
  }
}
