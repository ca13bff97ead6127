// Arrays of numbers as bytes. Like Kernels.swift, this file may use unsafe pointers.

extension Kernels {
  /// Appends numbers as little-endian bytes.
  static func append<T: BitwiseCopyable>(_ values: some Collection<T>, to bytes: inout [UInt8]) {
    #if _endian(little)
      let isDone: Void? = values.withContiguousStorageIfAvailable { values in
        bytes.append(contentsOf: UnsafeRawBufferPointer(values))
      }
      if isDone != nil { return }
    #endif
    for value in values { withUnsafeBytes(of: value) { bytes.append(contentsOf: inOrder($0)) } }
  }

  /// The numbers that `append` wrote from this place on; as many as there are, and at most `count`.
  static func numbers<T: BitwiseCopyable>(
    of zero: T, from bytes: [UInt8], at place: Int, count: Int
  ) -> [T] {
    let size = MemoryLayout<T>.size
    let count = min(count, max(0, bytes.count - place) / size)
    guard place >= 0, count > 0 else { return [] }
    return bytes.withUnsafeBytes { source in
      let start = UnsafeRawBufferPointer(rebasing: source[place..<place + count * size])
      return [T](unsafeUninitializedCapacity: count) { room, written in
        #if _endian(little)
          UnsafeMutableRawBufferPointer(room).copyMemory(from: start)
        #else
          for index in 0..<count {
            var value = zero
            let part = UnsafeRawBufferPointer(rebasing: start[index * size..<(index + 1) * size])
            withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: inOrder(part)) }
            room[index] = value
          }
        #endif
        written = count
      }
    }
  }

  /// The bytes of one number, the least first.
  private static func inOrder(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    #if _endian(little)
      Array(bytes)
    #else
      bytes.reversed()
    #endif
  }
}
