# Reads one JSON value on standard input, and takes from it what evald.sh asks for:
#   get POINTER      the value there; strings unquoted
#   value            the value of a metric/query of one metric; status 3 and the reason without
#   threshold        the threshold of a threshold/optimize, likewise
#   table            the values of a metric/query, one a line
#   check            nothing; status 1 unless it is one value and nothing else
#   error WHAT       nothing; prints the error object of a reply on standard error

BEGIN {
  json_setup()
  mode = ARGV[1]
  argument = ARGV[2]
  ARGC = 1
}

{ text = NR == 1 ? $0 : text "\n" $0 }

END {
  if (mode == "check") exit !json_is_value(text)
  if (mode == "get") exit get(argument)
  if (mode == "error") {
    json_report(argument, text)
    exit
  }
  if (json_get(text, "/complete") == "false")
    print "evald: batches were refused, so this isn't about all rows; see stream/flush" \
      > "/dev/stderr"
  if (mode == "table") table()
  else if (mode == "value") exit value(first("/values"), first("/undefined"), json_line(first_key))
  else exit value(json_get(text, "/threshold"), json_get(text, "/reason"), "threshold")
}

function get(pointer,   raw) {
  raw = json_is_value(text) ? json_get(text, pointer) : ""
  if (raw == "") {
    print "evald: no value at \"" pointer "\"" > "/dev/stderr"
    return 1
  }
  print json_text(raw)
  return 0
}

# The first member of an object, whatever its key is.
function first(pointer,   object) {
  object = json_get(text, pointer)
  if (!json_enter(object) || !json_next(object)) return ""
  if (pointer == "/values") first_key = json_key
  return json_value
}

function value(raw, reason, name) {
  if (raw != "null") {
    print json_text(raw)
    return 0
  }
  print "evald: " name " is undefined: " json_line(reason) > "/dev/stderr"
  return 3
}

# The members of an object that say something beside a value, by key.
function gather(pointer, into,   object) {
  object = json_get(text, pointer)
  if (!json_enter(object)) return
  while (json_next(object)) into[json_key] = json_value
}

function range(object) {
  return "[" json_get(object, "/low") ", " json_get(object, "/high") "]"
}

function table(   values, n, i, width, keys, row, note, undefined, intervals, bounds) {
  gather("/undefined", undefined)
  gather("/intervals", intervals)
  gather("/bounds", bounds)
  values = json_get(text, "/values")
  json_enter(values)
  while (json_next(values)) {
    keys[++n] = json_key
    row[n] = json_value
    if (length(json_line(json_key)) > width) width = length(json_line(json_key))
  }
  for (i = 1; i <= n; i++) {
    note = ""
    if (keys[i] in undefined) note = note "  " json_line(undefined[keys[i]])
    if (keys[i] in intervals) note = note "  " range(intervals[keys[i]])
    if (keys[i] in bounds) note = note "  within " range(bounds[keys[i]])
    printf "%-" width "s  ", json_line(keys[i])
    print (row[i] == "null" ? "-" : json_line(row[i])) note
  }
}
