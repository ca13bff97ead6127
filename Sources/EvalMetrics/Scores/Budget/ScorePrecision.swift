/// How finely an index keeps scores. What is further down the list takes less memory.
public enum ScorePrecision: Sendable, Hashable, Comparable {
  /// Every row, in the form that is fastest to push.
  case unlimited
  /// Every row, in a form whose size is that of the set of rows, whatever types they came in.
  case rows
  /// The weights of each key, keys being the 64 ordered bits of a float64 without this many of the
  /// lowest. Nothing is lost with 0.
  case groups(droppedBits: Int)

  /// Low bits that keys have lost: 0 to 64.
  public var droppedBits: Int {
    if case .groups(let bits) = self { bits } else { 0 }
  }

  var isGrouped: Bool {
    if case .groups = self { true } else { false }
  }
}

/// What groups of scores would take, for every number of dropped bits.
struct LevelBytes {
  /// By the number of dropped bits.
  private(set) var bytes = Array(repeating: 0, count: 65)

  mutating func add(_ counter: KeyCounter, _ layout: WeightLayout) {
    var groups = counter.hasKeys ? 1 : 0
    for level in (0...64).reversed() {
      groups += counter.neighbours[level]
      bytes[level] += layout.bytes(groups: groups)
    }
  }

  /// The least number of dropped bits, not below `least`, with which all groups fit; 64 where none does.
  func level(fitting budget: Int, from least: Int) -> Int {
    (least...64).first { bytes[$0] <= budget } ?? 64
  }
}

/// Counts the distinct keys of a descending walk, for every number of dropped bits at once.
struct KeyCounter {
  private(set) var hasKeys = false
  private var last: UInt64 = 0
  /// How many neighbouring keys differ in this bit and in none above it. They are two groups as long
  /// as no more bits than that are dropped.
  private(set) var neighbours = Array(repeating: 0, count: 65)

  @inline(__always)
  mutating func count(_ key: UInt64) {
    if hasKeys {
      let different = last ^ key
      if different != 0 { neighbours[63 &- different.leadingZeroBitCount] &+= 1 }
    }
    hasKeys = true
    last = key
  }
}
