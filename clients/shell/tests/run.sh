#!/usr/bin/env bash
# Tests of the shell client: each runs a small script under `set -euo pipefail`, in the bash that
# runs this one, against a real evald.
#
#   EVALD_BIN=.build/release/evald clients/shell/tests/run.sh [WORD]...
#
# With words, only tests that have one in their name. EVALD_AWK chooses the awk. The last line
# says 'N passed, N failed'; status 1 if any did.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
EVALD_BIN=${EVALD_BIN:-$here/../../../.build/release/evald}
[[ $EVALD_BIN != */* || $EVALD_BIN == /* ]] || EVALD_BIN=$PWD/$EVALD_BIN
if ! type -P "$EVALD_BIN" >/dev/null; then
  echo "run.sh: no evald at $EVALD_BIN: build it, or set EVALD_BIN" >&2
  exit 2
fi
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT
cd "$work"

# An evald that keeps what it was sent in the file `sent`.
printf '#!/bin/sh\ntee -a sent | "%s" "$@"\n' "$EVALD_BIN" >recording
chmod +x recording
export EVALD_BIN

passed=0
failed=0
current=''
out='' err='' status=0

# Runs the script on standard input; leaves `out`, `err` and `status`.
run() {
  rm -f sent
  status=0
  {
    printf 'set -euo pipefail\nsource %q\n' "$here/../evald.sh"
    cat
  } >script
  # A script that hangs is a failure, not a wait. Bash tells of those that are killed.
  { ${limit[@]+"${limit[@]}"} "$BASH" script >out 2>err </dev/null || status=$?; } 2>/dev/null
  out=$(<out)
  err=$(<err)
}
limit=()
if type -P timeout >/dev/null; then limit=(timeout 60); fi

# The requests of one method that the recording evald was sent, without the envelope.
sent() {
  local id='"id":"[0-9.]*"'
  sed -n "s|^{\"jsonrpc\":\"2.0\",$id,\"method\":\"$1\",\"params\":\\(.*\\)}\$|\\1|p" sent
}

result() {
  if [[ $1 == ok ]]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  printf 'FAILED: %s: %s\n  wanted: %s\n  got:    %s\n' "$current" "$2" "$3" "$4"
  [[ -z $err ]] || printf '  stderr: %s\n' "$err"
}

# is WHAT GOT WANTED
is() { if [[ $2 == "$3" ]]; then result ok; else result bad "$1" "$3" "$2"; fi; }

# has WHAT TEXT PART
has() { if [[ $2 == *"$3"* ]]; then result ok; else result bad "$1" "…$3…" "$2"; fi; }

# That the script ran well, said nothing on standard error, and printed this.
prints() {
  is 'status' "$status" 0
  is 'standard error' "$err" ''
  is 'standard output' "$out" "$1"
}

# That the script ended with this status, and its standard error has these parts.
fails() {
  local part
  is 'status' "$status" "$1"
  for part in "${@:2}"; do has 'standard error' "$err" "$part"; done
}

for file in "$here"/test_*.sh; do
  # shellcheck source=/dev/null
  source "$file"
done
for current in $(compgen -A function test_); do
  wanted=$([[ $# -gt 0 ]] || echo 1)
  for word in "$@"; do [[ $current != *"$word"* ]] || wanted=1; done
  if [[ -n $wanted ]]; then "$current"; fi
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
