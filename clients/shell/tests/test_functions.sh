# shellcheck shell=bash
# shellcheck disable=SC2154 # out, err and status are run.sh's
# Each function: what it sends, what it prints, how it fails.

test_open() {
  EVALD_BIN=./recording run <<'X'
evald_start
evald_open v binary --option threshold=0.25 --option score_kind=probability \
  --option 'positive_label="1"' --metric f1 --metric '{"metric":"f_beta","beta":2}' \
  --slice language --slice '{"name":"length","edges":[64,512]}' --keep-windows 3
evald_call stream/describe '{"stream":"v"}' | evald_get /options/threshold
evald_stop
X
  prints 0.25
  local request
  request=$(sent stream/open)
  has 'options' "$request" '"options":{"threshold":0.25,"score_kind":"probability","positive_label":"1"}'
  has 'metrics' "$request" '"metrics":["f1",{"metric":"f_beta","beta":2}]'
  has 'slices' "$request" '"slices":["language",{"name":"length","edges":[64,512]}]'
  has 'windows' "$request" '"keep_windows":3'
  run <<<'evald_start; evald_open v binaire'
  fails 1 'evald: stream/open: ' 'binary'
  run <<<'evald_start; evald_open v binary --optoin x=1'
  fails 2 'usage: evald_open STREAM TASK'
  run <<<'evald_start; evald_open v binary --metric'
  fails 2 'usage: evald_open'
  run <<<'evald_start; evald_open v'
  fails 2 'usage: evald_open'
  run <<<'evald_start; evald_open v binary --option threshold'
  fails 2 'wants NAME=VALUE, not "threshold"'
}

test_typed_values() {
  EVALD_BIN=./recording run <<'X'
evald_start
evald_open v scalar
evald_mark v m a=1 b=-0.5e+3 c=01 d=true e=null f='[1, {"x": "]"}]' g='[1]]' h='"q"' i='"a","b":1' \
  j= k==x l='{"a":1
}' m=1e400 n=nan o=+1 'p"={' q='"a
b"'
X
  prints ''
  is 'extra' "$(sent stream/mark)" '{"stream":"v","extra":{"a":1,"b":-0.5e+3,"c":"01","d":true,"e":null,"f":[1, {"x": "]"}],"g":"[1]]","h":"q","i":"\"a\",\"b\":1","j":"","k":"=x","l":{"a":1 },"m":1e400,"n":"nan","o":"+1","p\"":"{","q":"\"a\u000ab\""},"label":"m"}'
}

test_push() {
  printf '1\n\n0\n1\n' >labels
  EVALD_BIN=./recording run <<'X'
evald_start
evald_open v binary --slice language --slice set
evald_push v --slice language='"fr"\' --slice set=7 scores=0.12345678901234567,1e-5,0.9 labels=@labels
evald_push v scores='
 0.1  .2
 +.3	1.
' labels='0, 1 ,1,0' --slice language= --slice set=a=b
evald_push v scores= labels= --slice language=x --slice set=y
evald_open w binary --option positive_label=yes
evald_push w scores=0.5,0.25 labels=yes,no
evald_value w accuracy
X
  prints 1.0
  is 'the requests' "$(sent stream/push)" \
    '{"stream":"v","batch":{"scores":[0.12345678901234567,1e-5,0.9],"labels":[1,0,1],"slices":{"language":"\"fr\"\\","set":"7"}}}
{"stream":"v","batch":{"scores":[0.1,0.2,0.3,1.0],"labels":[0,1,1,0],"slices":{"language":"","set":"a=b"}}}
{"stream":"v","batch":{"scores":[],"labels":[],"slices":{"language":"x","set":"y"}}}
{"stream":"w","batch":{"scores":[0.5,0.25],"labels":["yes","no"]}}'
}

test_push_of_more_than_an_argument_holds() {
  run <<'X'
evald_start
evald_open l scalar
evald_push l values="$(seq 1 100000)"
evald_value l sum
X
  prints 5000050000.0
}

