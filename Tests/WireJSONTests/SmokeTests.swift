import Testing
@testable import WireJSON

@Suite struct SmokeTests {
  @Test func parsesAMessage() throws {
    let text =
      #"{"id": 7, "scores": [0.1, 0.25e1], "labels":[0,1], "n": [[1,2],[3,4.5]], "s": "a\u00e9\n\ud83d\ude00"}"#
    let root = try JSONDocument(parsing: Array(text.utf8)).root
    #expect(root["id"]?.int64 == 7)
    #expect(root["s"]?.string == "aé\n😀")
    #expect(root["n"]?.numbers?.shape == [2, 2])
    guard case .float64(let scores)? = root["scores"]?.numbers?.storage else { throw Oops() }
    #expect(scores == [0.1, 2.5])
    #expect(throws: JSONParseError.self) { try JSONDocument(parsing: Array("[1,NaN]".utf8)) }
  }
  struct Oops: Error {}
}
