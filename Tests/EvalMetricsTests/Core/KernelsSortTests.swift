import Testing

@testable import EvalMetrics

/// Whether two columns are equal; their text, which a failed expectation prints, would fill the log.
private func equal<T: Equatable>(_ a: [T], _ b: [T]) -> Bool { a == b }

/// Columns of keys of every kind that a stream of scores can bring.
enum KeyShape: CaseIterable, Sendable {
  case uniform, probabilities, logits, tied, grouped, allEqual, few, ascending, descending, twoHeaps

  func keys(_ count: Int, _ random: inout SeededGenerator) -> [UInt64] {
    let keys: [UInt64] = (0..<count).map { index in
      let u = Double.random(in: 0..<1, using: &random)
      switch self {
      case .uniform: return random.next()
      case .probabilities: return Kernels.key(Double(Float(1 / (1 + Elementary.exp(8 - 16 * u)))))
      case .logits: return Kernels.key(20 * u - 10)
      case .tied: return Kernels.key((u * 50).rounded())
      // Groups that mostly, but not always, fit the windows in which keys are compared.
      case .grouped: return Kernels.key((u * 3_000).rounded())
      case .allEqual: return Kernels.key(0.25)
      case .few: return u < 0.3 ? 0 : .max
      case .ascending: return UInt64(index)
      case .descending: return UInt64(count - index) << 20
      // Nearly all in one narrow heap, the rest far away.
      case .twoHeaps: return u < 0.999 ? UInt64(u * 4_000_000) : random.next()
      }
    }
    return keys
  }

  /// The same keys as those of Floats.
  func narrow(_ count: Int, _ random: inout SeededGenerator) -> [UInt32] {
    keys(count, &random).map { key in
      switch self {
      case .probabilities, .logits, .tied, .grouped, .allEqual:
        Kernels.key(Float(Kernels.double(key)))
      case .uniform: UInt32(key >> 32)
      default: UInt32(truncatingIfNeeded: key)
      }
    }
  }
}

@Suite struct KernelsSortTests {
  // The last is beyond what is sorted from the lowest digit up alone.
  private let sizes = [0, 1, 2, 3, 31, 64, 65, 500, 3_000, 20_000, 140_000]

  @Test(arguments: KeyShape.allCases) func sortIsTheStandardSort(shape: KeyShape) {
    var random = SeededGenerator(seed: 21)
    let large: Set<KeyShape> = [.probabilities, .twoHeaps]
    for count in sizes where count < 100_000 || large.contains(shape) {
      let wide = shape.keys(count, &random)
      var sorted = wide
      Kernels.sort(&sorted)
      #expect(equal(sorted, wide.sorted()), "\(count) wide keys")
      let narrow = shape.narrow(count, &random)
      var narrowSorted = narrow
      Kernels.sort(&narrowSorted)
      #expect(equal(narrowSorted, narrow.sorted()), "\(count) narrow keys")
    }
  }

  @Test(arguments: KeyShape.allCases) func rowsMoveTogether(shape: KeyShape) {
    var random = SeededGenerator(seed: 22)
    for count in sizes where count <= 20_000 {
      let keys = shape.keys(count, &random)
      let payload = (0..<count).map { _ in (Double.random(in: 0..<9, using: &random) * 4).rounded()
      }
      var sortedKeys = keys
      var sortedPayload = payload + [1]
      Kernels.sort(keys: &sortedKeys, payload: &sortedPayload)
      let rows = zip(keys, payload).sorted { $0 < $1 }
      #expect(equal(sortedKeys, rows.map { $0.0 }), "\(count) rows")
      #expect(equal(sortedPayload, rows.map { $0.1 }), "\(count) rows")
    }
  }

  @Test(arguments: KeyShape.allCases) func mergeIsASortOfBoth(shape: KeyShape) {
    var random = SeededGenerator(seed: 23)
    for (m, n) in [
      (0, 0), (0, 5), (5, 0), (1, 1), (3, 200), (200, 3), (1_000, 999), (20_000, 20_000),
      (50_000, 40),
      (40, 12_000), (4_096, 13_000),
    ] {
      let a = shape.keys(m, &random).sorted()
      let b = shape.keys(n, &random).sorted()
      #expect(equal(Kernels.merge(a, b), (a + b).sorted()), "\(m) and \(n)")
      // Columns that don't overlap, or by little.
      let high = b.map { $0 | 1 << 63 }.sorted()
      let both = (a + high).sorted()
      #expect(equal(Kernels.merge(a, high), both), "\(m) and \(n) above")
      #expect(equal(Kernels.merge(high, a), both), "\(n) above and \(m)")
      let c = shape.narrow(m, &random).sorted()
      let d = shape.narrow(n, &random).sorted()
      #expect(equal(Kernels.merge(c, d), (c + d).sorted()), "\(m) and \(n) narrow")
    }
  }

  @Test(arguments: KeyShape.allCases) func walkMeetsEveryDistinctKeyOnce(shape: KeyShape) {
    var random = SeededGenerator(seed: 24)
    for (m, n) in [
      (0, 0), (0, 4), (4, 0), (1, 1), (10, 3_000), (3_000, 10), (700, 9_000), (9_000, 9_000),
    ] {
      let p = shape.keys(m, &random).sorted()
      let q = shape.keys(n, &random).sorted()
      var counts: [UInt64: (Int, Int)] = [:]
      for key in p { counts[key, default: (0, 0)].0 += 1 }
      for key in q { counts[key, default: (0, 0)].1 += 1 }
      var seen: [UInt64] = []
      var wrong = 0
      Kernels.walkDescending(positives: p, negatives: q) { key, positives, negatives in
        seen.append(key)
        if counts[key] ?? (0, 0) != (positives, negatives) { wrong += 1 }
      }
      #expect(equal(seen, counts.keys.sorted(by: >)), "\(m) and \(n)")
      #expect(wrong == 0, "\(m) and \(n)")
      let c = shape.narrow(m, &random).sorted()
      let d = shape.narrow(n, &random).sorted()
      var rows = (0, 0)
      var narrowSeen: [UInt32] = []
      Kernels.walkDescending(positives: c, negatives: d) { key, positives, negatives in
        narrowSeen.append(key)
        rows.0 += positives
        rows.1 += negatives
      }
      #expect(equal(narrowSeen, Set(c + d).sorted(by: >)), "\(m) and \(n) narrow")
      #expect(rows == (m, n))
    }
  }

  @Test func boundsAreTheStandardOnes() {
    let keys: [UInt32] = [1, 3, 3, 3, 7, .max]
    for key: UInt32 in [0, 1, 2, 3, 4, 7, 8, .max] {
      #expect(Kernels.lowerBound(keys, key) == keys.firstIndex { $0 >= key } ?? 6)
      #expect(Kernels.upperBound(keys, key) == keys.firstIndex { $0 > key } ?? 6)
    }
    #expect(Kernels.lowerBound([] as [UInt64], 3) == 0)
    #expect(Kernels.upperBound([] as [UInt64], 3) == 0)
  }
}
