import Testing

@testable import WireJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct WriterTests {
  private func text(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func putsCommasAndColons() {
    let result = text { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.int(1)
      writer.beginArray()
      writer.endArray()
      writer.beginObject()
      writer.endObject()
      writer.string("[")
      writer.string(":")
      writer.null()
      writer.endArray()
      writer.field("b", "{")
      writer.field("c", 1.5)
      writer.field("d", true)
      writer.field("e", 7)
      writer.field("f", UInt64.max)
      writer.field("g", nil as Double?)
      writer.field("h", ["x", "y"])
      writer.key("i")
      writer.raw("[1, 2]".utf8)
      writer.field("j", false)
      writer.endObject()
    }
    #expect(
      result == #"{"a":[1,[],{},"[",":",null],"b":"{","c":1.5,"d":true,"e":7,"#
        + #""f":18446744073709551615,"g":null,"h":["x","y"],"i":[1, 2],"j":false}"#)
  }

  @Test func rewindDropsWhatWasHalfWritten() {
    let result = text { writer in
      writer.beginArray()
      writer.int(1)
      let mark = writer.mark
      writer.beginObject()
      writer.field("half", "written")
      writer.rewind(to: mark)
      writer.int(2)
      writer.endArray()
    }
    #expect(result == "[1,2]")
  }

  @Test func continuesAfterALineFeed() {
    var writer = JSONWriter(appendingTo: Array("{}\n".utf8))
    writer.int(1)
    writer.lineFeed()
    writer.int(2)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "{}\n1\n2")
  }

  @Test func integersOfEveryWidth() {
    #expect(text { $0.int(Int64.min) } == "-9223372036854775808")
    #expect(text { $0.int(Int8(-1)) } == "-1")
    #expect(text { $0.uint(UInt64.max) } == "18446744073709551615")
    #expect(text { $0.uint(UInt8(0)) } == "0")
  }

  @Test func doublesAreShortAndTyped() {
    let cases: [(Double, String)] = [
      (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (1e15, "1000000000000000.0"),
      (1e16, "1e+16"), (1e-5, "1e-05"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
      (.leastNonzeroMagnitude, "5e-324"), (.nan, "\"NaN\""), (.signalingNaN, "\"NaN\""),
      (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""), (1 / 3, "0.3333333333333333"),
      (9_007_199_254_740_992, "9007199254740992.0"), (123_456_789.25, "123456789.25"),
    ]
    for (value, expected) in cases { #expect(text { $0.double(value) } == expected) }
  }

  /// What is written is JSON, parses to the same bits, and no shorter text would.
  @Test func doublesRoundTrip() throws {
    var generator = SeededGenerator(seed: 3)
    for round in 0..<40 {
      var values: [Double] = []
      while values.count < 500 {
        let value =
          round % 2 == 0
          ? Double(bitPattern: generator.next()) : Double.random(in: -9...9, using: &generator)
        if value.isFinite { values.append(value) }
      }
      let text = text { writer in
        writer.beginArray()
        for value in values { writer.double(value) }
        writer.endArray()
      }
      for (value, parsed) in zip(values, try parse(text).elements) {
        #expect(parsed.double?.bitPattern == value.bitPattern)
        #expect(!parsed.isIntegerText)
        let written = parsed.rawText
        #expect(strtod(String(decoding: written, as: UTF8.self), nil) == value)
      }
    }
  }

  @Test func escapesWhatHasToBe() throws {
    #expect(text { $0.string("a\"b\\c/d") } == #""a\"b\\c/d""#)
    #expect(
      text { $0.string("\u{0}\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}") }
        == #""\u0000\u0001\u0008\t\n\u000b\u000c\r\u001f\u007f""#)
    #expect(
      text { $0.string("\u{2027}\u{2028}\u{2029}\u{202a}") }
        == "\"\u{2027}\\u2028\\u2029\u{202a}\"")
    #expect(text { $0.string("é€😀") } == "\"é€😀\"")
    #expect(text { $0.string("") } == "\"\"")
    #expect(text { $0.field("k\n", "") } == #""k\n":"""#)
  }

  /// Every scalar of Unicode comes back, and no line feed ever leaves unescaped.
  @Test func everyScalarRoundTrips() throws {
    var all = ""
    for number in UInt32(0)...0x10FFFF where number < 0x3000 || number % 97 == 0 {
      if let scalar = Unicode.Scalar(number) { all.unicodeScalars.append(scalar) }
    }
    let written = text { $0.string(all) }
    #expect(!written.utf8.contains { $0 < 0x20 })
    let parsed = try #require(try parse(written).string)
    #expect(Array(parsed.utf8) == Array(all.utf8))
  }

  @Test func writesParsedValuesAgain() throws {
    let root = try parse(#"{"a":[1, 2.50, -0, 1e400, "x\/y"], "b": {"c": [ ]}, "d": [3, 0.5]}"#)
    #expect(
      text { $0.value(root) }
        == #"{"a":[1,2.5,-0,1e400,"x/y"],"b":{"c":[]},"d":[3,0.5]}"#)
    let element = try #require(root["d"]?[0])
    #expect(text { $0.value(element) } == "3")
    let inner = try #require(root["b"])
    #expect(
      text { writer in
        writer.beginArray()
        writer.value(inner)
        writer.value(inner)
        writer.endArray()
      } == #"[{"c":[]},{"c":[]}]"#)
  }
}
