import EvalMetrics
import Testing

@testable import EvalService

/// Every byte of a small journal cut, zeroed and flipped; every call failing; power lost at any moment.
@Suite struct DamageTests {
  /// A store, and everything the server held after so many records.
  private struct Prefixes {
    var store: MemoryStore
    var states: [[UInt8]]
    /// Where the record after so many begins.
    var offsets: [Int]
  }

  private static func prefixes() throws -> Prefixes {
    let store = MemoryStore()
    var client = try Client(on: store)
    var states = [client.server.snapshotBytes]
    let name = try #require(store.name("wal-"))
    var offsets = [try #require(store[name]?.count)]
    for step in try WholeSession.shortSteps() {
      try client.take(step)
      // As recovery makes it, with no caches of answers.
      let again = try Client(on: store.copy())
      states.append(again.server.snapshotBytes)
      offsets.append(try #require(store[name]?.count))
    }
    return Prefixes(store: store, states: states, offsets: offsets)
  }

  private func check(
    _ prefixes: Prefixes, _ what: String, at place: Int, isWithinBoot: Bool = false,
    _ change: (inout [UInt8]) -> Void
  ) throws {
    let store = prefixes.store.copy()
    let name = try #require(store.name("wal-"))
    var bytes = try #require(store[name])
    change(&bytes)
    if bytes == store[name] { return }
    store[name] = bytes
    let before = store.allNames
    do throws(RecoveryError) {
      let client = try Client(on: store)
      let report = client.server.recoveryReport ?? RecoveryReport()
      let count = Int(report.records)
      let state = client.server.snapshotBytes
      // The machine was not started anew, so what is bad before a whole record was damaged.
      if isWithinBoot && place < prefixes.offsets[prefixes.offsets.count - 2] {
        Issue.record("\(what) at \(place): damage passes for the loss of power")
      }
      let isExpected =
        count < prefixes.states.count && state == prefixes.states[count]
        && (count == prefixes.states.count - 1 || place <= prefixes.offsets[count + 1])
      if !isExpected { Issue.record("\(what) at \(place): \(count) records, and another state") }
      // Where something is missing that was whole, it is said; a cut between records is no damage.
      let isCut = prefixes.offsets.contains(bytes.count)
      if report.warnings.isEmpty && !isCut { Issue.record("\(what) at \(place): nothing is said") }
      if !report.warnings.isEmpty {
        let end = store[name]?.count ?? 0
        let kept = store["quarantine/\(name).\(end)"] ?? []
        if (store[name] ?? []) + kept != bytes || kept.isEmpty {
          Issue.record("\(what) at \(place): what was cut off is not what is kept")
        }
      }
      // And the directory is in order again.
      let again = try Client(on: store)
      if again.server.snapshotBytes != state || again.server.recoveryReport?.warnings != [] {
        Issue.record("\(what) at \(place): the next start finds something else")
      }
    } catch {
      guard case .damaged(let message) = error else {
        if case .tooNew = error, place < FileHead.length { return }
        Issue.record("\(what) at \(place): \(error)")
        return
      }
      if !message.contains(name) || store.allNames != before || store[name] != bytes {
        Issue.record("\(what) at \(place): \(message), or something was written")
      }
      // The last record may be torn, and nothing else is damage.
      let last = prefixes.offsets[prefixes.offsets.count - 2]
      if place >= last && place >= FileHead.length {
        Issue.record("\(what) at \(place): a torn tail stops the start")
      }
    }
  }

  @Test func `a journal that is cut anywhere is read up to there`() throws {
    let prefixes = try Self.prefixes()
    let end = try #require(prefixes.offsets.last)
    for place in FileHead.length..<end {
      try check(prefixes, "cut", at: place) { $0.removeLast($0.count - place) }
    }
    for place in stride(from: 0, to: FileHead.length, by: 5) {
      try check(prefixes, "cut head", at: place) { $0.removeLast($0.count - place) }
    }
  }

  @Test func `a byte that is flipped or zeroed anywhere is damage, or a torn tail`() throws {
    let prefixes = try Self.prefixes()
    let end = try #require(prefixes.offsets.last)
    for place in 0..<end {
      try check(prefixes, "flipped", at: place, isWithinBoot: true) { $0[place] ^= 0x10 }
      try check(prefixes, "zeroed alone", at: place, isWithinBoot: true) { $0[place] = 0 }
    }
  }

  @Test func `a tail of zeros or garbage is cut off`() throws {
    let prefixes = try Self.prefixes()
    let end = try #require(prefixes.offsets.last)
    var dice = Dice(seed: 3)
    for place in FileHead.length..<end {
      try check(prefixes, "zeroed", at: place) { bytes in
        for index in place..<bytes.count { bytes[index] = 0 }
      }
    }
    for place in stride(from: FileHead.length, to: end, by: 7) {
      try check(prefixes, "garbage", at: place) { bytes in
        for index in place..<bytes.count { bytes[index] = UInt8.random(in: 0...255, using: &dice) }
      }
    }
    // Behind the last record, such as a file system may leave it.
    for count in [1, 31, 32, 33, 500, 5000] {
      try check(prefixes, "more zeros", at: end) { $0 += Array(repeating: 0, count: count) }
      try check(prefixes, "more garbage", at: end) { bytes in
        bytes += (0..<count).map { _ in UInt8.random(in: 0...255, using: &dice) }
      }
    }
  }

  @Test func `a record that is missing or stands twice is not passed over`() throws {
    let prefixes = try Self.prefixes()
    let name = try #require(prefixes.store.name("wal-"))
    let offsets = prefixes.offsets
    for place in 0..<offsets.count - 1 {
      let record = offsets[place]..<offsets[place + 1]
      let isLast = place == offsets.count - 2
      let missing = prefixes.store.copy()
      missing[name]?.removeSubrange(record)
      let twice = prefixes.store.copy()
      twice[name]?.insert(contentsOf: twice[name]?[record] ?? [], at: record.upperBound)
      for (store, offset) in [(missing, record.lowerBound), (twice, record.upperBound)] {
        do throws(RecoveryError) {
          let client = try Client(on: store)
          // A journal that ends early, or with its last record once more.
          #expect(isLast, "record \(place + 1)")
          let count = offset == record.lowerBound ? place : place + 1
          #expect(client.server.snapshotBytes == prefixes.states[count])
        } catch {
          #expect(!isLast, "\(error)")
          #expect(error.message.contains("\(name): the record at offset \(offset) "), "\(error)")
        }
      }
    }
  }

  @Test func `blocks of an older journal do not pass`() throws {
    let prefixes = try Self.prefixes()
    let name = try #require(prefixes.store.name("wal-"))
    let old = try #require(prefixes.store[name])
    // Another journal with the same numbers, whose space was that of the old one.
    let other = MemoryStore()
    _ = other.freshID()
    var client = try Client(on: other)
    for step in try WholeSession.steps().prefix(5) { try client.take(step) }
    let file = try #require(other.name("wal-"))
    var bytes = try #require(other[file])
    bytes += old[bytes.count...]
    other[file] = bytes
    let again = try Client(on: other)
    #expect(again.server.recoveryReport?.records == 5)
    #expect(again.server.recoveryReport?.tornBytes == old.count - (other[file]?.count ?? 0))
  }

  @Test func `a snapshot with a byte that is flipped is not used`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    for step in try WholeSession.shortSteps() { try client.take(step) }
    client.between { $0.closeJournal() }
    // Read back, as every start makes it.
    let expected = try Client(on: store.copy()).server.snapshotBytes
    let name = try #require(store.name("snap-"))
    let bytes = try #require(store[name])
    for place in 0..<bytes.count {
      let copy = store.copy()
      copy[name]?[place] ^= 0x20
      do throws(RecoveryError) {
        let again = try Client(on: copy)
        if again.server.snapshotBytes != expected || again.server.recoveryReport?.snapshot != 0
          || again.server.recoveryReport?.warnings.isEmpty != false
        {
          Issue.record("flipped at \(place), and another state or nothing said")
        }
      } catch {
        if case .tooNew = error, place < FileHead.length { continue }
        Issue.record("flipped at \(place): \(error)")
      }
    }
  }

  @Test func `a file that is missing is missed`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    var second = try Client(on: store)
    try second.push(#"{"values":[1]}"#)
    let third = try Client(on: store)
    _ = third
    let journals = store.allNames.filter { $0.hasPrefix("wal-") }
    #expect(journals.count == 3)
    for name in journals + ["FORMAT"] {
      let copy = store.copy()
      copy[name] = nil
      #expect(throws: RecoveryError.self, "\(name)") {
        _ = try Client(on: copy)
      }
    }
    // What only helps to miss others can be missing itself.
    let copy = store.copy()
    copy["MANIFEST"] = nil
    let again = try Client(on: copy)
    #expect(again.server.recoveryReport?.warnings.count == 1)
  }

  @Test func `what a newer evald wrote is left alone`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    try client.open("scalar")
    try #require(client.server.journal).append(kind: 200, isAwaited: false) { $0.write("new") }
    try client.push(#"{"values":[1]}"#)
    let names = store.allNames
    do throws(RecoveryError) {
      _ = try Client(on: store)
      Issue.record("an unknown record was passed over")
    } catch {
      guard case .tooNew = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(store.allNames == names)
    store["FORMAT"] = Array("evald state directory, format 2\n".utf8)
    do throws(RecoveryError) {
      _ = try Client(on: store)
      Issue.record("a newer directory was read")
    } catch { #expect(error.message.contains("format 2")) }
  }
}