test_push_errors() {
  local opened='evald_start; evald_open v binary;'
  run <<<"$opened evald_push v scores=0.5,2 labels=0,1"
  fails 1 'evald: evald_push: a probability is 2.0' '  at /params/batch/scores/1' '  hint: '
  run <<<"$opened evald_push v scores=0.5,O.5 labels=0,1"
  fails 1 '"O.5" is not a number' 'item 2 of "scores"'
  run <<<"$opened evald_push v scores=@missing labels=0,1"
  fails 1 'cannot read "missing"'
  run <<<"$opened evald_push v 0.5"
  fails 1 'wants NAME=…, not "0.5"'
  run <<<"$opened evald_push v"
  fails 2 'usage: evald_push'
  run <<<"$opened evald_push nowhere scores=0.5 labels=1"
  fails 1 'nowhere' '/params/stream'
  run <<<"$opened evald_push v scores=0.5,2 labels=0,1 || evald_push v scores=0.5 labels=1
    evald_value v recall"
  is 'goes on after an error' "$out" 1.0
}

test_push_lines() {
  run <<'X'
evald_start
evald_open loss scalar
seq 1 10 | evald_push_lines loss values --batch 3
evald_push_lines loss values < <(printf '0.1\n\n  2.5 \r\n0.30000000000000004')
evald_query loss mean sum max
X
  prints 'mean  4.453846153846154
sum   57.9
max   10.0'
  run <<'X'
evald_start
evald_open loss scalar
printf '1\n2\nthree\n' | evald_push_lines loss values --batch 2
X
  fails 1 'evald_push_lines: "three" is not a number' 'line 3, column "values"' 'the 2 rows before'
  run <<<'evald_start; evald_push_lines loss values other </dev/null'
  fails 1 'wants one column'
  run <<<'evald_start; evald_push_lines loss values --batch none </dev/null'
  fails 1 '--batch wants a number of rows'
}

test_value() {
  local opened='evald_start; evald_open v binary --slice s
    evald_push v --slice s=a scores=0.9,0.2,0.6,0.4 labels=1,0,1,1
    evald_push v --slice s=b scores=0.3 labels=0;'
  run <<<"$opened
evald_value v f1
evald_value v recall --threshold 0.65
evald_value v recall --slice s=a
evald_value v '{\"metric\":\"f_beta\",\"beta\":0.5}'
evald_value v confusion_matrix
evald_mark v 'one \"1\"'
evald_push v --slice s=a scores=0.7 labels=0
evald_value v f1 2>/dev/null || echo \$?
evald_value v recall --window all
evald_value v recall --window mark='one \"1\"'
evald_value v recall --window marks=1"
  prints '0.8
0.3333333333333333
0.6666666666666666
0.9090909090909091
{"true_positives":2,"false_positives":0,"true_negatives":2,"false_negatives":1}
0.0
0.6666666666666666
0.6666666666666666
0.6666666666666666'
  run <<<"$opened value=\$(evald_value v roc_auc --slice s=b); echo \"never \$value\""
  fails 3 'evald: roc_auc is undefined: one_class'
  is 'an undefined value' "$out" ''
  run <<<"$opened evald_value v auroc"
  fails 1 'unknown metric "auroc"' '/params/metrics/0' 'roc_auc'
  run <<<"$opened evald_value v f1 --window yesterday"
  fails 1 '/params/window'
  run <<<"$opened evald_value v f1 recall"
  fails 2 'usage: evald_value STREAM METRIC'
}

test_query() {
  run <<'X'
evald_start
evald_open v binary --metric f1 --metric roc_auc --metric '{"metric":"f1","as":"a \"b\"\n"}'
evald_push v scores=0.9,0.6 labels=1,1
evald_query v
evald_query v recall --window all --json | evald_get /values/recall
evald_query v recall --json | evald_get /count
X
  prints 'f1           1.0
roc_auc      -  one_class
"a \"b\"\n"  1.0
1.0
2'
}

test_query_of_intervals_and_bounds() {
  run <<'X'
_evald_result='{"complete":true,"values":{"f1":0.5,"roc_auc":0.25},"undefined":{},
"intervals":{"f1":{"low":0.4,"high":0.6,"level":0.95}},"bounds":{"roc_auc":{"low":0.2,"high":0.3}}}'
_evald_ask table
X
  prints 'f1       0.5  [0.4, 0.6]
roc_auc  0.25  within [0.2, 0.3]'
}

