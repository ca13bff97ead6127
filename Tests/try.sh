#!/usr/bin/env bash
# Builds evald, installs it and its Python client into a virtual environment (.venv), and trains a
# classifier that lets evald keep score. Wants Swift 6 and Python 3.10 or later with venv.
set -euo pipefail
cd "$(dirname "$0")/.."

echo '== Building evald (two minutes the first time)'
swift build -c release --product evald
echo '== Installing it into .venv, with numpy and scikit-learn for the example'
[[ -x .venv/bin/python ]] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
  ./clients/python numpy scikit-learn
echo '== clients/python/examples/train_breast_cancer.py'
.venv/bin/python clients/python/examples/train_breast_cancer.py
