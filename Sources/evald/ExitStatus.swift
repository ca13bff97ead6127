/// What a process that ends tells its parent.
enum ExitStatus {
  static let clean: Int32 = 0
  /// `exit` without `shutdown`; an error as the answer of `call`; nobody at the other end.
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  /// A state directory or a name that another process has.
  static let inUse: Int32 = 3
  /// A state directory that is damaged, or of a newer evald.
  static let damaged: Int32 = 4
  static let repliesUnread: Int32 = 5
}

/// Why a command can't be done, for standard error, and the status it ends with.
struct Refusal: Error, Equatable {
  var message: String
  var status: Int32 = ExitStatus.usage
}
