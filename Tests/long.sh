#!/usr/bin/env bash
# What takes too long for every change: the same tests with far more cases, with the address
# sanitizer, and a soak. Some hours; wants what Tests/all.sh has set up.
#
#   Tests/long.sh          everything
#   Tests/long.sh NAME...  only the steps whose name has one of these words in it
set -euo pipefail
cd "$(dirname "$0")/.."

readonly python=.venv-tests/bin/python
words=("$@")
failures=()

step() {
  local name=$1 start=$SECONDS word wanted=${#words[@]}
  shift
  for word in "${words[@]}"; do [[ $name == *"$word"* ]] && wanted=0; done
  [[ $wanted -eq 0 ]] || return 0
  printf '\n== %s: %s\n' "$name" "$*"
  if "$@" </dev/null; then
    printf '== %s: ok after %d s\n' "$name" $((SECONDS - start))
  else
    printf '== %s: FAILED after %d s\n' "$name" $((SECONDS - start))
    failures+=("$name")
  fi
}

# The executable with a sanitizer in it. The thread sanitizer does not see the locks of Swift's Mutex on
# Linux and reports all that stands behind them, so it is not asked.
sanitized() { swift build --sanitize="$1" --product evald --scratch-path ".build-$1"; }
with() { EVALD_BIN=$PWD/.build-$1/debug/evald "${@:2}"; }

step 'release build' swift build -c release --product evald
step 'address sanitizer: build' sanitized address
step 'address sanitizer: binary fuzzer' \
  with address "$python" Tests/fuzz/binary/fuzz.py --seconds 600 --seed "$RANDOM"
step 'kill -9 of the daemon' "$python" Tests/process/state_kills.py --kills 1000
step 'kill -9 of trainers' \
  env EVALD_KILLS=200 "$python" -m pytest -q --rootdir clients/python clients/python/tests/test_resume.py
step 'racing starters' \
  env EVALD_ROUNDS=10000 "$python" -m pytest -q --rootdir Tests/process Tests/process/test_sockets.py
step 'oracles of texts, 10,000 pairs each' \
  env EVALD_PAIRS=10000 "$python" -m pytest -q --rootdir Tests/oracles Tests/oracles/test_text_generation.py \
  Tests/oracles/test_summaries.py
step 'json fuzzer' Tests/fuzz/json/run.sh 600
step 'soak' "$python" Tests/process/soak.py --minutes 30 --clients 32
step 'soak, durable' "$python" Tests/process/soak.py --minutes 30 --clients 32 --state

for name in "${failures[@]}"; do printf 'FAILED: %s\n' "$name"; done
[[ ${#failures[@]} -eq 0 ]]
