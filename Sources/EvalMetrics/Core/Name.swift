/// A name that people give: of a stream, a producer, a window, a slice dimension, an answer. Two names are one
/// where their bytes are the same.
///
/// Swift takes two spellings of an accented letter for one `String`. To everybody else they are two, and what
/// is kept under one must not be found, counted or overwritten under the other. Keyed by bytes, names also
/// cannot be prepared so that they collide: the spellings of a text share one hash as `String`s.
public struct Name: Sendable, Hashable, Comparable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (a: Name, b: Name) -> Bool { a.text.hasSameBytes(as: b.text) }

  public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }

  /// The order of what is written: by bytes, which is that of code points.
  public static func < (a: Name, b: Name) -> Bool { a.text.precedesByBytes(b.text) }
}

extension Name: ExpressibleByStringInterpolation, CustomStringConvertible {
  public init(stringLiteral text: String) { self.init(text) }

  public var description: String { text }
}

extension String {
  /// Whether two texts are the same code points.
  func hasSameBytes(as other: String) -> Bool { Kernels.areSame(self, other) }

  /// Hashes the bytes. `String` hashes a normal form, so that a sender could choose as many different texts with one
  /// hash as they like.
  func hashBytes(into hasher: inout Hasher) { Kernels.hash(self, into: &hasher) }

  /// Whether the bytes come before those of another text.
  func precedesByBytes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
