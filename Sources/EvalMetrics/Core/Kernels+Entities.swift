// Entities of sequences of tags. Like Kernels.swift, this file may use unsafe pointers, and what it offers may be
// called with arrays of any size and content.

/// An entity in one number: its last token, its first one and its type, from above. Numbers of entities that do not
/// overlap are in the order of the sequence, and equal just when the entities are.
private struct PackedEntity {
  static let typeBits: UInt64 = 16
  static let tokenBits: UInt64 = 24

  let bits: UInt64

  @inline(__always)
  init(bits: UInt64) { self.bits = bits }

  @inline(__always)
  init(_ type: Int32, _ first: Int, _ last: Int) {
    bits =
      UInt64(truncatingIfNeeded: last) &<< (Self.typeBits &+ Self.tokenBits)
      | UInt64(truncatingIfNeeded: first) &<< Self.typeBits
      | UInt64(truncatingIfNeeded: type)
  }

  @inline(__always)
  var type: Int { Int(truncatingIfNeeded: bits & (1 &<< Self.typeBits &- 1)) }
  @inline(__always)
  var first: UInt64 { bits &>> Self.typeBits & (1 &<< Self.tokenBits &- 1) }
  @inline(__always)
  var last: UInt64 { bits &>> (Self.typeBits &+ Self.tokenBits) }
}

extension Kernels {
  /// What a tag does after the one before it.
  enum TagStep {
    static let starts: UInt8 = 1
    static let ends: UInt8 = 2
  }

  /// Reads the entities of two columns of tags row by row, for rules that look at a tag and the one before it, and
  /// counts them by type.
  final class EntityReader {
    /// What was counted of a row.
    struct Row {
      /// Tokens whose two tags are equal.
      var right = 0
      var predicted = 0
      var references = 0
      /// Predicted entities that are one of the reference.
      var hits = 0
      /// Whether others overlap one, so that there is more to compare.
      var doOverlap = false
    }

    private static let mostTokens = (1 << 24) - 1
    /// Tokens whose steps fit into a word.
    private static let block = 32

    private let said: [Int32]
    private let truth: [Int32]
    private let types: [Int32]
    private let typeCount: Int
    /// The code of what is before the first token and behind the last.
    private let outside: Int
    /// A step stands at the code before, shifted by so much, and the code.
    private let shift: Int
    private var steps = Scratch<UInt8>()
    private var predicted = Scratch<UInt64>()
    private var references = Scratch<UInt64>()

    /// For two columns of codes, as long as each other; `types` are those of the codes, and one more code stands for
    /// what is outside of all sequences. `step` says what the second code does after the first. Nil where a code is
    /// none, or there are too many.
    init?(
      _ said: [Int32], _ truth: [Int32], types: [Int32], typeCount: Int,
      _ step: (Int, Int) -> UInt8
    ) {
      let count = types.count
      guard said.count == truth.count, typeCount > 0, typeCount <= 1 << 16,
        count > 0, count < 1 << 12, types.allSatisfy({ $0 >= 0 && $0 < typeCount }),
        Kernels.areCodes(said, below: count), Kernels.areCodes(truth, below: count)
      else { return nil }
      (self.said, self.truth, self.types, outside) = (said, truth, types, count)
      self.typeCount = typeCount
      shift = Int.bitWidth - count.leadingZeroBitCount
      steps.reserve(1 << (2 * shift))
      for previous in 0...count {
        for code in 0...count { steps.base[previous << shift | code] = step(previous, code) }
      }
    }

    /// Counts a row, where it stands in the columns. Nil, and nothing is counted, where it is too long, or where an
    /// entity ends that never started.
    func count(_ range: Range<Int>, into counts: TypeCounts) -> Row? {
      let range = range.clamped(to: 0..<said.count)
      if range.isEmpty { return Row() }
      guard range.count < Self.mostTokens, typeCount <= counts.types else { return nil }
      predicted.reserve(range.count + 2)
      references.reserve(range.count + 2)
      let read = said.withUnsafeBufferPointer { said in
        truth.withUnsafeBufferPointer { truth in
          types.withUnsafeBufferPointer { types -> (row: Row, isSame: Bool)? in
            guard let a = said.baseAddress, let b = truth.baseAddress, let t = types.baseAddress
            else { return nil }
            return self.read(a + range.lowerBound, b + range.lowerBound, range.count, t)
          }
        }
      }
      guard case (var row, let isSame)? = read else { return nil }
      counts.reserve(row.predicted &+ row.references)
      if isSame {
        row.hits = row.references
        for place in 0..<row.references {
          let record = counts.record(PackedEntity(bits: references.base[place]).type)
          record.pointee.labelled &+= 1
          record.pointee.predicted &+= 1
          record.pointee.hits &+= 1
        }
      } else {
        match(&row, counts)
      }
      return row
    }

