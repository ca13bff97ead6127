// Room for large columns. Like Kernels.swift, this file may use unsafe pointers.
import Locks

/// Columns of many megabytes, and what the system may be told of their memory.
///
/// A page of 4 KiB costs the system about as much as sorting a hundred of the keys in it, so whoever
/// may make system calls hands in how to ask for larger ones. It changes no answer.
public enum LargeColumns {
  /// Told of the room of a column before anything is written to it.
  public typealias Advice = @Sendable (UnsafeMutableRawBufferPointer) -> Void

  /// What an array and a block of the heap take beside the elements, and a little more.
  private static let overhead = 64
  /// Columns of at least so many bytes are large.
  static let leastBytes = (1 << 22) - overhead

  private static let advice = Lock<Advice?>(nil)

  /// Sets what is told of large columns from now on.
  public static func advise(_ advice: @escaping Advice) {
    self.advice.withLock { $0 = advice }
  }

  /// How many elements, at least so many, a large column has best room for: with the array's own head
  /// they fill pages of 2 MiB, and what is not written to is not there.
  private static func capacity<Element>(_ least: Int, of _: Element.Type) -> Int {
    let size = MemoryLayout<Element>.stride
    let (bytes, isTooMuch) = least.multipliedReportingOverflow(by: size)
    guard !isTooMuch, bytes >= leastBytes, bytes < Int.max / 2 else { return least }
    let page = 1 << 21
    return ((bytes + overhead + page - 1) / page * page - overhead) / size
  }

  /// A column with room for at least `count` elements, which `fill` writes, all `count` of them.
  static func make<Element: BitwiseCopyable>(
    count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Void
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: capacity(count, of: Element.self)) { room, written in
      prepare(room)
      fill(UnsafeMutableBufferPointer(rebasing: room[..<count]))
      written = count
    }
  }

  /// An empty column with room for at least `count` elements.
  static func empty<Element: BitwiseCopyable>(capacity count: Int) -> [Element] {
    [Element](unsafeUninitializedCapacity: capacity(count, of: Element.self)) { room, _ in
      prepare(room)
    }
  }

  private static func prepare<Element>(_ room: UnsafeMutableBufferPointer<Element>) {
    let bytes = UnsafeMutableRawBufferPointer(room)
    guard bytes.count >= leastBytes else { return }
    let advice = advice.withLock(\.self)
    advice?(bytes)
  }
}
