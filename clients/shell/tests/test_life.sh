# shellcheck shell=bash
# shellcheck disable=SC2154 # out, err and status are run.sh's
# How evald starts, ends and dies, and that the script's own affairs are left alone.

# Whether a process is gone within some seconds.
gone() {
  local wait
  for ((wait = 0; wait < 60; wait++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}

test_start_and_stop() {
  run <<'X'
evald_stop
evald_start
evald_call ping
pid=${_evald_pid[evald]}
evald_stop
if kill -0 "$pid" 2>/dev/null; then echo alive; fi
evald_stop
evald_start --max-streams 3
evald_call initialize 2>/dev/null || echo once
evald_stop
echo "${#_evald_in[@]} ${#_evald_out[@]} ${#_evald_pid[@]}"
X
  prints $'{}\nonce\n0 0 0'
  run <<<'evald_start; evald_start'
  fails 1 'evald_start: "evald" runs already' 'EVALD_NAME'
  run <<<'EVALD_BIN=./nowhere evald_start'
  fails 1 'no program "./nowhere"' 'EVALD_BIN'
  run <<<'evald_start --no-such-flag'
  fails 1 '--no-such-flag' 'evald has ended'
  run <<<'EVALD_NAME="a b" evald_start'
  fails 1 'EVALD_NAME is "a b"'
  run <<<'EVALD_BIN=false evald_start || evald_start; evald_call ping'
  is 'after a start that failed' "$out" '{}'
}

test_an_evald_that_dies() {
  run <<'X'
evald_start
evald_open v scalar
kill -9 "${_evald_pid[evald]}"
while kill -0 "${_evald_pid[evald]}" 2>/dev/null; do sleep 0.01; done
for call in 'evald_call ping' 'evald_push v values=1' 'evald_value v mean' 'evald_stop'; do
  $call && echo fine || echo "$?"
done
seq 1 200000 | evald_push_lines v values || echo "$?"
evald_start
evald_open v scalar
evald_push v values=2
evald_value v mean
X
  is 'standard output' "$out" $'1\n1\n1\n1\n1\n2.0'
  has 'standard error' "$err" 'evald: ping: evald has ended'
  has 'standard error' "$err" 'evald: evald_push: evald has ended'
  run <<'X'
evald_start
evald_open v scalar
(sleep 0.3; kill -9 "${_evald_pid[evald]}") &
{ seq 1 9000; sleep 1; seq 1 9000; } | evald_push_lines v values
echo never
X
  fails 1 'evald: evald_push_lines: evald has ended'
  is 'standard output' "$out" ''
}

test_two_evalds() {
  run <<'X'
evald_start
EVALD_NAME=b evald_start
evald_open v scalar
EVALD_NAME=b evald_open v scalar
evald_push v values=1
EVALD_NAME=b evald_push v values=2
seq 3 4 | EVALD_NAME=b evald_push_lines v values
echo "$(evald_value v sum) $(EVALD_NAME=b evald_value v sum)"
evald_stop
EVALD_NAME=b evald_value v sum
evald_call ping 2>/dev/null || echo "$?"
EVALD_NAME=c evald_call ping 2>/dev/null || echo "$?"
X
  prints $'1.0 9.0\n9.0\n1\n1'
}

test_descriptors_are_not_inherited() {
  run <<'X'
exec {before}</dev/null; exec {before}<&-
evald_start
pid=${_evald_pid[evald]}
EVALD_NAME=b evald_start
# Neither the second evald nor a program keeps the first's input open.
sleep 20 &
sleeper=$!
disown # so that bash says nothing of its end
eval "exec ${_evald_out[evald]}>&-"
for ((wait = 0; wait < 20; wait++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
[[ $wait -lt 20 ]] && echo ended
kill "$sleeper"
EVALD_NAME=b evald_stop
evald_stop 2>/dev/null || :
exec {after}</dev/null; exec {after}<&-
echo "$((after - before))"
X
  prints $'ended\n0'
}

test_the_scripts_exit_trap() {
  run <<'X'
trap 'echo "mine $?"; evald_value v sum # while evald runs
echo "$pid" >pid' EXIT
evald_start
evald_stop
evald_start
pid=${_evald_pid[evald]}
evald_open v scalar
evald_push v values=5
exit 7
X
  is 'status' "$status" 7
  is 'standard output' "$out" $'mine 7\n5.0'
  is 'evald ended' "$(gone "$(<pid)" && echo yes)" yes
  run <<'X'
evald_start
trap 'echo "mine $?"' EXIT
echo "${_evald_pid[evald]}" >pid
false
X
  is 'status' "$status" 1
  is 'standard output' "$out" 'mine 1'
  is 'evald ended' "$(gone "$(<pid)" && echo yes)" yes
  run <<'X'
trap 'rm -f precious' EXIT
: >precious
(evald_start; evald_call ping)
[[ -e precious ]] && echo there
X
  prints $'{}\nthere'
  is 'removed at last' "$([[ -e precious ]] || echo gone)" gone
}

test_the_scripts_other_traps() {
  run <<'X'
set -E
trap 'echo "err $?"' ERR
trap 'echo usr1' USR1
trap 'echo pipe' PIPE
evald_start
evald_open v scalar
evald_push v values=1,2
evald_value v mean
kill -USR1 $$
evald_value v std || :
kill -9 "${_evald_pid[evald]}"
evald_call ping 2>/dev/null || echo "status $?"
trap -p | grep -c -e USR1 -e PIPE -e ERR
X
  prints $'1.5\nusr1\n0.7071067811865476\nstatus 1\n3'
}

test_a_script_that_is_killed() {
  run <<'X'
evald_start
echo "${_evald_pid[evald]}" >pid
(sleep 30; :) & # a subshell has the descriptors, and outlives the script
echo "$!" >subshell
kill -9 $$
X
  is 'evald ended' "$(gone "$(<pid)" && echo yes)" yes
  kill "$(<subshell)"
  run <<'X'
evald_start
echo "${_evald_pid[evald]}" >pid
kill -TERM $$
X
  is 'evald ended' "$(gone "$(<pid)" && echo yes)" yes
}

test_wait_and_jobs() {
  run <<'X'
evald_start
sleep 0.1 &
wait
jobs
evald_call ping
X
  prints '{}'
}

test_a_coprocess_of_the_script() {
  run <<'X'
coproc mine { cat; }
evald_start
echo hello >&"${mine[1]}"
read -r line <&"${mine[0]}"
echo "$line"
evald_call ping
evald_stop
echo again >&"${mine[1]}"
read -r line <&"${mine[0]}"
echo "$line"
X
  prints $'hello\n{}\nagain'
}

test_subshells_pipelines_and_loops() {
  run <<'X'
evald_start
evald_open v scalar
(evald_push v values=1)
echo 2 | evald_push_lines v values
echo "$(evald_push v values=3; evald_value v sum)"
printf '4\n5\n' | while read -r value; do evald_push v values="$value"; done
# Functions leave the standard input of a loop alone.
printf '%s\n' mean sum max | while read -r metric; do evald_value v "$metric"; done
printf 'a\nb\n' | while read -r label; do
  evald_mark v "$label"
  evald_query v sum >/dev/null
  evald_call ping >/dev/null
done
evald_call metric/history '{"stream":"v"}' | evald_get /rows/1/label
X
  prints $'6.0\n3.0\n15.0\n5.0\nb'
}

test_settings_of_the_script() {
  run <<'X'
IFS=,.:0123456789
shopt -s nullglob failglob dotglob extglob
set -o noglob -o noclobber
TMOUT=1
REPLY=mine line=mine name=mine status=mine
evald_start
evald_open v binary --option threshold=0.5 --slice s
evald_push v --slice s='*' scores=0.25,0.75 labels=0,1
printf 'scores,labels,s\n0.5,1,*\n' | evald_push_csv v --slice s
evald_query v f1 recall
evald_mark v '*' x=1
evald_value v f1 --window all --slice s='*'
echo "$REPLY $line $name $status"
unset IFS
evald_value v f1 --window all
X
  prints $'f1      1.0\nrecall  1.0\n1.0\nmine mine mine mine\n1.0'
}

test_lines_that_nobody_waits_for() {
  run <<'X'
evald_start
evald_open v scalar --metric sum
evald_call metric/subscribe '{"stream":"v","min_interval_ms":50}' >/dev/null
for value in 1 2 3 4; do
  evald_push v values=$value
  sleep 0.1
done
printf '5\n6\n' | evald_push_lines v values --batch 1
# Replies to a subshell that was killed.
printf '{"jsonrpc":"2.0","id":"1.1","method":"ping"}\n' >&"${_evald_out[evald]}"
printf '{"jsonrpc":"2.0","id":"1.2","method":"nothing"}\n' >&"${_evald_out[evald]}"
evald_push v values=7
printf '{"jsonrpc":"2.0","id":"1.3","method":"metric/query","params":{"stream":"w"}}\n' \
  >&"${_evald_out[evald]}"
printf '{"jsonrpc":"2.0","id":"1.4","method":"ping"}\n' >&"${_evald_out[evald]}"
evald_value v sum
X
  prints 28.0
}

test_an_incomplete_answer_says_so() {
  run <<'X'
evald_start
evald_open v scalar
evald_push v values=1
printf '%s\n' '{"jsonrpc":"2.0","method":"stream/push","params":{"stream":"v","batch":{"values":["x"]}}}' \
  >&"${_evald_out[evald]}"
evald_value v sum
X
  is 'the value' "$out" 1.0
  has 'standard error' "$err" "batches were refused, so this isn't about all rows"
}

test_the_example() {
  run <<<"'$here/../examples/train.sh'"
  is 'status' "$status" 0
  is 'standard error' "$err" ''
  has 'its rows' "$out" $'\n    2  0.'
  has 'its end' "$out" 'stopped after epoch 16, best epoch 12'
  if [[ $out =~ f1\ 0\.(7[0-9]{3})\ at\ 0\.5,\ 0\.(7[0-9]{3})\ at\ the\ best\ threshold,\ 0\.[0-9]+$ ]]; then
    is 'a better threshold' "$((BASH_REMATCH[2] > BASH_REMATCH[1]))" 1
  else
    is 'the last line' "${out##*$'\n'}" 'f1 … at 0.5, … at the best threshold, …'
  fi
}

test_names_of_the_script() {
  run <<'X'
for name in name status line head value key text stream result words members serial in out fd pid \
  params code number flag batch rows patience commands REPLY; do
  printf -v "$name" mine
  readonly "$name"
done
evald_start
evald_open v binary --option threshold=0.5 --slice s --metric f1
evald_push v --slice s=$'\n' scores=0.25,0.75 labels=0,1
printf 'scores,labels,s\n0.5,1,*\n' | evald_push_csv v --slice s
evald_query v
evald_best_threshold v
evald_mark v one x=1
evald_call ping $'{\n}'
evald_stop
declare -F | grep -v -e ' evald_' -e ' _evald_' || :
compgen -v | grep -v -e '^_*[A-Z]' -e '^_evald_' | grep -c -v -x -e name -e status -e line -e head \
  -e value -e key -e text -e stream -e result -e words -e members -e serial -e in -e out -e fd \
  -e pid -e params -e code -e number -e flag -e batch -e rows -e patience -e commands -e _ || :
X
  prints $'f1  1.0\n0.5\n{}\n0'
}

test_attach() {
  export XDG_RUNTIME_DIR
  XDG_RUNTIME_DIR=$(mktemp -d /tmp/evXXXXXX) # short, as the path of a socket must be
  run <<'X'
EVALD_NAME=owner evald_start --name run42
evald_attach run42
evald_open v scalar
evald_push v values=1,2
EVALD_NAME=owner evald_value v sum
evald_stop
EVALD_NAME=owner evald_call stream/list | grep -c '"stream":"v"'
EVALD_NAME=owner evald_stop
X
  prints $'3.0\n1'
  run <<<'evald_attach nobody'
  fails 1 'there is no live evald nobody'
  run <<<'evald_attach'
  fails 2 'NAME|PATH'
  run <<'X'
evald_attach shared --or-start --idle-exit 0
evald_open v scalar
evald_push v values=4
evald_value v sum
X
  prints 4.0
  rm -rf "$XDG_RUNTIME_DIR"
  unset XDG_RUNTIME_DIR
}
