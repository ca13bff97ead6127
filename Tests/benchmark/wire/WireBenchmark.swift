// Times the parser and the decoder of base64 by themselves; limits.py compiles this together with the
// sources of WireJSON and table.c, and runs it.
//
//   wire-benchmark FILE ROUNDS   FILE holds an object of arrays of numbers
//
// Prints a line for each: what it is and the least nanoseconds that one of the rounds took.

import Glibc

@_silgen_name("decode_by_table")
private func decodeByTable(
  _ text: UnsafePointer<UInt8>, _ count: Int, _ bytes: UnsafeMutablePointer<UInt8>
) -> Int

@main
enum WireBenchmark {
  static func main() {
    guard CommandLine.arguments.count == 3, let rounds = Int(CommandLine.arguments[2]),
      let text = contents(CommandLine.arguments[1])
    else { return fail("wants a file and a number of rounds") }
    var sum = 0
    tell("json", rounds) {
      if let document = try? JSONDocument(parsing: text), document.root.kind == .object { sum += 1 }
    }
    if sum == 0 { return fail("the file is no object") }
    // 4,096 float32 in base64, whose letters come in no order that a processor could learn.
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var state: UInt32 = 1
    let packed = (0..<21_848).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return letters[Int(state >> 26)]
    }
    let length = packed.count / 4 * 3
    var ours = [UInt8](repeating: 0, count: length)
    var theirs = ours
    tell("base64", rounds) {
      packed.withUnsafeBufferPointer { text in
        ours.withUnsafeMutableBytes { _ = Base64.decode(text, into: $0, length: length) }
      }
    }
    tell("table", rounds) {
      packed.withUnsafeBufferPointer { text in
        theirs.withUnsafeMutableBufferPointer { bytes in
          guard let text = text.baseAddress, let bytes = bytes.baseAddress else { return }
          sum += decodeByTable(text, packed.count, bytes)
        }
      }
    }
    if ours != theirs { fail("the two decoders differ") }
  }

  private static func fail(_ why: String) {
    print(why)
    exit(1)
  }

  private static func contents(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&room, 1, room.count, file), count > 0 { bytes += room[..<count] }
    return bytes
  }

  private static func tell(_ what: String, _ rounds: Int, _ work: () -> Void) {
    var least = Double.infinity
    for _ in 0..<rounds {
      let start = processorNanoseconds()
      for _ in 0..<20 { work() }
      least = min(least, (processorNanoseconds() - start) / 20)
    }
    print(what, least)
  }

  private static func processorNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}
