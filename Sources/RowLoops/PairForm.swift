/// How a kind of processor takes numbers of pairs: so many doubles side by side.
///
/// Each operation stands here by itself, for the lanes of one form: those of the standard library are made for
/// any lanes one by one.
public protocol PairForm {
  associatedtype Lanes

  static var width: Int { get }
  static func lanes(repeating x: Double) -> Lanes
  /// As many numbers as there are lanes.
  static func lanes(_ numbers: UnsafePointer<Float>) -> Lanes
  /// Fewer numbers than there are lanes, and zeros.
  static func lanes(_ numbers: UnsafePointer<Float>, _ count: Int) -> Lanes
  static func sum(_ x: Lanes, _ y: Lanes) -> Lanes
  static func difference(_ x: Lanes, _ y: Lanes) -> Lanes
  static func larger(_ x: Lanes, _ y: Lanes) -> Lanes
  /// x * y + z, rounded once. The product is a double, so it may be rounded by itself.
  static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes
  /// The sum of all lanes.
  static func total(_ x: Lanes) -> Double
}

extension PairForm where Lanes == SIMD4<Double> {
  @inlinable @inline(__always)
  public static var width: Int { 4 }

  @inlinable @inline(__always)
  public static func lanes(repeating x: Double) -> Lanes { Lanes(repeating: x) }

  @inlinable @inline(__always)
  public static func lanes(_ numbers: UnsafePointer<Float>) -> Lanes {
    Lanes(UnsafeRawPointer(numbers).loadUnaligned(as: SIMD4<Float>.self))
  }

  @inlinable @inline(__always)
  public static func lanes(_ numbers: UnsafePointer<Float>, _ count: Int) -> Lanes {
    var lanes = Lanes.zero
    for lane in 0..<count { lanes[lane] = Double(numbers[lane]) }
    return lanes
  }

  @inlinable @inline(__always)
  public static func sum(_ x: Lanes, _ y: Lanes) -> Lanes { x + y }

  @inlinable @inline(__always)
  public static func difference(_ x: Lanes, _ y: Lanes) -> Lanes { x - y }

  @inlinable @inline(__always)
  public static func larger(_ x: Lanes, _ y: Lanes) -> Lanes {
    x.replacing(with: y, where: y .> x)
  }

  @inlinable @inline(__always)
  public static func total(_ x: Lanes) -> Double { (x[0] + x[1]) + (x[2] + x[3]) }
}

extension PairForm where Lanes == SIMD8<Double> {
  @inlinable @inline(__always)
  public static var width: Int { 8 }

  @inlinable @inline(__always)
  public static func lanes(repeating x: Double) -> Lanes { Lanes(repeating: x) }

  @inlinable @inline(__always)
  public static func lanes(_ numbers: UnsafePointer<Float>) -> Lanes { Float.lanes(numbers) }

  @inlinable @inline(__always)
  public static func lanes(_ numbers: UnsafePointer<Float>, _ count: Int) -> Lanes {
    var lanes = Lanes.zero
    for lane in 0..<count { lanes[lane] = Double(numbers[lane]) }
    return lanes
  }

  @inlinable @inline(__always)
  public static func sum(_ x: Lanes, _ y: Lanes) -> Lanes { x + y }

  @inlinable @inline(__always)
  public static func difference(_ x: Lanes, _ y: Lanes) -> Lanes { x - y }

  @inlinable @inline(__always)
  public static func larger(_ x: Lanes, _ y: Lanes) -> Lanes {
    x.replacing(with: y, where: y .> x)
  }

  @inlinable @inline(__always)
  public static func total(_ x: Lanes) -> Double {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
  }
}

/// For every processor: four lanes, so that all sums of a block stay in registers.
public enum PlainPairs: PairForm {
  public typealias Lanes = SIMD4<Double>

  @inlinable @inline(__always)
  public static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { x * y + z }
}
