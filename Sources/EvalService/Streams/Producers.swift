import EvalMetrics
import JSONRPC

/// What a producer has sent: numbers of batches that start at 1 and go up by 1.
struct Producer: Sendable {
  /// The last number that was applied or refused for what it held.
  private(set) var last: Int64 = 0
  /// Numbers of refused batches, ascending; the last 1,024 are remembered.
  private(set) var refused: [Int64] = []
  /// The record of the journal that has the last number, and the last number before it that was durable then.
  private var record: UInt64 = 0
  private var durableBefore: Int64 = 0

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

  /// The last number that is durable, where records up to this one are.
  func durable(to record: UInt64) -> Int64 { self.record <= record ? last : durableBefore }

  /// Notes a number, and which record of the journal has it; gives how many bytes more are taken for that.
  fileprivate mutating func note(
    _ number: Int64, _ isRefused: Bool, record: UInt64, durableTo durable: UInt64
  ) -> Int {
    let before = byteCount
    durableBefore = self.durable(to: durable)
    self.record = record
    if isRefused { refuse(number) } else { apply(number) }
    return byteCount - before
  }

  var byteCount: Int { 128 + refused.count * 8 }
}

/// The producers of a stream, by name.
struct Producers: Sendable {
  private(set) var byName: [Name: Producer] = [:]
  /// Memory by account.
  private(set) var byteCount = 0

  /// The most producers a stream remembers.
  static let limit = 4096

  /// Whether one more name would be too many.
  func isFull(for name: Name) -> Bool { byName.count >= Self.limit && byName[name] == nil }

  subscript(name: Name) -> Producer { byName[name] ?? Producer() }

  /// Notes that a batch was applied, or refused for what it held; and which record of the journal says so.
  mutating func note(
    _ sender: Sender, isRefused: Bool, record: UInt64 = 0, durableTo durable: UInt64 = 0
  ) {
    let known = byName.count
    byteCount += byName[sender.producer, default: Producer()].note(
      sender.number, isRefused, record: record, durableTo: durable)
    if byName.count > known { byteCount += Producer().byteCount }
  }
}

// MARK: - Bytes

extension Producers {
  func encode(into writer: inout StateWriter) {
    writer.write(UInt64(byName.count))
    for (name, producer) in byName.sorted(by: { $0.key < $1.key }) {
      writer.write(name)
      writer.write(producer.last)
      writer.write(producer.refused)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    for _ in 0..<(try reader.readCount(ofSize: 24)) {
      let name = try reader.readName()
      byName[name] = try Producer(from: &reader)
      byteCount += self[name].byteCount
    }
  }
}

extension Producer {
  fileprivate init(from reader: inout StateReader) throws(StateError) {
    last = try reader.read()
    refused = try reader.readArray()
  }
}

/// Who sent a batch, and as which number.
struct Sender {
  var producer: Name
  var number: Int64

  init(producer: Name, number: Int64) {
    self.producer = producer
    self.number = number
  }

  /// Nil when the batch is not numbered.
  init?(_ params: Params) throws(RPCError) {
    let producer = try params.optionalString("producer")
    if let producer, producer.isEmpty || producer.utf8.count > 200 {
      throw params.invalid("producer", "must have 1 to 200 bytes")
    }
    guard let number = try params.optionalInt("seq", in: 1...Int.max) else { return nil }
    guard let producer else {
      throw RPCError(
        .invalidParams, "seq needs a producer", path: params.path(of: "producer"),
        hint: "numbers are counted for each producer")
    }
    self.producer = Name(producer)
    self.number = Int64(number)
  }
}
