# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables that evald.sh sets and reads
# What the functions of evald.sh are made of: the connection, and JSON for the parameters. Results
# come back in variables, _evald_result and _evald_json, since a subshell a value would cost more.
# Local variables are named _e_… because they would otherwise fail where the script has a readonly
# one of that name, and hide the script's own from its traps.

# Says an error as evald's own are said.
_evald_fail() {
  printf 'evald: %s: %s\n' "$1" "$2" >&2
  [[ -z ${3-} ]] || printf '  hint: %s\n' "$3" >&2
  return 1
}

_evald_usage() {
  printf 'usage: %s %s\n' "$1" "$2" >&2
  return 2
}

_evald_gone() {
  _evald_fail "$1" 'evald has ended' 'what it knew is gone; evald_start starts another'
}

_evald_alive() {
  [[ -n ${_evald_pid[$1]-} ]] && kill -0 "${_evald_pid[$1]}" 2>/dev/null
}

_evald_close() {
  local _e_fd
  for _e_fd in "${_evald_in[$1]-}" "${_evald_out[$1]-}"; do
    [[ -z $_e_fd ]] || eval "exec $_e_fd>&-"
  done
  unset "_evald_in[$1]" "_evald_out[$1]" "_evald_pid[$1]"
}

# Adds evald_stop to the commands that the script has at its EXIT. A subshell is shown those of its
# parent, which are not for it to run.
_evald_trap() {
  local _e_commands
  [[ $BASHPID -eq $$ ]] || return 0
  _e_commands=$(trap -p EXIT)
  [[ $_e_commands != *_evald_at_exit* ]] || return 0
  eval "set -- $_e_commands" # trap -- 'commands' EXIT
  # shellcheck disable=SC2064 # they are meant to expand now
  trap -- "${3-}"$'\n_evald_at_exit' EXIT
}

_evald_at_exit() {
  local _e_name
  for _e_name in ${_evald_pid[@]+"${!_evald_pid[@]}"}; do
    _evald_stop "$_e_name" 2>/dev/null || :
  done
}

_evald_stop() {
  local _e_chosen=$1 _e_status=0
  [[ -n ${_evald_in[$1]-} ]] || return 0
  _evald_request shutdown '{}' || _e_status=1
  _evald_write "${_evald_out[$1]}" '{"jsonrpc":"2.0","method":"exit"}' || _e_status=1
  eval "exec ${_evald_out[$1]}>&-"
  # Its output ends when it does.
  while [[ $_e_status -eq 0 ]] && read -r -t 10 -u "${_evald_in[$1]}" _; do :; done
  _evald_close "$1"
  return "$_e_status"
}

# awk with these programs, and what follows them.
_evald_awk() {
  local _e_programs=()
  while [[ $1 == *.awk ]]; do
    _e_programs+=(-f "$_evald_folder/$1")
    shift
  done
  LC_ALL=C "${EVALD_AWK:-awk}" "${_e_programs[@]}" "$@"
}

_evald_ask() {
  _evald_awk json.awk ask.awk -- "$@" < <(printf '%s\n' "$_evald_result")
}

_evald_is_json() {
  _evald_awk json.awk ask.awk -- check < <(printf '%s\n' "$1")
}

# In a subshell, since a dead evald is a broken pipe, whose signal would end the script.
_evald_write() {
  (printf '%s\n' "$2" 2>/dev/null) >&"$1"
}

# Sends a request and waits for its result, in _evald_result. Lines that aren't the reply are
# notifications, or replies to a subshell that was killed.
_evald_request() {
  local _e_name=${_e_chosen:-${EVALD_NAME:-evald}} _e_head _e_line _e_patience=()
  if [[ -z ${_evald_in[$_e_name]-} ]]; then
    _evald_fail "$1" 'no evald runs' 'evald_start starts one'
    return
  fi
  _evald_serial=$((_evald_serial + 1))
  _e_head="{\"jsonrpc\":\"2.0\",\"id\":\"$BASHPID.$_evald_serial\","
  _evald_quote "$1"
  _e_line="$_e_head\"method\":$_evald_json${2:+,\"params\":$2}}"
  _evald_write "${_evald_out[$_e_name]}" "$_e_line" || { _evald_gone "$1"; return; }
  if [[ -n ${TMOUT-} ]]; then _e_patience=(-t 2147483); fi # else TMOUT would be read's
  while IFS= read -r ${_e_patience[@]+"${_e_patience[@]}"} -u "${_evald_in[$_e_name]}" _e_line; do
    case $_e_line in
      "$_e_head\"result\":"*)
        _e_line=${_e_line#"$_e_head\"result\":"}
        _evald_result=${_e_line%\}}
        return 0
        ;;
      "$_e_head\"error\":"* | '{"jsonrpc":"2.0","id":null,"error":'*)
        _e_line=${_e_line#*\"error\":}
        _evald_result=${_e_line%\}}
        _evald_ask error "$1"
        return 1
        ;;
    esac
  done
  _evald_gone "$1"
}

# Hands rows on standard input to push.awk, which talks to evald itself.
_evald_push() {
  local _e_name=${EVALD_NAME:-evald} _e_status=0
  if [[ -z ${_evald_in[$_e_name]-} ]]; then
    _evald_fail "$1" 'no evald runs' 'evald_start starts one'
    return
  fi
  _evald_serial=$((_evald_serial + 1))
  _evald_quote "$2"
  { # A program has evald's output on a descriptor above 2 only as a copy of one that isn't.
    _evald_awk json.awk csv.awk push.awk -- "$1" "$BASHPID.$_evald_serial" "$_evald_json" \
      "${@:3}" 4<&0 <&3 3<&-
  } 3<&0 <&"${_evald_in[$_e_name]}" >&"${_evald_out[$_e_name]}" || _e_status=$?
  case $_e_status in
    0 | 1 | 126 | 127) return "$_e_status" ;;
    *) _evald_gone "$1" ;;
  esac
}

