extension Columns {
  /// A column of binary scores in its own type, checked: finite, and probabilities in [0, 1].
  ///
  /// [n, 2] is two scores a row, of the negative and the positive class. A probability outside [0, 1]
  /// by at most 1e-6 is set to the nearest and counted, since float32 softmaxes end a little outside.
  /// Where `hasPairs` is false, [n, 2] is refused as every other shape is.
  func scores(
    _ name: String, kind: ScoreKind, hasPairs: Bool = true, skippingNonFinite skips: Bool,
    notes: inout ReadNotes
  ) throws(InputError) -> ScoreColumn {
    let column = try typedScores(name, kind: kind, hasPairs: hasPairs)
    let limits: (low: Double, high: Double) =
      kind == .probability
      ? (0, 1) : (-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
    if column.isInside(limits.low, limits.high) { return column }
    var values = column.doubles
    for (row, x) in values.enumerated() where !(x >= limits.low && x <= limits.high) {
      if !x.isFinite {
        guard skips else {
          throw .batch(
            name, row: row, "\(name) holds \(Value.wireText(x))",
            hint: "open the stream with non_finite \"skip\" to leave such rows out")
        }
        notes.dropped.append(row)
        values[row] = 0
      } else if x < limits.low - 1e-6 || x > limits.high + 1e-6 {
        throw .batch(
          name, row: row, "a probability is \(x)",
          hint:
            "probabilities are in [0, 1]; say score_kind \"logit\" or \"score\" at stream/open for other scores"
        )
      } else {
        notes.clamped += 1
        values[row] = min(max(x, limits.low), limits.high)
      }
    }
    return .double(values)
  }

  private func typedScores(
    _ name: String, kind: ScoreKind, hasPairs: Bool
  ) throws(InputError) -> ScoreColumn {
    let column = try numbers(name)
    if column.width == 2 && column.shape.count == 2 && hasPairs {
      return try pairScores(column, name, kind)
    }
    guard column.width == 1 && column.shape.count <= 2 else {
      throw .batch(
        name, "\(name) has the shape \(column.shape), and one value a row is wanted",
        hint: hasPairs ? "send [n], [n, 1] or [n, 2]" : "send [n] or [n, 1]")
    }
    switch column.storage {
    case .float16(let x): return .half(x)
    case .bfloat16(let x): return .bfloat(x)
    case .float32(let x): return .single(x)
    case .float64(let x): return .double(x)
    // All 256 values are half-precision floats too.
    case .uint8(let x), .bool(let x): return .half(x.map { ScoreColumn.halfBits(of: $0) })
    default: return .double(try doubles(name).values)
    }
  }

  /// Two scores a row: the positive class's probability or score; for logits their difference.
  private func pairScores(
    _ column: NumericColumn, _ name: String, _ kind: ScoreKind
  ) throws(InputError) -> ScoreColumn {
    if kind != .logit {
      switch column.storage {
      case .float16(let x): return .half(Self.second(x))
      case .bfloat16(let x): return .bfloat(Self.second(x))
      case .float32(let x): return .single(Self.second(x))
      default: return .double(Self.second(try doubles(name).values))
      }
    }
    let values = try doubles(name).values
    return .double((0..<rows).map { values[2 * $0 + 1] - values[2 * $0] })
  }

  private static func second<T>(_ values: [T]) -> [T] {
    stride(from: 1, to: values.count, by: 2).map { values[$0] }
  }
}

extension ScoreColumn {
  /// Whether every score lies in [low, high]; NaN lies nowhere.
  fileprivate func isInside(_ low: Double, _ high: Double) -> Bool {
    switch self {
    case .half(let x): Kernels.doubles(half: x).allSatisfy { $0 >= low && $0 <= high }
    case .bfloat(let x): Kernels.doubles(bfloat16: x).allSatisfy { $0 >= low && $0 <= high }
    case .single(let x):
      // A double's limits as floats: the largest finite float where the limit is beyond it.
      Kernels.firstOutside(
        x, max(Float(low), -.greatestFiniteMagnitude), min(Float(high), .greatestFiniteMagnitude))
        == nil
    case .double(let x): Kernels.firstOutside(x, low, high) == nil
    }
  }
}
