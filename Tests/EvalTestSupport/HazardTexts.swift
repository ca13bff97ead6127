/// Texts for hazards: words of several scripts, and what texts are trouble with.
public enum HazardTexts {
  /// Words that tests can mix: letters with and without accents, scripts without spaces, marks, nothing.
  public static let words = [
    "the", "a", "an", "cat", "Cat", "Paris", "The", "x.y", "rock-n-roll", "1,000", "ΟΔΟΣ", "Σ",
    "café", "cafe\u{301}", "İstanbul", "straße", "Москва", "北京", "東京都", "السلام", "👩‍👩‍👧",
    "e\u{301}\u{323}",
    "“quoted”", "—", "a—b", "don't", "_", "", "\u{200F}", "\u{0}", "½", "𝒜",
  ]

  /// White space that Python splits at.
  public static let spaces = [" ", " ", "  ", "\t", "\u{A0}", "\u{3000}", "\u{85}", "\u{1C}", "\n"]

  /// A text of up to so many words.
  public static func text(_ generator: inout LawGenerator, upTo most: Int) -> String {
    (0..<generator.integer(0..<most + 1)).reduce("") { text, _ in
      text + words[generator.integer(0..<words.count)]
        + (generator.chance(0.9) ? spaces[generator.integer(0..<spaces.count)] : "")
    }
  }
}
