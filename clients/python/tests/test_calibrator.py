"""Calibrations, against scikit-learn and scipy, as functions of every kind of scores."""

from __future__ import annotations

import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald._calibrator import Calibrator

METHODS = ("temperature", "platt", "isotonic")


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def rows() -> tuple[Any, Any]:
    """Overconfident logits."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 3000)
    return 4 * (labels - 0.4) + rng.normal(0, 3.5, 3000), labels


def fitted(real: Starter, rows: tuple[Any, Any], method: Any, **options: Any) -> Calibrator:
    val = real().stream("val", "binary", **options)
    for scores, labels in zip(*(np.array_split(column, 7) for column in rows), strict=True):
        val.push(scores=scores, labels=labels)
    return val.fit_calibration(method)


def loss(p: Any, labels: Any) -> Any:
    return -np.mean(np.where(labels == 1, np.log(p), np.log1p(-p)))


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_temperature(real: Starter, rows: tuple[Any, Any], kind: str) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    logits, labels = rows
    scores = logits if kind == "logit" else sigmoid(logits)
    calibrate = fitted(real, (scores, labels), "temperature", score_kind=kind)
    best = optimize.minimize_scalar(
        lambda t: loss(sigmoid(logits / math.exp(t)), labels), tol=1e-12
    )
    temperature = calibrate.parameters.temperature
    assert temperature == pytest.approx(math.exp(best.x), rel=1e-6)
    assert temperature > 1.5
    assert calibrate(scores) == pytest.approx(sigmoid(logits / temperature), rel=1e-9)
    assert (calibrate.method, calibrate.score_kind) == ("temperature", kind)
    assert (calibrate.stream, calibrate.count, calibrate.complete) == ("val", 3000, True)
    assert calibrate.before.log_loss == pytest.approx(loss(sigmoid(logits), labels), rel=1e-9)
    assert calibrate.after.log_loss == pytest.approx(best.fun, rel=1e-9)
    assert calibrate.after.ece < calibrate.before.ece


@pytest.mark.parametrize("kind", ["probability", "logit", "score"])
def test_platt(real: Starter, rows: tuple[Any, Any], kind: str) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    logits, labels = rows
    scores = sigmoid(logits) if kind == "probability" else logits
    calibrate = fitted(real, (scores, labels), "platt", score_kind=kind)
    model = linear.LogisticRegression(C=math.inf, tol=1e-10, max_iter=1000)
    model.fit(logits[:, None], labels)
    assert calibrate.parameters.slope == pytest.approx(model.coef_[0, 0], rel=1e-5)
    assert calibrate.parameters.intercept == pytest.approx(model.intercept_[0], abs=1e-5)
    theirs = model.predict_proba(logits[:, None])[:, 1]
    assert calibrate(scores) == pytest.approx(theirs, abs=1e-5)
    assert math.isnan(calibrate.before.brier) == (kind == "score")


@pytest.mark.parametrize("kind", ["probability", "logit", "score"])
def test_isotonic(real: Starter, rows: tuple[Any, Any], kind: str) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    logits, labels = rows
    scores = np.round(sigmoid(logits), 3) if kind == "probability" else np.round(logits, 2)
    calibrate = fitted(real, (scores, labels), "isotonic", score_kind=kind)
    model = isotonic.IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    rng = np.random.default_rng(6)
    test = rng.random(2000) if kind == "probability" else rng.normal(0, 8, 2000)
    assert calibrate(test) == pytest.approx(model.predict(test), abs=1e-12)
    assert calibrate.map is not None
    assert calibrate.parameters == {}
    assert list(calibrate.map.probabilities) == sorted(calibrate.map.probabilities)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_every_container_gives_the_same(
    real: Starter, rows: tuple[Any, Any], method: str, kind: str
) -> None:
    logits, labels = rows
    scores = logits if kind == "logit" else sigmoid(logits)
    calibrate = fitted(real, (scores, labels), method, score_kind=kind)
    test = scores[:50].astype(np.float32).astype(np.float64)  # exact in either width
    expected = calibrate(test)
    assert isinstance(expected, np.ndarray)
    assert expected.shape == (50,)
    one = calibrate(float(test[3]))
    assert type(one) is float
    assert one == pytest.approx(expected[3], rel=1e-14)
    assert type(calibrate(test[3])) is np.float64
    single = calibrate(np.float32(test[3]))
    assert type(single) is np.float32
    assert single == np.float32(expected[3])
    for make in (list, tuple):
        found = calibrate(make(test.tolist()))
        assert type(found) is make
        assert found == pytest.approx(expected, rel=1e-14)
    assert calibrate(test.tolist()[:2]) == pytest.approx(expected[:2])
    narrow = calibrate(test.astype(np.float32))
    assert narrow.dtype == np.float32
    assert narrow == pytest.approx(expected, rel=1e-6)
    square = calibrate(test.reshape(10, 5))
    assert square.shape == (10, 5)
    assert (square.ravel() == expected).all()
    assert calibrate(test[:, None]).shape == (50, 1)
    assert calibrate(test[:0]).shape == (0,)
    assert calibrate([]) == []
    assert math.isnan(calibrate(math.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = calibrate(np.array([np.nan, test[0]]))
        assert np.isnan(calibrate(np.array([np.nan])))
    assert np.isnan(kept[0])
    assert kept[1] == expected[0]
    zeros = np.zeros(50)
    two = np.stack([zeros, test], axis=1)
    assert (calibrate(two) == expected).all()
    assert calibrate(two.tolist()) == pytest.approx(expected, rel=1e-14)
    again = pickle.loads(pickle.dumps(calibrate))
    assert again == calibrate
    assert hash(again) == hash(calibrate)
    assert (again(test) == expected).all()


def test_the_ends(real: Starter, rows: tuple[Any, Any]) -> None:
    logits, labels = rows
    calibrate = fitted(real, (sigmoid(logits), labels), "temperature")
    ends = [0.0, 2.0**-60, 1.0, 1.0 + 5e-7, -5e-7]
    found = calibrate(ends)
    z = 52 * math.log(2)
    low = sigmoid(-z / calibrate.parameters.temperature)
    assert found == pytest.approx([low, low, 1 - low, 1 - low, low], rel=1e-9)
    assert calibrate(np.array(ends)) == pytest.approx(found, rel=1e-14)
    for wrong in (1.1, -0.5):
        for given in (wrong, [wrong], np.array([0.5, wrong])):
            with pytest.raises(ValueError, match="not a probability"):
                calibrate(given)
    of_logits = Calibrator("temperature", "logit", evald.Record(temperature=2.0))
    assert of_logits([-1e308, 1e308, -math.inf, math.inf]) == [0, 1, 0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert of_logits(np.array([-np.inf, 800.0, np.inf])).tolist() == [0, 1, 1]
    for given in ("a", {1: 2}, object(), np.array(["a"])):
        with pytest.raises(TypeError, match="scores are numbers"):
            of_logits(given)


def test_two_columns_of_logits_are_their_difference() -> None:
    calibrate = Calibrator("temperature", "logit", evald.Record(temperature=2.0))
    expected = sigmoid(np.array([1.5, -1.0]))
    assert calibrate(np.array([[1.0, 4.0], [0.0, -2.0]])) == pytest.approx(expected)
    assert calibrate([[1.0, 4.0], (0.0, -2.0)]) == pytest.approx(expected)


def test_tensors_and_series() -> None:
    calibrate = Calibrator("temperature", "logit", evald.Record(temperature=2.0))
    z = np.array([1.0, -4.0, 0.0])
    expected = sigmoid(z / 2)
    pandas = pytest.importorskip("pandas")
    series = calibrate(pandas.Series(z, index=["a", "b", "c"], name="z"))
    assert series["b"] == expected[1]
    torch = pytest.importorskip("torch")
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        tensor = torch.tensor(z, dtype=kind, requires_grad=True)
        found = calibrate(tensor)
        assert (found.dtype, found.shape) == (kind, (3,))
        assert found.double().numpy() == pytest.approx(expected, abs=5e-3)
    assert calibrate(torch.tensor([1, -4, 0])).dtype == torch.get_default_dtype()
    assert float(calibrate(torch.tensor(1.0))) == pytest.approx(expected[0], rel=1e-6)
    assert calibrate(torch.zeros(2, 2)).shape == (2,)
    assert calibrate([torch.tensor(1.0)])[0] == pytest.approx(expected[0], rel=1e-6)


def test_a_slice_and_a_window(real: Starter, rows: tuple[Any, Any]) -> None:
    logits, labels = rows
    val = real().stream("val", "binary", score_kind="logit", slices=["part"])
    part = np.where(np.arange(3000) < 1000, "a", "b")
    val.push(scores=np.where(part == "a", logits, 5 * logits), labels=labels, slices={"part": part})
    found = val.fit_calibration(slice={"part": "a"})
    other = val.fit_calibration("temperature", slice={"part": "b"})
    assert found.count == 1000
    assert other.parameters.temperature > 3 * found.parameters.temperature
    val.mark()
    with pytest.raises(evald.NotFitted, match="no rows"):
        val.fit_calibration()
    assert val.fit_calibration(window="all").count == 3000


def test_what_cannot_be_fitted_says_why(real: Starter) -> None:
    ev = real()
    val = ev.stream("val", "binary")
    for labels, reason in (([], "no_rows"), ([1, 1], "one_class"), ([0, 0], "diverges")):
        val.push(scores=[0.6, 0.7][: len(labels)], labels=labels)
        if reason == "diverges":
            val.reset()
            val.push(scores=[0.2, 0.8], labels=[0, 1])
        for method in ("temperature", "platt"):
            with pytest.raises(evald.NotFitted) as caught:
                val.fit_calibration(method)
            assert caught.value.data["reason"] == reason
            assert "'val'" in str(caught.value)
            assert isinstance(pickle.loads(pickle.dumps(caught.value)), evald.NotFitted)
    raw = ev.stream("raw", "binary", score_kind="score")
    raw.push(scores=[1.0, 2.0], labels=[0, 1])
    with pytest.raises(evald.NotApplicable):
        raw.fit_calibration()
    assert raw.fit_calibration("isotonic")([1.0, 5.0]) == [0.0, 1.0]
    with pytest.raises(evald.InvalidParams):
        raw.fit_calibration("plat")  # type: ignore[arg-type]
    looked_up = ev.stream("raw")
    assert looked_up.fit_calibration("isotonic").score_kind == "score"


def test_it_prints(real: Starter, rows: tuple[Any, Any]) -> None:
    logits, labels = rows
    calibrate = fitted(real, (logits, labels), "temperature", score_kind="logit")
    lines = repr(calibrate).splitlines()
    temperature = f"{calibrate.parameters.temperature:.6g}"
    assert lines[0] == (
        f"temperature calibration: sigma(z / {temperature}); fitted on 3000 rows of val"
    )
    assert lines[1].split() == ["on", "the", "fitted", "rows", "before", "after"]
    assert [line.split()[0] for line in lines[2:]] == ["log_loss", "brier", "ece"]
    platt = Calibrator("platt", "score", evald.Record(slope=1.5, intercept=-0.25))
    assert platt.formula == "sigma(1.5 score - 0.25)"


def test_disabled_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    ev = evald.start()
    calibrate = ev.stream("val", "binary").fit_calibration("isotonic")
    assert calibrate([0.25, 0.5]) == [0.25, 0.5]
    assert calibrate(np.array([0.25])).tolist() == [0.25]
    assert "unchanged" in repr(calibrate)
    logits = ev.stream("logits", "binary", score_kind="logit").fit_calibration()
    assert logits([0.0, math.inf]) == [0.5, 1.0]
    assert logits(np.array([0.0])).tolist() == [0.5]
