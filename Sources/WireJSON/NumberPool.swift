/// Numbers of one kind, one flat array after the other.
struct NumberPool<Element: Numeric & BitwiseCopyable> {
  /// Longer than what is used, so that the loops can store through a pointer.
  private var storage: [Element] = []
  private(set) var used = 0

  /// Says that only the first `count` numbers count.
  mutating func shrink(to count: Int) { used = min(used, count) }

  /// Hands over what was stored, without a copy of it.
  mutating func take() -> [Element] {
    var numbers: [Element] = []
    swap(&numbers, &storage)
    // Only what one owns is cut where it stands.
    if numbers.count > used { numbers.removeLast(numbers.count - used) }
    used = 0
    return numbers
  }

  var free: Int { storage.count - used }

  /// Makes room for about `count` more numbers, at least for one.
  mutating func grow(by count: Int) {
    storage.append(contentsOf: repeatElement(0, count: max(32, count, used / 2)))
  }

  mutating func append(_ value: Element) {
    if free == 0 { grow(by: used) }
    storage[used] = value
    used += 1
  }

  /// Lends the free room to `body`, which says how many numbers it stored.
  @inline(__always)
  mutating func fill(
    _ body: (UnsafeMutablePointer<Element>, _ capacity: Int) -> Int
  ) {
    let used = used
    self.used += storage.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return body(start + used, buffer.count - used)
    }
  }

  subscript(_ index: Int) -> Element { storage[index] }
}

/// Eight characters at a time.
enum Digits {
  static let zeros: UInt64 = 0x3030_3030_3030_3030

  /// How many of the characters, from the first on, are digits.
  @inline(__always)
  static func count(_ word: UInt64) -> Int { count(marks: others(word)) }

  /// A mark in each byte that is no digit; it is certain up to the first mark. 0 for eight digits.
  @inline(__always)
  static func others(_ word: UInt64) -> UInt64 {
    // A byte from 10 up sets its high bit; what it carries over only reaches later characters.
    let values = word ^ zeros
    return (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080
  }

  /// How many digits stand before the first mark.
  @inline(__always)
  static func count(marks: UInt64) -> Int { marks.trailingZeroBitCount &>> 3 }

  /// The value of the first `count` characters, 0 to 7 digits.
  @inline(__always)
  static func value(_ word: UInt64, count: Int) -> UInt64 {
    // The digits move to the end, and zeros fill the front; in two steps, for 0 of them.
    let unused = UInt64(truncatingIfNeeded: 56 &- 8 &* count)
    return value(((word ^ zeros) &<< 8) &<< unused)
  }

  /// The value of the first `count` characters, 0 to 4 digits.
  @inline(__always)
  static func shortValue(_ word: UInt64, count: Int) -> UInt64 {
    let unused = UInt64(truncatingIfNeeded: 32 &- 8 &* count)
    let digits = ((word ^ zeros) & 0xFFFF_FFFF) &<< unused
    let pairs = digits &* 10 &+ digits &>> 8
    return ((pairs & 0x00FF_00FF) &* 0x0064_0001) &>> 16 & 0xFFFF
  }

  /// The value of eight digits, each a byte from 0 to 9.
  @inline(__always)
  static func value(_ digits: UInt64) -> UInt64 {
    let pairs = digits &* 10 &+ digits &>> 8
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = (pairs &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) &>> 32
  }
}
