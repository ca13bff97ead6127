/// Why a file of the state directory could not be read or written.
public struct StorageFault: Error, Sendable, Equatable {
  public var message: String

  public init(_ message: String) { self.message = message }
}

/// A file of the state directory that is open for writing at its end.
public protocol StorageFile: AnyObject, Sendable {
  /// Appends bytes. When it throws, any part of them may have been written.
  func append(_ bytes: [UInt8]) throws(StorageFault)
  /// Cuts the file to this length.
  func truncate(to length: Int) throws(StorageFault)
  /// Returns once all that was appended is on the disk. After a failure the file is worth nothing more: the
  /// system may have dropped what it could not write, and say of the next try that all is well.
  func sync() throws(StorageFault)
}

/// The state directory, handed in: the service touches no file. Calls may come from several threads.
public protocol StateStorage: AnyObject, Sendable {
  /// The names of the files that are there.
  func names() throws(StorageFault) -> [String]
  /// The length of a file.
  func size(of name: String) throws(StorageFault) -> Int
  /// So many bytes from this place on; fewer at the end of the file.
  func read(_ name: String, at offset: Int, count: Int) throws(StorageFault) -> [UInt8]
  /// An empty file of this name, in place of what is there.
  func create(_ name: String) throws(StorageFault) -> any StorageFile
  /// A file that is there.
  func open(_ name: String) throws(StorageFault) -> any StorageFile
  /// Gives a file another name, in place of what has it.
  func rename(_ name: String, to other: String) throws(StorageFault)
  func remove(_ name: String) throws(StorageFault)
  /// Returns once names that were made, changed or removed are on the disk.
  func syncDirectory() throws(StorageFault)
  /// Sixteen bytes that no other file has.
  func freshID() -> [UInt8]
  /// Sixteen bytes that change when the machine starts anew; zeros where that is not known.
  var bootID: [UInt8] { get }
}

/// How soon what was acknowledged survives the loss of power. The end of the process it survives at once.
public enum Durability: String, Sendable, CaseIterable {
  /// When the system gets to it.
  case os
  /// Within a second.
  case interval
  /// Before it is acknowledged.
  case disk
}

/// Why a state directory cannot be used.
public enum RecoveryError: Error, Sendable, Equatable {
  /// Something that was safely written is not there any more; names file and offset.
  case damaged(String)
  /// A newer evald wrote it.
  case tooNew(String)
  /// The system refuses to read or write.
  case unusable(String)

  public var message: String {
    switch self {
    case .damaged(let text), .tooNew(let text), .unusable(let text): text
    }
  }
}

/// The names of the files of a state directory.
enum StateFileName {
  static let format = "FORMAT"
  static let manifest = "MANIFEST"
  static let quarantine = "quarantine/"
  static let unfinished = ".tmp"

  static func journal(_ generation: UInt64) -> String { "wal-\(digits(generation)).evj" }
  static func snapshot(_ generation: UInt64) -> String { "snap-\(digits(generation)).evs" }

  /// The generations of the journals that are there, ascending.
  static func journals(_ names: [String]) -> [UInt64] { generations(names, "wal-", ".evj") }
  /// The generations of the snapshots that are there, ascending.
  static func snapshots(_ names: [String]) -> [UInt64] { generations(names, "snap-", ".evs") }

  private static func digits(_ generation: UInt64) -> String {
    let text = String(generation)
    return String(repeating: "0", count: max(0, 20 - text.count)) + text
  }

  private static func generations(
    _ names: [String], _ prefix: String, _ suffix: String
  ) -> [UInt64] {
    names.compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
      let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
      guard digits.count == 20, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        return nil
      }
      // No evald has made so many.
      return UInt64(digits).flatMap { $0 < 1 << 62 ? $0 : nil }
    }.sorted()
  }
}
