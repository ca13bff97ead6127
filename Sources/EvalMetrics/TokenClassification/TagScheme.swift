/// What the first letter of a tag says.
enum TagPrefix: UInt8, CaseIterable {
  case outside, begin, inside, end, single, unit, last
  /// A full stop, which conlleval takes for a token outside.
  case dot
  case other

  init(_ codePoint: UInt32) {
    switch codePoint {
    case 0x4F: self = .outside
    case 0x42: self = .begin
    case 0x49: self = .inside
    case 0x45: self = .end
    case 0x53: self = .single
    case 0x55: self = .unit
    case 0x4C: self = .last
    case 0x2E: self = .dot
    default: self = .other
    }
  }
}

/// Schemes of tags, for the strict mode.
public enum TagScheme: String, Sendable, CaseIterable {
  case iob1 = "IOB1"
  case iob2 = "IOB2"
  case ioe1 = "IOE1"
  case ioe2 = "IOE2"
  case iobes = "IOBES"
  case bilou = "BILOU"

  /// The letters that tags may begin with.
  var letters: String {
    switch self {
    case .iob1, .iob2: "IOB"
    case .ioe1, .ioe2: "IOE"
    case .iobes: "IOBES"
    case .bilou: "BILOU"
    }
  }
}

/// A relation of a tag and the one before it, looked up by their prefixes and by whether their types are equal.
struct TagRelation: Sendable {
  private static let count = TagPrefix.allCases.count
  /// Bit 0: holds where types are equal; bit 1: holds where they differ.
  private var bits = [UInt8](repeating: 0, count: count * count)

  /// The pairs for which `holds` says so.
  init(_ holds: (_ previous: TagPrefix, _ current: TagPrefix, _ isSame: Bool) -> Bool) {
    for previous in TagPrefix.allCases {
      for current in TagPrefix.allCases {
        bits[Self.place(previous, current)] =
          (holds(previous, current, true) ? 1 : 0) | (holds(previous, current, false) ? 2 : 0)
      }
    }
  }

  /// Pairs written as "BI=": the letters before and now, a star for any, and whether types are equal ("="),
  /// different ("#") or either ("*").
  init(_ patterns: String) {
    let parsed = patterns.split(separator: " ").map { $0.unicodeScalars.map(\.value) }
    self.init { previous, current, isSame in
      parsed.contains { pattern in
        pattern.count == 3
          && (pattern[0] == 0x2A || TagPrefix(pattern[0]) == previous)
          && (pattern[1] == 0x2A || TagPrefix(pattern[1]) == current)
          && (pattern[2] == 0x2A || (pattern[2] == 0x3D) == isSame)
      }
    }
  }

  private static func place(_ previous: TagPrefix, _ current: TagPrefix) -> Int {
    Int(previous.rawValue) * count + Int(current.rawValue)
  }

  /// Whether it holds of a tag and the one before it.
  @inline(__always)
  func holds(_ previous: Tag, _ current: Tag) -> Bool {
    bits[Self.place(previous.prefix, current.prefix)] & (previous.type == current.type ? 1 : 2) != 0
  }
}

/// How entities are read from tags.
enum TagRules: Sendable {
  /// As conlleval does, whatever the scheme: every tag means something.
  case conlleval(ends: TagRelation, starts: TagRelation)
  /// By a scheme: what does not fit is no entity. `ends` is of the tag after an entity and its last one.
  case strict(starts: TagRelation, inside: TagRelation, ends: TagRelation)

  static let conlleval = TagRules.conlleval(
    ends: TagRelation { previous, current, isSame in
      switch previous {
      case .end, .single: true
      case .begin, .inside:
        !isSame || current == .begin || current == .single || current == .outside
      case .outside, .dot: false
      default: !isSame
      }
    },
    starts: TagRelation { previous, current, isSame in
      switch current {
      case .begin, .single: true
      case .end, .inside:
        !isSame || previous == .end || previous == .single || previous == .outside
      case .outside, .dot: false
      default: !isSame
      }
    })

  /// The patterns of seqeval's schemes.
  static func strict(_ scheme: TagScheme) -> TagRules {
    let (starts, inside, ends) =
      switch scheme {
      case .iob1:
        ("OI* II# BI* IB= BB=", "BI= II=", "II# IO* IB* BO* BI# BB=")
      case .iob2:
        ("*B*", "BI= II=", "IO* II# IB* BO* BI# BB*")
      case .ioe1:
        ("OI* II# EI* EE=", "II= IE=", "II# IO* IE# EI= EE=")
      case .ioe2:
        ("OI* OE* EI* EE* II# IE#", "IE= II=", "E**")
      case .iobes:
        ("*B* *S*", "BI= BE= II= IE=", "S** E**")
      case .bilou:
        ("*B* *U*", "BI= BL= II= IL=", "U** L**")
      }
    return .strict(
      starts: TagRelation(starts), inside: TagRelation(inside), ends: TagRelation(ends))
  }
}
