import JSONRPC

/// What a producer has sent: numbers of batches that start at 1 and go up by 1.
struct Producer: Sendable {
  /// The last number that was applied or refused for what it held.
  private(set) var last: Int64 = 0
  /// Numbers of refused batches, ascending; the last 1,024 are remembered.
  private(set) var refused: [Int64] = []

  static let remembered = 1024

  /// What a number means after those that came.
  enum Verdict {
    case next
    case duplicate
    case refusedBefore
    case gap
  }

  /// The number from which the sender goes on.
  var expected: Int64 { last == .max ? .max : last + 1 }

  func verdict(on number: Int64) -> Verdict {
    if number > last { return number == expected ? .next : .gap }
    return refused.contains(number) ? .refusedBefore : .duplicate
  }

  mutating func apply(_ number: Int64) { last = number }

  mutating func refuse(_ number: Int64) {
    last = number
    refused.append(number)
    if refused.count > Self.remembered { refused.removeFirst(refused.count - Self.remembered) }
  }

  var byteCount: Int { 128 + refused.count * 8 }
}

/// The producers of a stream, by name.
struct Producers: Sendable {
  private(set) var byName: [String: Producer] = [:]
  /// Memory by account.
  private(set) var byteCount = 0

  /// The most producers a stream remembers.
  static let limit = 4096

  /// Whether one more name would be too many.
  func isFull(for name: String) -> Bool { byName.count >= Self.limit && byName[name] == nil }

  subscript(name: String) -> Producer { byName[name] ?? Producer() }

  /// Notes that a batch was applied, or refused for what it held.
  mutating func note(_ sender: Sender, isRefused: Bool) {
    let before = byName[sender.producer].map(\.byteCount) ?? 0
    byName[sender.producer, default: Producer()].note(sender.number, isRefused)
    byteCount += self[sender.producer].byteCount - before
  }
}

extension Producer {
  fileprivate mutating func note(_ number: Int64, _ isRefused: Bool) {
    if isRefused { refuse(number) } else { apply(number) }
  }
}

/// Who sent a batch, and as which number.
struct Sender {
  var producer: String
  var number: Int64

  /// Nil when the batch is not numbered.
  init?(_ params: Params) throws(RPCError) {
    let producer = try params.optionalString("producer")
    if let producer, producer.isEmpty || producer.utf8.count > 200 {
      throw params.invalid("producer", "must have 1 to 200 bytes")
    }
    guard params.present("seq") != nil else { return nil }
    let number = try params.int("seq", in: 1...Int.max)
    guard let producer else {
      throw RPCError(
        .invalidParams, "seq needs a producer", path: params.path(of: "producer"),
        hint: "numbers are counted for each producer")
    }
    self.producer = producer
    self.number = Int64(number)
  }
}
