"""Trains a small network to tell an 8 from other digits, and lets evald keep score.

    pip install ./clients/python numpy scikit-learn
    python clients/python/examples/train_digits.py

One digit in ten is an 8, so accuracy says little and the threshold matters. The slice is a number
here, how much ink the digit has, cut at two edges.
"""

from __future__ import annotations

import copy

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import evald

BATCH = 64
EPOCHS = 40
PATIENCE = 5
METRICS = ["log_loss", "f1", "roc_auc", "ece", "optimal_f1", "optimal_threshold"]


def push_all(
    stream: evald.Stream, model: MLPClassifier, pixels: np.ndarray, is_eight: np.ndarray
) -> None:
    """Scores the rows batch by batch, as a validation loop does."""
    for first in range(0, len(pixels), BATCH):
        rows = pixels[first : first + BATCH]
        stream.push(
            scores=model.predict_proba(rows)[:, 1].astype(np.float32),
            labels=is_eight[first : first + BATCH],
            slices={"ink": rows.sum(axis=1)},
        )


def main() -> None:
    pixels, digits = load_digits(return_X_y=True)
    pixels, is_eight = pixels / 16.0, digits == 8
    rest, test, y_rest, y_test = train_test_split(
        pixels, is_eight, test_size=0.3, random_state=1, stratify=digits
    )
    train, valid, y_train, y_valid = train_test_split(
        rest, y_rest, test_size=0.3, random_state=1, stratify=y_rest
    )
    ink = {"name": "ink", "edges": [float(np.median(pixels.sum(axis=1)))]}

    model = MLPClassifier((32,), learning_rate_init=0.005, random_state=1)
    order = np.random.default_rng(1)

    with evald.start() as ev:
        val = ev.stream("validation", task="binary", metrics=METRICS, slices=[ink])
        best, since_best, best_model = -1.0, 0, model

        for epoch in range(EPOCHS):
            for rows in np.array_split(order.permutation(len(train)), len(train) // BATCH):
                model.partial_fit(train[rows], y_train[rows], classes=[False, True])
            push_all(val, model, valid, y_valid)

            row = val.mark(f"epoch {epoch}", train_loss=model.loss_)
            print(
                f"{row.label:9} loss {row.log_loss:.4f}  F1 {row.f1:.4f}"
                f"  ROC-AUC {row.roc_auc:.4f}  ECE {row.ece:.4f}"
                f"  best threshold {row.optimal_threshold:.4f} (F1 {row.optimal_f1:.4f})"
            )
            if row.optimal_f1 > best:
                best, since_best, best_model = row.optimal_f1, 0, copy.deepcopy(model)
            else:
                since_best += 1
                if since_best == PATIENCE:
                    print(f"no better F1 for {PATIENCE} epochs: stop")
                    break

        # The best model's scores once more, in a window of their own.
        push_all(val, best_model, valid, y_valid)
        chosen = val.threshold("f1")
        print(
            f"\nthreshold {chosen.threshold:.4f}: F1 {chosen.value:.4f} on validation,"
            f" {chosen.at_default.value:.4f} at 0.5"
        )
        careful = val.threshold("recall", min_precision=0.98)
        print(
            f"with a precision of at least 0.98: recall {careful.value:.4f}"
            f" at threshold {careful.threshold:.4f}\n"
        )

        final = ev.stream(
            "test", task="binary", metrics=METRICS, slices=[ink], threshold=chosen.threshold
        )
        push_all(final, best_model, test, y_test)
        print(final.query("f1", "precision", "recall", "roc_auc", "ece"))
        print("\nby ink, the worst first")
        print(final.slices("ink", "f1", "precision", "recall", "roc_auc"))


if __name__ == "__main__":
    main()
