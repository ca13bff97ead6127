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

# The linker warns of each sanitizer symbol; the warnings are shown only if it fails.
if ! "${SWIFTC:-swiftc}" -O -swift-version 6 -parse-as-library -sanitize=fuzzer,address \
  -module-name JSONFuzz "$here/../../../Sources/WireJSON"/*.swift "$here/JSONFuzz.swift" \
  -o "$build/json-fuzz" >"$build/compile.log" 2>&1; then
  cat "$build/compile.log" >&2
  exit 1
fi

cd "$build"
# The backtracer of Swift would run for minutes on a sanitized process; libFuzzer reports by itself.
SWIFT_BACKTRACE=enable=no exec ./json-fuzz -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
  -max_len=4096 -print_final_stats=1 -verbosity=0 corpus
