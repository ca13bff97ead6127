# CSV as RFC 4180 has it, for push.awk, which defines take_record and fail.

# Hands the fields of a record on in `field`. A record goes on while a quote is open.
function read_record(record,   n, quotes, start, lines, size) {
  start = NR
  if (!index(record, "\"")) {
    record = without_return(record)
    if (record != "") take_record(split(record, field, ","), start)
    return
  }
  lines[n = 1] = record
  quotes = gsub(/"/, "&", record)
  while (quotes % 2) {
    if ((getline record) <= 0) fail("a quote is never closed", "line " start)
    lines[++n] = record
    size += length(record)
    if (size > 67108864) fail("a quote isn't closed within 64 MiB", "line " start)
    quotes += gsub(/"/, "&", record)
  }
  n = split_quoted(json_join(lines, 1, n, 1, "\n"), start)
  take_record(n, start)
}

function without_return(line) {
  if (substr(line, length(line)) == "\r") return substr(line, 1, length(line) - 1)
  return line
}

# The pieces between quotes lie outside and inside by turns; an empty one outside, between two
# inside, is a quote that was written twice. Where text may have line ends, what it is split at is
# a regular expression: a plain separator splits at line ends too in some awks.
function split_quoted(record, line,   k, i, j, m, n, pieces, part, start) {
  k = split(record, pieces, /"/)
  pieces[k] = without_return(pieces[k])
  n = split(pieces[1], field, ",")
  if (!n) field[n = 1] = ""
  for (i = 2; i < k; i += 2) {
    if (field[n] != "") fail("a quote inside a field that doesn't begin with one", "line " line)
    start = i
    while (i + 1 < k && pieces[i + 1] == "") i += 2
    field[n] = json_join(pieces, start, i, 2, "\"")
    m = split(pieces[i + 1], part, ",")
    if (m && part[1] != "") fail("text behind a closing quote", "line " line)
    for (j = 2; j <= m; j++) field[++n] = part[j]
  }
  return n
}
