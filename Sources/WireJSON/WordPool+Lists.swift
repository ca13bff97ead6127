#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

// Lists of words side by side, as encoders write sequences of tags. Where a word ends is as good as random to the
// processor, which loses more time by each wrong guess than a word takes; so all quotes are found first, without a
// branch for each.
extension WordPool {
  /// Reads lists from the bracket of the first one on, as long as they hold words and nothing else and a further list
  /// begins behind them, and adds a node for each. Gives the offset behind the last one and how many there are; nil
  /// for none, which says nothing of the text.
  mutating func readLists(
    _ start: UnsafePointer<UInt8>, _ length: Int, from begin: Int, _ nodes: inout NodeArray
  ) -> (end: Int, count: Int)? {
    guard QuoteIndex.hasLoops, begin + 2 < length,
      ShortWord(start, length, from: begin + 2) != nil
    else { return nil }
    let slots = wordSlots()
    let room = listRoom()
    var run = ListRun(start: start, length: length, at: begin + 1)
    var (bracket, end, count) = (begin, begin, 0)
    // Where the codes of the list begin that is being read; they are taken back if it has no end here.
    var kept = codes.count
    while run.index(room) {
      while !run.readWords(room), !run.isOver {
        // A word that is new, or long, or none.
        guard let (word, code) = word(start, length, at: run.at, slots),
          run.take(word, code, room)
        else {
          run.isOver = true
          break
        }
      }
      let before = codes.count
      codes.append(contentsOf: UnsafeBufferPointer(start: room.codes, count: run.codes))
      for place in 0..<run.lists {
        let list = room.lists[place]
        let next = before + list.codes
        nodes.append(
          Node(
            tag: .words, offset: UInt32(truncatingIfNeeded: bracket),
            payload: Node.packed(count: next - kept, upper: kept)))
        (kept, end, bracket) = (next, list.end, list.next)
      }
      count += run.lists
    }
    codes.removeLast(codes.count - kept)
    return count > 0 ? (end, count) : nil
  }
}

/// A run of lists of words that is being read, a stretch of text after the other.
private struct ListRun {
  let start: UnsafePointer<UInt8>
  let length: Int
  /// Where the quote of the next word stands.
  private(set) var at: Int
  /// Whether no more is to be read.
  var isOver = false
  /// How many words of this stretch were read, and how many lists of it ended.
  private(set) var codes = 0
  private(set) var lists = 0
  /// How many quotes of this stretch open a string, and which one is next.
  private var opens = 0
  private var next = 0
  /// The next stretch in blocks. Short ones at first, since many lists are alone.
  private var blocks = 1

  init(start: UnsafePointer<UInt8>, length: Int, at: Int) {
    (self.start, self.length, self.at) = (start, length, at)
  }

  /// Finds the strings of the next stretch; false where there is nothing more to read.
  mutating func index(_ room: ListRoom) -> Bool {
    (codes, lists, next) = (0, 0, 1)
    blocks = min(2 * blocks, ListRoom.mostBlocks, (length - ListRoom.reach - at) / QuoteIndex.block)
    if isOver || blocks < 1 { return false }
    opens = QuoteIndex.opens(start, from: at, blocks: blocks, into: room.opens)
    return opens > 1
  }

  /// Reads words until one is not known, which is then at `at`; true at the end of the stretch.
  @inline(__always)
  mutating func readWords(_ room: ListRoom) -> Bool {
    var (open, place, count) = (at, next, codes)
    defer { (at, next, codes) = (open, place, count) }
    // What the loop stores could be these, as far as the compiler knows.
    let (strings, keys, known, out) = (room.opens, room.keys, room.known, room.codes)
    let (start, opens) = (start, opens)
    while place < opens {
      let behind = Int(strings[place])
      var gap = Gap.comma
      if !gap.isComma(start, behind) {
        guard let other = Gap(start, behind) else {
          isOver = true
          return false
        }
        gap = other
      }
      let size = behind &- gap.length &- open &- 1
      guard UInt(bitPattern: size &- 1) < 8 else { return false }
      let key = loadWord(start + (open &+ 1)) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* size)
      let slot = ListRoom.slot(key)
      let word = known[slot]
      guard keys[slot] == key, Int(word &>> 8) == size else { return false }
      out[count] = UInt8(truncatingIfNeeded: word)
      count &+= 1
      if gap.endsList { note(gap, behind, count, room) }
      open = behind
      place &+= 1
    }
    return true
  }

  /// Takes the word at `at`, which has this code; false where something else is behind it than should be.
  mutating func take(_ word: ShortWord, _ code: UInt8, _ room: ListRoom) -> Bool {
    guard next < opens else { return false }
    let behind = Int(room.opens[next])
    guard let gap = Gap(start, behind), at + 1 + word.count + gap.length == behind else {
      return false
    }
    room.codes[codes] = code
    codes += 1
    if gap.endsList { note(gap, behind, codes, room) }
    if (1...8).contains(word.count) {
      let key = loadWord(start + at + 1) &<< UInt64(truncatingIfNeeded: 64 - 8 * word.count)
      room.keys[ListRoom.slot(key)] = key
      room.known[ListRoom.slot(key)] = UInt16(word.count) << 8 | UInt16(code)
    }
    (at, next) = (behind, next + 1)
    return true
  }

  /// Notes the end of a list.
  @inline(__always)
  private mutating func note(_ gap: Gap, _ behind: Int, _ count: Int, _ room: ListRoom) {
    room.lists[lists] = (count, behind &- gap.length &+ 2, behind &- 1)
    lists &+= 1
  }
}

