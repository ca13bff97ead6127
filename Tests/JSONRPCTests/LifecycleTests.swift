import Testing
import WireJSON

@testable import JSONRPC

private let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
private let pong = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"

private func initialize(_ params: String = "{}", id: String = "0") -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"method":"initialize","params":\#(params)}"#
}

private func agreed(_ version: Int) -> String {
  """
  {"jsonrpc":"2.0","id":0,"result":{"protocol_version":\(version),\
  "server":{"name":"tester","version":"9.8"},"capabilities":{"colour":"green"},\
  "limits":{"max_line_bytes":67108864,"max_depth":64,"max_batch_messages":1000,"max_things":3}}}

  """
}

@Suite struct LifecycleTests {
  @Test func initializeIsOptional() {
    var harness = Harness()
    #expect(harness.send(ping) == pong)
  }

  @Test(arguments: [
    ("{}", 1), (#"{"protocol_versions":[1]}"#, 1), (#"{"protocol_versions":[9,3,1,2]}"#, 3),
    (#"{"protocol_versions":[1.0]}"#, 1), (#"{"protocol_versions":null,"client":null}"#, 1),
    (#"{"client":{"name":"x","version":"1","pid":4},"capabilities":{"other":{"a":1}}}"#, 1),
  ]) func negotiates(_ params: String, _ version: Int) {
    var harness = Harness()
    #expect(harness.send(initialize(params)) == agreed(version))
    #expect(harness.session.lifecycle == .initialized)
    #expect(harness.send(ping) == pong)
  }

  @Test func keepsCapabilities() {
    var harness = Harness()
    #expect(harness.session.capabilities == ClientCapabilities())
    _ = harness.send(initialize(#"{"capabilities":{"push_failed":true,"progress":true}}"#))
    #expect(harness.session.capabilities.pushFailed)
    #expect(harness.session.capabilities.progress)
  }

  @Test(arguments: ["[2]", "[]", "[-1,4]"]) func refusesUnknownVersions(_ offered: String) {
    var harness = Harness()
    #expect(
      harness.send(initialize(#"{"protocol_versions":\#(offered)}"#))
        == errorLine(
          "0", 1031, "none of the protocol versions offered is supported", "UnsupportedProtocol",
          path: "/params/protocol_versions", hint: "supported: 1, 3", extra: #","supported":[1,3]"#)
    )
    // A refused initialize may be tried again.
    #expect(harness.send(initialize()) == agreed(1))
  }

  @Test(arguments: [
    (#"{"protocol_versions":1}"#, "/params/protocol_versions"),
    (#"{"protocol_versions":["1"]}"#, "/params/protocol_versions/0"),
    (#"{"protocol_versions":[1,1.5]}"#, "/params/protocol_versions/1"),
    (#"{"client":"me"}"#, "/params/client"), (#"{"client":{"name":1}}"#, "/params/client/name"),
    (#"{"capabilities":[]}"#, "/params/capabilities"),
    (#"{"capabilities":{"push_failed":1}}"#, "/params/capabilities/push_failed"),
    (#"{"protocolVersions":[1]}"#, "/params/protocolVersions"), ("[]", "/params"),
  ]) func refusesBadInitialize(_ params: String, _ path: String) throws {
    var harness = Harness()
    let error = try #require(try harness.reply(initialize(params))["error"])
    #expect(error["code"]?.int64 == -32602)
    #expect(error["data"]?["path"]?.string == path)
    #expect(harness.session.lifecycle == .fresh)
    #expect(harness.send(initialize()) == agreed(1))
  }

  @Test func initializeComesFirst() {
    var harness = Harness()
    _ = harness.send(ping)
    let refusal = errorLine(
      "0", -32600, "initialize must be the first message", "InvalidRequest", path: "/method")
    #expect(harness.send(initialize()) == refusal)
    #expect(harness.send(ping) == pong)
  }

  @Test func aBrokenLineBeforeIsNoMessage() {
    var harness = Harness()
    _ = harness.send("nonsense")
    #expect(harness.send(initialize()) == agreed(1))
  }

  @Test func initializeComesOnce() {
    var harness = Harness()
    _ = harness.send(initialize())
    let refusal = errorLine(
      "0", -32600, "initialize was answered before; it may be sent once", "InvalidRequest",
      path: "/method")
    #expect(harness.send(initialize()) == refusal)
    #expect(harness.send(ping) == pong)
  }

  @Test func shutdownThenExit() {
    var harness = Harness()
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":"s","method":"shutdown"}"#)
        == "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"result\":null}\n")
    let refusal = errorLine(
      "1", -32600, "shutdown was answered; only exit may follow", "InvalidRequest")
    #expect(harness.send(ping) == refusal)
    #expect(harness.send(#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#) == refusal)
    #expect(harness.send(#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#) == refusal)
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"note","params":{"number":1}}"#) == "")
    #expect(harness.context.notes.isEmpty)
    #expect(harness.context.failures.isEmpty)
    #expect(harness.session.exitStatus == nil)
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"exit"}"#) == "")
    #expect(harness.session.exitStatus == 0)
    #expect(harness.send(ping) == "")
  }

  @Test func exitWithoutShutdown() {
    var harness = Harness()
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"exit","params":{"what":1}}"#) == "")
    #expect(harness.session.exitStatus == 1)
  }

  @Test func exitAsARequestIsAnswered() {
    var harness = Harness()
    let reply = harness.send(#"{"jsonrpc":"2.0","id":3,"method":"exit"}"#)
    #expect(reply == "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}\n")
    #expect(harness.session.exitStatus == 1)
  }

  @Test func dollarRequestsAreUnknownMethods() {
    var harness = Harness()
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":3,"method":"$/unheard"}"#)
        == errorLine(
          "3", -32601, #"there is no method "$/unheard""#, "MethodNotFound", path: "/method",
          hint: "rpc.discover lists all methods"))
  }
}
