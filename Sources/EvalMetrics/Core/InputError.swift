/// Why a batch, an option or a request cannot be accepted, and where the fault lies.
public struct InputError: Error, Sendable, Equatable {
  /// A step of the path from the batch or the parameters to the fault.
  public enum Step: Sendable, Equatable {
    case key(String)
    case index(Int)
  }

  /// Which of the protocol's error kinds it is.
  public enum Kind: String, Sendable {
    case invalidBatch = "InvalidBatch"
    case invalidParams = "InvalidParams"
    case unknownMetric = "UnknownMetric"
    case unknownTask = "UnknownTask"
    case notApplicable = "NotApplicable"
    case tooManyValues = "TooManyValues"
    case schemaMismatch = "SchemaMismatch"
    case memoryLimit = "MemoryLimit"
    case duplicateIDs = "DuplicateIds"
    case stateDamaged = "StateDamaged"
    case stateTooNew = "StateTooNew"
    case durabilityFailed = "DurabilityFailed"
  }

  public var kind: Kind
  public var path: [Step]
  public var message: String
  public var hint: String
  /// How many there are of what the message names, where a sender may want to know.
  public var count: Int?
  /// For a name that is not known: that name, and those that are. Whoever knows the wire makes the hint of them.
  public var unknown: UnknownName?

  /// A name that is not known, and the names that could have been meant.
  public struct UnknownName: Sendable, Equatable {
    public var name: String
    public var known: [String]
  }

  public init(_ kind: Kind, _ path: [Step], _ message: String, hint: String) {
    self.kind = kind
    self.path = path
    self.message = message
    self.hint = hint
  }

  /// A name that is not known.
  public static func unknownName(
    _ kind: Kind, _ path: [Step], _ what: String, _ name: String, known: [String]
  ) -> InputError {
    var error = InputError(kind, path, "unknown \(what) \(Value.text(name).brief)", hint: "")
    error.unknown = UnknownName(name: name, known: known)
    return error
  }

  /// A fault of a batch, at a column and perhaps a row.
  public static func batch(
    _ column: String, row: Int? = nil, _ message: String, hint: String
  ) -> InputError {
    var path: [Step] = [.key(column)]
    if let row { path.append(.index(row)) }
    return InputError(.invalidBatch, path, message, hint: hint)
  }

  /// The same fault of a batch, where its rows are only these of the rows that were sent.
  func numberingRows(_ rows: [Int]?) -> InputError {
    guard let rows, path.count == 2, case .index(let row) = path[1], rows.indices.contains(row)
    else { return self }
    var copy = self
    copy.path[1] = .index(rows[row])
    return copy
  }

  /// The same fault, seen from further out.
  public func under(_ prefix: [Step]) -> InputError {
    var copy = self
    copy.path = prefix + path
    return copy
  }
}
