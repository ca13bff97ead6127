import Testing
import WireJSON

@testable import JSONRPC

/// Whether the document is valid OpenRPC is tested from Python against the real binary; here, that
/// it says what the table says.
@Suite struct DiscoveryTests {
  @Test func saysWhatTheTableSays() throws {
    var harness = Harness()
    let document = try #require(
      try harness.reply(#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#)["result"])
    #expect(document["openrpc"]?.string == "1.3.2")
    #expect(document["info"]?["title"]?.string == "tester")
    #expect(document["info"]?["version"]?.string == "9.8")
    let methods = try #require(document["methods"]?.elements)
    #expect(
      methods.map { $0["name"]?.string } == [
        "initialize", "shutdown", "exit", "ping", "rpc.discover", "$/cancelRequest", "echo", "note",
        "break/halfway", "say/nothing", "large", "tell",
      ])
    let echo = try #require(methods.first { $0["name"]?.string == "echo" })
    #expect(echo["paramStructure"]?.string == "by-name")
    #expect(echo["params"]?[0]?["name"]?.string == "value")
    #expect(echo["params"]?[0]?["required"]?.bool == true)
    #expect(echo["params"]?[1]?["required"]?.bool == false)
    #expect(echo["params"]?[0]?["schema"]?.kind == .object)
    #expect(echo["result"]?["schema"]?.kind == .object)
    #expect(echo["errors"] == nil)
    let fragile = try #require(methods.first { $0["name"]?.string == "break/halfway" }?["errors"])
    #expect(fragile.count == 1)
    #expect(fragile[0]?["code"]?.int64 == 1001)
    #expect(fragile[0]?["data"]?["kind"]?.string == "Fragile")
    #expect(document["x-notifications"]?[0]?["name"]?.string == "test/event")
    #expect(document["x-notifications"]?[0]?["params"]?[0]?["name"]?.string == "what")
  }

  @Test func ownMethodsCannotBeReplaced() {
    let method = Method<Void>(
      name: "ping", summary: "Another.", resultSchema: "{}",
      handler: { _, _, writer throws(RPCError) in writer.string("mine") })
    let dispatcher = Dispatcher(methods: [method], info: ServiceInfo(name: "x", version: "0"))
    var session = Session(id: SessionID(1))
    var context: Void = ()
    var output: [UInt8] = []
    let line = Array(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.utf8)
    dispatcher.handle(
      line, in: 0..<line.count, session: &session, context: &context, output: &output)
    #expect(
      String(decoding: output, as: UTF8.self) == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n")
  }
}
