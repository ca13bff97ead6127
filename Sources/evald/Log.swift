/// How much is said on standard error.
enum LogLevel: String, Sendable, Comparable {
  case error
  case warning
  case info
  case debug

  private var rank: Int {
    switch self {
    case .error: return 0
    case .warning: return 1
    case .info: return 2
    case .debug: return 3
    }
  }

  static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}

/// Lines on standard error. A line that nobody takes at once is dropped: no reader of a log can
/// hold up evald.
struct Log {
  let level: LogLevel

  func error(_ message: @autoclosure () -> String) { write(.error, message) }
  func warning(_ message: @autoclosure () -> String) { write(.warning, message) }
  func info(_ message: @autoclosure () -> String) { write(.info, message) }

  private func write(_ level: LogLevel, _ message: () -> String) {
    guard level <= self.level else { return }
    writeToStandardError("evald: \(level.rawValue): \(message())\n")
  }
}

/// Says on standard error why a command is not done. What came from outside stays on one line.
func complain(_ message: String) {
  var text = ""
  for scalar in message.unicodeScalars {
    if scalar.value < 0x20 || scalar.value == 0x7F {
      text += scalar.escaped(asASCII: true)
    } else {
      text.unicodeScalars.append(scalar)
    }
  }
  writeToStandardError("evald: \(text)\n")
}
