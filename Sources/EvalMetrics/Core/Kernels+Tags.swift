// Loops over codes of tags. Ranges are cut to what the arrays have.
extension Kernels {
  /// What each tag does after each other one, looked up by the codes of both.
  final class TagSteps {
    private let width: Int
    private var steps = Scratch<UInt8>()

    /// For codes below a number, the last of which stands for what is outside of all sequences. `step` says what
    /// the second one does after the first: 1 ends an entity, 2 starts one, 3 does both.
    init(_ width: Int, _ step: (Int, Int) -> UInt8) {
      self.width = width
      steps.reserve(width * width)
      for previous in 0..<width {
        for code in 0..<width { steps.base[previous * width + code] = step(previous, code) }
      }
    }

    /// Calls `body` with each entity in a range of codes: its last tag's code, and its first and last token,
    /// counted from the start of the range.
    @inline(__always)
    func forEachEntity(_ codes: [Int32], _ range: Range<Int>, _ body: (Int, Int, Int) -> Void) {
      let range = range.clamped(to: 0..<codes.count)
      codes.withUnsafeBufferPointer { codes in
        let outside = width &- 1
        var (previous, first) = (outside, 0)
        var place = range.lowerBound
        while place <= range.upperBound {
          let code = place < range.upperBound ? Int(codes[place]) : outside
          if code < 0 || code >= width { break }
          let step = steps.base[previous &* width &+ code]
          if step != 0 {
            let token = place &- range.lowerBound
            if step & 1 != 0 { body(previous, first, token &- 1) }
            if step & 2 != 0 { first = token }
          }
          previous = code
          place &+= 1
        }
      }
    }
  }

  /// At how many places of a range two arrays hold the same.
  static func countOfEqual(_ a: [Int32], _ b: [Int32], _ range: Range<Int>) -> Int {
    let range = range.clamped(to: 0..<min(a.count, b.count))
    return a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var count: Int32 = 0
        for place in range { count &+= a[place] == b[place] ? 1 : 0 }
        return Int(count)
      }
    }
  }

  /// Integers as codes, where all of them are codes below a number; nil where one is none.
  static func codes(_ integers: [Int64], below limit: Int) -> [Int32]? {
    var areCodes = true
    let limit = UInt64(truncatingIfNeeded: max(0, limit))
    let codes = [Int32](unsafeUninitializedCapacity: integers.count) { codes, count in
      integers.withUnsafeBufferPointer { integers in
        for place in 0..<integers.count {
          let integer = UInt64(bitPattern: integers[place])
          areCodes = areCodes && integer < limit
          codes[place] = Int32(truncatingIfNeeded: integer)
        }
      }
      count = integers.count
    }
    return areCodes ? codes : nil
  }
}
