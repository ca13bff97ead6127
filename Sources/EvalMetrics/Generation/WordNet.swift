/// Princeton's WordNet, as its own files have it: which single words are synonyms.
///
/// Read whole when a stream is opened and never changed. A word is found as NLTK finds it: itself and what the
/// rules of its part of speech, or the list of exceptions, make of it.
public final class WordNet: Sendable {
  /// Parts of speech, in the order in which they are searched.
  enum Part: Int, CaseIterable {
    case noun, verb, adj, adv
  }

  /// The version and a fingerprint of the files, for signatures.
  public let name: String
  /// Single words that are a member of a set of synonyms, by id, as they are written.
  let members: TokenTable
  /// Words that can be looked up.
  private let lemmas: TokenTable
  /// For each lemma and part of speech the sets it is in.
  private let senses: IntegerLists
  /// For each set its members.
  private let sets: IntegerLists
  /// By part of speech: irregular forms, and the lemmas each stands for.
  private let exceptions: [Exceptions]

  struct Exceptions: Sendable {
    var forms = TokenTable()
    var lemmas: [[[UInt8]]] = []
  }

  /// Memory in bytes.
  public var byteCount: Int {
    members.byteCount + lemmas.byteCount + senses.byteCount + sets.byteCount
      + exceptions.reduce(0) { $0 + $1.forms.byteCount + $1.lemmas.count * 96 }
  }

  /// Reads `index.*`, `data.*` and `*.exc` of nouns, verbs, adjectives and adverbs in a directory.
  init(directory: String, _ read: @escaping FileReader) throws(InputError) {
    var loader = WordNetLoader(directory: directory, read: read)
    try loader.load()
    name = loader.name
    members = loader.members
    lemmas = loader.lemmas
    sets = loader.sets
    senses = loader.senseLists()
    exceptions = loader.exceptions
  }

  /// Calls `body` with the id of every member of every set that a word in lower case is in; some may come
  /// more than once.
  func eachSynonym(_ word: [UInt8], _ body: (Int) -> Void) {
    for part in Part.allCases {
      eachForm(word, part) { lemma in
        for set in senses[lemma * Part.allCases.count + part.rawValue] {
          for member in sets[Int(set)] { body(Int(member)) }
        }
      }
    }
  }

  /// Calls `body` with the lemmas that a word may be a form of, each once.
  private func eachForm(_ word: [UInt8], _ part: Part, _ body: (Int) -> Void) {
    var seen: [Int] = []
    func visit(_ form: [UInt8]) {
      guard let lemma = lemmas.find(form, 0..<form.count), !seen.contains(lemma),
        !senses[lemma * Part.allCases.count + part.rawValue].isEmpty
      else { return }
      seen.append(lemma)
      body(lemma)
    }
    visit(word)
    let irregular = exceptions[part.rawValue]
    if let place = irregular.forms.find(word, 0..<word.count) {
      irregular.lemmas[place].forEach(visit)
      return
    }
    for (ending, replacement) in Self.endings[part.rawValue] where word.count >= ending.count {
      let stem = word.dropLast(ending.count)
      if word.dropFirst(stem.count).elementsEqual(ending) { visit(Array(stem) + replacement) }
    }
  }

  /// What endings are exchanged for, by part of speech.
  private static let endings: [[(ending: [UInt8], replacement: [UInt8])]] = [
    [
      ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
      ("shes", "sh"), ("men", "man"), ("ies", "y"),
    ],
    [
      ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
      ("ing", ""),
    ],
    [("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
    [],
  ].map { (rules: [(String, String)]) in rules.map { (Array($0.0.utf8), Array($0.1.utf8)) } }
}

/// Lists of integers, one after the other.
struct IntegerLists: Sendable {
  var values: [Int32] = []
  var ends: [Int32] = []

  subscript(index: Int) -> ArraySlice<Int32> {
    guard index < ends.count else { return [] }
    return values[(index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])]
  }

  mutating func endList() { ends.append(Int32(truncatingIfNeeded: values.count)) }

  var byteCount: Int { (values.count + ends.count) * 4 }
}
