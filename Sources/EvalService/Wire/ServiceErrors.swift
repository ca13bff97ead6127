import EvalMetrics
import JSONRPC

extension ErrorKind {
  static let streamNotFound = ErrorKind(
    code: 1001, name: "StreamNotFound", summary: "There is no stream of this name.")
  static let schemaMismatch = ErrorKind(
    code: 1002, name: "SchemaMismatch", summary: "The stream is open with another schema.")
  static let invalidBatch = ErrorKind(
    code: 1003, name: "InvalidBatch", summary: "A batch holds what its stream cannot take.")
  static let unknownTask = ErrorKind(
    code: 1004, name: "UnknownTask", summary: "There is no task of this name.")
  static let unknownMetric = ErrorKind(
    code: 1005, name: "UnknownMetric", summary: "The task has no metric of this name.")
  static let notApplicable = ErrorKind(
    code: 1006, name: "NotApplicable", summary: "The method does not fit what the stream holds.")
  static let checkpointNotFound = ErrorKind(
    code: 1007, name: "CheckpointNotFound", summary: "There is no checkpoint of this name.")
  static let outOfSequence = ErrorKind(
    code: 1011, name: "OutOfSequence", summary: "A batch before this one is missing.")
  static let alreadyRefused = ErrorKind(
    code: 1012, name: "AlreadyRefused", summary: "The batch of this number was refused before.")
  static let duplicateIDs = ErrorKind(
    code: 1013, name: "DuplicateIds", summary: "Two states share ids of rows.")
  static let resumeRefused = ErrorKind(
    code: 1014, name: "ResumeRefused", summary: "The stream is, or is not, there already.")
  static let memoryLimit = ErrorKind(
    code: 1022, name: "MemoryLimit", summary: "There is no room for this batch.")
  static let durabilityFailed = ErrorKind(
    code: 1023, name: "DurabilityFailed", summary: "Something could not be written to disk.")
  static let tooManyValues = ErrorKind(
    code: 1024, name: "TooManyValues", summary: "A count is over its upper limit.")
  static let stateTooNew = ErrorKind(
    code: 1032, name: "StateTooNew", summary: "A state was written by a newer evald.")
  static let stateDamaged = ErrorKind(
    code: 1033, name: "StateDamaged", summary: "A state is not what was written.")

  /// The kinds of the service, for `rpc.discover`.
  static let ofTheService: [ErrorKind] = [
    .streamNotFound, .schemaMismatch, .invalidBatch, .unknownTask, .unknownMetric, .notApplicable,
    .checkpointNotFound, .outOfSequence, .alreadyRefused, .duplicateIDs, .resumeRefused,
    .memoryLimit, .durabilityFailed, .tooManyValues, .stateTooNew, .stateDamaged,
  ]

  /// The kind of an error of the metrics.
  fileprivate init(_ kind: InputError.Kind) {
    self =
      switch kind {
      case .invalidBatch: .invalidBatch
      case .invalidParams: .invalidParams
      case .unknownMetric: .unknownMetric
      case .unknownTask: .unknownTask
      case .notApplicable: .notApplicable
      case .tooManyValues: .tooManyValues
      case .schemaMismatch: .schemaMismatch
      case .memoryLimit: .memoryLimit
      case .duplicateIDs: .duplicateIDs
      case .stateDamaged: .stateDamaged
      case .stateTooNew: .stateTooNew
      case .durabilityFailed: .durabilityFailed
      }
  }
}

extension RPCError {
  /// An error of the metrics as a peer sees it; `base` is the path of what they were given.
  init(_ error: InputError, at base: String) {
    var path = base
    for step in error.path {
      switch step {
      case .key(let key): path = jsonPointer(path, clipped(key))
      case .index(let index): path = jsonPointer(path, index)
      }
    }
    let hint = error.unknown.map { unknownNameHint($0.name, among: $0.known) } ?? error.hint
    self.init(
      ErrorKind(error.kind), error.message, path: path, hint: hint,
      data: error.count.map { [("count", .int($0))] } ?? [])
  }
}

/// Runs what can fail in the metrics' words, and fails in the wire's.
func translating<R>(
  at base: String, _ body: () throws(InputError) -> R
) throws(RPCError) -> R {
  do {
    return try body()
  } catch {
    throw RPCError(error, at: base)
  }
}
