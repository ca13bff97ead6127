import Testing

@testable import EvalService

@Suite struct StorageFaultTests {
  /// Runs the session while some calls of the store fail; a second server without a store takes the steps
  /// that were not refused for that. Both must tell the same, and so must a third that reads the store.
  private func run(
    _ plan: MemoryStore.Plan, _ durability: Durability, _ steps: [Step], snapshots: Bool
  ) throws -> Bool {
    let store = MemoryStore()
    var client = try Client(on: store, durability)
    var model = Client()
    let start = store.calls
    store.fail(
      .init(
        calls: plan.calls.lowerBound
          + start...(plan.calls.upperBound == .max ? .max : plan.calls.upperBound + start),
        fault: plan.fault))
    for (place, step) in steps.enumerated() {
      client.clock.now += 2
      model.clock.now += 2
      if snapshots && place % 6 == 5 {
        client.server.journal?.change { $0.snapshotDue = 1 }
        client.between { $0.maintainJournal() }
      }
      let before = client.server.changes
      let kind = try client.take(step)
      let isLost = kind == "DurabilityFailed"
      if step.isNotification && client.server.changes == before {
        // It was refused, for what it holds or for want of a disk: then the taint says which.
        let first = client.server.streams.values.compactMap(\.contents.taint.first?.kind)
        if first.contains("DurabilityFailed") { return try endsWell(&client, store) }
      }
      if !isLost { try model.take(step) }
    }
    let hasReached = store.calls >= start + plan.calls.lowerBound
    #expect(try client.told() == model.told(), "\(plan)")
    if plan.calls.upperBound != .max {
      // A record that could neither be synced nor cut off is there until all is written anew.
      store.fail(nil)
      client.clock.now += 2
      client.between { $0.maintainJournal() }
      var again = try Client(on: store.copy())
      #expect(try again.told() == model.told(), "\(plan), read again")
    }
    return hasReached
  }

  /// Where a notification was lost there is nothing to compare with but what is read again.
  private func endsWell(_ client: inout Client, _ store: MemoryStore) throws -> Bool {
    store.fail(nil)
    client.clock.now += 2
    client.between { $0.maintainJournal() }
    try client.call("stream/flush", #"{"stream":"s"}"#)
    var again = try Client(on: store.copy())
    #expect(try again.told() == client.told())
    return true
  }

  @Test(arguments: [Durability.interval, .disk], [MemoryStore.Fault.nothing, .half, .all])
  func `whichever call fails, what was refused is not there and all else is`(
    durability: Durability, fault: MemoryStore.Fault
  ) throws {
    let steps = try WholeSession.steps()
    for length in [1, 3] {
      var call = 1
      while try run(
        .init(calls: call...call + length - 1, fault: fault), durability, steps, snapshots: true)
      { call += 1 }
      #expect(call > steps.count)
    }
  }

  /// Kills behind every call while snapshots and new files are made after a failure.
  @Test func `a kill while files are made anew finds all that was there`() throws {
    for fault in [MemoryStore.Fault.nothing, .half, .all] {
      var first = 1
      while true {
        let store = MemoryStore()
        var client = try Client(on: store)
        try client.open("scalar")
        for value in 1...3 { try client.push(#"{"values":[\#(value)]}"#) }
        let told = try client.told()
        store.keepMoments()
        let start = store.calls
        store.fail(.init(calls: start + first...start + first, fault: fault))
        for _ in 1...3 {
          client.clock.now += 2
          client.server.journal?.change { $0.snapshotDue = 1 }
          client.between { $0.maintainJournal() }
        }
        let isReached = store.calls >= start + first
        #expect(try client.told() == told)
        for (place, moment) in store.takeMoments().enumerated() {
          let call = "\(fault) at \(first), killed after \(place + 1): \(store.log[start + place])"
          do {
            var again = try Client(on: moment)
            #expect(try again.told() == told, "\(call)")
          } catch { Issue.record("\(call): \(error)") }
        }
        if !isReached { break }
        first += 1
      }
      #expect(first > 20)
    }
  }

  @Test func `a start that fails can be tried again`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    for step in try WholeSession.steps() { try client.take(step) }
    let name = try #require(store.name("wal-"))
    store[name]? += [1, 2, 3]
    let told = try client.told()
    for fault in [MemoryStore.Fault.nothing, .half, .all] {
      for call in 1...200 {
        let copy = store.copy()
        copy.fail(.init(calls: call...call, fault: fault))
        do throws(RecoveryError) {
          _ = try Client(on: copy)
          if copy.calls < call { break }
          Issue.record("call \(call) failed, and nobody noticed: \(copy.log.last ?? "")")
        } catch {
          copy.fail(nil)
          var again = try Client(on: copy)
          #expect(try again.told() == told, "\(fault) at call \(call)")
        }
      }
    }
  }

  @Test func `power that is lost takes nothing that was promised`() throws {
    let steps = try WholeSession.steps()
    for durability in [Durability.disk, .interval, .os] {
      for seed in 1...UInt64(40) {
        var dice = Dice(seed: seed)
        let store = MemoryStore()
        var client = try Client(on: store, durability)
        var states = [client.server.snapshotBytes]
        var promised = 0
        let end = Int.random(in: 1...steps.count, using: &dice)
        for step in steps.prefix(end) {
          try client.take(step)
          states.append(try Client(on: store.copy()).server.snapshotBytes)
          if Int.random(in: 0..<5, using: &dice) == 0 { client.between { $0.makeDurable() } }
          if Int.random(in: 0..<8, using: &dice) == 0 {
            client.server.journal?.change { $0.snapshotDue = 1 }
            client.between { $0.maintainJournal() }
          }
          // Killed, and started again on what the system has and the disk may not.
          if Int.random(in: 0..<8, using: &dice) == 0 { client = try Client(on: store, durability) }
          promised = Int(try #require(client.server.journal).look(\.synced))
          if durability == .disk && !step.isNotification { #expect(promised == states.count - 1) }
        }
        for loss in 1...4 {
          let lost = store.afterPowerLoss(seed: seed &* 100 &+ UInt64(loss))
          let again: Client
          do throws(RecoveryError) { again = try Client(on: lost) } catch {
            Issue.record("\(durability) \(seed).\(loss): \(error.message)")
            continue
          }
          let count = Int(try #require(again.server.journal).look(\.next)) - 1
          #expect(count >= promised, "\(durability) \(seed).\(loss)")
          if again.server.snapshotBytes != states[count] {
            Issue.record("\(durability) \(seed).\(loss): another state after \(count) records")
          }
        }
      }
    }
  }
}
