import JSONRPC
import Testing

@testable import EvalService

@Test func `every method has a name of its own and a summary`() {
  let names = Server.methods.map(\.name)
  #expect(Set(names).count == names.count)
  #expect(Server.methods.allSatisfy { !$0.summary.isEmpty })
}