# Text as a JSON string, in _evald_json.
_evald_quote() {
  local _e_backslash=$'\\' _e_code _e_byte _e_escape
  _evald_json=${1//"$_e_backslash"/"$_e_backslash$_e_backslash"}
  _evald_json=${_evald_json//'"'/"$_e_backslash"'"'}
  if [[ $_evald_json == *[[:cntrl:]]* ]]; then
    for ((_e_code = 1; _e_code < 32; _e_code++)); do
      printf -v _e_escape '\\u%04x' "$_e_code"
      printf -v _e_byte '\\0%03o' "$_e_code"
      printf -v _e_byte %b "$_e_byte"
      _evald_json=${_evald_json//"$_e_byte"/"$_e_escape"}
    done
  fi
  _evald_json="\"$_evald_json\""
}

# A word as JSON, if that is what it is, else as a string; in _evald_json.
_evald_typed() {
  local _e_digit='[0123456789]' _e_number
  _e_number="^-?(0|[123456789]$_e_digit*)(\\.$_e_digit+)?([eE][-+]?$_e_digit+)?\$"
  if [[ $1 == true || $1 == false || $1 == null || $1 =~ $_e_number ]]; then
    _evald_json=$1
  elif [[ $1 == ['[{"']* ]] && _evald_is_json "$1"; then
    _evald_json=${1//$'\n'/ }
  else
    _evald_quote "$1"
  fi
}

# "NAME": and a value, from NAME=VALUE; with `text` the value is text whatever it looks like.
_evald_pair() {
  local _e_key
  [[ $2 == ?*=* ]] || { _evald_fail "$1" "wants NAME=VALUE, not \"$2\""; return 2; }
  _evald_quote "${2%%=*}"
  _e_key=$_evald_json
  if [[ ${3-} == text ]]; then _evald_quote "${2#*=}"; else _evald_typed "${2#*=}"; fi
  _evald_json="$_e_key:$_evald_json"
}

# What goes by a name, or by an object that says more.
_evald_name() {
  if [[ $1 == \{* ]]; then _evald_typed "$1"; else _evald_quote "$1"; fi
}

# The parameter `metrics` with a comma before it; empty without names.
_evald_metrics() {
  local _e_metric _e_all=''
  for _e_metric in "$@"; do
    _evald_name "$_e_metric"
    _e_all+=",$_evald_json"
  done
  _evald_json=${_e_all:+",\"metrics\":[${_e_all#,}]"}
}

_evald_window() {
  case $1 in
    marks=* | rows=*) _evald_typed "${1#*=}" && _evald_json="{\"${1%%=*}\":$_evald_json}" ;;
    mark=*) _evald_quote "${1#*=}" && _evald_json="{\"mark\":$_evald_json}" ;;
    *) _evald_quote "$1" ;;
  esac
}

# Sorts the arguments of a function by its synopsis: from LEAST to MOST plain words go to the
# caller's _e_words; the first, which is the stream, and what flags say to _e_members, as the inside
# of a JSON object; --json to _e_raw.
_evald_arguments() {
  local _e_caller=$1 _e_synopsis=$2 _e_least=$3 _e_most=$4 _e_key
  local -A _e_objects=() _e_lists=()
  shift 4
  _e_words=() _e_members=''
  while [[ $# -gt 0 ]]; do
    if [[ $1 == -- ]]; then
      _e_words+=("${@:2}")
      break
    elif [[ $1 != --* ]]; then
      _e_words+=("$1")
    elif [[ $_e_synopsis == *"[$1]"* ]]; then
      _e_raw=1
    elif [[ $_e_synopsis == *"[$1 "* && $# -gt 1 ]]; then
      _evald_flag "$_e_caller" "$1" "$2" || return
      shift
    else
      _evald_usage "$_e_caller" "$_e_synopsis"
      return
    fi
    shift
  done
  if [[ ${#_e_words[@]} -lt $_e_least || ${#_e_words[@]} -gt $_e_most ]]; then
    _evald_usage "$_e_caller" "$_e_synopsis"
    return
  fi
  _evald_quote "${_e_words[0]}"
  _e_members="\"stream\":$_evald_json$_e_members"
  for _e_key in ${_e_objects[@]+"${!_e_objects[@]}"}; do
    _e_members+=",\"$_e_key\":{${_e_objects[$_e_key]#,}}"
  done
  for _e_key in ${_e_lists[@]+"${!_e_lists[@]}"}; do
    _e_members+=",\"$_e_key\":[${_e_lists[$_e_key]#,}]"
  done
}

# One flag and its value, for _evald_arguments.
_evald_flag() {
  case "$2 $1" in
    --metric\ * | '--slice evald_open') _evald_name "$3" && _e_lists[${2#--}s]+=",$_evald_json" ;;
    --slice\ *) _evald_pair "$1" "$3" text && _e_objects[slice]+=",$_evald_json" ;;
    --option\ * | --constraint\ * | --cost\ *)
      _evald_pair "$1" "$3" && _e_objects[${2#--}s]+=",$_evald_json"
      ;;
    --window\ *) _evald_window "$3" && _e_members+=",\"window\":$_evald_json" ;;
    --keep-windows\ *) _evald_typed "$3" && _e_members+=",\"keep_windows\":$_evald_json" ;;
    *) _evald_typed "$3" && _e_members+=",\"${2#--}\":$_evald_json" ;;
  esac
}
