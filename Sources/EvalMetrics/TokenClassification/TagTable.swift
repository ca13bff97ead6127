/// A tag, taken apart.
struct Tag: Sendable, Equatable {
  var prefix: TagPrefix
  /// The id of its type among the types of a table.
  var type: Int32

  /// "O".
  static let outside = Tag(prefix: .outside, type: 0)
}

/// The tags of a batch, each taken apart once. A code is its place.
struct TagTable {
  /// Codes of tokens beside those of tags.
  static let ignored: Int32 = -1

  private(set) var tags: [Tag] = []
  /// The types; id 0 is "_", which is the type of a tag that names none.
  private(set) var types = TokenTable()
  private var names = TokenTable()
  private let scheme: TagScheme?
  /// Whether tags may be added.
  private var grows = true
  /// The tag that says that a token is to be left out.
  private let ignoredTag: [UInt8]?
  /// The codes of tags that came of late.
  private let recent = Kernels.RecentTexts()

  /// Why a tag cannot be taken.
  struct Fault: Error {
    var message: String
    var hint: String
  }

  init(scheme: TagScheme?, declared: [String]?, ignoring ignored: String?) throws(Fault) {
    self.scheme = scheme
    ignoredTag = ignored.map { Array($0.utf8) }
    let none = Array("_".utf8)
    _ = types.id(none, 0..<none.count)
    guard let declared else { return }
    for name in declared {
      let bytes = Array(name.utf8)
      _ = try add(bytes, 0..<bytes.count)
    }
    grows = false
  }

  /// How many tags were declared, so that integers below are codes.
  var declaredCount: Int { grows ? 0 : tags.count }

  /// Whether no tag says that its token is to be left out.
  var takesAll: Bool { ignoredTag == nil }

  /// Appends the codes of texts none of which is left out.
  mutating func appendCodes(of texts: TextColumn, to codes: inout [Int32]) throws(Fault) {
    try recent.append(texts, to: &codes) { range throws(Fault) in
      try knownCode(texts.bytes, range)
    }
  }

  /// The code of a tag, or `ignored`.
  mutating func code(_ text: [UInt8], _ range: Range<Int>) throws(Fault) -> Int32 {
    if let ignoredTag, Kernels.areEqual(ignoredTag, 0..<ignoredTag.count, text, range) {
      return Self.ignored
    }
    return try knownCode(text, range)
  }

  /// The code of a tag, also of the one to be ignored.
  mutating func knownCode(_ text: [UInt8], _ range: Range<Int>) throws(Fault) -> Int32 {
    if let known = names.find(text, range) { return Int32(truncatingIfNeeded: known) }
    guard grows else {
      throw Fault(
        message: "\(Self.brief(text, range)), which is none of the tags",
        hint: "tags were declared when the stream was opened")
    }
    return try add(text, range)
  }

  private mutating func add(_ text: [UInt8], _ range: Range<Int>) throws(Fault) -> Int32 {
    guard !range.isEmpty else {
      throw Fault(message: "an empty tag", hint: "a tag outside entities is \"O\"")
    }
    var start = range.lowerBound
    let prefix = TagPrefix(UTF8Text.next(text, &start, range.upperBound))
    if let scheme {
      let letter = Self.letters[Int(prefix.rawValue)]
      guard scheme.letters.utf8.contains(letter) else {
        throw Fault(
          message: "\(Self.brief(text, range)), which is no tag of \(scheme.rawValue)",
          hint: "tags of \(scheme.rawValue) begin with one of the letters \(scheme.letters)")
      }
    }
    let type = typeRange(text, start..<range.upperBound)
    let id = type.isEmpty ? 0 : types.id(text, type)
    tags.append(Tag(prefix: prefix, type: Int32(truncatingIfNeeded: id)))
    return Int32(truncatingIfNeeded: names.id(text, range))
  }

  /// By raw value of the prefix; what has no letter is in no scheme.
  private static let letters = Array("OBIESUL..".utf8)

  /// Where the type stands in what follows the prefix. conlleval cuts at the first hyphen, and takes
  /// everything where there is none; the strict mode takes hyphens off both ends.
  private func typeRange(_ text: [UInt8], _ rest: Range<Int>) -> Range<Int> {
    let hyphen = UInt8(ascii: "-")
    guard scheme != nil else {
      guard let cut = text[rest].firstIndex(of: hyphen) else { return rest }
      return cut + 1..<rest.upperBound
    }
    var (start, end) = (rest.lowerBound, rest.upperBound)
    while start < end, text[start] == hyphen { start += 1 }
    while end > start, text[end - 1] == hyphen { end -= 1 }
    return start..<end
  }

  private static func brief(_ text: [UInt8], _ range: Range<Int>) -> String {
    Value.text(String(decoding: text[range], as: UTF8.self)).brief
  }
}
