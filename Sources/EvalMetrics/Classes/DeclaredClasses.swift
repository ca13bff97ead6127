/// What a stream says of its classes when it is opened.
public enum DeclaredClasses: Sendable, Equatable {
  /// Nothing: classes are those that come.
  case asSeen
  /// The integers 0 ..< count.
  case count(Int)
  /// These, in this order.
  case names([ClassName])

  /// The most classes that a stream may have, declared or seen.
  public static let limit = 1_000_000

  /// The option by which they are declared.
  public static let option = OptionSpec(
    "classes", .custom("a count, or a list of names"), default: .null,
    "a count, for the integers from 0, or the names in order; left out, classes are those that come"
  )

  /// Reads the option: a count, or a list of different strings and integers.
  public init(_ option: Value) throws(InputError) {
    switch option {
    case .null: self = .asSeen
    case .list(let values): self = .names(try Self.names(values))
    default:
      guard let count = option.exactInteger, (1...Self.limit).contains(count) else {
        throw Self.fault([], "classes is \(option.brief)")
      }
      self = .count(count)
    }
  }

  private static func names(_ values: [Value]) throws(InputError) -> [ClassName] {
    guard (1...limit).contains(values.count) else {
      throw fault([], "classes lists \(values.count) names")
    }
    var names: [ClassName] = []
    names.reserveCapacity(values.count)
    var known: Set<ClassName> = []
    for (index, value) in values.enumerated() {
      guard let name = ClassName(value) else {
        throw fault([.index(index)], "a class is \(value.brief)")
      }
      guard known.insert(name).inserted else {
        throw fault([.index(index)], "the class \(value.brief) is named twice")
      }
      names.append(name)
    }
    return names
  }

  private static func fault(_ path: [InputError.Step], _ message: String) -> InputError {
    InputError(
      .invalidParams, [.key("classes")] + path, message,
      hint: "a count from 1 to \(limit), or a list of different strings and integers")
  }
}
