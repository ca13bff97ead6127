import EvalMetrics
import JSONRPC

extension Server {
  /// Makes a change that was written down, when it is made and again when the journal is read.
  mutating func apply(_ change: Change) {
    switch change {
    case .alter(let stream, let metrics, let metadata):
      update(stream) { stream in
        stream.metrics = metrics ?? stream.metrics
        stream.metadata = metadata ?? stream.metadata
      }
    case .refuse(let stream, let sender, let taint):
      // The record was written just now; of one that is read again, all is durable.
      let record = journal?.look { $0.next - 1 } ?? 0
      let durable = journal?.durableNumber ?? 0
      update(stream) { stream in
        if let sender {
          stream.contents.producers.note(
            sender, isRefused: true, record: record, durableTo: durable)
        }
        stream.contents.taint.add(taint)
        stream.refusals.add(taint)
      }
    case .mark(let stream, let row):
      update(stream) { $0.close(row) }
      changes += 1
    case .reset(let stream):
      update(stream) { $0.reset() }
      changes += 1
    case .delete(let stream):
      remove(stream)
      changes += 1
    case .acknowledge(let stream):
      update(stream) { $0.contents.taint = Refusals() }
    case .checkpoint(let name, let stream, let keep):
      changes += 1
      let clock = changes
      for stream in chosen(stream) {
        update(stream) { $0.checkpoint(name, keep: keep, clock: clock) }
      }
    case .rollback(let name, let stream):
      let chosen = chosen(stream)
      guard let clock = chosen.compactMap({ streams[$0]?.checkpoint(name)?.clock }).max() else {
        return
      }
      changes += 1
      for stream in chosen { update(stream) { $0.rollBack(to: name, clock: clock) } }
    case .open, .push, .merge, .restore: break  // these can fail, and are made by their methods
    }
  }

  /// The stream of this name, or all of them in order.
  func chosen(_ stream: Name?) -> [Name] { stream.map { [$0] } ?? streams.keys.sorted() }

  /// Makes a change that a journal holds. It was made before, so a failure is damage.
  mutating func replay(_ change: Change) throws(StateError) {
    switch change {
    case .open(let opening):
      guard streams[opening.name] == nil else { throw StateError("a stream is opened twice") }
      let stream = try opening.stream(openedAt: changes + 1)
      changes += 1
      add(stream)
    case .push(let name, let sender, let columns):
      guard let place = streams.index(forKey: name) else { return }
      try Self.asStateError { () throws(InputError) in
        try streams.values[place].apply(columns, from: sender)
      }
      update(name) { _ in }
      changes += 1
    case .merge(let name, let files, let bytes):
      let file = try StateFile(bytes)
      do throws(RPCError) {
        _ = try merge(file, into: name, files: files.reader, keepsFiles: true, at: "") {
          _ throws(RPCError) in
        }
      } catch { throw StateError(error.message) }
    case .restore(let name, let checkpoint, let files, let bytes):
      let file = try CheckpointFile(bytes)
      do throws(RPCError) {
        try restore(file, into: name, as: checkpoint, files: files.reader, at: "") {
          _, _ throws(RPCError) in
        }
      } catch { throw StateError(error.message) }
    default: apply(change)
    }
  }

  private static func asStateError(_ body: () throws(InputError) -> Void) throws(StateError) {
    do throws(InputError) { try body() } catch { throw StateError(error.message) }
  }
}
