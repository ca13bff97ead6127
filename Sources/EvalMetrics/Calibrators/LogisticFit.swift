extension SortedScores {
  /// The temperature of least log loss; nil when no finite positive one is best, as for scores that
  /// separate the classes, or order them the wrong way.
  func temperature(_ kind: ScoreKind) -> CalibrationMap? {
    let found = once("temperature:\(kind)") { minimizeLogLoss(kind, withIntercept: false) }
    guard let slope = found?.slope, slope > 0 else { return nil }
    return .temperature(1 / slope)
  }

  /// The slope and intercept of least log loss; nil when the classes are separated.
  func platt(_ kind: ScoreKind) -> CalibrationMap? {
    once("platt:\(kind)") { minimizeLogLoss(kind, withIntercept: true) }
      .map { .platt(slope: $0.slope, intercept: $0.intercept) }
  }

  /// Newton's method with halved steps; the loss is convex, so it finds the one minimum if there is one.
  private func minimizeLogLoss(
    _ kind: ScoreKind, withIntercept: Bool
  ) -> (slope: Double, intercept: Double)? {
    if isSeparated(kind, withIntercept: withIntercept) { return nil }
    var place = (slope: 0.0, intercept: 0.0)
    if withIntercept { place.intercept = Elementary.log(positives / negatives) }
    var here = slopeAndCurvature(kind, place, withIntercept)
    for _ in 0..<200 {
      guard let step = here.newtonStep() else { return nil }
      var scale = 1.0
      var next = here
      var target = place
      repeat {
        target = (place.slope - scale * step.0, place.intercept - scale * step.1)
        next = slopeAndCurvature(kind, target, withIntercept)
        scale /= 2
      } while !next.isBetter(than: here) && scale > 1e-10
      // No step leads further down: this is the minimum to the last bits.
      if !next.isBetter(than: here) { return place }
      place = target
      here = next
    }
    return place
  }

  /// Whether the loss has no minimum: some line, through the origin without an intercept, puts every
  /// positive on one side and every negative on the other.
  private func isSeparated(_ kind: ScoreKind, withIntercept: Bool) -> Bool {
    var visitor = ExtremesVisitor(kind: kind)
    walk(&visitor)
    let (ones, zeros) = (visitor.positives, visitor.negatives)
    if withIntercept { return ones.low >= zeros.high || ones.high <= zeros.low }
    return (ones.low >= 0 && zeros.high <= 0) || (ones.high <= 0 && zeros.low >= 0)
  }

  private func slopeAndCurvature(
    _ kind: ScoreKind, _ place: (slope: Double, intercept: Double), _ withIntercept: Bool
  ) -> LogisticVisitor {
    var visitor = LogisticVisitor(
      kind: kind, slope: place.slope, intercept: place.intercept, withIntercept: withIntercept)
    walk(&visitor)
    return visitor
  }
}

private struct ExtremesVisitor: ScoreVisitor {
  let kind: ScoreKind
  var positives = (low: Double.infinity, high: -Double.infinity)
  var negatives = (low: Double.infinity, high: -Double.infinity)

  init(kind: ScoreKind) { self.kind = kind }

  mutating func visit(_ score: Double, _ ones: Double, _ zeros: Double) {
    let z = kind.logOdds(score)
    if ones > 0 { positives = (min(positives.low, z), max(positives.high, z)) }
    if zeros > 0 { negatives = (min(negatives.low, z), max(negatives.high, z)) }
  }
}

/// The log loss at a point, with its first and second derivatives.
private struct LogisticVisitor: ScoreVisitor {
  let kind: ScoreKind
  let slope: Double
  let intercept: Double
  let withIntercept: Bool
  var loss = CompensatedSum()
  private var gradient = (CompensatedSum(), CompensatedSum())
  private var curvature = (CompensatedSum(), CompensatedSum(), CompensatedSum())

  init(kind: ScoreKind, slope: Double, intercept: Double, withIntercept: Bool) {
    self.kind = kind
    self.withIntercept = withIntercept
    self.slope = slope
    self.intercept = intercept
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    let z = kind.logOdds(score)
    let t = slope * z + intercept
    let (p, q) = ScoreKind.logit.probabilities(t)
    // -log sigma(t) = log(1 + exp(-t)), without overflow.
    let soft = Elementary.log1p(Elementary.exp(-abs(t)))
    loss.add(positives * (soft + max(-t, 0)) + negatives * (soft + max(t, 0)))
    let residual = negatives * p - positives * q
    gradient.0.add(residual * z)
    gradient.1.add(residual)
    let weight = (positives + negatives) * p * q
    curvature.0.add(weight * z * z)
    curvature.1.add(weight * z)
    curvature.2.add(weight)
  }

  /// Whether it lies further down. Near the minimum the loss is flat to its last bits for a long way,
  /// and only the slope still tells.
  func isBetter(than other: LogisticVisitor) -> Bool {
    let difference = other.loss.value - loss.value
    if abs(difference) > 1e-9 * other.loss.value { return difference > 0 }
    return steepness < other.steepness
  }

  private var steepness: Double {
    abs(gradient.0.value) + (withIntercept ? abs(gradient.1.value) : 0)
  }

  /// Where Newton's method goes from here; nil where the loss is flat.
  func newtonStep() -> (Double, Double)? {
    let (g, h) = (gradient.0.value, gradient.1.value)
    let (a, b, c) = (curvature.0.value, curvature.1.value, curvature.2.value)
    if !withIntercept { return a > 0 ? (g / a, 0) : nil }
    let determinant = a * c - b * b
    guard determinant > 0 else { return nil }
    return ((c * g - b * h) / determinant, (a * h - b * g) / determinant)
  }
}
