# JSON in POSIX awk, for evald.sh: finding values in text, and writing strings. Run with LC_ALL=C,
# so that positions are bytes. Values are handed on as they were written: a number keeps each digit.

# The escapes of JSON; each program calls this first.
function json_setup(   code) {
  for (code = 1; code < 32; code++) json_escapes[sprintf("%c", code)] = sprintf("\\u%04x", code)
  json_escapes["\t"] = "\\t"
  json_escapes["\n"] = "\\n"
  json_escapes["\r"] = "\\r"
  json_escapes["\""] = "\\\""
  json_escapes["\\"] = "\\\\"
}

# Every step-th element from lo to hi in one string. Adding them one after the other would take the
# square of their number.
function json_join(parts, lo, hi, step, separator,   middle) {
  if (lo == hi) return parts[lo]
  middle = lo + step * int((hi - lo) / step / 2)
  return json_join(parts, lo, middle, step, separator) separator \
    json_join(parts, middle + step, hi, step, separator)
}

# A string as JSON has it, quotes included.
function json_quote(text,   c) {
  if (text ~ /[\001-\037"\\]/) {
    if (index(text, "\\")) text = json_replace(text, "\\")
    for (c in json_escapes) if (c != "\\" && index(text, c)) text = json_replace(text, c)
  }
  return "\"" text "\""
}

function json_replace(text, c,   n, parts) {
  n = split(text, parts, c == "\\" ? "\\\\" : "[" c "]")
  return json_join(parts, 1, n, 1, json_escapes[c])
}

# Whether a word is a number of JSON.
function json_is_number(word) {
  return word ~ /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/
}

# The first position from p on that isn't white space.
function json_skip(s, p) {
  while (substr(s, p, 1) ~ /^[ \t\r\n]$/) p++
  return p
}

# Where the string that starts at p has its closing quote; 0: nowhere.
function json_string_end(s, p,   c, n) {
  n = length(s)
  for (p++; p <= n; p++) {
    c = substr(s, p, 1)
    if (c == "\"") return p
    if (c == "\\") p++
    else if (c < " ") return 0
  }
  return 0
}

# The last position of the value that starts at p; 0: there is no whole value.
function json_end(s, p,   c, n, depth, open) {
  n = length(s)
  for (depth = 0; p <= n; p++) {
    c = substr(s, p, 1)
    if (c == "\"") {
      p = json_string_end(s, p)
      if (!p) return 0
    } else if (c == "{" || c == "[") {
      open[++depth] = c
      continue
    } else if (c == "}" || c == "]") {
      if (!depth || open[depth--] != (c == "}" ? "{" : "[")) return 0
    } else if (depth && index(",: \t\r\n", c)) {
      continue
    } else {
      while (substr(s, p, 1) ~ /^[-+.0-9A-Za-z]$/) {
        p++
        c = ""
      }
      if (c != "") return 0
      p--
    }
    if (!depth) return p
  }
  return 0
}

# Whether a text is one value, and nothing else.
function json_is_value(s,   end) {
  end = json_end(s, json_skip(s, 1))
  return end && json_skip(s, end + 1) > length(s)
}

# Takes the next member of the object, or element of the array, whose last taken byte is at
# json_at, and leaves json_key (as written; empty in an array) and json_value. 0: no more.
function json_next(s,   p, end) {
  p = json_skip(s, json_at + 1)
  if (substr(s, p, 1) == ",") p = json_skip(s, p + 1)
  json_key = ""
  end = json_end(s, p)
  if (!end) return 0
  if (json_kind == "{") {
    json_key = substr(s, p, end - p + 1)
    p = json_skip(s, json_skip(s, end + 1) + 1)
    end = json_end(s, p)
    if (!end) return 0
  }
  json_value = substr(s, p, end - p + 1)
  json_at = end
  return 1
}

# Starts a walk with json_next through a value; 0: it is neither an object nor an array.
function json_enter(s) {
  json_at = json_skip(s, 1)
  json_kind = substr(s, json_at, 1)
  return json_kind == "{" || json_kind == "["
}

# The text of the value that a JSON pointer (RFC 6901) names; empty: there is none.
function json_get(s, pointer,   n, i, parts, word, element) {
  if (pointer != "" && substr(pointer, 1, 1) != "/") return ""
  n = split(pointer, parts, /\//)
  for (i = 2; i <= n; i++) {
    word = parts[i]
    gsub(/~1/, "/", word)
    gsub(/~0/, "~", word)
    if (!json_enter(s)) return ""
    for (element = 0; ; element++) {
      if (!json_next(s)) return ""
      if ((json_kind == "{" ? json_text(json_key) : element "") == word) break
    }
    s = json_value
  }
  return s
}

# The bytes of a code point.
function json_utf8(code) {
  if (code < 128) return sprintf("%c", code)
  if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
  if (code < 65536)
    return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
  return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, \
    128 + int(code / 64) % 64, 128 + code % 64)
}

function json_hex(word,   i, code) {
  code = 0
  for (i = 1; i <= 4; i++) code = 16 * code + index("123456789abcdef", tolower(substr(word, i, 1)))
  return code
}

# What a string says; any other value stays as it is written. \u0000 stays too: no shell holds it.
function json_text(raw,   out, p, c, code) {
  if (substr(raw, 1, 1) != "\"") return raw
  raw = substr(raw, 2, length(raw) - 2)
  out = ""
  while ((p = index(raw, "\\")) > 0) {
    c = substr(raw, p + 1, 1)
    out = out substr(raw, 1, p - 1)
    raw = substr(raw, p + 2)
    if (c == "u") {
      code = json_hex(raw)
      raw = substr(raw, 5)
      if (code >= 55296 && code < 56320 && substr(raw, 1, 2) == "\\u") {
        code = 65536 + (code - 55296) * 1024 + json_hex(substr(raw, 3)) - 56320
        raw = substr(raw, 7)
      }
      c = code ? json_utf8(code) : "\\u0000"
    } else if (c == "n") c = "\n"
    else if (c == "t") c = "\t"
    else if (c == "r") c = "\r"
    else if (c == "b") c = "\b"
    else if (c == "f") c = "\f"
    out = out c
  }
  return out raw
}

# What a string says, on one line and safe for a terminal: control characters stay escaped.
function json_line(raw,   quoted) {
  quoted = json_text(raw)
  if (quoted !~ /[\001-\037\177]/) return quoted
  quoted = json_quote(quoted)
  gsub(/\177/, "\\u007f", quoted)
  return quoted
}

# Prints an error of evald's, as its reply has it, on standard error.
function json_report(what, error, place,   hint) {
  print "evald: " what ": " json_line(json_get(error, "/message")) > "/dev/stderr"
  place = place json_line(json_get(error, "/data/path"))
  hint = json_line(json_get(error, "/data/hint"))
  if (place != "") print "  at " place > "/dev/stderr"
  if (hint != "") print "  hint: " hint > "/dev/stderr"
}
