#!/bin/sh
# Fuzzes the JSON parser with libFuzzer and the address sanitizer.
#   run.sh [SECONDS]     how long (20); the corpus is kept in build/corpus beside this script
#   SWIFTC               the compiler (swiftc)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-20}
build=$here/build
corpus=$build/corpus
mkdir -p "$corpus"

n=0
while IFS= read -r line; do
  n=$((n + 1))
  printf '%s' "$line" >"$corpus/seed-$n"
done <"$here/seeds.txt"

swiftc=${SWIFTC:-swiftc}
sources=$here/../../../Sources
# What asks the processor, and Base64 for processors with AVX2, are modules of their own, with flags of
# their own, as in Package.swift.
vectorised='' asking=''
if [ "$(uname -m)" = x86_64 ]; then
  vectorised='-Xcc -mavx2' asking='-Xcc -mxsavec'
fi

# The linker warns of each sanitizer symbol; the warnings are shown only if it fails.
library() {
  module=$1
  shift
  "$swiftc" -O -wmo -swift-version 6 -parse-as-library "$@" -module-name "$module" \
    -sanitize=address -emit-module -emit-module-path "$build/$module.swiftmodule" \
    -c "$sources/$module"/*.swift -o "$build/$module.o"
}
compile() {
  # shellcheck disable=SC2086 # the flags are several words
  library Processors $asking && library WireAVX2 $vectorised &&
    "$swiftc" -O -swift-version 6 -parse-as-library -sanitize=fuzzer,address \
      -module-name JSONFuzz -I "$build" "$sources/WireJSON"/*.swift "$here/JSONFuzz.swift" \
      "$build/Processors.o" "$build/WireAVX2.o" -o "$build/json-fuzz"
}
if ! compile >"$build/compile.log" 2>&1; then
  cat "$build/compile.log" >&2
  exit 1
fi

cd "$build"
# The backtracer of Swift would run for minutes on a sanitized process; libFuzzer reports by itself.
SWIFT_BACKTRACE=enable=no exec ./json-fuzz -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
  -max_len=4096 -print_final_stats=1 -verbosity=0 corpus
