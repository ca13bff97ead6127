import Locks

/// The classes of a stream or a state, each with a code: a place in arrays, from 0.
///
/// Codes are private to a table. Two tables that saw the same classes in another order give them other
/// codes, so whatever is answered or encoded goes by name, in `canonicalOrder`.
/// A copy shares the names.
public struct ClassTable: Sendable, Equatable {
  /// What was declared when the stream was opened.
  public let declared: DeclaredClasses
  /// How many classes have a code.
  public private(set) var count: Int
  /// Nil while the codes are the names: the integers 0 ..< count.
  private var list: NameList?
  /// The codes here of another list's classes, as found last: a stream that was read from bytes has another
  /// list than its states, and asks with every batch.
  private var known: (list: NameList, map: [Int])?

  /// The declared classes, or none yet.
  public init(_ declared: DeclaredClasses = .asSeen) {
    self.declared = declared
    switch declared {
    case .asSeen: count = 0
    case .count(let count): self.count = count
    case .names(let names):
      count = names.count
      list = NameList(names)
    }
  }

  /// Whether classes may be added.
  public var grows: Bool { declared == .asSeen }

  /// Whether codes are the names: the integers 0 ..< count.
  public var isRange: Bool { list == nil }

  /// The name of a code below `count`.
  public func name(_ code: Int) -> ClassName {
    if let list, list.names.indices.contains(code) { return list.names[code] }
    return .integer(Int64(code))
  }

  /// The code of a class; nil when the table has no such class. A number is also found by its text where
  /// that was declared and the number was not.
  public func code(_ name: ClassName) -> Int? {
    guard let list else {
      guard case .integer(let x) = name, x >= 0, x < Int64(count) else { return nil }
      return Int(x)
    }
    if let code = list.places[name] { return Int(code) }
    if case .names = declared, case .integer(let x) = name, let code = list.places[.text("\(x)")] {
      return Int(code)
    }
    return nil
  }

  /// Tables are equal when they declare the same; what was seen does not matter.
  public static func == (a: ClassTable, b: ClassTable) -> Bool {
    if let x = a.list, let y = b.list, x === y { return true }
    return a.declared == b.declared
  }

  public var byteCount: Int { list?.byteCount ?? 0 }
}

// MARK: - Growing

extension ClassTable {
  /// Makes sure that these classes have codes. Tables that do not grow are left as they are.
  ///
  /// A list is copied once a call, so new classes are best added together.
  public mutating func add(_ names: [ClassName]) {
    guard grows else { return }
    var rest = names[...]
    if list == nil {
      // Small integers, which most labels are, need no list.
      while case .integer(let x)? = rest.first, x >= 0,
        x < min(Int64(2 * count + 1024), Int64(DeclaredClasses.limit))
      {
        count = max(count, Int(x) + 1)
        rest = rest.dropFirst()
      }
    }
    let new = rest.filter { code($0) == nil }
    if new.isEmpty { return }
    var all = list?.names ?? (0..<count).map { .integer(Int64($0)) }
    var known = Set<ClassName>()
    for name in new where known.insert(name).inserted { all.append(name) }
    list = NameList(all)
    count = all.count
  }

  /// Adds the classes of an encoded state, where all codes are its own: integers need no list, however far they are.
  mutating func restore(_ names: [ClassName]) {
    var most: Int64 = -1
    for name in names {
      guard case .integer(let x) = name, x >= 0, x < Int64(DeclaredClasses.limit) else {
        return add(names)
      }
      most = max(most, x)
    }
    extend(to: Int(most) + 1)
  }

  /// Makes the table of integers at least this long, if it grows and is one.
  public mutating func extend(to length: Int) {
    if grows && isRange { count = max(count, length) }
  }

  /// Takes in the classes of another table. Nil when each has its code here too, as is so for the tables of
  /// one stream; else the code here of each code there.
  public mutating func adopt(_ other: ClassTable) -> [Int]? {
    if other.count == 0 { return nil }
    if !grows { return self == other ? nil : map(other) }
    switch (list, other.list) {
    case (nil, nil):
      count = max(count, other.count)
      return nil
    case (let mine?, let theirs?):
      if mine === theirs { return nil }
      if theirs.names.starts(with: mine.names) {
        self = other
        return nil
      }
      if mine.names.starts(with: theirs.names) { return nil }
    case (nil, let theirs?):
      if theirs.names.prefix(count).enumerated().allSatisfy({ $1 == .integer(Int64($0)) }),
        theirs.names.count >= count
      {
        self = other
        return nil
      }
    case (_?, nil): break
    }
    if let theirs = other.list, let known, known.list === theirs { return known.map }
    add((0..<other.count).map(other.name))
    let map = map(other)
    known = other.list.map { ($0, map) }
    return map
  }

  private func map(_ other: ClassTable) -> [Int] {
    // A class that is unknown here, which no state of one stream has, goes nowhere.
    (0..<other.count).map { code(other.name($0)) ?? -1 }
  }

  /// The codes in the order in which classes are told: as declared, else integers by value and then
  /// texts by their bytes.
  public var canonicalOrder: [Int] {
    guard let list, grows else { return Array(0..<count) }
    return list.order
  }
}

/// Names by code and codes by name. It never changes, so copies of a table share it.
private final class NameList: Sendable {
  let names: [ClassName]
  let places: [ClassName: Int32]
  let byteCount: Int
  private let known = Lock<[Int]?>(nil)

  init(_ names: [ClassName]) {
    self.names = names
    var places: [ClassName: Int32] = [:]
    places.reserveCapacity(names.count)
    for (code, name) in names.enumerated() { places[name] = Int32(truncatingIfNeeded: code) }
    self.places = places
    byteCount = names.reduce(names.count * 64) { $0 + $1.byteCount }
  }

  /// The codes by name, sorted once.
  var order: [Int] {
    if let order = known.withLock({ $0 }) { return order }
    let order = names.indices.sorted { ClassName.areInOrder(names[$0], names[$1]) }
    known.withLock { $0 = order }
    return order
  }
}
