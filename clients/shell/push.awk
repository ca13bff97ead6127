# Turns rows into stream/push requests, for evald.sh: batches on standard output, which is evald's
# standard input, each sent when the one before is answered on descriptor 4. So memory is one batch,
# and nothing follows a refused one. Arguments: what to call itself, the request id, the stream as
# JSON, and
#   csv [FLAG…] [COLUMN[=HEADER[,HEADER…]]…]     CSV with a header on standard input
#   lines [FLAG…] COLUMN                         one value a line on standard input
#   lists [--slice NAME=VALUE…] COLUMN=LIST…     these from standard input, \036 after each
# Status: 1 refused or not understood, which standard error says; 4 evald has ended.

BEGIN {
  json_setup()
  caller = ARGV[1]
  id = ARGV[2]
  stream = ARGV[3]
  mode = ARGV[4]
  # A shell reads no further than the end of a line; awks wait for more.
  reply = "IFS= read -r line <&4 && printf '%s\\n' \"$line\""
  batch_rows = 4096
  batch_bytes = 1048576
  number_columns = " scores targets values weights relevances relevant_totals log_probs "
  text_columns = " ids inputs queries documents problems references "
  for (i = 5; i < ARGC; i++) {
    if (ARGV[i] !~ /^--/) add_column(ARGV[i], "")
    else if (i + 1 == ARGC) fail(ARGV[i] " wants a value")
    else flag(ARGV[i], ARGV[++i])
  }
  ARGC = 1
  if (mode == "lists") RS = "\036"
  if (mode == "lines") {
    if (columns != 1) fail("wants one column")
    source[1, 1] = width[1] = 1
    settle_roles()
  }
}

mode == "lists" { add_list($0) }
mode == "lines" { if ($0 !~ /^[ \t\r]*$/) one_row($0) }
mode == "csv" {
  if (NR == 1) sub(/^\357\273\277/, "")
  read_record($0)
}

END {
  if (failed) exit failed
  if (mode == "csv" && !fields) fail("no header: the first line of CSV names the columns")
  if (mode == "lists" || rows) send()
}

# Arguments

function flag(name, word) {
  if (name == "--slice") add_column(word, "slice")
  else if (name == "--text" || name == "--number") role_of[word] = substr(name, 3)
  else if (name != "--batch") fail("has no " name)
  else if (word !~ /^[1-9][0-9]*$/) fail("--batch wants a number of rows, not " json_quote(word))
  else batch_rows = word + 0
}

# A column of the batch, with the place that it is read from behind an equals sign.
function add_column(word, kind,   at) {
  at = index(word, "=")
  name[++columns] = at ? substr(word, 1, at - 1) : word
  from[columns] = at ? substr(word, at + 1) : word
  is_slice[columns] = kind == "slice"
  if (name[columns] == "") fail("a column without a name: " json_quote(word))
}

# Slices and names are text and scores are numbers, whatever they look like; other columns go by
# the look of each value.
function settle_roles(   c) {
  for (c = 1; c <= columns; c++) {
    if (name[c] in role_of) role[c] = role_of[name[c]]
    else if (is_slice[c] || index(text_columns, " " name[c] " ")) role[c] = "text"
    else role[c] = index(number_columns, " " name[c] " ") ? "number" : "any"
  }
}

# Values

function convert(word, kind) {
  if (kind == "text") return json_quote(word)
  if (json_is_number(word)) return word
  gsub(/^[ \t\r]+|[ \t\r]+$/, "", word)
  if (word == "") return "null"
  if (json_is_number(word)) return word
  if (word ~ /^([Tt]rue|TRUE|[Ff]alse|FALSE|null)$/) return tolower(word)
  return kind == "number" ? other_number(word) : json_quote(word)
}

# Numbers as programs print them and JSON doesn't have them; empty for what is none.
function other_number(word,   sign, low) {
  low = tolower(word)
  if (low ~ /^[-+]?nan$/) return "\"NaN\""
  if (low ~ /^[-+]?inf(inity)?$/) return low ~ /^-/ ? "\"-Infinity\"" : "\"Infinity\""
  if (low !~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/) return ""
  sign = substr(word, 1, 1) == "-" ? "-" : ""
  sub(/^[-+]/, "", word)
  sub(/^0+/, "", word)
  if (word !~ /^[0-9]/) word = "0" word
  if (word ~ /^[0-9]+\.([eE]|$)/) sub(/\./, ".0", word)
  return sign word
}

# Rows

function take_record(n, line) {
  if (!fields) {
    take_header(n)
    return
  }
  if (n != fields) fail(n " fields where the header has " fields, "line " line)
  add_row(line)
}

function take_header(n,   c, i, k, parts, place, twice) {
  fields = n
  for (i = 1; i <= n; i++) {
    if (field[i] in place) twice[field[i]]
    place[field[i]] = i
  }
  for (c = k = 1; c <= columns; c++) k = k && is_slice[c]
  for (i = 1; k && i <= n; i++) if (!named_slice(field[i])) add_column(field[i] "=" field[i], "")
  for (c = 1; c <= columns; c++) {
    k = from[c] in place ? 1 : split(from[c], parts, /,/)
    if (k < 2) parts[k = 1] = from[c]
    width[c] = k
    for (i = 1; i <= k; i++) {
      if (!(parts[i] in place)) fail("the header has no column " json_quote(parts[i]))
      if (parts[i] in twice) fail("the header has two columns " json_quote(parts[i]))
      source[c, i] = place[parts[i]]
    }
  }
  settle_roles()
}

