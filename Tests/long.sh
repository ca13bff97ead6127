#!/usr/bin/env bash
# What takes too long for every change: the same tests with far more cases, with the address and the
# thread sanitizer, and a soak. Some hours; wants what Tests/all.sh has set up.
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

# The executable with a sanitizer in it, compiled so that the tests' time limits still hold.
sanitized() {
  swift build --sanitize="$1" -Xswiftc -O "${@:2}" --product evald --scratch-path ".build-$1"
}
with() { EVALD_BIN=$PWD/.build-$1/debug/evald "${@:2}"; }

# Runs a command whose evalds write what the thread sanitizer finds to files, and shows those; it
# fails where there is one. Most evalds of the tests are killed and have no status to tell it by.
without_races() {
  local reports status=0
  reports=$(mktemp -d)
  TSAN_OPTIONS="log_path=$reports/report exitcode=0" with thread "$@" || status=1
  if compgen -G "$reports/*" >/dev/null; then
    cat "$reports"/*
    status=1
  fi
  rm -r "$reports"
  return "$status"
}

# The tests that work on several threads, many connections or files.
shared=()
for name in state shared_state sharing fairness shared_end connections sockets racing long_work subscriptions; do
  shared+=("Tests/process/test_$name.py")
done
readonly shared
# Not those that hold evald to time or memory, of which a sanitizer takes several times as much.
readonly process_tests=("$python" -m pytest -q --rootdir Tests/process -m 'not measured')

step 'release build' swift build -c release --product evald
step 'address sanitizer: build' sanitized address
step 'address sanitizer: binary fuzzer' \
  with address "$python" Tests/fuzz/binary/fuzz.py --seconds 600 --seed "$RANDOM"
step 'address sanitizer: binary fuzzer, durable' \
  with address "$python" Tests/fuzz/binary/fuzz.py --seconds 600 --seed "$RANDOM" --state
step 'address sanitizer: process tests' with address "${process_tests[@]}" "${shared[@]}"
step 'thread sanitizer: build' sanitized thread -Xswiftc -DTHREAD_SANITIZER
step 'thread sanitizer: process tests' without_races "${process_tests[@]}" "${shared[@]}"
step 'thread sanitizer: binary fuzzer, durable' \
  without_races "$python" Tests/fuzz/binary/fuzz.py --seconds 300 --seed "$RANDOM" --state
step 'kill -9 of the daemon' "$python" Tests/process/state_kills.py --kills 1000
step 'kill -9 of trainers' \
  env EVALD_KILLS=200 "$python" -m pytest -q --rootdir clients/python clients/python/tests/test_resume.py
step 'racing starters' \
  env EVALD_ROUNDS=10000 "$python" -m pytest -q --rootdir Tests/process Tests/process/test_racing.py
step 'oracles of texts, 10,000 pairs each' \
  env EVALD_PAIRS=10000 "$python" -m pytest -q --rootdir Tests/oracles Tests/oracles/test_text_generation.py \
  Tests/oracles/test_summaries.py
step 'json fuzzer' Tests/fuzz/json/run.sh 600
step 'soak' "$python" Tests/process/soak.py --minutes 30 --clients 32
step 'soak, durable' "$python" Tests/process/soak.py --minutes 30 --clients 32 --state

for name in "${failures[@]}"; do printf 'FAILED: %s\n' "$name"; done
[[ ${#failures[@]} -eq 0 ]]
