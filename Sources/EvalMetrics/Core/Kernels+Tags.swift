// Loops over codes of tags, and counts of what they mark. What has no note of its own may be called with arrays of any
// size and content.
extension Kernels {
  /// Counts of entities by type: those of a row stand side by side.
  final class TypeCounts {
    typealias Record = TokenClassificationBatch.OfType

    private var records = UnsafeMutablePointer<Record>.allocate(capacity: 1)
    private var room = 1
    /// How many records there are.
    private(set) var count = 0
    /// By type: the place of its record, which is one of this row if it is not before the row's first.
    private var places = Scratch<Int>()
    /// All types are below this.
    let types: Int
    /// Where the records of this row begin.
    private var first = 0

    /// For types below a number.
    init(_ types: Int) {
      self.types = max(0, types)
      places.reserve(self.types, filling: -1)
    }

    deinit { records.deallocate() }

    /// Begins a row.
    @inline(__always)
    func beginRow() { first = count }

    /// Makes room for records of so many entities of this row.
    @inline(__always)
    func reserve(_ entities: Int) {
      // A row has no more records than there are types.
      let wanted = count &+ min(entities, types)
      if wanted > room { grow(max(wanted, room &* 2)) }
    }

    private func grow(_ wanted: Int) {
      let wider = UnsafeMutablePointer<Record>.allocate(capacity: wanted)
      wider.initialize(from: records, count: count)
      records.deallocate()
      (records, room) = (wider, wanted)
    }

    /// The record of a type in this row. Only where there is room for it, and for a type below their number.
    @inline(__always)
    func record(_ type: Int) -> UnsafeMutablePointer<Record> {
      let known = places.base[type]
      if known >= first { return records + known }
      places.base[type] = count
      records[count] = Record(type: type)
      count &+= 1
      return records + (count &- 1)
    }

    /// Adds to the counts of a type in this row.
    func add(_ type: Int32, labelled: Int = 0, predicted: Int = 0, hits: Int = 0) {
      guard type >= 0, type < types else { return }
      reserve(1)
      let record = record(Int(type))
      record.pointee.labelled += labelled
      record.pointee.predicted += predicted
      record.pointee.hits += hits
    }

    /// All records, and by type whether there is one of it.
    func finish() -> (records: [Record], isUsed: [Bool]) {
      (
        Array(UnsafeBufferPointer(start: records, count: count)),
        (0..<types).map { places.base[$0] >= 0 }
      )
    }
  }

  /// The values of a table at some places, 0 for a place that it does not have.
  static func values(_ table: [Int32], at places: [Int32]) -> [Int32] {
    guard table.count < Int32.max, areCodes(places, below: table.count) else {
      return places.map { $0 >= 0 && $0 < table.count ? table[Int($0)] : 0 }
    }
    return [Int32](unsafeUninitializedCapacity: places.count) { values, count in
      table.withUnsafeBufferPointer { table in
        places.withUnsafeBufferPointer { places in
          for index in 0..<places.count { values[index] = table[Int(places[index])] }
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

  /// The sum of the records of each type; those of other types than there are do not count.
  static func sums(
    of records: ArraySlice<TokenClassificationBatch.OfType>, types: Int
  ) -> [TokenClassificationBatch.OfType] {
    var sums = (0..<max(0, types)).map { TokenClassificationBatch.OfType(type: $0) }
    sums.withUnsafeMutableBufferPointer { sums in
      for record in records where record.type >= 0 && record.type < sums.count {
        sums[record.type].labelled &+= record.labelled
        sums[record.type].predicted &+= record.predicted
        sums[record.type].hits &+= record.hits
      }
    }
    return sums
  }
}
