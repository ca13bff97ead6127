import Locks
import Testing
import WireJSON

@testable import EvalService

/// Which columns in shared memory are left there until their rows are wanted.
@Suite struct UnreadColumnTests {
  /// A segment of zeros, of which it is known how often it was copied, and how often looked at.
  private final class Segment: Sendable {
    let counts = Lock((copies: 0, looks: 0))

    var reader: SharedMemoryReader {
      { [self] _, _, count in
        let zeros = [UInt64](repeating: 0, count: count / 8 + 1)
        return .success(
          ByteSource(
            count: count,
            look: { [self] body in
              counts.withLock { $0.looks += 1 }
              _ = zeros.withUnsafeBytes { $0.baseAddress.map(body) }
              return true
            },
            fill: { [self] room in
              counts.withLock { $0.copies += 1 }
              zeros.withUnsafeBytes { room.copyMemory(from: .init(rebasing: $0[..<room.count])) }
              return room.count
            }))
      }
    }

    /// How often it was copied and looked at by a push.
    func pushed(
      _ client: inout Client, rows: Int = 64, dtype: String = "float32", more: String = ""
    ) throws -> [Int] {
      counts.withLock { $0 = (0, 0) }
      let shape = #""dtype":"\#(dtype)","shape":[\#(rows),400]"#
      let labels = Array(repeating: 0, count: rows)
      try client.push(
        #"{"scores":{\#(shape),"shared_memory":"x"},"labels":\#(labels)\#(more)}"#)
      return counts.withLock { [$0.copies, $0.looks] }
    }
  }

  private static func open(_ client: inout Client, _ options: String = "", _ rest: String = "")
    throws
  {
    try client.open(
      "multiclass", #""options":{"classes":400,"score_kind":"logit"\#(options)}\#(rest)"#)
  }

  @Test func `what goes by is looked at`() throws {
    let segment = Segment()
    var client = Client(sharedMemory: segment.reader)
    try Self.open(&client)
    #expect(try segment.pushed(&client) == [0, 1])
    #expect(try segment.pushed(&client, dtype: "float64") == [0, 1])
    // Small ones, and other types, are read.
    #expect(try segment.pushed(&client, rows: 8) == [1, 0])
    #expect(try segment.pushed(&client, dtype: "float16") == [1, 0])
    #expect(try client.query(#"["accuracy"]"#).json("values") == #"{"accuracy":1.0}"#)
  }

  @Test(arguments: [#","one_vs_rest":true"#, #","unique_ids":true"#])
  func `what is needed once more is read`(options: String) throws {
    let segment = Segment()
    var client = Client(sharedMemory: segment.reader)
    try Self.open(&client, options)
    let ids = #","ids":\#(Array(0..<64))"#
    #expect(try segment.pushed(&client, more: ids) == [1, 0])
  }

  @Test func `what is written down is read, and written as it was counted`() throws {
    let segment = Segment()
    let store = MemoryStore()
    var client = try Client(on: store, sharedMemory: segment.reader)
    try Self.open(&client)
    #expect(try segment.pushed(&client) == [1, 0])
    var again = try Client(on: store)
    #expect(try again.query(#"["accuracy"]"#).json("count") == "64")
  }

  @Test func `a slice of the same name is read`() throws {
    let segment = Segment()
    var client = Client(sharedMemory: segment.reader)
    try Self.open(&client, "", #","slices":["scores"]"#)
    let rows = 16 << 10
    let zeros = #"{"dtype":"float32","shape":[\#(rows)],"shared_memory":"x"}"#
    let labels = #"{"dtype":"uint8","shape":[\#(rows)],"shared_memory":"x"}"#
    segment.counts.withLock { $0 = (0, 0) }
    try client.push(
      #"{"predictions":\#(labels),"labels":\#(labels),"slices":{"scores":\#(zeros)}}"#)
    #expect(segment.counts.withLock { $0.copies } == 3)
    #expect(segment.counts.withLock { $0.looks } == 0)
  }
}
