// Parts that records and snapshots share, as bytes.
import EvalMetrics
import JSONRPC
import Locks

/// A file that an option named, as it was read when the stream was made: it may be gone later.
struct KeptFile: Sendable, Equatable {
  var path: Name
  var bytes: [UInt8]
}

extension [KeptFile] {
  var byteCount: Int { reduce(0) { $0 + $1.path.text.utf8.count + $1.bytes.count } }

  /// Reads these files and no others.
  var reader: FileReader {
    { path, mostBytes in
      guard let file = first(where: { $0.path == Name(path) }), file.bytes.count <= mostBytes else {
        return .failure(FileFailure("\(path) was not kept"))
      }
      return .success(file.bytes)
    }
  }
}

/// Keeps what is read through it.
final class FileTrace: Sendable {
  private let inner: FileReader
  private let found = Lock<[KeptFile]>([])

  init(_ inner: @escaping FileReader) { self.inner = inner }

  var files: [KeptFile] { found.withLock(\.self) }

  var reader: FileReader {
    { path, mostBytes in
      let result = self.inner(path, mostBytes)
      if case .success(let bytes) = result {
        self.found.withLock { $0.append(KeptFile(path: Name(path), bytes: bytes)) }
      }
      return result
    }
  }
}

extension StateWriter {
  mutating func write<T>(optional value: T?, _ body: (inout StateWriter, T) -> Void) {
    write(UInt8(value == nil ? 0 : 1))
    if let value { body(&self, value) }
  }

  mutating func write(_ sender: Sender?) {
    write(optional: sender) { writer, sender in
      writer.write(sender.producer)
      writer.write(sender.number)
    }
  }

  mutating func write(_ metrics: [MetricRequest], task: String) {
    write(UInt64(metrics.count))
    for metric in metrics { Tasks.value(of: metric, task: task).encode(into: &self) }
  }

  mutating func write(_ files: [KeptFile]) {
    write(UInt64(files.count))
    for file in files {
      write(file.path)
      write(file.bytes)
    }
  }
}

extension StateReader {
  mutating func readOptional<T>(
    _ body: (inout StateReader) throws(StateError) -> T
  ) throws(StateError) -> T? {
    switch try read(UInt8.self) {
    case 0: nil
    case 1: try body(&self)
    default: throw StateError("a choice is neither 0 nor 1")
    }
  }

  /// A count that is no length of what follows.
  mutating func readCounter() throws(StateError) -> Int {
    guard let count = Int(exactly: try read(UInt64.self)) else {
      throw StateError("a count is out of range")
    }
    return count
  }

  mutating func readSender() throws(StateError) -> Sender? {
    try readOptional { reader throws(StateError) in
      let producer = try reader.readName()
      return Sender(producer: producer, number: try reader.read())
    }
  }

  mutating func readMetrics(task: String) throws(StateError) -> [MetricRequest] {
    var metrics: [MetricRequest] = []
    for _ in 0..<(try readCount()) {
      let value = try Value(from: &self)
      do throws(InputError) {
        metrics.append(try Tasks.resolve(value, task: task))
      } catch { throw StateError(error.message) }
    }
    return metrics
  }

  mutating func readFiles() throws(StateError) -> [KeptFile] {
    var files: [KeptFile] = []
    for _ in 0..<(try readCount(ofSize: 16)) {
      let path = try readName()
      files.append(KeptFile(path: path, bytes: try readArray()))
    }
    return files
  }
}
