/// The general categories of Unicode, in the order of its standard.
public enum GeneralCategory: UInt8, Sendable, CaseIterable {
  case uppercaseLetter, lowercaseLetter, titlecaseLetter, modifierLetter, otherLetter
  case nonspacingMark, spacingMark, enclosingMark
  case decimalNumber, letterNumber, otherNumber
  case connectorPunctuation, dashPunctuation, openPunctuation, closePunctuation
  case initialPunctuation, finalPunctuation, otherPunctuation
  case mathSymbol, currencySymbol, modifierSymbol, otherSymbol
  case spaceSeparator, lineSeparator, paragraphSeparator
  case control, format, surrogate, privateUse, unassigned
}

/// What one version of Unicode says of code points: one byte for each, looked up.
///
/// `python` is what `str` and `unicodedata` of CPython 3.11 know, `regex` what the Python package of that
/// name knows, which has categories alone. Both are compared with their originals for every code point.
public struct UnicodeTable: Sendable {
  /// Unicode 14.0.0, as CPython 3.11 has it.
  public static let python = UnicodeTable(UnicodeData.python)
  /// Unicode 18.0.0, as the Python package regex 2026.11.15 has it. Categories, and nothing else.
  public static let regex = UnicodeTable(UnicodeData.regex)

  /// Up to here there is a byte for each code point; above there are a few runs.
  private static let flatCount = 0x34000

  /// Bits 0–4 the category, 5 white space, 6 cased, 7 ignored by the rule of the final sigma.
  private var flat: [UInt8] = []
  private var runs: [(end: UInt32, properties: UInt8)] = []

  private init(_ text: String) {
    var reader = UnicodeData.Reader(text)
    var palette: [UInt8] = []
    for _ in 0..<(reader.number() ?? 0) { palette.append(UInt8(reader.number() ?? 0)) }
    flat.reserveCapacity(Self.flatCount)
    var end = 0
    while let place = reader.digit(), let more = reader.number() {
      let properties = palette[place]
      let inside = min(end + more + 1, Self.flatCount) - end
      if inside > 0 { flat.append(contentsOf: repeatElement(properties, count: inside)) }
      end += more + 1
      if end > Self.flatCount { runs.append((UInt32(end), properties)) }
    }
  }

  @inline(__always)
  func properties(_ codePoint: UInt32) -> UInt8 {
    codePoint < Self.flatCount ? flat[Int(codePoint)] : farProperties(codePoint)
  }

  private func farProperties(_ codePoint: UInt32) -> UInt8 {
    for run in runs where codePoint < run.end { return run.properties }
    return GeneralCategory.unassigned.rawValue
  }

  /// The general category; unassigned for what is no code point.
  public func category(_ codePoint: UInt32) -> GeneralCategory {
    GeneralCategory(rawValue: properties(codePoint) & 31) ?? .unassigned
  }

  /// Whether the category is one of a set, such as `UnicodeTable.punctuation`.
  @inline(__always)
  public func has(_ categories: Categories, _ codePoint: UInt32) -> Bool {
    categories.bits >> UInt32(properties(codePoint) & 31) & 1 != 0
  }

  /// Python's `str.isspace`, which is also `\s` of its `re` and where `str.split` splits. Only `python` knows it.
  @inline(__always)
  public func isSpace(_ codePoint: UInt32) -> Bool { properties(codePoint) & 32 != 0 }

  /// Python's `str.isalnum`: letters and numbers.
  @inline(__always)
  public func isAlphanumeric(_ codePoint: UInt32) -> Bool { has(.alphanumeric, codePoint) }

  /// What `\w` of Python's `re` matches: letters, numbers and the low line.
  @inline(__always)
  public func isWord(_ codePoint: UInt32) -> Bool {
    has(.alphanumeric, codePoint) || codePoint == 0x5F
  }

  /// Cased and not ignored: a sigma after it may be a final one.
  @inline(__always)
  func isCased(_ codePoint: UInt32) -> Bool { properties(codePoint) & 64 != 0 }

  /// Looked over when a sigma looks for letters around it.
  @inline(__always)
  func isIgnorable(_ codePoint: UInt32) -> Bool { properties(codePoint) & 128 != 0 }
}

extension UnicodeTable {
  /// A set of general categories.
  public struct Categories: Sendable, Equatable {
    /// A bit for each, by raw value.
    public var bits: UInt32

    public init(_ categories: [GeneralCategory]) {
      bits = categories.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    }

    private init(bits: UInt32) { self.bits = bits }

    /// L: Lu, Ll, Lt, Lm, Lo.
    public static let letter = Categories(bits: 0x1F)
    /// M: Mn, Mc, Me.
    public static let mark = Categories(bits: 0xE0)
    /// N: Nd, Nl, No.
    public static let number = Categories(bits: 0x700)
    /// P: Pc, Pd, Ps, Pe, Pi, Pf, Po.
    public static let punctuation = Categories(bits: 0x3_F800)
    /// S: Sm, Sc, Sk, So.
    public static let symbol = Categories(bits: 0x3C_0000)
    /// Z: Zs, Zl, Zp.
    public static let separator = Categories(bits: 0x1C0_0000)
    /// L and N.
    public static let alphanumeric = Categories(bits: 0x71F)

    /// The categories of both.
    public func union(_ other: Categories) -> Categories { Categories(bits: bits | other.bits) }
  }
}
