/// Sums over the classes of a row beside its label, of exponentials of z - (the greatest z).
@frozen
public struct ExponentialSums: Sendable, Equatable {
  public var sum = 0.0
  public var squares = 0.0

  @inlinable @inline(__always)
  public init(sum: Double = 0, squares: Double = 0) {
    self.sum = sum
    self.squares = squares
  }
}

/// A row of scores in blocks of eight, of which those with the label and behind the last full one are taken in part.
@frozen
@usableFromInline
struct RowBlocks {
  /// The place of the label's block.
  @usableFromInline let own: Int
  /// Up to where full blocks are taken, whose places `place` gives.
  @usableFromInline let end: Int
  /// Which of the label's block are taken: none where it is not a full one.
  @usableFromInline let ownBits: UInt8
  /// The place of the last eight, or the first where there are fewer.
  @usableFromInline let last: Int
  /// Which of those are taken: what no full block has, without the label.
  @usableFromInline let lastBits: UInt8

  @inlinable @inline(__always)
  init(_ width: Int, without label: Int) {
    let full = width & ~7
    own = label & ~7
    last = width < 8 ? 0 : width &- 8
    let rest = width &- full
    // Behind those that a full block has.
    var bits = ((1 &<< rest) &- 1) &<< (width &- last &- rest)
    if own < full {
      end = full &- 8
      ownBits = ~UInt8(truncatingIfNeeded: 1 &<< (label &- own))
    } else {
      end = full
      ownBits = 0
      bits &= ~(1 &<< (label &- last))
    }
    lastBits = UInt8(truncatingIfNeeded: bits)
  }

  /// The last block takes the place of the label's: a choice of places costs nothing, as a branch for the label or a
  /// comparison of each lane would.
  @inlinable @inline(__always)
  func place(_ place: Int) -> Int { place == own ? end : place }
}

/// Sums of exponentials in lanes.
@frozen
@usableFromInline
struct LaneSums<Form: LaneForm> {
  @usableFromInline var sum = Form.all(0)
  @usableFromInline var squares = Form.all(0)
  /// The bits of all that was rounded.
  @usableFromInline var bits = Form.all(0)

  @inlinable @inline(__always)
  init() {}

  /// Adds powers that are zero or at least 2^-484.
  @inlinable @inline(__always)
  mutating func add(_ x: Exponentials.Reduced<Form>) {
    let e = x.power
    sum = Form.sum(sum, e)
    squares = Form.square(e, plus: squares)
  }

  /// Adds powers of any size.
  @inlinable @inline(__always)
  mutating func addAny(_ x: Exponentials.Reduced<Form>) {
    let e = x.power
    sum = Form.sum(sum, e)
    squares = Form.sum(squares, Form.product(e, e))
  }

  @inlinable @inline(__always)
  mutating func see(_ x: Exponentials.Reduced<Form>, _ y: Exponentials.Reduced<Form>) {
    bits = Form.either(bits, Form.either(x.rounded, y.rounded))
  }

  @inlinable @inline(__always)
  mutating func see(_ x: Exponentials.Reduced<Form>) { bits = Form.either(bits, x.rounded) }
}

