import Testing

@testable import WireJSON

@Suite struct LineSplitterTests {
  /// A line in a form that can be compared.
  private enum Seen: Equatable {
    case line([UInt8])
    case tooLong(prefix: [UInt8], length: Int)
  }

  private func seen(_ line: LineSplitter.Line) -> Seen {
    switch line {
    case .line(let bytes, let range): .line(Array(bytes[range]))
    case .tooLong(let prefix, let length): .tooLong(prefix: prefix, length: length)
    }
  }

  private func lines(_ pieces: [ArraySlice<UInt8>], limit: Int) -> [Seen] {
    var splitter = LineSplitter(maxLineBytes: limit)
    var result: [Seen] = []
    for piece in pieces {
      piece.withUnsafeBytes { splitter.append($0) }
      while let line = splitter.next() { result.append(seen(line)) }
    }
    while let line = splitter.finish() { result.append(seen(line)) }
    return result
  }

  /// The rule, written down once more without any cleverness.
  private func reference(_ input: [UInt8], limit: Int) -> [Seen] {
    var input = input[...]
    if input.starts(with: [0xEF, 0xBB, 0xBF]) { input = input.dropFirst(3) }
    return input.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { whole in
      let line = whole.last == 0x0D ? whole.dropLast() : whole
      if line.count > limit {
        return .tooLong(prefix: Array(line.prefix(4096)), length: line.count)
      }
      return line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } ? nil : .line(Array(line))
    }
  }

  private let inputs: [[UInt8]] =
    [
      "", "a", "a\n", "a\r\n", "a\nb", "a\n\nb\n", "\n\n\n", "\r\n\r\n", " \t \n x \n", "a\rb\n",
      "a\r\r\n", "{\"a\":1}\n{\"b\":2}\r\n\n[]", "\u{FEFF}a\nb\n", "\u{FEFF}\n\u{FEFF}a\n",
      "\u{FEFF}",
      "12345678\n", "123456789\n", "12345678\r\n", "123456789\r\n", "12345678\r", "123456789",
      "1234567890123456789012345678901234567890\nok\n", "\u{FEFF}12345678\n\u{FEFF}123456\n",
      "1234567890\r\nok\n1234567890\r", "12345678\r\r\n12345678\r\r", "      \r\n            \nx",
      "\u{FEFF}123456789\r\nx", "\u{0}\n\u{0}\u{0}",
    ].map { Array($0.utf8) } + [
      [0xEF, 0xBB, 0x0A, 0x61], [0xEF, 0xBB], [0xEF], [0xFF, 0x0A, 0xFE],
    ]

  @Test func everyCutGivesTheSameLines() {
    for input in inputs {
      let expected = reference(input, limit: 8)
      for cut in 0...input.count {
        #expect(lines([input[..<cut], input[cut...]], limit: 8) == expected, "\(input) at \(cut)")
      }
      for first in 0...min(input.count, 12) {
        for second in first...input.count {
          let pieces = [input[..<first], input[first..<second], input[second...]]
          #expect(lines(pieces, limit: 8) == expected, "\(input) at \(first), \(second)")
        }
      }
    }
  }

  @Test func everyPieceSizeGivesTheSameLines() {
    let all = Array(inputs.joined(separator: [0x0A]))
    for limit in [0, 1, 2, 3, 8, 39, 40, 1000] {
      let expected = reference(all, limit: limit)
      for size in Array(1...17) + [64, 4096] {
        let pieces = stride(from: 0, to: all.count, by: size).map {
          all[$0..<min($0 + size, all.count)]
        }
        #expect(lines(pieces, limit: limit) == expected, "pieces of \(size), limit \(limit)")
      }
    }
  }

  @Test func longLinesKeepTheirFirst4KiB() {
    let long = (0..<100_000).map { UInt8(33 + $0 % 90) }
    let input = [0xEF, 0xBB, 0xBF] + long + [0x0D, 0x0A] + Array("{}".utf8) + [0x0A] + long
    let expected = reference(input, limit: 5000)
    #expect(expected.count == 3)
    for size in [1, 3, 100, 4095, 4096, 4097, 65_536, 300_000] {
      let pieces = stride(from: 0, to: input.count, by: size).map {
        input[$0..<min($0 + size, input.count)]
      }
      #expect(lines(pieces, limit: 5000) == expected)
    }
  }

  @Test func aDroppedLineTakesNoMemory() {
    var splitter = LineSplitter(maxLineBytes: 1 << 20)
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
    for _ in 0..<2000 {
      piece.withUnsafeBytes { splitter.append($0) }
      #expect(splitter.next().map(seen) == nil)
    }
    #expect(splitter.bufferBytes < 1 << 22)
    Array("\n{}\n".utf8).withUnsafeBytes { splitter.append($0) }
    #expect(
      splitter.next().map(seen) == .tooLong(prefix: Array(piece.prefix(4096)), length: 2000 << 16))
    #expect(splitter.next().map(seen) == .line(Array("{}".utf8)))
  }

  @Test func memoryShrinksAfterALongLine() {
    var splitter = LineSplitter(maxLineBytes: 1 << 26)
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 24) + [0x0A]
    long.withUnsafeBytes { splitter.append($0) }
    #expect(splitter.next().map(seen) != nil)
    #expect(splitter.bufferBytes >= 1 << 24)
    for _ in 0..<4 {
      Array("{}\n".utf8).withUnsafeBytes { splitter.append($0) }
      #expect(splitter.next().map(seen) == .line(Array("{}".utf8)))
    }
    #expect(splitter.bufferBytes <= 1 << 19)
  }

  @Test func roomForRead() {
    var splitter = LineSplitter(maxLineBytes: 100)
    let input = Array("ab\ncd\n".utf8)
    for byte in input {
      let count = splitter.receive(upTo: 4096) { room in
        #expect(room.count >= 4096)
        room[0] = byte
        return 1
      }
      #expect(count == 1)
    }
    #expect(splitter.receive(upTo: 10) { _ in -1 } == -1)
    #expect(splitter.receive(upTo: 10) { _ in 0 } == 0)
    #expect(splitter.next().map(seen) == .line(Array("ab".utf8)))
    #expect(splitter.next().map(seen) == .line(Array("cd".utf8)))
    #expect(splitter.next().map(seen) == nil)
  }

  /// A line that is kept while more comes in doesn't change.
  @Test func linesAreValues() {
    var splitter = LineSplitter(maxLineBytes: 100)
    Array("first\nsec".utf8).withUnsafeBytes { splitter.append($0) }
    let first = splitter.next()
    Array("ond\n".utf8).withUnsafeBytes { splitter.append($0) }
    let second = splitter.next()
    for _ in 0..<100_000 {
      Array("zzzzzz\n".utf8).withUnsafeBytes { splitter.append($0) }
      _ = splitter.next()
    }
    #expect(first.map(seen) == .line(Array("first".utf8)))
    #expect(second.map(seen) == .line(Array("second".utf8)))
  }
}
