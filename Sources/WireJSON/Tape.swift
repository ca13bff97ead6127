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
  let nodes: [Node]
  let ints: [Int64]
  let doubles: [Double]

  /// 1 beside each double that was written as an integer; may be shorter than `doubles`.
  let integerMarks: [UInt8]

  init(bytes: [UInt8], base: Int, parser: consuming JSONParser) {
    self.bytes = bytes
    self.base = base
    length = parser.length
    nodes = parser.nodes
    integerMarks = parser.integerMarks
    ints = parser.ints.finished
    doubles = parser.doubles.finished
  }

  /// The index of the node after this one and its descendants.
  func next(after index: Int) -> Int {
    let node = nodes[index]
    switch node.tag {
    case .array, .object: return node.upper
    default: return index + 1
    }
  }

  /// The source between two offsets.
  func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[base + range.lowerBound..<base + range.upperBound]
  }

  /// Whether the string of a node is exactly these bytes once its escapes are gone.
  func string(at index: Int, equals other: UnsafeBufferPointer<UInt8>) -> Bool {
    let node = nodes[index]
    let range = Int(node.offset)..<Int(node.payload)
    if node.flags & Node.escaped != 0 { return unescaped(text(range)).elementsEqual(other) }
    guard range.count == other.count else { return false }
    return bytes.withUnsafeBufferPointer { source in
      for i in 0..<other.count where source[base + range.lowerBound + i] != other[i] {
        return false
      }
      return true
    }
  }
}
