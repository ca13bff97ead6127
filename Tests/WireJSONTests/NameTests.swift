import Testing

@testable import WireJSON

private func parsed(_ text: String) throws -> JSONValue {
  try JSONDocument(parsing: Array(text.utf8)).root
}

/// The members with short keys, as text, in order; each key stands at each place once.
private func shortMembers(_ text: String, _ keys: [ShortKey]) throws -> [String] {
  let value = try parsed(text)
  var found: [[String]] = [[], [], [], []]
  for first in keys.indices {
    let places = (0..<4).map { (first + $0) % keys.count }
    let (a, b, c, d) = value.members(
      keys[places[0]], keys[places[1]], keys[places[2]], keys[places[3]])
    for (slot, member) in [a, b, c, d].enumerated() {
      guard let member else { continue }
      found[slot].append("\(places[slot])=\(String(decoding: member.rawText, as: UTF8.self))")
    }
  }
  for slot in found { #expect(slot.sorted() == found[0].sorted()) }
  return found[0].sorted()
}

@Suite struct ShortKeyTests {
  static let keys = [
    ShortKey(""), ShortKey("a"), ShortKey("id"), ShortKey("jsonrpc"), ShortKey("eightkey"),
    ShortKey("é"),
  ]

  @Test(arguments: [
    (#"{"id":1}"#, ["2=1"]), (#"{"":1}"#, ["0=1"]), (#"{"a":1}"#, ["1=1"]),
    (#"{"jsonrpc":"2.0","id":[1,{}],"x":0}"#, ["2=[1,{}]", #"3="2.0""#]),
    (#"{"eightkey":{"id":2},"é":null}"#, [#"4={"id":2}"#, "5=null"]),
    (#"{"eightkeys":1,"i":2,"ida":3,"jsonrpd":4}"#, []),
    (#"{"\u0069d":1,"\u0069\u0064\u0061":2,"\u00e9":3}"#, ["2=1", "5=3"]),
    (#"{"\u0065\u0069ghtkeys":1,"\u0065ightkey":2}"#, ["4=2"]),
    (#"{"id\u0000":1,"a\u0000":2}"#, []), ("{}", []), (#"["id"]"#, []), (#""id""#, []),
  ])
  func findsExactKeys(text: String, expected: [String]) throws {
    #expect(try shortMembers(text, Self.keys) == expected)
    // The same where the document ends right behind the value, and where more stands behind it.
    #expect(try shortMembers(" \(text)        ", Self.keys) == expected)
  }
}

@Suite struct NameIndexTests {
  static let names = ["ping", "stream/open", "stream/push", "", "ping", "é", "$/cancelRequest"]

  @Test(arguments: [
    (#""ping""#, 0), (#""stream/open""#, 1), (#""stream\/push""#, 2), (#""""#, 3),
    (#""\u00e9""#, 5), (#""é""#, 5), (#""$/cancelRequest""#, 6), (#""pin""#, nil),
    (#""pings""#, nil), (#""Ping""#, nil), (#""ping\u0000""#, nil), ("1", nil), (#"["ping"]"#, nil),
    ("null", nil),
  ])
  func findsExactNames(text: String, expected: Int?) throws {
    #expect(NameIndex(Self.names).position(of: try parsed(text)) == expected)
  }

  @Test func findsEachOfManyAndNoOther() {
    let names = (0..<2000).map { "name/\($0)" }
    let index = NameIndex(names)
    for (position, name) in names.enumerated() { #expect(index.position(of: name) == position) }
    for number in 2000..<4000 { #expect(index.position(of: "name/\(number)") == nil) }
    #expect(NameIndex([]).position(of: "") == nil)
  }
}
