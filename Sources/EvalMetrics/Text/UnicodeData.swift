/// Unicode as text that the compiler reads fast: see Tests/unicode/make_tables.py, which writes it.
enum UnicodeData {
  /// Reads the characters of a table one after the other; line ends are skipped.
  struct Reader {
    private var bytes: String.UTF8View.Iterator

    init(_ text: String) { bytes = text.utf8.makeIterator() }

    /// The next six bits; nil at the end.
    mutating func digit() -> Int? {
      while let byte = bytes.next() {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return Int(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return Int(byte) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return Int(byte) - 48 + 52
        case UInt8(ascii: "+"): return 62
        case UInt8(ascii: "/"): return 63
        default: continue
        }
      }
      return nil
    }

    /// The next number: five bits a character, the lowest first; bit 5 says that more follow. Nil at the end.
    mutating func number() -> Int? {
      var value = 0
      var shift = 0
      while let digit = digit() {
        value |= (digit & 31) << shift
        if digit < 32 { return value }
        shift += 5
      }
      return nil
    }
  }
}
