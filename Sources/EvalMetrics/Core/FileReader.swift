/// Reads a file whole, if it is one and no longer than so many bytes. Handed in: this target does no I/O.
public typealias FileReader =
  @Sendable (_ path: String, _ mostBytes: Int) -> Result<[UInt8], FileFailure>

/// Why a file could not be read.
public struct FileFailure: Error, Sendable {
  public var message: String

  public init(_ message: String) { self.message = message }
}
