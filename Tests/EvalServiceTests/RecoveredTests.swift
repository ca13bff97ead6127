import EvalMetrics
import Testing

@testable import EvalService

/// A server that was read again is the one that was there: held against the live one, step by step.
@Suite struct RecoveredTests {
  /// The same server as read from its journal, and as read from a snapshot.
  private func readAgain(_ client: Client, _ store: MemoryStore) throws -> [(String, Client)] {
    let journal = try Client(on: store.copy())
    let copy = store.copy()
    var closed = try Client(on: copy)
    closed.between { $0.closeJournal() }
    let snapshot = try Client(on: copy)
    #expect(snapshot.server.recoveryReport?.records == 0)
    return [("journal", journal), ("snapshot", snapshot)]
  }

  @Test func `a crash behind any step changes nothing that is told`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    for (place, step) in try WholeSession.steps().enumerated() {
      try client.take(step)
      let told = try client.told()
      for (what, again) in try readAgain(client, store) {
        var again = again
        #expect(try again.told() == told, "\(what), behind step \(place): \(step.method)")
      }
    }
  }

  @Test func `a rollback of all streams leaves the same ones alone after a crash`() throws {
    let store = MemoryStore()
    var client = try Client(on: store)
    for name in ["older", "s"] {
      try client.call("stream/open", #"{"stream":"\#(name)","task":"scalar"}"#)
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[1,2]}}"#)
    }
    try client.call("stream/checkpoint", #"{"name":"step","stream":"s"}"#)
    try client.call("stream/open", #"{"stream":"younger","task":"scalar"}"#)
    for name in ["older", "s", "younger"] {
      try client.call("stream/push", #"{"stream":"\#(name)","batch":{"values":[3]}}"#)
    }
    let readAgain = try readAgain(client, store)
    try client.call("stream/rollback", #"{"name":"step"}"#)
    #expect(try client.call("stream/describe", #"{"stream":"older"}"#).int("count") == 3)
    #expect(try client.call("stream/describe", #"{"stream":"s"}"#).int("count") == 2)
    #expect(try client.call("stream/describe", #"{"stream":"younger"}"#).int("count") == 0)
    let told = try client.told()
    for (what, again) in readAgain {
      var again = again
      try again.call("stream/rollback", #"{"name":"step"}"#)
      #expect(try again.told() == told, "\(what)")
    }
  }
}
