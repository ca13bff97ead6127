#!/usr/bin/env bash
# Sets up everything that the tests need, and runs all of them: about a quarter of an hour from
# nothing on two cores, a few minutes after that. Wants Swift 6 and Python 3.10 or later with venv.
#
#   Tests/all.sh          everything
#   Tests/all.sh NAME...  only the steps whose name has one of these words in it
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=.venv-tests
readonly fuzz_seconds=20
logs=$(mktemp -d)
readonly logs
trap 'rm -rf "$logs"' EXIT

# What each step did, a line a step: its name, and how many passed and failed. A file, since two
# lanes of steps run side by side.
readonly results=$logs/results
touch "$results"

# Whether a step was asked for: all of them without arguments.
wanted() {
  local name=$1 word
  [[ ${#words[@]} -eq 0 ]] && return
  for word in "${words[@]}"; do [[ $name == *"$word"* ]] && return; done
  return 1
}
words=("$@")

note() { printf '%s\t%d\t%d\n' "$1" "$2" "$3" >>"$results"; }

# Runs a command and shows it; its output goes to the terminal and to the log of the step.
show() {
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  "$@" </dev/null 2>&1 | tee "$(log_of "$name")" || status=$?
  printf '== %s: %s after %d s\n' "$name" "$([[ $status -eq 0 ]] && echo ok || echo FAILED)" \
    $((SECONDS - start))
  return "$status"
}
log_of() { printf '%s/%s' "$logs" "${1//[^A-Za-z0-9]/_}"; }

# A step that either passes or fails.
check() {
  wanted "$1" || return 0
  if show "$@"; then note "$1" 1 0; else note "$1" 0 1; fi
}

# A step that may not print a warning either.
check_quiet() {
  wanted "$1" || return 0
  if show "$@" && ! grep -q 'warning:' "$(log_of "$1")"; then
    note "$1" 1 0
  else
    note "$1" 0 1
  fi
}

# A test runner; its tests are counted one by one from its last lines.
suite() {
  local status=0 good bad log
  wanted "$1" || return 0
  log=$(log_of "$1")
  show "$@" || status=$?
  case $2 in
    swift)
      bad=$(grep -cE '^✘ Test .* failed after' "$log" || true)
      good=$(sed -nE 's/^.*Test run with ([0-9]+) tests? .*/\1/p' "$log" | tail -n 1)
      good=$((${good:-0} - bad))
      ;;
    *)
      good=$(tail -n 1 "$log" | sed -nE 's/(^|.*[^0-9])([0-9]+) passed.*/\2/p')
      bad=$(tail -n 1 "$log" | { grep -oE '[0-9]+ (failed|error)' || true; } |
        awk '{ n += $1 } END { print n + 0 }')
      ;;
  esac
  # A runner that ran nothing, or fell over, has failed whatever it counted.
  if [[ $status -ne 0 || ${good:-0} -eq 0 ]]; then bad=$((bad > 0 ? bad : 1)); else bad=0; fi
  note "$1" "${good:-0}" "$bad"
}

# The Python environment of the tests, made beside the compiler's work.
set_up_python() {
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
}

# Pytest by itself in a folder, so that each has its own conftest and helpers.
python_suite() {
  local name=$1 folder=$2
  shift 2
  if compgen -G "$folder/test_*.py" >/dev/null; then
    suite "$name" "$venv/bin/python" -m pytest --rootdir "$folder" "$folder" "$@"
  fi
}

# Strict types of the client, as its own configuration has them.
client_types() {
  local python=$PWD/$venv/bin/python
  (cd clients/python && "$python" -m mypy src tests)
}

# Strict types of a folder of scripts that import each other.
types() {
  MYPYPATH=$1 "$venv/bin/python" -m mypy --strict --python-version 3.10 --ignore-missing-imports \
    --cache-dir .mypy_cache "$1"
}

if [[ $(python3 -c 'import sys; print(sys.version_info >= (3, 10))') != True ]]; then
  echo 'Tests/all.sh: python3 is older than 3.10' >&2
  exit 2
fi
swift --version 2>&1
python3 --version
set_up_python >"$logs/python" 2>&1 &
python_setup=$!

# Tests are compiled with optimisation, so that laws over thousands of streams take seconds; unlike
# in the release build, exclusive access is checked while they run.
readonly swift_tests=(--scratch-path .build-tests -Xswiftc -O)

check_quiet 'release build' swift build -c release
if ! wait "$python_setup"; then
  cat "$logs/python"
  note 'python environment' 0 1
fi
check 'python client' "$venv/bin/python" -m pip install --disable-pip-version-check ./clients/python

# What the executable is not needed for, beside what drives it: neither keeps two cores busy alone.
swift_lane() {
  check_quiet 'swift format' \
    swift format lint --strict --recursive --parallel Sources Tests Package.swift
  check_quiet 'test build' swift build --build-tests "${swift_tests[@]}"
  suite 'swift test' swift test --skip-build "${swift_tests[@]}"
  check 'ruff' "$venv/bin/python" -m ruff check clients Tests
  check 'ruff format' "$venv/bin/python" -m ruff format --check clients
  check 'mypy client' client_types
  for folder in Tests/*/ Tests/fuzz/*/; do
    if compgen -G "$folder*.py" >/dev/null; then check "mypy $folder" types "${folder%/}"; fi
  done
  mapfile -t scripts < <(git ls-files .ci/run '*.sh')
  check 'shellcheck' "$venv/bin/shellcheck" --external-sources "${scripts[@]}"
  if [[ -e Tests/fuzz/json/run.sh ]]; then
    check 'json fuzzer' Tests/fuzz/json/run.sh "$fuzz_seconds"
  fi
}
swift_lane >"$logs/swift_lane" 2>&1 &
other_lane=$!

check 'first command' Tests/try.sh
python_suite 'client tests' clients/python/tests
suite 'shell client tests' clients/shell/tests/run.sh
for folder in process hostile oracles documents; do
  python_suite "$folder tests" "Tests/$folder"
done
check 'binary fuzzer' "$venv/bin/python" Tests/fuzz/binary/fuzz.py --seconds "$fuzz_seconds" \
  --seed "$RANDOM"

wait "$other_lane" || note 'the other lane' 0 1
cat "$logs/swift_lane"

printf '\n%d s in all\n' "$SECONDS"
awk -F '\t' '
  { passed += $2; failed += $3 }
  $3 > 0 { print "FAILED: " $1 }
  END { printf "%d passed, %d failed\n", passed, failed; exit (failed > 0 || passed == 0) }
' "$results"
