/// The option by which a stream's numbers say what model they come from.
enum ModelName {
  /// What a name may take in UTF-8.
  private static let longest = 200

  static let option = OptionSpec(
    "model", .custom("a name"), default: .null,
    "what made the numbers, such as a checkpoint; it stands in every signature")

  /// The name, if there is one; what would break a signature up is refused.
  static func read(_ options: Arguments) throws(InputError) -> String? {
    if options["model"] == .null { return nil }
    guard let name = options["model"].string, (1...longest).contains(name.utf8.count),
      !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "|") })
    else {
      throw InputError(
        .invalidParams, [.key("model")],
        "model must be a string of 1 to \(longest) bytes; it is \(options["model"].brief)",
        hint: "without control characters and \"|\"")
    }
    return name
  }
}
