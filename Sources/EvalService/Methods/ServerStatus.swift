import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let serverStatus = Method<Server>(
    name: "server/status", summary: "Counters and memory of the daemon.",
    resultSchema: #"{"type": "object", "required": ["version", "streams", "memory"]}"#
  ) { server, _, writer throws(RPCError) in
    writer.beginObject()
    writer.field("version", server.version)
    writer.field("uptime_seconds", max(0, server.clock() - server.startTime))
    writer.field("streams", server.streams.count)
    writer.field("pushes", server.counters.pushes)
    writer.field("rows", server.counters.rows)
    writer.field("rejected_batches", server.counters.rejectedBatches)
    writer.field("queries", server.counters.queries)
    writer.key("memory")
    writer.beginObject()
    writer.field("accounted_bytes", server.accountedBytes)
    writer.field("max_memory_bytes", server.limits.maxMemoryBytes)
    writer.endObject()
    // Nothing is recovered without a state directory.
    writer.field("recovery", Value.null)
    writer.endObject()
  }
}
