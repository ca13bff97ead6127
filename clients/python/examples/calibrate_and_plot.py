"""Calibrates a classifier of odd and even digits, and draws what that did.

    pip install './clients/python[plot]' numpy scikit-learn
    python clients/python/examples/calibrate_and_plot.py [directory for the pictures]

Gaussian naive Bayes is sure of itself and often wrong. A temperature, Platt's line and an isotonic
map are fitted on validation rows; what counts is how each does on test rows that no fit has seen.
The pictures need matplotlib; without it the numbers are printed all the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

import evald

METRICS = ["f1", "roc_auc", "log_loss", "brier", "ece", "optimal_f1", "optimal_threshold"]
EPOCHS = 5


def main(directory: Path) -> None:
    data = load_digits()
    odd = data.target % 2
    rest, test, y_rest, y_test = train_test_split(
        data.data, odd, test_size=0.5, random_state=1, stratify=odd
    )
    train, valid, y_train, y_valid = train_test_split(
        rest, y_rest, test_size=0.5, random_state=1, stratify=y_rest
    )
    model = GaussianNB(var_smoothing=1e-2)

    with evald.start() as ev:
        val = ev.stream("validation", task="binary", metrics=METRICS)
        for epoch, rows in enumerate(np.array_split(np.arange(len(train)), EPOCHS)):
            model.partial_fit(train[rows], y_train[rows], classes=[0, 1])
            val.push(scores=model.predict_proba(valid)[:, 1], labels=y_valid)
            row = val.mark(f"epoch {epoch}")
            print(
                f"{row.label:9} log loss {row.log_loss:.4f}  F1 {row.f1:.4f}"
                f"  ROC-AUC {row.roc_auc:.4f}  ECE {row.ece:.4f}"
                f"  best threshold {row.optimal_threshold:.4f} (F1 {row.optimal_f1:.4f})"
            )

        last = {"mark": f"epoch {EPOCHS - 1}"}
        scores = model.predict_proba(test)[:, 1]
        before = ev.stream("test", task="binary", metrics=METRICS)
        before.push(scores=scores, labels=y_test)
        print("\non test rows, before")
        print(before.query())

        streams = [before]
        for method in ("temperature", "platt", "isotonic"):
            calibrate = val.fit_calibration(method, window=last)
            print(f"\n{calibrate}")
            after = ev.stream(method, task="binary", metrics=METRICS)
            after.push(scores=calibrate(scores), labels=y_test)
            found = after.query("log_loss", "brier", "ece")
            print(
                f"on test rows: log loss {found.log_loss:.4f}  Brier {found.brier:.4f}"
                f"  ECE {found.ece:.4f}"
            )
            streams.append(after)

        draw(val, streams, directory)


def draw(val: evald.Stream, streams: list[evald.Stream], directory: Path) -> None:
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("\nno matplotlib, no pictures")
        return
    before = streams[0]
    names = ["before", *(stream.name for stream in streams[1:])]
    pictures = {
        "reliability": evald.plot.reliability(*streams, bins=10, labels=names),
        "roc": before.plot("roc"),
        "precision_recall": before.plot("precision_recall"),
        "thresholds": streams[2].plot("thresholds"),
        "history": val.plot("history", metrics=["f1", "roc_auc", "ece"]),
    }
    print()
    for name, axes in pictures.items():
        path = directory / f"{name}.png"
        axes.figure.savefig(path, dpi=120)
        pyplot.close(axes.figure)
        print(f"picture {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="evald-pictures-")))
