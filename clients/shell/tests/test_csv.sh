# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # $ in text is meant; out, err and status are run.sh's
# evald_push_csv: what it reads, what it refuses, and how it says where.

# The batches that are sent for a CSV, which printf makes of the second argument.
batches() {
  printf '%b' "$2" >rows.csv
  EVALD_BIN=./recording run <<<"evald_start
evald_push_csv v $1 <rows.csv 2>err_of_push || :
evald_stop"
  sent stream/push | sed 's/^{"stream":"v","batch":\(.*\)}$/\1/'
}

# The same, of a CSV that is refused; then what was said.
refused() {
  printf '%b' "$2" >rows.csv
  run <<<"evald_start; evald_open v binary --slice s
evald_push_csv v $1 <rows.csv"
}

test_csv_of_plain_rows() {
  is 'columns by name' "$(batches 'scores labels' 'labels,other,scores\n1,x,0.25\n0,y,0.5\n')" \
    '{"scores":[0.25,0.5],"labels":[1,0]}'
  is 'columns renamed' "$(batches 'scores=p labels=y --slice lang=l' 'p,y,l\n.5,1,en\n')" \
    '{"scores":[0.5],"labels":[1],"slices":{"lang":["en"]}}'
  is 'all columns' "$(batches '--slice l' 'scores,l,labels\n1,en,0\n')" \
    '{"scores":[1],"labels":[0],"slices":{"l":["en"]}}'
  is 'slices only once' "$(batches '--slice s=l --slice t=l' 'l,values\n7,1')" \
    '{"values":[1],"slices":{"s":["7"],"t":["7"]}}'
  is 'rows of several numbers' "$(batches 'scores=a,b,c labels' 'a,b,c,labels\n.1,.2,.7,cat\n')" \
    '{"scores":[[0.1,0.2,0.7]],"labels":["cat"]}'
  is 'a header with a comma' "$(batches 'values=a,b' '"a,b"\n1\n')" '{"values":[1]}'
  is 'no rows' "$(batches values 'values\n')" ''
}

test_csv_of_line_ends() {
  is 'CRLF' "$(batches 'values --slice s' 'values,s\r\n1,a\r\n2,"b"\r\n')" \
    '{"values":[1,2],"slices":{"s":["a","b"]}}'
  is 'no last line end' "$(batches 'values --slice s' 'values,s\n1,a\r\n2,"b"')" \
    '{"values":[1,2],"slices":{"s":["a","b"]}}'
  is 'a byte order mark' "$(batches values '\0357\0273\0277values\n1\n')" '{"values":[1]}'
  is 'a byte order mark and a quote' "$(batches values '\0357\0273\0277"values"\n1\n')" '{"values":[1]}'
  is 'blank lines' "$(batches values 'values\n\n1\n\r\n2\n\n')" '{"values":[1,2]}'
}

