import WireJSON

/// The limits that the dispatcher itself keeps, told by `initialize`.
public struct MessageLimits: Sendable {
  /// The longest line in bytes, without its LF.
  public var maxLineBytes = 64 << 20
  /// The deepest nesting of arrays and objects.
  public var maxDepth = 64
  /// The most messages in one batch array.
  public var maxBatchMessages = 1000
  /// Once the replies of a batch array take this many bytes, its further requests are refused as
  /// Overloaded. One reply alone is for the service to bound.
  public var maxBatchReplyBytes = 32 << 20
  /// The defaults.
  public init() {}
}

/// What a service says about itself.
public struct ServiceInfo: Sendable {
  /// The name of the program, told by `initialize` and `rpc.discover`.
  public var name: String
  /// Its version.
  public var version: String
  /// The protocol versions it speaks, rising.
  public var protocolVersions: [Int]
  /// Writes the members of `capabilities` into an object that is open.
  public var capabilities: @Sendable (inout JSONWriter) -> Void
  /// Writes the members of `limits` that are not in `MessageLimits` into an object that is open.
  public var limits: @Sendable (inout JSONWriter) -> Void
  /// The service's own kinds of errors, for `rpc.discover`.
  public var errors: [ErrorKind]
  /// The notifications it sends, for `rpc.discover`.
  public var notifications: [ServerNotification]

  /// Describes a service.
  public init(
    name: String, version: String, protocolVersions: [Int] = [1], errors: [ErrorKind] = [],
    notifications: [ServerNotification] = [],
    capabilities: @escaping @Sendable (inout JSONWriter) -> Void = { _ in },
    limits: @escaping @Sendable (inout JSONWriter) -> Void = { _ in }
  ) {
    self.name = name
    self.version = version
    self.protocolVersions = protocolVersions
    self.errors = errors
    self.notifications = notifications
    self.capabilities = capabilities
    self.limits = limits
  }
}
