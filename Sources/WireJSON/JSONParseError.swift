/// Why a text is not one JSON value that evald takes.
public struct JSONParseError: Error, Sendable {
  /// The two families of refusal, which the protocol reports under different names.
  public enum Kind: Sendable {
    /// The text breaks RFC 8259, or repeats a key.
    case malformed
    /// The text is nested deeper than the caller allows.
    case tooDeep
  }

  /// The family of refusal.
  public let kind: Kind
  /// The byte, counted from the start of the text, at which it first went wrong; the length of
  /// the text where more was expected.
  public let offset: Int
  /// What is wrong, in one clause without a full stop.
  public let message: String
  /// What to do about it; empty where the message says it all.
  public let hint: String
  /// The members of the top-level object that were complete before the error, so that a caller can
  /// still find an id: the key, unescaped, and the source text of the value. Only the first 64
  /// members are kept, and only values of at most 4096 bytes, so that a hostile line stays cheap.
  public let topLevelMembers: [(key: String, rawValue: [UInt8])]
}

/// What went wrong inside the parser, before it is put into words.
enum Defect: Sendable {
  case unexpectedEnd(expected: String)
  case unexpected(byte: UInt8, expected: String)
  case bareWord(String)
  case byteOrderMark
  case trailingComma
  case singleQuote
  case comment
  case leadingPlus
  case leadingZero
  case noDigits(after: String)
  case controlCharacter(UInt8)
  case invalidEscape
  case loneSurrogate
  case invalidUTF8
  case duplicateKey(String)
  case trailingText
  case tooDeep(limit: Int)
  case tooLong

  var kind: JSONParseError.Kind {
    if case .tooDeep = self { .tooDeep } else { .malformed }
  }

  var message: String {
    switch self {
    case .unexpectedEnd(let expected): "the text ends where \(expected) was expected"
    case .unexpected(let byte, let expected):
      "found \(describe(byte)) where \(expected) was expected"
    case .bareWord(let word): "\(word) is not a JSON value"
    case .byteOrderMark: "a byte order mark inside the text"
    case .trailingComma: "a comma before the closing bracket"
    case .singleQuote: "a single quote"
    case .comment: "a comment"
    case .leadingPlus: "a number with a plus sign"
    case .leadingZero: "a number with a leading zero"
    case .noDigits(let place): "a number without a digit after its \(place)"
    case .controlCharacter(let byte): "the control character \(describe(byte)) inside a string"
    case .invalidEscape: "an escape sequence that JSON does not have"
    case .loneSurrogate: "one half of a surrogate pair without the other"
    case .invalidUTF8: "a string that is not valid UTF-8"
    case .duplicateKey(let key): "the key \"\(key)\" stands twice in one object"
    case .trailingText: "something follows the end of the value"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .tooLong: "a text of 4 GiB or more"
    }
  }

  var hint: String {
    switch self {
    case .bareWord("NaN"), .bareWord("-NaN"), .bareWord("nan"):
      "write the string \"NaN\", or a packed column (Python: json.dumps(..., allow_nan=False) finds it)"
    case .bareWord("Infinity"), .bareWord("inf"), .bareWord("Inf"):
      "write the string \"Infinity\", or a packed column; JSON has no bare NaN or Infinity"
    case .bareWord("-Infinity"), .bareWord("-inf"), .bareWord("-Inf"):
      "write the string \"-Infinity\", or a packed column; JSON has no bare NaN or Infinity"
    case .bareWord("True"), .bareWord("False"), .bareWord("None"):
      "that is Python's repr; use json.dumps"
    case .bareWord("undefined"): "use null, or leave the member out"
    case .singleQuote: "strings and keys take double quotes (Python: json.dumps, not str)"
    case .comment: "JSON has no comments"
    case .controlCharacter: "escape it as \\u00XX, \\n, \\r or \\t"
    case .loneSurrogate: "write a character beyond U+FFFF as its pair, high half first"
    case .invalidUTF8: "send UTF-8"
    case .trailingText: "one message a line; more of them go into one array"
    case .byteOrderMark: "it is taken only at the very start of the input"
    case .unexpectedEnd: "a message is one whole line, without a line feed inside"
    case .duplicateKey: "each key may stand once"
    default: ""
    }
  }
}

/// A byte as a reader would name it.
func describe(_ byte: UInt8) -> String {
  if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
  let digits = String(byte, radix: 16, uppercase: true)
  return "byte 0x" + (digits.utf8.count == 1 ? "0" : "") + digits
}

/// A defect and where it stands; the parser's own error.
struct Fault: Error {
  let defect: Defect
  let offset: Int
}
