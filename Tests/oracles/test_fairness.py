"""What people ask of a model's fairness, beside fairlearn: rates by group, and how far groups are apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from driver import Daemon
from fairlearn import metrics as fair
from sklearn import datasets, linear_model, metrics, model_selection, preprocessing

RATES: dict[str, Any] = {
    "selection_rate": fair.selection_rate,
    "recall": fair.true_positive_rate,
    "false_positive_rate": fair.false_positive_rate,
    "false_negative_rate": fair.false_negative_rate,
    "specificity": fair.true_negative_rate,
    "accuracy": metrics.accuracy_score,
}


def close(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-15)


def patients() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], list[str]]:
    """Test rows of a model of breast cancer that knows little, and groups by how smooth the tumours are."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    train, test = model_selection.train_test_split(
        np.arange(len(y)), test_size=0.5, random_state=1
    )
    few = preprocessing.scale(x)[:, [1, 5]]
    model = linear_model.LogisticRegression().fit(few[train], y[train])
    sizes = np.digitize(x[test, 4], np.quantile(x[:, 4], [0.25, 0.5, 0.75]))
    names = ["lowest", "low", "high", "highest"]
    return model.predict_proba(few[test])[:, 1], y[test], [names[i] for i in sizes]


def test_rates_gaps_and_ratios_of_groups(daemon: Daemon) -> None:
    scores, labels, groups = patients()
    decided = (scores >= 0.5).astype(int)
    wanted = fair.MetricFrame(
        metrics=RATES, y_true=labels, y_pred=decided, sensitive_features=groups
    )
    with daemon.stream("binary", slices=["smoothness"]) as stream:
        for start in range(0, len(labels), 64):
            part = slice(start, start + 64)
            stream.push(
                scores=scores[part].tolist(),
                labels=labels[part].tolist(),
                slices={"smoothness": groups[part]},
            )
        found = stream.call("slice/query", by="smoothness", metrics=[*RATES])
    assert len(found["rows"]) == 4
    for row in found["rows"]:
        group = wanted.by_group.loc[row["slice"]["smoothness"]]
        for name in RATES:
            assert close(row["values"][name], group[name]), (row["slice"], name)
    difference, ratio = wanted.difference(), wanted.ratio()
    for name in RATES:
        gap = found["gaps"][name]
        assert close(gap["difference"], difference[name]), name
        assert close(gap["ratio"], ratio[name]), name
    parity = {"y_true": labels, "y_pred": decided, "sensitive_features": groups}
    gaps = found["gaps"]
    assert close(
        gaps["selection_rate"]["difference"],
        fair.demographic_parity_difference(**parity),
    )
    assert close(
        gaps["selection_rate"]["ratio"], fair.demographic_parity_ratio(**parity)
    )
    assert close(
        max(gaps[name]["difference"] for name in ("recall", "false_positive_rate")),
        fair.equalized_odds_difference(**parity),
    )
    lowest = wanted.by_group["recall"].idxmin()
    assert gaps["recall"]["worst"] == {"smoothness": lowest}
    assert gaps["false_positive_rate"]["worst"] == {
        "smoothness": wanted.by_group["false_positive_rate"].idxmax()
    }
    # More of it is neither better nor worse.
    assert gaps["selection_rate"]["worst"] is None


def test_a_group_without_positives_and_one_with_a_rate_of_0(daemon: Daemon) -> None:
    with daemon.stream("binary", slices=["group"]) as stream:
        stream.push(
            predictions=[1, 0, 0, 0, 0],
            labels=[1, 0, 1, 0, 0],
            slices={"group": ["a", "a", "b", "b", "c"]},
        )
        found = stream.call(
            "slice/query", by="group", metrics=["recall", "false_positive_rate"]
        )
    rows = {row["slice"]["group"]: row for row in found["rows"]}
    assert rows["c"]["values"]["recall"] is None
    assert rows["c"]["undefined"]["recall"] == "no_positives"
    # Of the groups that have a value.
    assert found["gaps"]["recall"]["difference"] == 1
    assert found["gaps"]["recall"]["ratio"] == 0
    # 0 for all of them: no gap, and 0/0 is no ratio.
    assert found["gaps"]["false_positive_rate"]["difference"] == 0
    assert found["gaps"]["false_positive_rate"]["ratio"] is None
