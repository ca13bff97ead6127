import JSONRPC
import Testing

@testable import EvalService

@Suite("Refused batches")
struct RefusalsTests {
  /// Found by the fuzzer: two refused notifications, the second with the shape [2^63 - 1].
  @Test("the lengths that refused batches claim cannot overflow their sum")
  func claimedLengthsSaturate() {
    var refusals = Refusals()
    let error = RPCError(.invalidBatch, "the shape does not fit the 4 elements")
    refusals.add(rows: 2, error)
    refusals.add(rows: .max, error)
    #expect(refusals.batches == 2)
    #expect(refusals.rows == .max)
  }
}
