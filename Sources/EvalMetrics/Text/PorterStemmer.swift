/// Porter's algorithm for suffix stripping (1980), with the extensions that NLTK's stemmer has by default.
///
/// Characters are code points. Whatever is not a letter of English counts as a consonant, as it does there.
public struct PorterStemmer: Sendable {
  /// The word, as it becomes the stem.
  private var word: [UInt32] = []

  public init() {}

  /// The stem of a word in lower case.
  public mutating func stem(_ codePoints: [UInt32]) -> [UInt32] {
    if let irregular = Self.irregular[codePoints] { return irregular }
    if codePoints.count <= 2 { return codePoints }
    word = codePoints
    step1a()
    step1b()
    step1c()
    step2()
    step3()
    step4()
    step5()
    return word
  }

  /// Forms that the rules would get wrong.
  private static let irregular: [[UInt32]: [UInt32]] = {
    var forms: [[UInt32]: [UInt32]] = [:]
    for (form, stem) in [
      ("sky", "sky"), ("skies", "sky"), ("dying", "die"), ("lying", "lie"), ("tying", "tie"),
      ("news", "news"), ("innings", "inning"), ("inning", "inning"), ("outings", "outing"),
      ("outing", "outing"), ("cannings", "canning"), ("canning", "canning"), ("howe", "howe"),
      ("proceed", "proceed"), ("exceed", "exceed"), ("succeed", "succeed"),
    ] {
      forms[form.unicodeScalars.map(\.value)] = stem.unicodeScalars.map(\.value)
    }
    return forms
  }()
}

// MARK: - What the rules ask

extension PorterStemmer {
  private static func isVowelLetter(_ c: UInt32) -> Bool {
    c == 0x61 || c == 0x65 || c == 0x69 || c == 0x6F || c == 0x75
  }

  /// Calls `body` with whether each of the first letters is a consonant; a "y" is one unless it follows one.
  @inline(__always)
  private func eachLetter(_ count: Int, _ body: (Bool) -> Void) {
    var isConsonant = false
    for place in 0..<count {
      let c = word[place]
      isConsonant = c == 0x79 ? !isConsonant : !Self.isVowelLetter(c)
      body(isConsonant)
    }
  }

  /// How often a vowel is followed by a consonant in the first letters.
  private func measure(_ count: Int) -> Int {
    var measure = 0
    var afterVowel = false
    eachLetter(count) { isConsonant in
      if isConsonant && afterVowel { measure += 1 }
      afterVowel = !isConsonant
    }
    return measure
  }

  private func hasVowel(_ count: Int) -> Bool {
    var found = false
    eachLetter(count) { if !$0 { found = true } }
    return found
  }

  private func isConsonant(_ place: Int) -> Bool {
    var last = false
    eachLetter(place + 1) { last = $0 }
    return last
  }

  private func endsInDoubleConsonant() -> Bool {
    let count = word.count
    return count >= 2 && word[count - 1] == word[count - 2] && isConsonant(count - 1)
  }

  /// Consonant, vowel, consonant other than w, x and y at the end; or a vowel and a consonant in all.
  private func endsInCVC(_ count: Int) -> Bool {
    if count == 2 { return !isConsonant(0) && isConsonant(1) }
    guard count >= 3, isConsonant(count - 3), !isConsonant(count - 2), isConsonant(count - 1)
    else { return false }
    let last = word[count - 1]
    return last != 0x77 && last != 0x78 && last != 0x79
  }

  @inline(__always)
  private func ends(_ suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard word.count >= length else { return false }
    return suffix.withUTF8Buffer { bytes in
      let start = word.count - length
      for place in 0..<length where word[start + place] != UInt32(bytes[place]) { return false }
      return true
    }
  }

  private mutating func replace(_ length: Int, _ replacement: StaticString) {
    word.removeLast(min(length, word.count))
    replacement.withUTF8Buffer { for byte in $0 { word.append(UInt32(byte)) } }
  }

  /// Whether the word ends so. If it does, and the measure of what stands before is high enough, the end is replaced.
  @inline(__always)
  private mutating func rule(
    _ suffix: StaticString, _ replacement: StaticString, above least: Int
  ) -> Bool {
    guard ends(suffix) else { return false }
    let length = suffix.utf8CodeUnitCount
    if measure(word.count - length) > least { replace(length, replacement) }
    return true
  }
}

// MARK: - The steps

