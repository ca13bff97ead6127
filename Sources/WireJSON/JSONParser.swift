/// The parser: one pass over the bytes, a chain of open containers instead of recursion.
///
/// It writes the nodes in the order of the text. Flat arrays of numbers go into pools; see
/// `JSONParser+NumberArrays.swift`.
struct JSONParser: ~Copyable {
  let start: UnsafePointer<UInt8>
  let length: Int
  let maxDepth: Int
  var position = 0
  var nodes = NodeArray()
  /// At how many nodes more room is made for them, before `append` does it.
  private var crowd = 1 << 20
  /// The node of the innermost array or object that is open; -1 where none is. As long as it is, its payload
  /// tells how many elements or members began, and one more than the node of the container around it.
  var innermost = -1
  /// How many arrays and objects are open.
  var depth = 0
  /// What has no nodes; nil until there is any.
  private(set) var flat: FlatPools?
  /// Lists that were read together with the one at which they began.
  private var moreLists = 0
  /// Hash tables of the keys of large objects, one for each depth that needed one.
  var keyTables: [KeyTable] = []

  init(start: UnsafePointer<UInt8>, length: Int, maxDepth: Int) {
    self.start = start
    self.length = length
    self.maxDepth = maxDepth
    nodes.reserveCapacity(min(length / 8, 256) + 8)
  }

  /// Where what has no nodes goes.
  mutating func pools() -> FlatPools {
    if let flat { return flat }
    let made = FlatPools()
    flat = made
    return made
  }

  /// Parses the whole text.
  mutating func run() throws(Fault) {
    if length >= 3, start[0] == 0xEF, start[1] == 0xBB, start[2] == 0xBF {
      throw Fault(defect: .byteOrderMark, offset: 0)
    }
    skipWhiteSpace()
    try value()
    while innermost >= 0 { try resume() }
    skipWhiteSpace()
    if position < length { throw Fault(defect: .trailingText, offset: position) }
  }

  /// Goes on in the innermost open container, to its end or to the next one that opens inside it.
  private mutating func resume() throws(Fault) {
    let container = innermost
    let isObject = nodes[container].tag == .object
    let closer = isObject ? Byte.closeBrace : Byte.closeBracket
    var count = nodes[container].count
    repeat {
      if count % Self.lookInterval == 0, nodes.count >= crowd { makeRoom() }
      skipWhiteSpace()
      if position < length, start[position] == closer { return close(count: count) }
      if count > 0 { try comma(before: closer) }
      if isObject { try key(first: container + 1, earlier: count, depth: depth - 1) }
      count += 1
      skipWhiteSpace()
      if position < length, start[position] == Byte.quote {
        try string()
        // Texts side by side, without white space, as encoders write them.
        while !isObject, position + 1 < length, start[position] == Byte.comma,
          start[position + 1] == Byte.quote, count % Self.lookInterval != 0
        {
          position += 1
          try string()
          count += 1
        }
      } else {
        // A container may open, and then this loop ends.
        nodes.setPayload(Node.packed(count: count, upper: nodes[container].upper), at: container)
        try value()
        count += moreLists
        moreLists = 0
      }
    } while innermost == container
  }

  /// Makes room for as many nodes as the text will have if it goes on as it began, and some more. Room that
  /// doubles would take up to three times what they need while they are copied.
  private mutating func makeRoom() {
    let expected = Double(nodes.count) / Double(max(position, 1)) * Double(length)
    // Every node has a byte of its own in the text.
    let most = nodes.count + length - position + Self.mostBetween
    nodes.reserveCapacity(min(Int(expected * 1.125) + 2 * Self.mostBetween, most))
    // Where the rest is unlike the beginning, this is done again.
    crowd = max(nodes.capacity - Self.mostBetween, nodes.count + Self.mostBetween)
  }

  /// After how many elements of a container its nodes are counted; at its beginning they always are.
  private static let lookInterval = 1 << 12
  /// As many nodes come between two counts: a key and a value each, and ends.
  private static let mostBetween = 2 * lookInterval + 8

  /// Goes over the comma between two elements or members.
  private mutating func comma(before closer: UInt8) throws(Fault) {
    guard position < length, start[position] == Byte.comma else {
      let expected = closer == Byte.closeBrace ? "',' or '}'" : "',' or ']'"
      throw unexpected(try peek(expected), expected)
    }
    position += 1
    skipWhiteSpace()
    if position < length, start[position] == closer {
      throw Fault(defect: .trailingComma, offset: position)
    }
  }

