#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// _exit: there is nothing to be cleaned up that may take time, and nothing buffered.
_exit(run(Array(CommandLine.arguments.dropFirst())))
