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
# Base64 for processors with AVX2 is a module of its own, with a flag of its own, as in Package.swift.
vectorised='' asking=''
if [ "$(uname -m)" = x86_64 ]; then
  vectorised='-Xcc -mavx2' asking='-Xcc -mxsavec'
fi

# The linker warns of each sanitizer symbol; the warnings are shown only if it fails.
compile() {
  # shellcheck disable=SC2086 # the flags are several words
  "$swiftc" -O -wmo -swift-version 6 -parse-as-library $vectorised -module-name WireAVX2 \
    -sanitize=address -emit-module -emit-module-path "$build/WireAVX2.swiftmodule" \
    -c "$sources/WireAVX2"/*.swift -o "$build/wire-avx2.o" &&
    "$swiftc" -O -swift-version 6 -parse-as-library -sanitize=fuzzer,address $asking \
      -module-name JSONFuzz -I "$build" "$sources/WireJSON"/*.swift "$here/JSONFuzz.swift" \
      "$build/wire-avx2.o" -o "$build/json-fuzz"
}
if ! compile >"$build/compile.log" 2>&1; then
  cat "$build/compile.log" >&2
  exit 1
fi

cd "$build"
# The backtracer of Swift would run for minutes on a sanitized process; libFuzzer reports by itself.
SWIFT_BACKTRACE=enable=no exec ./json-fuzz -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
  -max_len=4096 -print_final_stats=1 -verbosity=0 corpus