function named_slice(header,   c) {
  for (c = 1; c <= columns; c++) if (is_slice[c] && from[c] == header) return 1
  return 0
}

function one_row(line) {
  field[1] = line
  add_row(NR)
}

function add_row(line,   c, i, word) {
  rows++
  line_of[rows] = line
  for (c = 1; c <= columns; c++)
    for (i = 1; i <= width[c]; i++) {
      word = convert(field[source[c, i]], role[c])
      if (word == "")
        fail(json_quote(field[source[c, i]]) " is not a number", \
          "line " line ", column " json_quote(name[c]))
      if (width[c] > 1) word = (i == 1 ? "[" : "") word (i == width[c] ? "]" : "")
      bytes += length(word) + 1
      cell[c, rows] = i == 1 ? word : cell[c, rows] "," word
    }
  if (rows == batch_rows || bytes >= batch_bytes) send()
}

# Lists

# COLUMN=LIST, COLUMN=@FILE, or --slice and then NAME=VALUE.
function add_list(word,   n, i, items) {
  if (word == "--slice") {
    slice_next = 1
    return
  }
  if (index(word, "=") < 2) fail("wants NAME=…, not " json_quote(word))
  add_column(word, slice_next ? "slice" : "")
  slice_next = 0
  settle_roles()
  if (is_slice[columns]) return
  n = list_items(from[columns], items)
  for (i = 1; i <= n; i++) {
    cell[columns, i] = convert(items[i], role[columns])
    if (cell[columns, i] == "")
      fail(json_quote(items[i]) " is not a number", "item " i " of " json_quote(name[columns]))
  }
  list_length[columns] = n
}

# Commas, or white space, or both stand between the values of a list; a file has one a line.
function list_items(list, items,   n, i, k, m, j, parts, words, line, file, status) {
  if (substr(list, 1, 1) != "@") {
    k = split(list, parts, /,/)
    for (i = 1; i <= k; i++) {
      m = split(parts[i], words, " ")
      for (j = 1; j <= m; j++) items[++n] = words[j]
      if (!m && k > 1) items[++n] = ""
    }
    return n + 0
  }
  file = substr(list, 2)
  RS = "\n"
  while ((status = file == "-" ? -1 : (getline line < file)) > 0)
    if (line !~ /^[ \t\r]*$/) items[++n] = line
  if (status < 0) fail("cannot read " json_quote(file))
  close(file)
  RS = "\036"
  return n + 0
}

# Batches

# Sends what was gathered, and waits for the answer.
function send(   c, started) {
  RS = "\n"
  printf "%s", "{\"jsonrpc\":\"2.0\",\"id\":\"" id "." ++sent "\",\"method\":\"stream/push\","
  printf "%s", "\"params\":{\"stream\":" stream ",\"batch\":{"
  for (c = 1; c <= columns; c++) if (!is_slice[c]) {
    printf "%s", (started++ ? "," : "") json_quote(name[c]) ":"
    write_cells(c)
  }
  for (c = 1; c <= columns; c++) if (is_slice[c]) {
    printf "%s", (in_slices++ ? "," : (started ? "," : "") "\"slices\":{") json_quote(name[c]) ":"
    if (mode == "lists") printf "%s", json_quote(from[c])
    else write_cells(c)
  }
  print (in_slices ? "}" : "") "}}}"
  fflush()
  await()
  pushed += rows
  rows = bytes = in_slices = 0
}

function write_cells(c,   i, n) {
  n = mode == "lists" ? list_length[c] : rows
  printf "["
  for (i = 1; i < n; i++) printf "%s,", cell[c, i]
  printf "%s]", n ? cell[c, n] : ""
}

# Other lines than the reply are notifications, or replies that nobody stayed to read.
function await(   line, head) {
  head = "{\"jsonrpc\":\"2.0\",\"id\":\"" id "." sent "\","
  while ((reply | getline line) > 0) {
    close(reply)
    if (index(line, head "\"result\":") == 1) return
    if (index(line, head "\"error\":") == 1) refused(json_get(line, "/error"))
    if (index(line, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":") == 1)
      refused(json_get(line, "/error"))
  }
  failed = 4
  exit failed
}

# Says which line of the input the row of the error's path is.
function refused(error,   n, parts, row, place) {
  n = split(json_text(json_get(error, "/data/path")), parts, /\//)
  row = n > 4 ? parts[parts[4] == "slices" ? 6 : 5] : ""
  if (mode != "lists" && row ~ /^[0-9]+$/ && (row + 1) in line_of)
    place = "line " line_of[row + 1] ", "
  json_report(caller, error, place)
  if (pushed) print "  the " pushed " rows before this batch are in" > "/dev/stderr"
  failed = 1
  exit failed
}

function fail(message, place) {
  print "evald: " caller ": " message > "/dev/stderr"
  if (place != "") print "  at " place > "/dev/stderr"
  if (pushed) print "  the " pushed " rows before this batch are in" > "/dev/stderr"
  failed = 1
  exit failed
}
