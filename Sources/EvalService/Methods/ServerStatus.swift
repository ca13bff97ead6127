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
    writer.recovery(server.recoveryReport)
    writer.durability(server.journal)
    writer.endObject()
  }
}

extension JSONWriter {
  /// Writes what starting on the state directory found; null without one.
  fileprivate mutating func recovery(_ report: RecoveryReport?) {
    guard let report else { return field("recovery", Value.null) }
    key("recovery")
    beginObject()
    field("snapshot", report.snapshot)
    field("records", report.records)
    field("torn_bytes", report.tornBytes)
    field("quarantined", report.quarantined)
    field("warnings", report.warnings)
    field("seconds", report.seconds)
    endObject()
  }

  /// Writes how the state directory is; null without one.
  fileprivate mutating func durability(_ journal: Journal?) {
    guard let journal else { return field("durability", Value.null) }
    let durable = journal.durableNumber
    key("durability")
    beginObject()
    field("mode", journal.durability.rawValue)
    let (state, error, generation, written, replay, snapshot) = journal.look {
      (
        $0.fault == nil ? "ok" : "failed", $0.lastError, $0.generation, $0.next - 1,
        $0.replayBytes, $0.snapshotBytes
      )
    }
    field("state", state)
    field("error", error.map(Value.text) ?? .null)
    field("generation", generation)
    field("written_records", written)
    field("durable_records", durable)
    field("journal_bytes", replay)
    field("snapshot_bytes", snapshot)
    endObject()
  }
}
