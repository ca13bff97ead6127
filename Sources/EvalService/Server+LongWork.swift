import EvalMetrics
import JSONRPC

extension Server {
  /// From so much work on, in rows to sort, a question is answered from a copy: it takes longer than
  /// anyone behind it in the line should wait.
  private static let longFrom = 500_000

  /// A server that holds nothing but the stream of a request, where answering may take long.
  mutating func copyForLongWork(_ params: Params) -> Server? {
    guard let text = params["stream"]?.string, let stream = streams[Name(text)],
      stream.engine.mostWork >= Self.longFrom
    else { return nil }
    counters.queries += 1
    var copy = Server(version: version, limits: limits, clock: clock)
    copy.streams[stream.name] = stream.copyForQuestions
    return copy
  }

  /// Takes over what a copy has sorted, where nothing but rows have come since.
  mutating func adopt(_ copy: Server) {
    for (name, stream) in copy.streams {
      guard let mine = streams[name], mine.openedAt == stream.openedAt else { continue }
      let (now, then) = (mine.revision, stream.revision)
      let hasOnlyGrown = mine.revisionOfLastOther <= then && then < now
      if now == then {
        update(name) { $0.contents.engine.adopt(stream.contents.engine) }
      } else if hasOnlyGrown {
        update(name) { $0.contents.engine.adoptPrepared(stream.contents.engine) }
      }
    }
  }
}

extension Stream {
  /// What answers need of the stream: neither its checkpoints nor the ids of its rows.
  fileprivate var copyForQuestions: Stream {
    var copy = Stream(
      name: name, schema: schema, engine: contents.engine.copyForQuestions, metrics: metrics,
      metadata: metadata, openedAt: openedAt)
    copy.contents.taint = contents.taint
    copy.revision = revision
    return copy
  }
}