/// What stands between two words, from the closing quote of the first to the opening one of the second.
private enum Gap {
  case comma, commaSpace, list, listSpace

  /// What stands before the quote at an offset; nil where it is something else.
  init?(_ start: UnsafePointer<UInt8>, _ quote: Int) {
    guard quote >= 5 else { return nil }
    let last = UInt64(loadWord32(start + (quote - 4))) << 8 | UInt64(start[quote - 5])
    switch true {
    case last >> 24 == 0x2C22: self = .comma
    case last >> 16 == 0x202C22: self = .commaSpace
    case last >> 8 == 0x5B2C_5D22: self = .list
    case last == 0x5B_202C_5D22: self = .listSpace
    default: return nil
    }
  }

  /// Whether a quote and a comma stand before the quote at an offset.
  @inline(__always)
  func isComma(_ start: UnsafePointer<UInt8>, _ quote: Int) -> Bool {
    UInt16(
      littleEndian: UnsafeRawPointer(start + (quote &- 2)).loadUnaligned(as: UInt16.self)) == 0x2C22
  }

  @inline(__always)
  var length: Int {
    switch self {
    case .comma: 2
    case .commaSpace: 3
    case .list: 4
    case .listSpace: 5
    }
  }

  @inline(__always)
  var endsList: Bool { self == .list || self == .listSpace }
}

@inline(__always)
private func loadWord32(_ p: UnsafePointer<UInt8>) -> UInt32 {
  UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
}

/// Memory for a stretch of text with lists of words.
final class ListRoom {
  /// The most blocks of a stretch.
  static let mostBlocks = 64
  /// What is read behind a stretch: the word at its last byte.
  static let reach = 16
  /// A string has two quotes.
  private static let mostWords = mostBlocks * QuoteIndex.block / 2

  /// Where strings open.
  let opens = UnsafeMutablePointer<UInt32>.allocate(capacity: mostWords + QuoteIndex.excess)
  let codes = UnsafeMutablePointer<UInt8>.allocate(capacity: mostWords)
  /// How many words were read when a list ended, the offset behind it, and that of the next one.
  let lists = UnsafeMutablePointer<(codes: Int, end: Int, next: Int)>.allocate(capacity: mostWords)
  /// Words of one to eight bytes, these bytes uppermost, each at its slot. One may take the place of another.
  let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: 512)
  /// How many bytes the word at a slot has, uppermost, and its code; 0 where there is none.
  let known = UnsafeMutablePointer<UInt16>.allocate(capacity: 512)

  init() {
    keys.initialize(repeating: 0, count: 512)
    known.initialize(repeating: 0, count: 512)
  }

  deinit {
    opens.deallocate()
    codes.deallocate()
    lists.deallocate()
    keys.deallocate()
    known.deallocate()
  }

  @inline(__always)
  static func slot(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> 55)
  }
}

/// Where quotes stand in blocks of text.
enum QuoteIndex {
  static let block = 64
  /// How many offsets more than there are may be written.
  static let excess = 7

  #if arch(x86_64)
    static let hasLoops = true

    /// A bit for each byte of a block that is a quote.
    @inline(__always)
    private static func quotes(_ p: UnsafePointer<UInt8>) -> UInt64 {
      let quote = _mm_set1_epi8(0x22)
      func bits(_ offset: Int) -> UInt64 {
        let bytes = _mm_loadu_si128(
          UnsafeRawPointer(p + offset).assumingMemoryBound(to: __m128i_u.self))
        return UInt64(
          UInt32(bitPattern: _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote))))
      }
      return bits(0) | bits(16) &<< 16 | bits(32) &<< 32 | bits(48) &<< 48
    }
  #else
    // Without an instruction that gathers bits it would not be quicker.
    static let hasLoops = false

    private static func quotes(_ p: UnsafePointer<UInt8>) -> UInt64 { 0 }
  #endif

  /// Writes the offsets of every other quote, beginning with the one at `offset`, in so many blocks; gives their
  /// number. Up to `excess` more are written than there are.
  @inline(__always)
  static func opens(
    _ start: UnsafePointer<UInt8>, from offset: Int, blocks: Int,
    into opens: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var count = 0
    // All bits, if the block before ended within a string.
    var inside: UInt64 = 0
    for place in 0..<blocks {
      let base = offset &+ place &* block
      let quotes = quotes(start + base)
      // Each bit becomes whether the number of quotes up to it is odd.
      var odd = quotes
      odd ^= odd &<< 1
      odd ^= odd &<< 2
      odd ^= odd &<< 4
      odd ^= odd &<< 8
      odd ^= odd &<< 16
      odd ^= odd &<< 32
      odd ^= inside
      inside = UInt64(bitPattern: Int64(bitPattern: odd) &>> 63)
      var left = quotes & odd
      let found = left.nonzeroBitCount
      // Eight at a time, though fewer may be left: how many there are is no guess for the processor then.
      var target = opens + count
      for _ in 0..<(found &+ 7) / 8 {
        for place in 0..<8 {
          target[place] = UInt32(truncatingIfNeeded: base &+ left.trailingZeroBitCount)
          left &= left &- 1
        }
        target += 8
      }
      count &+= found
    }
    return count
  }
}
