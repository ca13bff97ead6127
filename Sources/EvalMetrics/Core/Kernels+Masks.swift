// Counting the pixels of masks. Like Kernels.swift, this file may use unsafe pointers, and what it offers may
// be called with columns of any size and content.

/// Pixels of an image by class.
struct PixelTable: Sendable {
  /// How many classes there are; whatever is not one of 0 ..< classes is counted nowhere.
  let classes: Int
  /// By lane: two counts a class by target, of which the second is where the prediction is the same, and then
  /// one a class by prediction. One class more takes what belongs to none.
  fileprivate var counts: [Int]

  /// Neighbours are often of one class, and a count cannot be raised again before it was stored. Several
  /// tables that take turns need not wait, as long as all of them are in the cache.
  private let lanes: Int

  init(classes: Int) {
    self.classes = max(0, classes)
    lanes = classes <= 256 ? 4 : 1
    counts = Array(repeating: 0, count: lanes * 3 * (self.classes + 1))
  }

  private var stride: Int { 3 * (classes + 1) }

  private func sum(_ place: Int) -> Int {
    var sum = 0
    for lane in 0..<lanes { sum &+= counts[lane &* stride &+ place] }
    return sum
  }

  /// Pixels whose target is a class, and those of them that are predicted to be.
  func targets(_ class: Int) -> (all: Int, hits: Int) {
    let hits = sum(2 * `class` + 1)
    return (sum(2 * `class`) &+ hits, hits)
  }

  /// Pixels that are predicted to be a class and whose target is some class.
  func predictions(_ class: Int) -> Int { sum(2 * (classes + 1) + `class`) }

  mutating func clear() {
    for place in counts.indices { counts[place] = 0 }
  }

  /// Counts pixels, as far as both columns go. Those whose target is `ignored`, or no class, count nowhere;
  /// a prediction that is `ignored`, or no class, is one of no class.
  mutating func count<Code: FixedWidthInteger>(
    targets: [Code], predictions: [Code], in pixels: Range<Int>, ignoring ignored: Code?
  ) {
    let pixels = pixels.clamped(to: 0..<min(targets.count, predictions.count))
    let (lanes, classes) = (lanes, classes)
    counts.withUnsafeMutableBufferPointer { counts in
      targets.withUnsafeBufferPointer { targets in
        predictions.withUnsafeBufferPointer { predictions in
          guard let table = counts.baseAddress, let t = targets.baseAddress,
            let p = predictions.baseAddress
          else { return }
          let walk = PixelWalk(table: table, classes: classes, lanes: lanes, t: t, p: p)
          if let ignored {
            walk.run(pixels) { $0 == ignored }
          } else {
            walk.run(pixels) { _ in false }
          }
        }
      }
    }
  }
}

private struct PixelWalk<Code: FixedWidthInteger> {
  let table: UnsafeMutablePointer<Int>
  let classes: Int
  let lanes: Int
  let t: UnsafePointer<Code>
  let p: UnsafePointer<Code>

  /// Pixels that are looked at together: nearly always they are all of one class.
  private static var block: Int { 16 }

  @inline(__always)
  func run(_ pixels: Range<Int>, ignores: (Code) -> Bool) {
    let mask = lanes &- 1
    let stride = 3 &* (classes &+ 1)
    var pixel = pixels.lowerBound
    while pixel &+ Self.block <= pixels.upperBound {
      if isUniform(pixel) {
        add(pixel, Self.block, table, ignores)
      } else {
        for place in pixel..<pixel &+ Self.block {
          add(place, 1, table + (place & mask) &* stride, ignores)
        }
      }
      pixel &+= Self.block
    }
    while pixel < pixels.upperBound {
      add(pixel, 1, table, ignores)
      pixel &+= 1
    }
  }

  @inline(__always)
  private func isUniform(_ first: Int) -> Bool {
    let target = t[first]
    let prediction = p[first]
    var different: Code = 0
    for place in first..<first &+ Self.block {
      different |= (t[place] ^ target) | (p[place] ^ prediction)
    }
    return different == 0
  }

  @inline(__always)
  private func add(
    _ pixel: Int, _ count: Int, _ lane: UnsafeMutablePointer<Int>, _ ignores: (Code) -> Bool
  ) {
    let target = code(t[pixel], ignores)
    let prediction = target == classes ? classes : code(p[pixel], ignores)
    lane[2 &* target &+ (target == prediction ? 1 : 0)] &+= count
    lane[2 &* (classes &+ 1) &+ prediction] &+= count
  }

  /// The class of a pixel; the one more where it is none.
  @inline(__always)
  private func code(_ value: Code, _ ignores: (Code) -> Bool) -> Int {
    // The bits of a negative number are a large one.
    let bits = UInt(truncatingIfNeeded: value)
    return bits < UInt(truncatingIfNeeded: classes) && !ignores(value)
      ? Int(truncatingIfNeeded: bits) : classes
  }
}

extension Kernels {
  /// The first pixel that is neither one of 0 ..< classes nor ignored.
  static func firstForeign<Code: FixedWidthInteger>(
    _ codes: [Code], classes: Int, ignoring ignored: Code?
  ) -> Int? {
    let limit = UInt64(truncatingIfNeeded: max(0, classes))
    if let ignored {
      return firstPixel(codes) { UInt64(truncatingIfNeeded: $0) >= limit && $0 != ignored }
    }
    return firstPixel(codes) { UInt64(truncatingIfNeeded: $0) >= limit }
  }

  /// The largest code that is not ignored, at least 0 for unsigned codes; -1 where all are below zero.
  static func largest<Code: FixedWidthInteger>(_ codes: [Code], ignoring ignored: Code?) -> Int {
    var largest = Code.min
    if let ignored {
      // What is ignored is taken for the least there is.
      for code in codes { largest = max(largest, code == ignored ? Code.min : code) }
    } else {
      for code in codes { largest = max(largest, code) }
    }
    return max(-1, Int(clamping: largest))
  }

  /// The first pixel with a fault. A block is looked at before any of its pixels, because a loop that could
  /// end on every pixel can't be vectorised.
  @inline(__always)
  private static func firstPixel<Code>(_ codes: [Code], fault: (Code) -> Bool) -> Int? {
    codes.withUnsafeBufferPointer { codes in
      var start = 0
      while start < codes.count {
        let end = min(start &+ 1024, codes.count)
        var faults: UInt8 = 0
        for pixel in start..<end { faults |= fault(codes[pixel]) ? 1 : 0 }
        if faults != 0 {
          for pixel in start..<end where fault(codes[pixel]) { return pixel }
        }
        start = end
      }
      return nil
    }
  }
}
