# shellcheck shell=bash
# Functions that keep an evald as a coprocess of a bash script (4.2 or later) and talk to it: rows
# go in, and any metric of everything seen so far comes out. Needs an awk; no jq, no Python.
#
#   source clients/shell/evald.sh
#   evald_start
#   evald_open val binary --metric f1 --metric roc_auc
#   evald_push val scores=0.9,0.2,0.6 labels=1,0,1
#   evald_push_csv val scores=p labels=y --slice language <predictions.csv
#   f1=$(evald_value val f1)
#   echo "f1 $f1, best threshold $(evald_best_threshold val)"
#
# Functions print their result and nothing else. An error is told on standard error, with the place
# in the request and a hint; status 1, or 2 for wrong arguments, or 3 where the answer is that the
# value is undefined, with the reason. Numbers pass as text in both directions: no digit is lost.
# `set -euo pipefail` is fine, and so are pipelines and $(…); but only one job at a time may talk
# to one evald: jobs in the background take turns, or start their own.
#
# EVALD_BIN   the program (evald, from PATH)
# EVALD_AWK   the awk (awk; mawk is the fastest)
# EVALD_NAME  which evald is meant, where a script has several: EVALD_NAME=teacher evald_start;
#             EVALD_NAME=teacher evald_value val f1

_evald_folder=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=clients/shell/wire.sh
source "$_evald_folder/wire.sh"
declare -gA _evald_in _evald_out _evald_pid
_evald_serial=0

# evald_start [FLAG]...: starts an evald with these flags of its command line. It ends by
# evald_stop, or with the script: an EXIT trap that is set by now is kept and runs first; one that
# is set later takes the place of this one, and then evald ends because its input does.
evald_start() {
  local _e_name=${EVALD_NAME:-evald} _e_stderr _e_pid _e_in _e_out
  if [[ $_e_name == *[!A-Za-z0-9_.-]* ]]; then
    _evald_fail evald_start "EVALD_NAME is \"$_e_name\"" 'use letters, digits and _.- in it'
    return
  elif ! type -P "${EVALD_BIN:-evald}" >/dev/null; then
    _evald_fail evald_start "no program \"${EVALD_BIN:-evald}\"" 'EVALD_BIN is where evald is'
    return
  elif _evald_alive "$_e_name"; then
    _evald_fail evald_start "\"$_e_name\" runs already" 'EVALD_NAME names another'
    return
  fi
  _evald_close "$_e_name"
  # It waits for a line before it becomes evald, since bash unsets the variables of a coprocess that
  # has ended. Bash would warn where the script has a coprocess of its own.
  exec {_e_stderr}>&2
  {
    coproc _evald_coprocess {
      read -r _
      exec "${EVALD_BIN:-evald}" "$@" 2>&"$_e_stderr" {_e_stderr}>&-
    }
  } 2>/dev/null
  # shellcheck disable=SC2154 # bash sets it
  _e_pid=$_evald_coprocess_PID
  # Descriptors of our own, since subshells don't have those of a coprocess. Like those, they close
  # where a program is started.
  exec {_e_in}<&"${_evald_coprocess[0]}" {_e_out}>&"${_evald_coprocess[1]}"
  eval "exec $_e_stderr>&- ${_evald_coprocess[0]}<&- ${_evald_coprocess[1]}>&-"
  disown "$_e_pid" # so that the script's own `wait` doesn't wait for evald
  _evald_in[$_e_name]=$_e_in _evald_out[$_e_name]=$_e_out _evald_pid[$_e_name]=$_e_pid
  _evald_write "$_e_out" ''
  if ! _evald_request initialize \
    '{"client":{"name":"evald.sh","version":"1"},"protocol_versions":[1]}'; then
    _evald_close "$_e_name"
    return 1
  fi
  _evald_trap
}

