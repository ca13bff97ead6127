/// Reads the files of WordNet, whose format is told by wndb(5WN). Any bytes may stand in them: what is no
/// entry is refused, by file and line.
struct WordNetLoader {
  let directory: String
  let read: FileReader

  private(set) var name = ""
  private(set) var members = TokenTable()
  private(set) var lemmas = TokenTable()
  private(set) var sets = IntegerLists()
  private(set) var exceptions: [WordNet.Exceptions] = []
  /// By lemma and part of speech, as they are read.
  private var senses: [[Int32]] = []
  private var fingerprint: UInt64 = 0

  /// More than any version of WordNet has in a file.
  private static let mostBytes = 64 << 20

  init(directory: String, read: @escaping FileReader) {
    self.directory = directory
    self.read = read
  }

  mutating func load() throws(InputError) {
    for part in WordNet.Part.allCases {
      let data = try file("data.\(part)")
      if name.isEmpty { name = Self.version(data) }
      let offsets = try loadSets(data, "data.\(part)")
      try loadIndex(part, offsets)
      try loadExceptions(part)
    }
    name += "-" + Self.hexadecimal(UInt32(truncatingIfNeeded: fingerprint ^ fingerprint >> 32))
  }

  /// The sets of each lemma and part of speech.
  func senseLists() -> IntegerLists {
    var lists = IntegerLists()
    for list in senses {
      lists.values += list
      lists.endList()
    }
    return lists
  }

  // MARK: Files

  private mutating func file(_ file: String) throws(InputError) -> [UInt8] {
    switch read(directory + "/" + file, Self.mostBytes) {
    case .success(let bytes):
      fingerprint = Kernels.hash(bytes, 0..<bytes.count, key: fingerprint &+ 1)
      return bytes
    case .failure(let failure):
      throw InputError(
        .invalidParams, [.key("wordnet")], failure.message,
        hint:
          "Debian's wordnet-base has WordNet's own files in /usr/share/wordnet"
      )
    }
  }

  private static func fault(_ file: String, _ line: Int) -> InputError {
    InputError(
      .invalidParams, [.key("wordnet")], "line \(line) of \(file) is not an entry of WordNet",
      hint: "the format is that of wndb(5WN), versions 1.6 to 3.1")
  }

  /// Calls `body` with the start and the fields of each line that is not of the licence.
  private static func eachEntry(
    _ bytes: [UInt8], _ file: String, _ body: (Int, inout Fields) -> Bool
  ) throws(InputError) {
    var start = 0
    var line = 1
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      if bytes[start] != 0x20 && end > start {
        var fields = Fields(bytes: bytes, position: start, end: end)
        guard body(start, &fields) else { throw fault(file, line) }
      }
      start = end + 1
      line += 1
    }
  }

  /// The fields of a line, between spaces.
  struct Fields {
    let bytes: [UInt8]
    var position: Int
    let end: Int

    mutating func next() -> Range<Int>? {
      while position < end, bytes[position] <= 0x20 { position += 1 }
      let start = position
      while position < end, bytes[position] > 0x20 { position += 1 }
      return start < position ? start..<position : nil
    }

    mutating func number(radix: Int = 10) -> Int? {
      guard let range = next(), range.count <= 9 else { return nil }
      var value = 0
      for place in range {
        let byte = bytes[place]
        let digit =
          byte &- 0x30 < 10
          ? Int(byte &- 0x30)
          : (byte | 0x20) &- 0x61 < 6 ? Int((byte | 0x20) &- 0x61) + 10 : 99
        if digit >= radix { return nil }
        value = value * radix + digit
      }
      return value
    }
  }
}

extension WordNetLoader {
  /// Reads the sets of synonyms; gives where each begins in the file and its place in `sets`.
  private mutating func loadSets(
    _ bytes: [UInt8], _ file: String
  ) throws(InputError) -> [(offset: Int, set: Int32)] {
    var offsets: [(offset: Int, set: Int32)] = []
    var (members, sets) = (members, sets)
    try Self.eachEntry(bytes, file) { start, fields in
      guard fields.number() == start, fields.number() != nil, fields.next() != nil,
        let count = fields.number(radix: 16)
      else { return false }
      for _ in 0..<count {
        guard let word = fields.next(), fields.number(radix: 16) != nil else { return false }
        let plain = Self.withoutMarker(bytes, word)
        if !bytes[plain].contains(0x5F) {
          sets.values.append(Int32(truncatingIfNeeded: members.id(bytes, plain)))
        }
      }
      offsets.append((start, Int32(truncatingIfNeeded: sets.ends.count)))
      sets.endList()
      return true
    }
    (self.members, self.sets) = (members, sets)
    return offsets
  }

  /// "galore(ip)" is the word "galore", which stands behind its noun.
  private static func withoutMarker(_ bytes: [UInt8], _ word: Range<Int>) -> Range<Int> {
    guard let last = word.last, bytes[last] == 0x29,
      let open = bytes[word.lowerBound..<last].lastIndex(where: { $0 == 0x28 || $0 == 0x29 }),
      bytes[open] == 0x28
    else { return word }
    return word.lowerBound..<open
  }

  private mutating func loadIndex(
    _ part: WordNet.Part, _ offsets: [(offset: Int, set: Int32)]
  ) throws(InputError) {
    let file = "index.\(part)"
    let bytes = try self.file(file)
    let parts = WordNet.Part.allCases.count
    var (lemmas, senses) = (lemmas, senses)
    try Self.eachEntry(bytes, file) { _, fields in
      guard let word = fields.next(), fields.next() != nil, let count = fields.number(),
        let pointers = fields.number()
      else { return false }
      for _ in 0..<pointers where fields.next() == nil { return false }
      guard fields.number() == count, fields.number() != nil else { return false }
      let lemma = lemmas.id(bytes, word)
      while senses.count < (lemma + 1) * parts { senses.append([]) }
      var found: [Int32] = []
      for _ in 0..<count {
        guard let offset = fields.number(), let set = Self.set(at: offset, offsets) else {
          return false
        }
        found.append(set)
      }
      senses[lemma * parts + part.rawValue] = found
      return true
    }
    (self.lemmas, self.senses) = (lemmas, senses)
  }

  private static func set(at offset: Int, _ offsets: [(offset: Int, set: Int32)]) -> Int32? {
    var (low, high) = (0, offsets.count)
    while low < high {
      let middle = (low + high) / 2
      if offsets[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low < offsets.count && offsets[low].offset == offset ? offsets[low].set : nil
  }

  private mutating func loadExceptions(_ part: WordNet.Part) throws(InputError) {
    let file = "\(part).exc"
    let bytes = try self.file(file)
    var found = WordNet.Exceptions()
    try Self.eachEntry(bytes, file) { _, fields in
      guard let form = fields.next() else { return true }
      var lemmas: [[UInt8]] = []
      while let lemma = fields.next() { lemmas.append(Array(bytes[lemma])) }
      let id = found.forms.id(bytes, form)
      // The last line of a form holds.
      if id == found.lemmas.count { found.lemmas.append(lemmas) } else { found.lemmas[id] = lemmas }
      return true
    }
    exceptions.append(found)
  }

  /// The version that the licence names, "3.0" of "WordNet 3.0 Copyright".
  private static func version(_ bytes: [UInt8]) -> String {
    let head = String(decoding: bytes.prefix(4096), as: UTF8.self)
    for part in head.split(separator: "WordNet ").dropFirst() {
      let digits = part.prefix { ("0"..."9").contains($0) || $0 == "." }
      if !digits.isEmpty { return String(digits) }
    }
    return "unknown"
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
