// swift-tools-version: 6.1
import PackageDescription

// Hot states cross module borders, so release builds optimise across them.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  // Debug builds and tests check exclusive access at run time; what is shipped was checked by them.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

// What is shipped needs nothing of the machine it runs on, and starts without a dynamic loader.
// The flags are the executable's alone: debug builds and tests link as usual.
let standalone: [LinkerSetting] = [
  .unsafeFlags(
    ["-static-executable", "-use-ld=lld", "-Xlinker", "-s"],
    .when(platforms: [.linux], configuration: .release))
]

// Loops for processors that have more than the least of their kind; they are asked at run time. The
// last flag lets a function ask, and changes no other.
#if arch(x86_64)
  let vectorised: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma"])]
  let widest: [SwiftSetting] = [
    .unsafeFlags(["f", "dq", "bw", "vl"].flatMap { ["-Xcc", "-mavx512\($0)"] })
  ]
  let asking: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-mxsavec"])]
#else
  let vectorised: [SwiftSetting] = []
  let widest: [SwiftSetting] = []
  let asking: [SwiftSetting] = []
#endif

let package = Package(
  name: "evald",
  products: [.executable(name: "evald", targets: ["evald"])],
  targets: [
    .target(name: "Locks", swiftSettings: settings),
    .target(name: "Processors", swiftSettings: settings + asking),
    .target(name: "WireAVX2", swiftSettings: settings + vectorised),
    .target(
      name: "WireJSON", dependencies: ["Processors", "WireAVX2"], swiftSettings: settings),
    .target(name: "JSONRPC", dependencies: ["WireJSON"], swiftSettings: settings),
    .target(name: "RowLoops", swiftSettings: settings),
    .target(
      name: "RowLoopsAVX2", dependencies: ["RowLoops"], swiftSettings: settings + vectorised),
    .target(
      name: "RowLoopsAVX512", dependencies: ["RowLoops"], swiftSettings: settings + widest),
    .target(
      name: "EvalMetrics",
      dependencies: ["Locks", "Processors", "RowLoops", "RowLoopsAVX2", "RowLoopsAVX512"],
      swiftSettings: settings),
    .target(
      name: "EvalService", dependencies: ["EvalMetrics", "JSONRPC", "Locks", "WireJSON"],
      swiftSettings: settings),
    .executableTarget(
      name: "evald", dependencies: ["EvalService", "JSONRPC", "Locks", "WireJSON"],
      swiftSettings: settings, linkerSettings: standalone),
    .target(
      name: "EvalTestSupport", dependencies: ["EvalMetrics"], path: "Tests/EvalTestSupport",
      swiftSettings: settings),
    .testTarget(name: "WireJSONTests", dependencies: ["WireJSON"], swiftSettings: settings),
    .testTarget(name: "JSONRPCTests", dependencies: ["JSONRPC"], swiftSettings: settings),
    .testTarget(
      name: "EvalMetricsTests", dependencies: ["EvalMetrics", "EvalTestSupport", "RowLoops"],
      swiftSettings: settings),
    .testTarget(name: "EvalServiceTests", dependencies: ["EvalService"], swiftSettings: settings),
    .testTarget(name: "EvaldTests", dependencies: ["evald"], swiftSettings: settings),
  ]
)
