/// Texts side by side, and where each ends.
public struct TextArray: Sendable {
  /// The UTF-8 of all texts, without their escapes.
  public var bytes: [UInt8] = []
  /// Where in `bytes` each text ends.
  public var ends: [Int] = []

  /// No texts.
  public init() {}
}

extension JSONValue {
  /// Whether it is an array of strings only. The empty array is one.
  public var isTextArray: Bool {
    guard element < 0, kind == .array else { return false }
    if node.count == 0 { return true }
    guard node.tag == .array else { return false }
    // Strings have no nodes within, so they stand side by side.
    guard tape.next(after: index) == index + node.count + 2 else { return false }
    for child in index + 1...index + node.count where tape.nodes[child].tag != .string {
      return false
    }
    return true
  }

  /// Whether it is a flat array of numbers only. The empty array is one.
  public var isFlatNumberArray: Bool {
    guard element < 0 else { return false }
    switch node.tag {
    case .intArray, .doubleArray: return true
    case .array: return elements.allSatisfy { $0.kind == .number }
    default: return false
    }
  }

  /// Adds the strings of an array of strings.
  public func appendTexts(to texts: inout TextArray) {
    texts.ends.reserveCapacity(texts.ends.count + count)
    for text in elements {
      guard let source = text.stringSource else { continue }
      if text.hasEscapes {
        texts.bytes.append(contentsOf: unescaped(source))
      } else {
        texts.bytes.append(contentsOf: source)
      }
      texts.ends.append(texts.bytes.count)
    }
  }
}
