"""Metrics of decisions and ranks against torchmetrics, on rows for which both mean the same."""

from __future__ import annotations

import numpy as np
import torch
from driver import Daemon
from reference import assert_close
from torchmetrics.functional import classification as tm


def test_binary(daemon: Daemon) -> None:
    rng = np.random.default_rng(8)
    p = np.round(rng.random(3000), 3)
    # Of hard decisions torchmetrics says > and evald >=: no score is the threshold.
    p[p == 0.5] = 0.501
    y = (rng.random(3000) < p).astype(int)
    torch.set_default_dtype(torch.float64)
    scores, labels = torch.tensor(p), torch.tensor(y)
    exact = {
        "roc_auc": tm.binary_auroc(scores, labels),
        "average_precision": tm.binary_average_precision(scores, labels),
    }
    # These it divides in float32, whatever it was given.
    single = {
        "accuracy": tm.binary_accuracy(scores, labels),
        "f1": tm.binary_f1_score(scores, labels),
        "precision": tm.binary_precision(scores, labels),
        "recall": tm.binary_recall(scores, labels),
        "specificity": tm.binary_specificity(scores, labels),
        "mcc": tm.binary_matthews_corrcoef(scores, labels),
        "cohen_kappa": tm.binary_cohen_kappa(scores, labels),
        "jaccard": tm.binary_jaccard_index(scores, labels),
    }
    with daemon.stream("binary") as stream:
        stream.push(scores=p.tolist(), labels=y.tolist())
        found = stream.values(*exact, *single)
        table = stream.values("confusion_matrix")["confusion_matrix"]
    assert_close(found, {name: float(x) for name, x in exact.items()}, 1e-12)
    assert_close(found, {name: float(x) for name, x in single.items()}, 3e-7)
    tn, fp, fn, tp = tm.binary_confusion_matrix(scores, labels).flatten().tolist()
    assert table == {
        "true_positives": tp,
        "false_positives": fp,
        "true_negatives": tn,
        "false_negatives": fn,
    }


def test_curves(daemon: Daemon) -> None:
    rng = np.random.default_rng(9)
    p = np.round(rng.random(500), 2)
    y = (rng.random(500) < p).astype(int)
    torch.set_default_dtype(torch.float64)
    with daemon.stream("binary") as stream:
        stream.push(scores=p.tolist(), labels=y.tolist())
        columns = stream.call("curve/query", curve="roc")["columns"]
    fpr, tpr, thresholds = tm.binary_roc(torch.tensor(p), torch.tensor(y))
    # torchmetrics begins at a threshold of 1.0 where evald, as scikit-learn, has infinity.
    assert columns["threshold"][1:] == thresholds[1:].tolist()
    assert np.allclose(columns["false_positive_rate"], fpr.numpy(), rtol=1e-12)
    assert np.allclose(columns["true_positive_rate"], tpr.numpy(), rtol=1e-12)
