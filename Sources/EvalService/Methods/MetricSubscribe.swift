import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  private static let subscriptionLimit = 64

  static let metricSubscribe = Method<Server>(
    name: "metric/subscribe",
    summary: "Answers now, and again by metric/update when the stream changes, or at each mark.",
    parameters: [
      .stream, .metrics, .slice,
      Parameter(
        "on", "When: after a change, or with the last values of a window as it is marked.",
        schema: #"{"enum": ["change", "mark"], "default": "change"}"#),
      Parameter(
        "min_interval_ms", "The least time between two updates after changes.",
        schema: #"{"type": "integer", "minimum": 50, "maximum": 86400000, "default": 1000}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["subscription", "values"]}"#,
    errors: ["StreamNotFound", "UnknownMetric", "TooManyValues"]
  ) { server, params, writer throws(RPCError) in
    let on = try params.choice("on", of: ["change", "mark"], otherwise: "change")
    let interval = try params.optionalInt("min_interval_ms", in: 50...86_400_000) ?? 1000
    let session = params.caller.session
    guard server.subscriptions.all.count(where: { $0.session == session }) < subscriptionLimit
    else {
      throw RPCError(
        .tooManyValues, "this connection has \(subscriptionLimit) subscriptions",
        hint: "end some by metric/unsubscribe")
    }
    let name = try server.streamName(params)
    let now = server.clock()
    let id = server.subscriptions.nextID()
    let subscription = try server.withStream(params) { stream throws(RPCError) in
      let question = try Question(params, dimensions: stream.schema.dimensions)
      let requests = try stream.requests(params)
      writer.beginObject()
      writer.field("subscription", id)
      try writer.answer(&stream, requests, question)
      writer.endObject()
      return Subscription(
        id: id, session: session, stream: name, requests: requests, question: question,
        onMark: on == "mark", interval: Double(interval) / 1000, sent: now,
        revision: stream.revision)
    }
    server.subscriptions.add(subscription)
  }

  static let metricUnsubscribe = Method<Server>(
    name: "metric/unsubscribe", summary: "Ends a subscription of this connection.",
    parameters: [
      Parameter(
        "subscription", "As metric/subscribe gave it.", required: true,
        schema: #"{"type": "string"}"#)
    ], resultSchema: #"{"type": "object"}"#
  ) { server, params, writer throws(RPCError) in
    let id = try params.string("subscription")
    let session = params.caller.session
    guard server.subscriptions.all.contains(where: { $0.id == id && $0.session == session }) else {
      throw params.invalid("subscription", "is not a subscription of this connection")
    }
    server.subscriptions.removeAll { $0.id == id }
    writer.beginObject()
    writer.endObject()
  }

  static let updateNotification = ServerNotification(
    name: "metric/update", summary: "What a subscription asked for, as it is now.",
    parameters: [
      Parameter(
        "subscription", "As metric/subscribe gave it.", required: true,
        schema: #"{"type": "string"}"#),
      Parameter(
        "label", "Of the mark, where marks were asked for.", schema: #"{"type": "string"}"#),
      Parameter(
        "values", "With all other members of an answer of metric/query beside it.", required: true,
        schema: #"{"type": "object"}"#),
    ])

  static let endedNotification = ServerNotification(
    name: "metric/ended", summary: "A subscription has ended because its stream is gone.",
    parameters: [
      Parameter(
        "subscription", "As metric/subscribe gave it.", required: true,
        schema: #"{"type": "string"}"#),
      .stream,
      Parameter("reason", "Why.", required: true, schema: #"{"enum": ["stream_deleted"]}"#),
    ])
}
