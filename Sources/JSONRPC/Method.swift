import WireJSON

/// One named parameter of a method.
public struct Parameter: Sendable {
  /// The key in `params`.
  public let name: String
  /// One sentence.
  public let summary: String
  /// Whether a request without it is refused.
  public let required: Bool
  /// A JSON Schema (draft 7) as JSON text.
  public let schema: String

  /// Describes a parameter. `schema` must be valid JSON: it is copied into `rpc.discover`.
  public init(_ name: String, _ summary: String, required: Bool = false, schema: String) {
    self.name = name
    self.summary = summary
    self.required = required
    self.schema = schema
  }
}

extension Parameter {
  static let progressToken = Parameter(
    "progress_token", "Names the request in $/progress, for clients with that capability.",
    schema: #"{"type": ["string", "integer"]}"#)
}

/// A method that a peer can call: what `rpc.discover` tells of it, and what it does.
///
/// A class, since every message looks one up and a copy would retain each of its parts.
public final class Method<Context>: Sendable {
  /// Reads the parameters and writes exactly one JSON value, the result. When it throws, all that
  /// it wrote is dropped and the error is sent instead, so it must not change the context first.
  public typealias Handler =
    @Sendable (inout Context, Params, inout JSONWriter) throws(RPCError) -> Void

  /// The name on the wire.
  public let name: String
  /// One sentence.
  public let summary: String
  /// The parameters it knows; all others are refused.
  public let parameters: [Parameter]
  /// The names of `parameters`, which every message is checked against.
  let parameterNames: NameIndex
  /// Those that no request goes without.
  let required: [String]
  /// A JSON Schema (draft 7) of the result, as JSON text.
  public let resultSchema: String
  /// The names of the error kinds of its own that it can answer with.
  public let errors: [String]
  /// Whether it changes nothing, so that it can be answered from a copy of the context.
  public let mayTakeLong: Bool
  let action: Action<Context>

  /// A method of the service. One that `mayTakeLong` changes nothing that others see, and takes a `progress_token`.
  public convenience init(
    name: String, summary: String, parameters: [Parameter] = [], resultSchema: String,
    errors: [String] = [], mayTakeLong: Bool = false, handler: @escaping Handler
  ) {
    self.init(
      name: name, summary: summary,
      parameters: parameters + (mayTakeLong ? [.progressToken] : []), resultSchema: resultSchema,
      errors: errors, mayTakeLong: mayTakeLong, action: .service(handler))
  }

  init(
    name: String, summary: String, parameters: [Parameter] = [], resultSchema: String,
    errors: [String] = [], mayTakeLong: Bool = false, action: Action<Context>
  ) {
    self.mayTakeLong = mayTakeLong
    self.name = name
    self.summary = summary
    self.parameters = parameters
    parameterNames = NameIndex(parameters.map(\.name))
    required = parameters.filter(\.required).map(\.name)
    self.resultSchema = resultSchema
    self.errors = errors
    self.action = action
  }
}

/// What a method does: the service's handler, or one of the dispatcher's own.
enum Action<Context>: Sendable {
  case service(Method<Context>.Handler)
  case initialize
  case shutdown
  case exit
  case discover
  case cancel

  /// Whether it changes the lifecycle, and so can't be part of a batch.
  var endsOrBeginsSession: Bool {
    switch self {
    case .initialize, .shutdown, .exit: return true
    case .service, .discover, .cancel: return false
    }
  }
}

/// A notification that the server sends, for the OpenRPC document (`x-notifications`).
public struct ServerNotification: Sendable {
  /// The name on the wire.
  public let name: String
  /// One sentence.
  public let summary: String
  /// The members of its `params`.
  public let parameters: [Parameter]

  /// Describes a notification.
  public init(name: String, summary: String, parameters: [Parameter]) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
  }
}
