#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets `ps` find a daemon that listens at a path of its own: a symbolic link to its socket, in the
/// directory for names. Nothing else needs it, so a daemon does without where it can't be made.
struct Signpost {
  static let suffix = ".at"

  private let link: String

  init?(to address: SocketAddress) {
    let directory = SocketDirectory.own()
    guard (try? SocketDirectory.make(directory)) != nil,
      let whole = realpath(address.directory, nil)
    else { return nil }
    defer { free(whole) }
    let file =
      address.path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? ""
    link = "\(directory)/\(getpid())\(Self.suffix)"
    // One that was killed had our number before us.
    unlink(link)
    guard symlink("\(String(cString: whole))/\(file)", link) == 0 else { return nil }
  }

  /// Where such a link leads; nil where it is none.
  static func target(of link: String) -> SocketAddress? {
    guard let path = linkTarget(link) else { return nil }
    return try? SocketAddress(path: path)
  }

  func remove() { unlink(link) }
}

/// What a symbolic link says; nil where it is none.
func linkTarget(_ link: String) -> String? {
  var room = [CChar](repeating: 0, count: 4096)
  let count = readlink(link, &room, room.count)
  guard count > 0 else { return nil }
  return String(decoding: room.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
