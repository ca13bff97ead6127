#!/usr/bin/env bash
# A training loop in shell and awk: logistic regression by SGD on data made up here. After each
# epoch evald is given the validation results; the loop prints a row, stops when the best F1 is a
# while ago, and ends with the threshold that would have been best at the best epoch.
#
#   EVALD_BIN=.build/release/evald clients/shell/examples/train.sh
set -euo pipefail
# shellcheck source=clients/shell/evald.sh
source "$(dirname "${BASH_SOURCE[0]}")/../evald.sh"

readonly epochs=40 patience=4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Rows of x1,x2,label,region, the same on every machine: one in five is positive, and the south has
# the noisier labels.
make_data() {
  awk -v rows="$1" -v seed="$2" '
    function uniform() { return (seed = (seed * 16807) % 2147483647) / 2147483647 }
    function normal(  i, sum) { sum = -6; for (i = 0; i < 12; i++) sum += uniform(); return sum }
    BEGIN {
      for (i = 0; i < rows; i++) {
        x1 = normal(); x2 = normal(); region = uniform() < 0.3 ? "south" : "north"
        noise = (region == "south" ? 1.5 : 0.5) * normal()
        printf "%.6f,%.6f,%d,%s\n", x1, x2, (1.5 * x1 - x2 + noise > 1.6), region
      }
    }'
}

# One epoch of SGD over the training rows, from weights to weights; prints the loss of each row.
train_epoch() {
  awk -F , -v rate="$1" -v weights="$work/weights" '
    BEGIN { getline line < weights; close(weights); split(line, w, " ") }
    {
      p = 1 / (1 + exp(-(w[1] + w[2] * $1 + w[3] * $2)))
      step = rate * (p - $3)
      w[1] -= step; w[2] -= step * $1; w[3] -= step * $2
      printf "%.17g\n", -log(($3 ? p : 1 - p) + 1e-12)
    }
    END { printf "%.17g %.17g %.17g\n", w[1], w[2], w[3] > weights }' "$work/train"
}

# The validation rows as CSV, with the probability that the weights give.
predict() {
  awk -F , -v weights="$work/weights" '
    BEGIN { getline line < weights; split(line, w, " "); print "probability,label,region" }
    { printf "%.17g,%d,%s\n", 1 / (1 + exp(-(w[1] + w[2] * $1 + w[3] * $2))), $3, $4 }
  ' "$work/validation"
}

make_data 2000 7 >"$work/train"
make_data 5000 11 >"$work/validation"
echo '0 0 0' >"$work/weights"

# shellcheck disable=SC2119 # the arguments are evald's, not this script's
evald_start
evald_open loss scalar --metric mean
evald_open validation binary --slice region --keep-windows $((patience + 1)) \
  --metric f1 --metric roc_auc --metric ece

printf '%5s  %-8s  %-8s  %-8s  %-8s  %s\n' epoch loss f1 roc_auc ece 'f1 in the south'
for ((epoch = 1; epoch <= epochs; epoch++)); do
  train_epoch 0.002 | evald_push_lines loss values
  predict | evald_push_csv validation scores=probability labels=label --slice region

  loss=$(evald_value loss mean)
  # F1 is undefined as long as nothing is predicted positive, and says so by its status.
  printf '%5d  %.6f  %.6f  %.6f  %.6f  %.6f\n' "$epoch" "$loss" \
    "$(evald_value validation f1 2>/dev/null || echo nan)" "$(evald_value validation roc_auc)" \
    "$(evald_value validation ece)" \
    "$(evald_value validation f1 --slice region=south 2>/dev/null || echo nan)"
  evald_mark loss "$epoch"
  evald_mark validation "$epoch" loss="$loss"

  best=$(evald_call metric/history '{"stream":"validation","metrics":["f1"]}' |
    evald_get /best/f1/label)
  if ((epoch - best >= patience)); then break; fi
done

threshold=$(evald_best_threshold validation --window mark="$best")
printf 'stopped after epoch %d, best epoch %d\n' "$((epoch > epochs ? epochs : epoch))" "$best"
printf 'f1 %.4f at 0.5, %.4f at the best threshold, %s\n' \
  "$(evald_value validation f1 --window mark="$best")" \
  "$(evald_value validation optimal_f1 --window mark="$best")" "$threshold"
evald_stop