extension Exponentials {
  /// The sums over all classes but the label's, of a row of finite scores the greatest of which is `most`.
  ///
  /// A row says itself which way it goes, so its sums have the same bits everywhere.
  @inlinable @inline(__always)
  public static func sums<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double, _: Form.Type
  ) -> ExponentialSums {
    withRoots { roots in
      let blocks = RowBlocks(width, without: label)
      // Below that many the last division costs more than is saved.
      if width >= 64 && most.magnitude < 0x1p40 {
        let found = near(scores, blocks, most, roots, Form.self)
        if let found { return found }
      }
      return any(scores, width, blocks, most, roots, Form.self)
    }
  }

  /// The sums of a row whose scores are all near the greatest, or else nil.
  ///
  /// Scores are scaled as they are, and the greatest is taken off where they are rounded, as a number of 64ths. The rest
  /// of it stays in all exponentials: the sums are divided by that of the greatest score.
  @inlinable @inline(__always)
  static func near<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ blocks: RowBlocks, _ most: Double, _ roots: Roots,
    _: Form.Type
  ) -> ExponentialSums? {
    let toSixtyFourths = 0x1.8p46
    let start = Form.all(start - ((most * scale + toSixtyFourths) - toSixtyFourths))
    var sums = LaneSums<Form>()
    @inline(__always)
    func reduced(_ place: Int) -> Reduced<Form> {
      Reduced(Score.load(scores + place, Form.self), from: start, roots)
    }
    var place = 0
    if Form.takesFour {
      place = fours(scores, blocks, start, roots, &sums)
    }
    while place < blocks.end {
      let x = reduced(blocks.place(place))
      sums.see(x)
      sums.add(x)
      place &+= 8
    }
    if blocks.ownBits != 0 {
      var x = reduced(blocks.own)
      sums.see(x)
      x.root = Form.kept(x.root, blocks.ownBits)
      sums.add(x)
    }
    if blocks.lastBits != 0 {
      var x = reduced(blocks.last)
      sums.see(x)
      x.root = Form.kept(x.root, blocks.lastBits)
      sums.add(x)
    }
    // Between 2^46 and 2^47 and with no bit above thirteen, so nothing was below 2^-484.
    guard Form.hasOnly(0x42d0_0000_0000_1fff, sums.bits) else { return nil }
    let one = Form.lanes(Reduced<Form>(Form.all(most), from: start, roots).power)[0]
    return ExponentialSums(
      sum: total(Form.lanes(sums.sum)) / one,
      squares: total(Form.lanes(sums.squares)) / (one * one))
  }

  /// Adds as many blocks as can be taken four at a time, at least four, and gives the place behind them.
  ///
  /// The second half of four blocks is found beside the first half of the next: each is a chain of operations that
  /// wait for one another, longer than what a processor looks ahead.
  @inlinable @inline(__always)
  static func fours<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ blocks: RowBlocks, _ start: Form.Lanes, _ roots: Roots,
    _ sums: inout LaneSums<Form>
  ) -> Int {
    @inline(__always)
    func reduced(_ place: Int) -> Reduced<Form> {
      Reduced(Score.load(scores + blocks.place(place), Form.self), from: start, roots)
    }
    var (a, b, c, d) = (reduced(0), reduced(8), reduced(16), reduced(24))
    sums.see(a, b)
    sums.see(c, d)
    var place = 32
    while place &+ 32 <= blocks.end {
      let next = (
        reduced(place), reduced(place &+ 8), reduced(place &+ 16), reduced(place &+ 24)
      )
      sums.add(a)
      sums.add(b)
      sums.add(c)
      sums.add(d)
      (a, b, c, d) = next
      sums.see(a, b)
      sums.see(c, d)
      place &+= 32
    }
    sums.add(a)
    sums.add(b)
    sums.add(c)
    sums.add(d)
    return place
  }

  /// The sums of any row.
  @inlinable @inline(__always)
  static func any<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ blocks: RowBlocks, _ most: Double,
    _ roots: Roots, _: Form.Type
  ) -> ExponentialSums {
    let shift = Form.all(most)
    var sums = LaneSums<Form>()
    @inline(__always)
    func reduced(_ place: Int) -> Reduced<Form> {
      let x = Form.difference(Score.load(scores + place, Form.self), shift)
      return Exponentials.reduced(x, roots, Form.self)
    }
    var place = 0
    while place < blocks.end {
      sums.addAny(reduced(blocks.place(place)))
      place &+= 8
    }
    if blocks.ownBits != 0 {
      var x = reduced(blocks.own)
      x.root = Form.kept(x.root, blocks.ownBits)
      sums.addAny(x)
    }
    if blocks.lastBits != 0 {
      var x: Reduced<Form>
      if width >= 8 {
        x = reduced(blocks.last)
      } else {
        let some = Form.difference(Score.load(scores, first: width, Form.self), shift)
        x = Exponentials.reduced(Form.kept(some, blocks.lastBits), roots, Form.self)
      }
      x.root = Form.kept(x.root, blocks.lastBits)
      sums.addAny(x)
    }
    return ExponentialSums(
      sum: total(Form.lanes(sums.sum)), squares: total(Form.lanes(sums.squares)))
  }
}
