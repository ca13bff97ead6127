import WireJSON

/// A well-formed request or notification. Not copied, since each copy would retain its parts.
struct Message: ~Copyable {
  /// A string or an integer; nil for a notification.
  var id: JSONValue?
  /// A string.
  var method: JSONValue
  var params: JSONValue?

  /// The name of the method.
  var methodName: String { method.string ?? "" }
}

/// A message that is none, with the id to answer under (nil: null).
struct EnvelopeError: Error {
  var error: RPCError
  var id: JSONValue?
}

/// The keys of an envelope, and the one version.
struct EnvelopeKeys {
  let id = ShortKey("id")
  let version = ShortKey("jsonrpc")
  let method = ShortKey("method")
  let params = ShortKey("params")
  let two = ShortKey("2.0")
}

/// Whether a raw JSON value may be an id: a string, or an integer of 64 bits.
func isValidID(_ value: JSONValue) -> Bool {
  switch value.kind {
  case .string: return true
  case .number: return value.isInteger64
  case .null, .bool, .array, .object: return false
  }
}

/// Reads the envelope of one message; what is no valid request is refused as JSON-RPC 2.0 says.
func readMessage(
  _ value: JSONValue, _ keys: EnvelopeKeys
) throws(EnvelopeError) -> Message {
  func refuse(_ message: String, _ path: String, _ hint: String, id: JSONValue?) -> EnvelopeError {
    EnvelopeError(
      error: RPCError(.invalidRequest, message, path: path, hint: hint), id: id)
  }
  guard value.kind == .object else {
    throw refuse(
      "a message must be an object", "", "send {\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": …}",
      id: nil)
  }
  let (id, version, method, params) = value.members(
    keys.id, keys.version, keys.method, keys.params)
  if let id, !isValidID(id) {
    throw refuse(
      "an id must be a string or an integer of 64 bits", "/id",
      "leave the id out for a notification", id: nil)
  }
  guard let version, version.stringEquals(keys.two) else {
    throw refuse("\"jsonrpc\" must be \"2.0\"", "/jsonrpc", "add \"jsonrpc\": \"2.0\"", id: id)
  }
  guard let method else {
    if value["result"] != nil || value["error"] != nil {
      // Under a null id: its id is one of the peer's making, and might name a request of its own.
      throw refuse(
        "this is a response, but the server sends no requests", "", "send requests only", id: nil)
    }
    throw refuse("\"method\" is missing", "/method", "", id: id)
  }
  guard method.kind == .string else {
    throw refuse("\"method\" must be a string", "/method", "", id: id)
  }
  switch params?.kind {
  case .object, .array, nil: return Message(id: id, method: method, params: params)
  // Many LSP clients send a null where there is nothing to say.
  case .null: return Message(id: id, method: method, params: nil)
  case .bool, .number, .string:
    throw refuse("\"params\" must be an object", "/params", "name the parameters", id: id)
  }
}

/// The id among the members that a broken line had before it broke.
func recoveredID(_ error: JSONParseError) -> [UInt8]? {
  guard let raw = error.topLevelMembers.first(where: { $0.key == "id" })?.rawValue,
    let document = try? JSONDocument(parsing: raw, maxDepth: 2), isValidID(document.root)
  else { return nil }
  return raw
}

/// The id of a line of which only the first bytes are known.
func recoveredID(prefix: [UInt8], maxDepth: Int) -> [UInt8]? {
  do {
    let root = try JSONDocument(parsing: prefix, maxDepth: maxDepth).root
    guard root.kind == .object, let id = root["id"], isValidID(id) else { return nil }
    return id.rawText
  } catch {
    // A number that ends where the prefix ends may go on beyond it.
    guard let id = recoveredID(error), id.first == UInt8(ascii: "\"") || !prefix.ends(with: id)
    else { return nil }
    return id
  }
}

extension [UInt8] {
  fileprivate func ends(with tail: [UInt8]) -> Bool {
    suffix(tail.count).elementsEqual(tail)
  }
}

// MARK: - Writing

extension JSONWriter {
  /// `{"jsonrpc":"2.0","id":…` — the object stays open.
  mutating func beginReply(id: [UInt8]?) {
    beginReply()
    if let id { raw(id) } else { null() }
  }

  /// The same under an id as it was sent.
  mutating func beginReply(id: JSONValue) {
    beginReply()
    raw(id)
  }

  private mutating func beginReply() {
    beginObject()
    plain(#""jsonrpc":"2.0","id":"#)
  }

  /// A whole error reply.
  mutating func errorReply(_ error: RPCError, id: [UInt8]?) {
    beginReply(id: id)
    errorMember(error)
    endObject()
  }

  /// Writes the member `error` of a reply, or of a notification that tells of one.
  public mutating func errorMember(_ error: RPCError) {
    key("error")
    beginObject()
    field("code", error.code)
    field("message", error.message)
    key("data")
    beginObject()
    field("kind", error.kind)
    field("path", error.path)
    field("hint", error.hint)
    if let offset = error.offset { field("offset", offset) }
    for (name, value) in error.data {
      key(name)
      self.value(value)
    }
    endObject()
    endObject()
  }

  /// Writes any value.
  mutating func value(_ value: RPCValue) {
    switch value {
    case .null: null()
    case .bool(let bool): self.bool(bool)
    case .int(let int): self.int(int)
    case .double(let double): self.double(double)
    case .string(let string): self.string(string)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let members):
      beginObject()
      for (name, member) in members {
        key(name)
        self.value(member)
      }
      endObject()
    }
  }
}
