/// Why a metric has no value. The list is closed: it is part of the protocol.
public enum Reason: String, Sendable, CaseIterable {
  case noRows = "no_rows"
  case oneClass = "one_class"
  case noPositives = "no_positives"
  case noNegatives = "no_negatives"
  case noPredictedPositives = "no_predicted_positives"
  case zeroDivision = "zero_division"
  case noVariation = "no_variation"
  case tooFewRows = "too_few_rows"
  case overflow
  case notEnoughSamples = "not_enough_samples"
  case absentClass = "absent_class"
  case infeasible
  case diverges
  case needsScores = "needs_scores"
  case needsProbabilities = "needs_probabilities"
  case notKept = "not_kept"
}

/// Guaranteed bounds of the numbers of a record: two records with its fields.
public struct FieldBounds: Sendable, Equatable {
  public var low: Value
  public var high: Value
}

/// What a metric says of a state: a value, or the reason why there is none. Never a stand-in number.
public struct Answer: Sendable, Equatable {
  /// The value; nil when it is undefined, and then `reason` says why.
  public var value: Value?
  public var reason: Reason?
  /// Guaranteed bounds, present only beside an approximate value.
  public var bounds: ClosedRange<Double>?
  /// The same where the value is a record.
  public var fieldBounds: FieldBounds?
  /// What the rows add to the signature, such as how many references they have: "key:value" each.
  public var notes: [String] = []

  /// A number; one that is not finite becomes `overflow`, since no answer may stand for another.
  public static func value(_ x: Double) -> Answer {
    x.isFinite ? Answer(value: .number(x)) : .undefined(.overflow)
  }

  /// A structured value.
  public static func value(_ value: Value) -> Answer { Answer(value: value) }

  /// No value, and why.
  public static func undefined(_ reason: Reason) -> Answer { Answer(reason: reason) }

  /// The number of a numeric answer.
  public var number: Double? { value?.exactDouble }

  init(value: Value? = nil, reason: Reason? = nil, bounds: ClosedRange<Double>? = nil) {
    self.value = value
    self.reason = reason
    self.bounds = bounds
  }
}