  /// Reads a key and its colon, and refuses a key that the object already has.
  private mutating func key(first: Int, earlier: Int, depth: Int) throws(Fault) {
    guard position < length, start[position] == Byte.quote else {
      throw unexpected(try peek("a key in double quotes"), "a key in double quotes")
    }
    let keyStart = position
    let index = nodes.count
    try string()
    if earlier > 0, isDuplicate(key: index, first: first, earlier: earlier, depth: depth) {
      throw Fault(defect: .duplicateKey(shown(key: index)), offset: keyStart)
    }
    skipWhiteSpace()
    guard position < length, start[position] == Byte.colon else {
      throw unexpected(try peek("':'"), "':'")
    }
    position += 1
  }

  /// Reads a scalar, or opens an array or object.
  private mutating func value() throws(Fault) {
    let byte = try peek("a value")
    switch byte {
    case Byte.quote: try string()
    case Byte.openBrace: try open(isObject: true)
    case Byte.openBracket:
      if !numberArray(), !wordList() { try open(isObject: false) }
    case Byte.minus, Byte.zero...Byte.nine: try number()
    case UInt8(ascii: "n") where matches("null"): word(.null, length: 4)
    case UInt8(ascii: "t") where matches("true"): word(.boolTrue, length: 4)
    case UInt8(ascii: "f") where matches("false"): word(.boolFalse, length: 5)
    default: throw unexpected(byte, "a value")
    }
  }

  private mutating func open(isObject: Bool) throws(Fault) {
    if depth >= maxDepth {
      throw Fault(defect: .tooDeep(limit: maxDepth), offset: position)
    }
    let around = Node.packed(count: 0, upper: innermost + 1)
    innermost = nodes.count
    depth += 1
    nodes.append(
      Node(tag: isObject ? .object : .array, offset: UInt32(position), payload: around))
    position += 1
  }

  /// Reads the list of short strings at the position, within another one, and those that follow, or leaves it alone
  /// and answers false.
  private mutating func wordList() -> Bool {
    guard innermost >= 0, nodes[innermost].tag == .array, depth < maxDepth,
      position + 1 < length, start[position + 1] == Byte.quote
    else { return false }
    let pools = pools()
    if pools.words.isClosed { return false }
    if let (end, count) = pools.words.readLists(start, length, from: position, &nodes) {
      position = end
      moreLists = count - 1
      return true
    }
    if pools.words.isClosed { return false }
    let first = pools.words.codes.count
    guard let end = pools.words.readList(start, length, from: position + 1) else { return false }
    let payload = Node.packed(count: pools.words.codes.count - first, upper: first)
    nodes.append(Node(tag: .words, offset: UInt32(position), payload: payload))
    position = end
    return true
  }

  private mutating func close(count: Int) {
    let closed = innermost
    innermost = nodes[closed].upper - 1
    depth -= 1
    position += 1
    nodes.append(Node(tag: .end, offset: UInt32(position)))
    nodes.setPayload(Node.packed(count: count, upper: nodes.count), at: closed)
  }

  private mutating func word(_ tag: Tag, length: Int) {
    nodes.append(Node(tag: tag, offset: UInt32(position)))
    position += length
  }

  private func matches(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard position + count <= length else { return false }
    for i in 0..<count where start[position + i] != word.utf8Start[i] { return false }
    return true
  }

  mutating func skipWhiteSpace() {
    while position < length {
      let byte = start[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  /// The byte at the position.
  func peek(_ expected: String) throws(Fault) -> UInt8 {
    guard position < length else {
      throw Fault(defect: .unexpectedEnd(expected: expected), offset: length)
    }
    return start[position]
  }
}

/// The bytes that steer the parser.
enum Byte {
  static let quote = UInt8(ascii: "\"")
  static let backslash = UInt8(ascii: "\\")
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")
  static let minus = UInt8(ascii: "-")
  static let plus = UInt8(ascii: "+")
  static let point = UInt8(ascii: ".")
  static let zero = UInt8(ascii: "0")
  static let nine = UInt8(ascii: "9")
}