# evald_attach NAME|PATH [--or-start [FLAG]...]: the same with an evald that another program started
# under this name, or at this path; evald_stop lets go of it. With --or-start one is started if none
# is live, which has no owner and stays.
evald_attach() {
  if [[ $# -lt 1 ]]; then
    _evald_usage evald_attach 'NAME|PATH [--or-start [FLAG]...]'
    return
  fi
  evald_start attach "$@"
}

# evald_stop: ends evald in order, and waits for it. Nothing to stop is fine.
evald_stop() {
  _evald_stop "${EVALD_NAME:-evald}"
}

# evald_open STREAM TASK [--option K=V]... [--metric M]... [--slice S]... [--keep-windows N]: opens
# a stream. M is a name, or an object: '{"metric":"f_beta","beta":2}'. S is a name, or an object
# with edges: '{"name":"length","edges":[64,512]}'. V is taken as JSON where it is JSON, else as
# text. N windows that marks have closed can still be asked about.
evald_open() {
  local _e_words _e_members _e_synopsis='STREAM TASK [--option K=V]... [--metric M]...'
  _evald_arguments evald_open "$_e_synopsis [--slice S]... [--keep-windows N]" 2 2 "$@" || return
  _evald_quote "${_e_words[1]}"
  _evald_request stream/open "{$_e_members,\"task\":$_evald_json}"
}

# evald_push STREAM [--slice NAME=VALUE]... COLUMN=LIST...: pushes one batch. A list has commas or
# white space between values, or is @FILE with one a line: scores="$p" labels=@labels.txt. What
# isn't a number is sent as text. A slice has one value for the whole batch.
evald_push() {
  if [[ $# -lt 2 ]]; then
    _evald_usage evald_push 'STREAM [--slice NAME=VALUE]... COLUMN=LIST...'
    return
  fi
  _evald_push evald_push "$1" lists < <(printf '%s\036' "${@:2}")
}

# evald_push_csv STREAM [FLAG]... [COLUMN[=HEADER[,HEADER]...]]... <CSV: pushes rows of CSV (RFC
# 4180, with a header line) in batches. COLUMN is the batch's name for a column of the file; several
# headers make rows of several numbers (scores=p_cat,p_dog). Without columns, all of the file.
#   --slice NAME[=HEADER]  a column of slices
#   --text COLUMN          text, also where it looks like a number, as slices and ids are
#   --number COLUMN        numbers, as scores, targets, values and weights are; nan, Inf, +1 and .5
#                          are understood
#   --batch ROWS           rows of a batch (4096)
# Other columns go by the look of each value. A field without anything in it is null, or empty text.
# The first line that is refused ends it; the batches before that one stay.
evald_push_csv() {
  if [[ $# -lt 1 ]]; then
    _evald_usage evald_push_csv 'STREAM [FLAG]... [COLUMN[=HEADER[,HEADER]...]]... <CSV'
    return
  fi
  _evald_push evald_push_csv "$1" csv "${@:2}"
}

# evald_push_lines STREAM COLUMN [--batch ROWS]: pushes the numbers on standard input, one a line.
# It is no way to watch a slow source: mawk takes its input 4 KiB at a time.
evald_push_lines() {
  if [[ $# -lt 2 ]]; then
    _evald_usage evald_push_lines 'STREAM COLUMN [--batch ROWS] <LINES'
    return
  fi
  _evald_push evald_push_lines "$1" lines "${@:2}"
}

# evald_value STREAM METRIC [--window W] [--slice K=V]... [--threshold T]: prints the value of one
# metric, bare; one that has parts as JSON. An undefined one prints nothing; status 3, and the
# reason on standard error. W is current (since the last mark), all, marks=N, mark=LABEL or rows=N.
evald_value() {
  local _e_words _e_members
  _evald_arguments evald_value \
    'STREAM METRIC [--window W] [--slice K=V]... [--threshold T]' 2 2 "$@" || return
  _evald_metrics "${_e_words[1]}"
  _evald_request metric/query "{$_e_members$_evald_json}" && _evald_ask value
}

# evald_query STREAM [METRIC]... [--window W] [--slice K=V]... [--threshold T] [--confidence C]
# [--json]: prints a line a metric, with its value (- where undefined, and the reason) and interval;
# by default the metrics that evald_open named. --json: the whole answer as it came.
evald_query() {
  local _e_words _e_members _e_raw='' _e_synopsis='STREAM [METRIC]... [--window W] [--slice K=V]...'
  _e_synopsis+=' [--threshold T] [--confidence C] [--json]'
  _evald_arguments evald_query "$_e_synopsis" 1 9999 "$@" || return
  _evald_metrics "${_e_words[@]:1}"
  _evald_request metric/query "{$_e_members$_evald_json}" || return
  if [[ -n $_e_raw ]]; then printf '%s\n' "$_evald_result"; else _evald_ask table; fi
}

# evald_mark STREAM LABEL [K=V]...: ends the window, as after an epoch, with what else to remember
# of it (loss=0.31). metric/history has the marks.
evald_mark() {
  local _e_words _e_members _e_pair _e_extra=''
  _evald_arguments evald_mark 'STREAM LABEL [K=V]...' 2 9999 "$@" || return
  for _e_pair in "${_e_words[@]:2}"; do
    _evald_pair evald_mark "$_e_pair" || return
    _e_extra+=",$_evald_json"
  done
  [[ -z $_e_extra ]] || _e_members+=",\"extra\":{${_e_extra#,}}"
  _evald_quote "${_e_words[1]}"
  _evald_request stream/mark "{$_e_members,\"label\":$_evald_json}"
}

# evald_best_threshold STREAM [--objective O] [--beta B] [--constraint K=V]... [--cost K=V]...
# [--window W] [--slice K=V]...: prints the threshold that is best (for f1, unless O says
# otherwise). Status 3 and the reason where there is none.
evald_best_threshold() {
  local _e_words _e_members _e_synopsis='STREAM [--objective O] [--beta B] [--constraint K=V]...'
  _evald_arguments evald_best_threshold \
    "$_e_synopsis [--cost K=V]... [--window W] [--slice K=V]..." 1 1 "$@" || return
  _evald_request threshold/optimize "{$_e_members}" && _evald_ask threshold
}

# evald_call METHOD [PARAMS|-]: any request; prints the result as JSON. -: PARAMS on standard input.
evald_call() {
  local _e_params=${2-}
  if [[ $# -lt 1 || $# -gt 2 ]]; then
    _evald_usage evald_call 'METHOD [PARAMS|-]'
    return
  fi
  if [[ $_e_params == - ]]; then _e_params=$(cat) || return; fi
  if [[ $_e_params == *$'\n'* ]]; then
    _evald_is_json "$_e_params" || { _evald_fail evald_call 'the parameters are not JSON'; return; }
    # A message is one line; JSON that is valid has line ends between values only.
    _e_params=${_e_params//$'\n'/ }
  fi
  _evald_request "$1" "$_e_params" && printf '%s\n' "$_evald_result"
}

# evald_get POINTER <JSON: prints the value at a JSON pointer (/best/f1/label), strings unquoted;
# status 1 where there is none.
evald_get() {
  if [[ $# -ne 1 ]]; then
    _evald_usage evald_get 'POINTER <JSON'
    return
  fi
  _evald_awk json.awk ask.awk -- get "$1"
}

# evald_quote TEXT: prints the text as a JSON string, for the parameters of evald_call.
evald_quote() {
  if [[ $# -ne 1 ]]; then
    _evald_usage evald_quote TEXT
    return
  fi
  _evald_quote "$1"
  printf '%s\n' "$_evald_json"
}