extension PorterStemmer {
  private mutating func step1a() {
    if ends("ies") {
      // "dies" and "ties" keep their e.
      if word.count == 4 { replace(3, "ie") } else { replace(3, "i") }
    } else if ends("sses") {
      replace(4, "ss")
    } else if !ends("ss"), ends("s") {
      replace(1, "")
    }
  }

  private mutating func step1b() {
    if ends("ied") {
      if word.count == 4 { replace(3, "ie") } else { replace(3, "i") }
      return
    }
    if ends("eed") {
      if measure(word.count - 3) > 0 { replace(3, "ee") }
      return
    }
    if ends("ed"), hasVowel(word.count - 2) {
      replace(2, "")
    } else if ends("ing"), hasVowel(word.count - 3) {
      replace(3, "")
    } else {
      return
    }
    if ends("at") {
      replace(2, "ate")
    } else if ends("bl") {
      replace(2, "ble")
    } else if ends("iz") {
      replace(2, "ize")
    } else if endsInDoubleConsonant() {
      let last = word[word.count - 1]
      if last != 0x6C && last != 0x73 && last != 0x7A { word.removeLast() }
    } else if measure(word.count) == 1, endsInCVC(word.count) {
      replace(0, "e")
    }
  }

  private mutating func step1c() {
    if ends("y"), word.count > 2, isConsonant(word.count - 2) { replace(1, "i") }
  }

  private mutating func step2() {
    // Each turn takes a letter away.
    while ends("alli"), measure(word.count - 4) > 0 { replace(4, "al") }
    _ =
      rule("ational", "ate", above: 0) || rule("tional", "tion", above: 0)
      || rule("enci", "ence", above: 0) || rule("anci", "ance", above: 0)
      || rule("izer", "ize", above: 0) || rule("bli", "ble", above: 0)
      || rule("alli", "al", above: 0) || rule("entli", "ent", above: 0)
      || rule("eli", "e", above: 0) || rule("ousli", "ous", above: 0)
      || rule("ization", "ize", above: 0) || rule("ation", "ate", above: 0)
      || rule("ator", "ate", above: 0) || rule("alism", "al", above: 0)
      || rule("iveness", "ive", above: 0) || rule("fulness", "ful", above: 0)
      || rule("ousness", "ous", above: 0) || rule("aliti", "al", above: 0)
      || rule("iviti", "ive", above: 0) || rule("biliti", "ble", above: 0)
      || rule("fulli", "ful", above: 0) || logy()
  }

  /// The l of "logi" counts with what stands before, so that "geologi" is "geolog".
  private mutating func logy() -> Bool {
    guard ends("logi") else { return false }
    if measure(word.count - 3) > 0 { replace(4, "log") }
    return true
  }

  private mutating func step3() {
    _ =
      rule("icate", "ic", above: 0) || rule("ative", "", above: 0)
      || rule("alize", "al", above: 0) || rule("iciti", "ic", above: 0)
      || rule("ical", "ic", above: 0) || rule("ful", "", above: 0) || rule("ness", "", above: 0)
  }

  private mutating func step4() {
    _ =
      rule("al", "", above: 1) || rule("ance", "", above: 1) || rule("ence", "", above: 1)
      || rule("er", "", above: 1) || rule("ic", "", above: 1) || rule("able", "", above: 1)
      || rule("ible", "", above: 1) || rule("ant", "", above: 1) || rule("ement", "", above: 1)
      || rule("ment", "", above: 1) || rule("ent", "", above: 1) || adoption()
      || rule("ou", "", above: 1) || rule("ism", "", above: 1) || rule("ate", "", above: 1)
      || rule("iti", "", above: 1) || rule("ous", "", above: 1) || rule("ive", "", above: 1)
      || rule("ize", "", above: 1)
  }

  /// "ion" goes behind s and t only.
  private mutating func adoption() -> Bool {
    guard ends("ion") else { return false }
    let count = word.count - 3
    if count > 0, word[count - 1] == 0x73 || word[count - 1] == 0x74, measure(count) > 1 {
      replace(3, "")
    }
    return true
  }

  private mutating func step5() {
    if ends("e") {
      let measure = measure(word.count - 1)
      if measure > 1 || (measure == 1 && !endsInCVC(word.count - 1)) { replace(1, "") }
    }
    if ends("ll"), measure(word.count - 1) > 1 { replace(1, "") }
  }
}
