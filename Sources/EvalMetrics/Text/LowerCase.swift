/// Lower case of single code points, all but "İ", whose lower case is two.
public struct LowerCase: Sendable {
  /// By Unicode 14.0.0, as CPython 3.11 has it.
  public static let python = LowerCase(UnicodeData.pythonLower)

  /// For each block of 256 code points the place of its differences; block 0 of those has none.
  private var places: [UInt16] = []
  private var differences = [Int32](repeating: 0, count: 256)

  private init(_ text: String) {
    var reader = UnicodeData.Reader(text)
    var first = 0
    while let gap = reader.number(), let step = reader.number(), let count = reader.number(),
      let folded = reader.number()
    {
      first += gap
      let difference = Int32(folded % 2 == 0 ? folded / 2 : -(folded + 1) / 2)
      for index in 0..<count { set(first + index * step, difference) }
    }
  }

  private mutating func set(_ codePoint: Int, _ difference: Int32) {
    let block = codePoint >> 8
    while places.count <= block { places.append(0) }
    if places[block] == 0 {
      places[block] = UInt16(differences.count >> 8)
      differences.append(contentsOf: repeatElement(0, count: 256))
    }
    differences[Int(places[block]) << 8 | codePoint & 255] = difference
  }

  /// The lower case, or the code point itself.
  @inline(__always)
  public subscript(codePoint: UInt32) -> UInt32 {
    let block = Int(codePoint >> 8)
    guard block < places.count else { return codePoint }
    let difference = differences[Int(places[block]) << 8 | Int(codePoint & 255)]
    return UInt32(bitPattern: Int32(bitPattern: codePoint) &+ difference)
  }
}
