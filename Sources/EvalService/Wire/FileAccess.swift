import EvalMetrics

/// Why a file cannot be read or written.
public struct FileFault: Error, Sendable {
  public var message: String
  public var hint: String

  public init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }
}

/// Files, for the methods that take a `path`. It is handed in, since the service touches no descriptor.
public struct FileAccess: Sendable {
  /// All bytes of a regular file of at most so many.
  public var read: @Sendable (_ path: String, _ limit: Int) -> Result<[UInt8], FileFault>
  /// Puts a file with these bytes in place of what is there: the whole of it, or nothing. Nil when that succeeds.
  public var write: @Sendable (_ path: String, _ bytes: [UInt8]) -> FileFault?

  public init(
    read: @escaping @Sendable (String, Int) -> Result<[UInt8], FileFault>,
    write: @escaping @Sendable (String, [UInt8]) -> FileFault?
  ) {
    self.read = read
    self.write = write
  }

  /// Where no files are handed in.
  static let none = FileAccess(
    read: { _, _ in .failure(FileFault("this evald reads no files", hint: "send the state inline"))
    },
    write: { _, _ in FileFault("this evald writes no files", hint: "ask for the state inline") })
}

extension FileAccess {
  /// For tasks whose options name files.
  var reader: FileReader {
    { path, mostBytes in read(path, mostBytes).mapError { FileFailure($0.message) } }
  }
}