    /// One pass over both sequences. Nobody can say beforehand where entities begin and end, so it does the same for
    /// every tag, and notes the steps in the bits of a word.
    @inline(__always)
    private func read(
      _ said: UnsafePointer<Int32>, _ truth: UnsafePointer<Int32>, _ count: Int,
      _ types: UnsafePointer<Int32>
    ) -> (row: Row, isSame: Bool)? {
      let steps = UnsafePointer(steps.base)
      let (shift, outside) = (
        UInt64(truncatingIfNeeded: shift), UInt64(truncatingIfNeeded: outside)
      )
      var (a, b) = (Walk(predicted.base), Walk(references.base))
      var (before, wanted) = (outside, outside)
      var right: UInt64 = 0
      var start = 0
      var isSame = false
      while start <= count {
        let stop = min(start &+ Self.block, count &+ 1)
        var (x, y): (UInt64, UInt64) = (0, 0)
        var token = start
        while token < min(stop, count) {
          let code = UInt64(UInt32(bitPattern: said[token]))
          let other = UInt64(UInt32(bitPattern: truth[token]))
          x = x &<< 2 | UInt64(steps[Int(before &<< shift | code)])
          y = y &<< 2 | UInt64(steps[Int(wanted &<< shift | other)])
          // One where they are equal, without a branch.
          right &+= ((code ^ other) &- 1) &>> 63
          (before, wanted) = (code, other)
          token &+= 1
        }
        if stop > count {
          x = x &<< 2 | UInt64(steps[Int(before &<< shift | outside)])
          y = y &<< 2 | UInt64(steps[Int(wanted &<< shift | outside)])
          isSame = right == count
        }
        let unused = 64 &- 2 &* UInt64(truncatingIfNeeded: stop &- start)
        b.add(y &<< unused, from: start, truth, types)
        // What is the same need not be read twice.
        if !isSame || start > 0 { a.add(x &<< unused, from: start, said, types) }
        start = stop
      }
      guard a.isPlain && b.isPlain else { return nil }
      let row = Row(
        right: Int(truncatingIfNeeded: right), predicted: isSame ? b.count : a.count,
        references: b.count)
      return (row, isSame)
    }

    /// Counts the entities of both lists, neither of which has two that overlap.
    @inline(__always)
    private func match(_ row: inout Row, _ counts: TypeCounts) {
      for place in 0..<row.references {
        counts.record(PackedEntity(bits: references.base[place]).type).pointee.labelled &+= 1
      }
      var low = 0
      for place in 0..<row.predicted {
        let entity = PackedEntity(bits: predicted.base[place])
        let record = counts.record(entity.type)
        record.pointee.predicted &+= 1
        while low < row.references,
          PackedEntity(bits: references.base[low]).last < entity.first
        { low &+= 1 }
        if low == row.references { continue }
        let other = PackedEntity(bits: references.base[low])
        if other.bits == entity.bits {
          record.pointee.hits &+= 1
          row.hits &+= 1
        } else if other.first <= entity.last {
          row.doOverlap = true
        }
      }
    }

    /// The entities of the row that was counted last.
    func entities(of row: Row) -> (predicted: [Entity], references: [Entity]) {
      func list(_ scratch: borrowing Scratch<UInt64>, _ count: Int) -> [Entity] {
        (0..<min(count, scratch.count)).map {
          let entity = PackedEntity(bits: scratch.base[$0])
          return Entity(
            type: Int32(entity.type), first: Int(entity.first), last: Int(entity.last))
        }
      }
      return (list(predicted, row.predicted), list(references, row.references))
    }
  }

  /// A sequence whose entities are being read.
  private struct Walk {
    private let list: UnsafeMutablePointer<UInt64>
    private(set) var count = 0
    private var first = 0
    /// The least token at which the next entity may begin.
    private var free = 0
    /// Whether every entity that ended had started behind the one before it.
    private(set) var isPlain = true

    @inline(__always)
    init(_ list: UnsafeMutablePointer<UInt64>) { self.list = list }

    /// Goes over the steps of a block of tokens, two bits each, those of the first one uppermost.
    @inline(__always)
    mutating func add(
      _ steps: UInt64, from start: Int, _ codes: UnsafePointer<Int32>,
      _ types: UnsafePointer<Int32>
    ) {
      var steps = steps
      while steps != 0 {
        let bit = steps.leadingZeroBitCount
        steps &= ~((1 &<< 63) &>> UInt64(truncatingIfNeeded: bit))
        let token = start &+ bit &>> 1
        // It writes what would end here, and moves on only where it does.
        let isEnd = bit & 1 == 0
        let last = max(0, token &- 1)
        list[count] = PackedEntity(types[Int(codes[last])], first, last).bits
        isPlain = isPlain && (!isEnd || first >= free)
        count &+= isEnd ? 1 : 0
        free = isEnd ? token : free
        first = isEnd ? first : token
      }
    }
  }

  /// Whether all integers are codes below a number.
  static func areCodes(_ codes: [Int32], below limit: Int) -> Bool {
    let limit = UInt32(truncatingIfNeeded: limit)
    return codes.withUnsafeBufferPointer { codes in
      var outside: UInt32 = 0
      for code in codes { outside |= UInt32(bitPattern: code) < limit ? 0 : 1 }
      return outside == 0
    }
  }
}