test_csv_of_hostile_text() {
  is 'quotes and commas' "$(batches 'values=v --slice s' 's,v\n"say ""hi"", you",1\n"""",2\n"",3\n",",4\n"""a""b""",5\n')" \
    '{"values":[1,2,3,4,5],"slices":{"s":["say \"hi\", you","\"","",",","\"a\"b\""]}}'
  is 'line ends in quotes' "$(batches 'values=v --slice s' 'v,s\n1,"a\nb\r\n\n""c"""\n2,"\n"\n')" \
    '{"values":[1,2],"slices":{"s":["a\nb\r\n\n\"c\"","\n"]}}'
  is 'backslashes and control characters' \
    "$(batches 'values=v --slice s' 'v,s\n1,a\\n\\\n2,\t\0001\0037\0177\n3,"\\"\n')" \
    $'{"values":[1,2,3],"slices":{"s":["a\\\\n\\\\","\\t\\u0001\\u001f\x7f","\\\\"]}}'
  is 'unicode' "$(batches 'values=v --slice s' 'v,s\n1,é 😀 \0342\0200\0250\n')" \
    $'{"values":[1],"slices":{"s":["é 😀 \u2028"]}}'
  is 'JSON and awk in text' "$(batches 'values=v --slice s' 'v,s\n1,&\\&\n2,"}],""x"":["\n3,%s$HOME`id`\n4, a b \n')" \
    '{"values":[1,2,3,4],"slices":{"s":["&\\&","}],\"x\":[","%s$HOME`id`"," a b "]}}'
  is 'hostile names' "$(batches "'va\"l=v,\"' --slice 'a=b=s'" '"v,""","b=s"\n1,x\n')" \
    '{"va\"l":[1],"slices":{"a":["x"]}}'
}

test_csv_of_text_that_comes_back() {
  printf 'p,y,s\n0.9,1,"a ""b"" \\n\n\té😀,"\n0.8,1,&\\\n' >rows.csv
  run <<'X'
evald_start
evald_open 'v"\' binary --slice s
evald_push_csv 'v"\' scores=p labels=y --slice s <rows.csv
rows=$(evald_call slice/query "{\"stream\":$(evald_quote 'v"\'),\"by\":\"s\",\"metrics\":[\"recall\"]}")
for row in 0 1; do evald_get "/rows/$row/slice/s" <<<"$rows"; done | sort
evald_value 'v"\' recall --slice s=$'a "b" \\n\n\té😀,'
evald_value 'v"\' recall --slice 's=&\'
X
  prints "$(printf 'a "b" \\n\n\té😀,\n&\\\n' | sort)"$'\n1.0\n1.0'
}

test_csv_of_numbers() {
  is 'digits' "$(batches values 'values\n0.12345678901234567\n-1.7976931348623157e308\n9007199254740993\n4.9E-324\n-0.0\n')" \
    '{"values":[0.12345678901234567,-1.7976931348623157e308,9007199254740993,4.9E-324,-0.0]}'
  is 'other ways to write numbers' "$(batches values 'values\n +1 \n.5\n-.5e3\n5.\n007\n-00.10\n1.e5\n"3"\n+0\n')" \
    '{"values":[1,0.5,-0.5e3,5.0,7,-0.10,1.0e5,3,0]}'
  is 'no numbers' "$(batches 'values labels' 'values,labels\nnan,0\nNaN,1\n-inf,1\n+Infinity,1\n,1\nTrue,FALSE\n')" \
    '{"values":["NaN","NaN","-Infinity","Infinity",null,true],"labels":[0,1,1,1,1,false]}'
  is 'by their look' "$(batches labels 'labels\n7\n07\n1e3\ncat\n 2 \nnan\n1.0\ntrue\n')" \
    '{"labels":[7,"07",1e3,"cat",2,"nan",1.0,true]}'
  is 'text and numbers by request' \
    "$(batches '--text labels --number n --slice n ids labels' 'ids,labels,n\n7,1,5\n8,,.5\n')" \
    '{"ids":["7","8"],"labels":["1",""],"slices":{"n":[5,0.5]}}'
  local word
  for word in abc 0x1F 1e 1,5 '1 2' -- 1_000 . e5 '١'; do
    is "$word" "$(batches values "values\n\"$word\"\n")" ''
    has "$word" "$(<err_of_push)" "\"$word\" is not a number"
  done
}

test_csv_errors() {
  refused '' ''
  fails 1 'evald_push_csv: no header'
  refused 'scores=p' 'scores\n'
  fails 1 'the header has no column "p"'
  refused 'scores' 'scores,scores\n1,2\n'
  fails 1 'the header has two columns "scores"'
  refused 'scores labels' 'scores,labels\n1,0\n1\n'
  fails 1 '1 fields where the header has 2' 'at line 3'
  refused 'scores labels' 'scores,labels\n1,0\n1,0,\n'
  fails 1 '3 fields where the header has 2' 'at line 3'
  refused 'scores' 'scores,t\n1,"a\nb"\n1,"c\n\n'
  fails 1 'a quote is never closed' 'at line 4'
  refused 'scores' 'scores,t\n1,"a"b\n'
  fails 1 'text behind a closing quote' 'at line 2'
  refused 'scores' 'scores,t\n1,a "b"\n'
  fails 1 "a quote inside a field that doesn't begin with one" 'at line 2'
  refused '--text' 'scores\n'
  fails 1 '--text wants a value'
  refused '--colour red' 'scores\n'
  fails 1 'has no --colour'
  refused '--batch 0 scores' 'scores\n1\n'
  fails 1 '--batch wants a number of rows'
  run <<<'evald_push_csv'
  fails 2 'usage: evald_push_csv'
}

test_csv_errors_of_evald_name_the_line() {
  refused 'scores labels --slice s --batch 2' \
    'scores,labels,s\n0.5,1,"two\nlines"\n\n0.5,0,b\n0.5,0,b\n1.5,0,b\n0.5,1,c\n'
  fails 1 'a probability is 1.5' 'at line 7, /params/batch/scores/1' 'the 2 rows before this batch are in'
  refused 'scores labels --slice s' 'scores,labels,s\n0.5,1,a\n0.5,1,\0377\n'
  fails 1 'not valid UTF-8'
  refused 'scores labels --slice s' 'scores,labels,s\n0.5,1,a\n,1,b\n'
  fails 1 'scores holds null' 'line 3'
  refused 'scores labels' 'scores,labels\n0.5,1\n'
  fails 1 '/params/batch'
}

test_csv_from_where_the_script_has_read() {
  printf 'a comment\nvalues\n1\n2\n' >rows.csv
  run <<'X'
evald_start
evald_open v scalar
{ read -r _; evald_push_csv v values; } <rows.csv
printf 'values\n3\n' | evald_push_csv v
exec 3<rows.csv 4<rows.csv
evald_push_csv v values < <(tail -n +2 <&3)
read -r line <&4
echo "$line"
evald_value v sum
X
  prints $'a comment\n9.0'
}

test_csv_of_100000_rows() {
  awk 'BEGIN {
    print "id,p,y,language"
    for (i = 0; i < 100000; i++)
      printf "%d,%.6f,%d,%s\n", i, (i * 7919 % 100003) / 100003, i % 3 == 0, \
        i % 2 ? "en" : "\"fr, \"\"x\"\"\""
  }' >rows.csv
  run <<'X'
evald_start
evald_open v binary --slice language
SECONDS=0
evald_push_csv v scores=p labels=y --slice language <rows.csv
[[ $SECONDS -lt 20 ]] || echo "$SECONDS s"
evald_query v --json | evald_get /count
evald_value v confusion_matrix
evald_query v --slice language='fr, "x"' --json | evald_get /count
evald_call stream/describe '{"stream":"v"}' | evald_get /revision
X
  local counts
  counts=$(awk -F , 'NR > 1 { n[($2 >= 0.5) $3]++ } END {
    printf "{\"true_positives\":%d,\"false_positives\":%d,", n["11"], n["10"]
    printf "\"true_negatives\":%d,\"false_negatives\":%d}", n["00"], n["01"] }' rows.csv)
  prints "100000
$counts
50000
25"
}

test_csv_batches_of_bounded_size() {
  awk 'BEGIN {
    for (text = "x"; length(text) < 500;) text = text text
    print "values,s"
    for (i = 0; i < 5000; i++) print i "," text
  }' >rows.csv
  EVALD_BIN=./recording run <<'X'
evald_start
evald_open bytes scalar --slice s
evald_push_csv bytes values --slice s <rows.csv
evald_value bytes sum
evald_open rows scalar --slice s
head -n 6 rows.csv | evald_push_csv rows values --slice s --batch 2
evald_value rows sum
evald_stop
X
  prints $'12497500.0\n10.0'
  is 'batches by bytes' "$(sent stream/push | grep -c bytes)" 3
  is 'batches by rows' "$(sent stream/push | sed -n 's/^{"stream":"rows","batch":{"values":\(.*\),"slices".*/\1/p')" \
    $'[0,1]\n[2,3]\n[4]'
}
