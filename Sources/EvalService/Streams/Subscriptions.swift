import EvalMetrics
import JSONRPC
import WireJSON

/// A question that a connection wants answered again and again.
struct Subscription: Sendable {
  let id: String
  let session: SessionID
  let stream: Name
  let requests: [MetricRequest]
  let question: Question
  let onMark: Bool
  /// Seconds between updates.
  let interval: Double
  /// When the last answer was sent, and of which revision it was.
  var sent: Double
  var revision: UInt64

  /// When the next update may go out. A clock that was set back makes it due.
  func isDue(_ now: Double) -> Bool { now >= sent + interval || now < sent }
}

/// All subscriptions, in the order in which they were made.
struct Subscriptions: Sendable {
  private(set) var all: [Subscription] = []
  private var made = 0

  mutating func nextID() -> String {
    made += 1
    return "s\(made)"
  }

  mutating func add(_ subscription: Subscription) { all.append(subscription) }

  mutating func removeAll(where condition: (Subscription) -> Bool) {
    all.removeAll(where: condition)
  }

  fileprivate mutating func noteSent(_ place: Int, _ now: Double, _ revision: UInt64) {
    all[place].sent = now
    all[place].revision = revision
  }
}

extension Server {
  /// Forgets what a closed connection had asked for.
  public mutating func sessionEnded(_ session: SessionID) {
    subscriptions.removeAll { $0.session == session }
  }

  /// Whether anybody wants updates.
  public var hasSubscriptions: Bool { !subscriptions.all.isEmpty }

  /// Queues updates that are due, and gives the seconds until the next one may be; nil when none waits.
  ///
  /// `canTake` says whether a connection has read what was sent before: one that has not gets the
  /// newest answer later rather than all of them.
  public mutating func sendUpdates(canTake: (SessionID) -> Bool) -> Double? {
    if subscriptions.all.isEmpty { return nil }
    let now = clock()
    var wait: Double?
    for (place, subscription) in subscriptions.all.enumerated() where !subscription.onMark {
      guard let revision = streams[subscription.stream]?.revision,
        revision != subscription.revision, canTake(subscription.session)
      else { continue }
      if subscription.isDue(now) {
        update(subscription)
        subscriptions.noteSent(place, now, revision)
      } else {
        wait = min(wait ?? .infinity, subscription.sent + subscription.interval - now)
      }
    }
    return wait
  }

  /// Queues the last values of a window that is about to be marked, for those who wait for marks.
  mutating func tellOfMark(_ label: Name?, in stream: Name) {
    let label = label ?? streams[stream]?.nextLabel
    for subscription in subscriptions.all where subscription.onMark && subscription.stream == stream
    {
      update(subscription, label: label)
    }
  }

  /// Ends the subscriptions to a stream that is deleted, and tells those who wait for them.
  mutating func endSubscriptions(to stream: Name) {
    for subscription in subscriptions.all where subscription.stream == stream {
      outbox.notify(subscription.session, method: "metric/ended") { writer in
        writer.beginObject()
        writer.field("subscription", subscription.id)
        writer.field("stream", stream)
        writer.field("reason", "stream_deleted")
        writer.endObject()
      }
    }
    subscriptions.removeAll { $0.stream == stream }
  }

  private mutating func update(_ subscription: Subscription, label: Name? = nil) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("subscription", subscription.id)
    if let label { writer.field("label", label) }
    var isAnswered = false
    update(subscription.stream) { stream in
      // It was answered once, and only a question that cannot be answered throws.
      isAnswered =
        (try? writer.answer(&stream, subscription.requests, subscription.question)) != nil
    }
    if !isAnswered { return }
    writer.endObject()
    outbox.notify(subscription.session, method: "metric/update") { $0.raw(writer.bytes) }
  }
}
