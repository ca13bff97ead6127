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

    /// Writes the entities in a range of codes to the start of a list, which grows where it is too short for them,
    /// and gives how many there are. `types` are those of the codes; tokens count from the start of the range.
    ///
    /// Nobody can say beforehand where entities begin and end, so this does the same for every tag: it writes what
    /// would end here, and moves on only where it does.
    func entities(
      of codes: [Int32], _ range: Range<Int>, _ types: [Int32], into list: inout [Entity]
    ) -> Int {
      let range = range.clamped(to: 0..<codes.count)
      let missing = range.count + 1 - list.count
      if missing > 0 {
        list.append(contentsOf: repeatElement(Entity(type: 0, first: 0, last: 0), count: missing))
      }
      guard types.count >= width else { return 0 }
      return list.withUnsafeMutableBufferPointer { list in
        codes.withUnsafeBufferPointer { codes in
          types.withUnsafeBufferPointer { types in
            let outside = width &- 1
            var (previous, first, count) = (outside, 0, 0)
            for token in 0...range.count {
              let isTag = token < range.count
              let code = isTag ? Int(codes[range.lowerBound &+ token]) : outside
              if code < 0 || code >= width { break }
              let step = Int(steps.base[previous &* width &+ code])
              list[count] = Entity(type: types[previous], first: first, last: token &- 1)
              count &+= step & 1
              first = step & 2 != 0 ? token : first
              previous = code
            }
            return count
          }
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

  /// The values of a table at some places, 0 for a place that it does not have.
  static func values(_ table: [Int32], at places: [Int32]) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: places.count) { values, count in
      table.withUnsafeBufferPointer { table in
        places.withUnsafeBufferPointer { places in
          for index in 0..<places.count {
            let place = Int(places[index])
            values[index] = place >= 0 && place < table.count ? table[place] : 0
          }
        }
      }
      count = places.count
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