test_mark_and_history() {
  run <<'X'
evald_start
evald_open v binary --metric f1
for epoch in 1 2 3; do
  evald_push v scores=0.9,0.6,0.1 labels=1,$((epoch % 2)),0
  evald_mark v "epoch $epoch" loss=0.12345678901234566 'note=say "hi"'
done
evald_mark v -- --dashes
history=$(evald_call metric/history '{"stream":"v"}')
for pointer in /best/f1/label /rows/1/extra/loss /rows/2/extra/note /rows/3/label; do
  evald_get "$pointer" <<<"$history"
done
X
  prints 'epoch 1
0.12345678901234566
say "hi"
--dashes'
  run <<<'evald_start; evald_open v binary; evald_mark v one loss'
  fails 2 'wants NAME=VALUE, not "loss"'
}

test_best_threshold() {
  local opened='evald_start; evald_open v binary --slice s
    evald_push v --slice s=a scores=0.9,0.8,0.7,0.2 labels=1,0,1,0
    evald_push v --slice s=b scores=0.3 labels=0;'
  run <<<"$opened
evald_best_threshold v
evald_best_threshold v --objective precision
evald_best_threshold v --objective f_beta --beta 0.1
evald_best_threshold v --objective cost --cost false_positive=10 --cost false_negative=1
evald_best_threshold v --constraint min_recall=1 --constraint min_precision=0.5
evald_best_threshold v --slice s=b --objective accuracy"
  prints '0.7
0.9
0.9
0.9
0.7
Infinity'
  run <<<"$opened evald_best_threshold v --constraint min_recall=1 --constraint min_precision=0.9"
  fails 3 'threshold is undefined: infeasible'
  run <<<"$opened evald_best_threshold v --objective f2"
  fails 1 '/params/objective'
}

test_call() {
  run <<'X'
evald_start
evald_call ping
evald_call ping '{}'
evald_call stream/open '{
  "stream" : "v",
  "task": "scalar"
}' | evald_get /created
evald_call stream/push - <<<'{"stream":"v","batch":{"values":[0.30000000000000004]}}' | evald_get /count
evald_value v sum
evald_call "stream/\"x\"" || echo $?
X
  is 'standard output' "$out" '{}
{}
true
1
0.30000000000000004
1'
  has 'a method that needs escapes' "$err" 'evald: stream/"x": '
  run <<<"evald_start; evald_call stream/open '{\"stream\":\"a
b\"}'"
  fails 1 'evald_call: the parameters are not JSON'
  run <<<"evald_start; evald_call stream/open '{\"stream\":}' || evald_call ping"
  is 'after a request that does not parse' "$status $out" '0 {}'
  run <<<'evald_call ping'
  fails 1 'no evald runs'
  run <<<'evald_push v a=1'
  fails 1 'evald_push: no evald runs'
}

test_get() {
  cat >document.json <<'X'
{ "a" : [ 1, {"b": "x\"}]{[\\"}, [ ] , 12345678901234567890.123456789e-400 ],
  "\"values\":{" : {"": "empty", "a/b": 1, "m~n": 2, "~1": 3},
  "\u00e9\ud83d\ude00\t": true, "é": "caf\u00e9 \ud83d\ude00 \u2028 \/\b", "null": null, "10": "ten" }
X
  run <<'X'
for pointer in /a/0 /a/1/b /a/2 /a/3 '/"values":{/' '/"values":{/a~1b' '/"values":{/m~0n' \
  '/"values":{/~01' $'/é😀\t' /é /null /10 /a/1; do
  evald_get "$pointer" <document.json
done
evald_get '' <<<'"a\nb"'
X
  prints $'1\nx"}]{[\\\n[ ]\n12345678901234567890.123456789e-400\nempty\n1\n2\n3\ntrue
café 😀 \u2028 /\b\nnull\nten\n{"b": "x\\"}]{[\\\\"}\na\nb'
  local pointer text
  for pointer in /a/4 /a/00 /b /a/0/0 /a/-1 a '/"values":{/a'; do
    run <<<"evald_get '$pointer' <document.json"
    fails 1 "no value at \"$pointer\""
  done
  for text in '' '{' '[1' '"a' '{"a":1}}' '[1] 2' '"a"b"' $'"a\nb"' '[}' '{"a":1' ':'; do
    run <<<"evald_get '' <<<'$text'"
    fails 1 'no value at ""'
  done
}

test_quote() {
  run <<'X'
evald_quote $'a"b\\c\td\ne\001\037 é😀 & \x7f /'
evald_quote ''
X
  prints $'"a\\"b\\\\c\\u0009d\\u000ae\\u0001\\u001f é😀 & \x7f /"\n""'
}
