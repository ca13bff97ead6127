import EvalMetrics
import JSONRPC

extension Server {
  /// From so many rows on, a question is answered from a copy: sorting them takes longer than anyone
  /// behind it in the line should wait.
  private static let longFrom = 500_000

  /// A server that holds nothing but the stream of a request, where answering may take long.
  mutating func copyForLongWork(_ params: Params) -> Server? {
    guard let name = params["stream"]?.string, let stream = streams[name],
      stream.engine.totalCount >= Self.longFrom
    else { return nil }
    counters.queries += 1
    var copy = Server(version: version, limits: limits, clock: clock)
    copy.streams[name] = stream
    return copy
  }

  /// Takes over what a copy has sorted, where nothing has come since.
  mutating func adopt(_ copy: Server) {
    for (name, stream) in copy.streams {
      guard let mine = streams[name], mine.openedAt == stream.openedAt,
        mine.revision == stream.revision
      else { continue }
      streams[name]?.contents.engine = stream.contents.engine
    }
  }
}
