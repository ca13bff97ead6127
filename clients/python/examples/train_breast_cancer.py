"""Trains a classifier of breast tumours and lets evald keep score.

    pip install ./clients/python numpy scikit-learn
    python clients/python/examples/train_breast_cancer.py

Each validation batch is pushed as it comes. Each epoch prints its row. Training stops early on the
F1 at the best threshold; that threshold, chosen on validation, is then used on the test rows.
"""

from __future__ import annotations

import copy

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import evald

BATCH = 32
EPOCHS = 60
PATIENCE = 6
METRICS = ["f1", "roc_auc", "ece", "optimal_f1", "optimal_threshold"]


def main() -> None:
    data = load_breast_cancer()
    malignant = (data.target == 0).astype(np.int64)
    size = np.where(data.data[:, 0] < np.median(data.data[:, 0]), "small", "large")  # mean radius
    rest, test, y_rest, y_test, size_rest, size_test = train_test_split(
        data.data, malignant, size, test_size=0.25, random_state=0, stratify=malignant
    )
    train, valid, y_train, y_valid, _, size_valid = train_test_split(
        rest, y_rest, size_rest, test_size=0.33, random_state=0, stratify=y_rest
    )
    scale = StandardScaler().fit(train)
    train, valid, test = (scale.transform(rows) for rows in (train, valid, test))

    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=2e-3, random_state=0)
    order = np.random.default_rng(0)

    with evald.start() as ev:
        losses = ev.stream("train loss", task="scalar", metrics=["mean"])
        val = ev.stream("validation", task="binary", metrics=METRICS, slices=["size"])
        best, since_best, best_model, threshold = -1.0, 0, model, 0.5

        for epoch in range(EPOCHS):
            for rows in np.array_split(order.permutation(len(train)), len(train) // BATCH):
                model.partial_fit(train[rows], y_train[rows], classes=[0, 1])
                chance = model.predict_proba(train[rows])[np.arange(len(rows)), y_train[rows]]
                losses.push(values=-np.log(np.maximum(chance, 1e-12)))

            for first in range(0, len(valid), BATCH):
                rows = slice(first, first + BATCH)
                val.push(
                    scores=model.predict_proba(valid[rows])[:, 1],
                    labels=y_valid[rows],
                    slices={"size": size_valid[rows]},
                )

            loss = losses.mark(f"epoch {epoch}")["mean"]
            row = val.mark(f"epoch {epoch}", loss=loss)
            print(
                f"{row.label:9} loss {row.loss:.4f}  F1 {row.f1:.4f}  ROC-AUC {row.roc_auc:.4f}"
                f"  ECE {row.ece:.4f}  best threshold {row.optimal_threshold:.4f}"
                f" (F1 {row.optimal_f1:.4f})"
            )
            if row.optimal_f1 > best:
                best, since_best, best_model = row.optimal_f1, 0, copy.deepcopy(model)
                threshold = row.optimal_threshold
            else:
                since_best += 1
                if since_best == PATIENCE:
                    print(f"no better F1 for {PATIENCE} epochs: stop")
                    break

        chosen = val.best["optimal_f1"].label
        print(f"\nbest was {chosen}; threshold {threshold:.4f} goes to the test rows\n")

        final = ev.stream("test", task="binary", slices=["size"], threshold=threshold)
        for first in range(0, len(test), BATCH):
            rows = slice(first, first + BATCH)
            final.push(
                scores=best_model.predict_proba(test[rows])[:, 1],
                labels=y_test[rows],
                slices={"size": size_test[rows]},
            )
        print(final.query("f1", "precision", "recall", "roc_auc", "ece"))
        print("\nby size of the tumour, the worst first")
        print(final.slices("size", "f1", "precision", "recall", "roc_auc"))


if __name__ == "__main__":
    main()
