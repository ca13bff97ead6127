import Synchronization

#if THREAD_SANITIZER
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A value that one thread at a time may use, as `Mutex` is.
  ///
  /// On Linux the thread sanitizer cannot see `Mutex`, which waits by a system call of its own in a library
  /// that is not instrumented: it would report all that stands behind one. It knows the locks of the C library.
  public struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    public init(_ value: consuming sending Value) {
      lock = .allocate(capacity: 1)
      lock.initialize(to: pthread_mutex_t())
      pthread_mutex_init(lock, nil)
      self.value = .allocate(capacity: 1)
      self.value.initialize(to: value)
    }

    deinit {
      value.deinitialize(count: 1)
      value.deallocate()
      pthread_mutex_destroy(lock)
      lock.deallocate()
    }

    public borrowing func withLock<Result: ~Copyable, Fault: Error>(
      _ body: (inout sending Value) throws(Fault) -> sending Result
    ) throws(Fault) -> sending Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value.pointee)
    }
  }
#else
  /// A value that one thread at a time may use.
  public typealias Lock = Mutex
#endif
