"""Calibrators: what `Stream.fit_calibration` gives, functions from scores to probabilities.

They need nothing but the standard library; numpy and torch are used where their arrays come.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from . import _html, _tables
from ._errors import EvaldError
from ._result import Record, record

Method = Literal["temperature", "platt", "isotonic"]
Scores = TypeVar("Scores")

_SMALLEST = 2.0**-52  # a probability of 0 counts as this, and 1 as 1 - this, as in evald
_TOLERANCE = 1e-6  # how far outside [0, 1] a probability may be, as in evald
_REASONS = {
    "no_rows": "there are no rows to fit",
    "one_class": "all rows have the same label",
    "diverges": "the scores separate the classes perfectly (or not at all), so that the best fit"
    " lies at infinity",
}


class NotFitted(EvaldError):
    """No calibration can be fitted to the rows; `data["reason"]` is evald's word for why."""


@dataclass(frozen=True)
class Calibrator:
    """A function from scores to calibrated probabilities: `calibrate(scores)`.

    Takes a number, a list, a numpy array, a pandas Series or a torch tensor and returns
    probabilities of P(y = 1) in the same, so that a calibrator fitted on validation rows serves for
    test rows. Two columns are taken as in a push: the second of probabilities and scores, the
    difference of logits. It can be pickled and needs no connection.

    Attributes:
        method: `"temperature"`, `"platt"`, `"isotonic"`; `"identity"` where there was no daemon.
        score_kind: what the scores are: `"probability"`, `"logit"`, `"score"`.
        parameters: `temperature`, or `slope` and `intercept`; empty for isotonic.
        map: the points `scores` and `probabilities` of isotonic; else None.
        before: `log_loss`, `brier` and `ece` of the rows that were fitted, as they were.
        after: the same after calibration. They are the fitted rows, so it flatters.
        stream, count: what was fitted, and how many rows.
        complete: whether all that was pushed was counted.
    """

    method: str
    score_kind: str = "probability"
    parameters: Record = field(default_factory=Record, hash=False)
    map: Record | None = field(default=None, hash=False)
    before: Record = field(default_factory=Record, hash=False)
    after: Record = field(default_factory=Record, hash=False)
    stream: str = ""
    count: int = 0
    complete: bool = True

    def __call__(self, scores: Scores) -> Scores:
        """The calibrated probabilities of these scores.

        Raises:
            ValueError: a score that should be a probability is none.
            TypeError: these are no scores.
        """
        return cast(Scores, _applied(self, scores))

    def log_odds(self, score: float) -> float:
        """The log-odds of a score; logits and raw scores stand for themselves."""
        if self.score_kind != "probability" or score != score:
            return score
        p = min(max(score, _SMALLEST), 1 - _SMALLEST)
        return math.log(p) - math.log1p(-p)

    def _probability(self, score: float) -> float:
        if self.score_kind == "probability":
            _check(score, score)
        if self.map is not None:
            return _interpolated(score, self.map["scores"], self.map["probabilities"])
        if self.method == "identity" and self.score_kind != "logit":
            return score
        return _sigmoid(self._scaled(self.log_odds(score)))

    def _scaled(self, z: Any) -> Any:
        if self.method == "platt":
            return self.parameters["slope"] * z + self.parameters["intercept"]
        return z / self.parameters["temperature"] if self.method == "temperature" else z

    def _probabilities(self, numpy: Any, scores: Any) -> Any:
        if self.score_kind == "probability" and scores.size:
            _check(*(fold.reduce(scores, axis=None) for fold in (numpy.fmin, numpy.fmax)))
        if self.map is not None:
            return numpy.interp(scores, self.map["scores"], self.map["probabilities"])
        if self.method == "identity" and self.score_kind != "logit":
            return scores.copy()
        z = scores
        if self.score_kind == "probability":
            p = numpy.clip(scores, _SMALLEST, 1 - _SMALLEST)
            z = numpy.log(p) - numpy.log1p(-p)
        z = self._scaled(z)
        tail = numpy.exp(-numpy.abs(z))
        return numpy.where(z >= 0, 1, tail) / (1 + tail)

    @property
    def formula(self) -> str:
        """What it computes, in one line; z is the log-odds of a score."""
        z = "z" if self.score_kind != "score" else "score"
        if self.method == "temperature":
            return f"sigma({z} / {self.parameters['temperature']:.6g})"
        if self.method == "platt":
            slope, intercept = self.parameters["slope"], self.parameters["intercept"]
            return f"sigma({slope:.6g} {z} {'-' if intercept < 0 else '+'} {abs(intercept):.6g})"
        return "the scores unchanged" if self.map is None else f"{len(self.map['scores'])} points"

    def _summary(self) -> str:
        said = f"{self.method} calibration: {self.formula}"
        if self.stream:
            said += f"; fitted on {self.count} rows of {self.stream}"
        return said if self.complete else f"{said}, INCOMPLETE"

    def _cells(self) -> list[list[Any]]:
        return [[name, self.before[name], self.after.get(name)] for name in self.before]

    def __repr__(self) -> str:
        heads = ["on the fitted rows", "before", "after"]
        table = _tables.text(heads, self._cells()) if self.before else ""
        return f"{self._summary()}\n{table}".rstrip("\n")

    def _repr_html_(self) -> str:
        heads = ["on the fitted rows", "before", "after"]
        return _html.table(
            heads, self._cells(), caption=self._summary(), incomplete=not self.complete
        )


def fitted(reply: Mapping[str, Any], score_kind: str) -> Calibrator:
    """The calibrator of a reply to calibration/fit.

    Raises:
        NotFitted: with the reason.
    """
    reason = reply.get("reason")
    found = record(dict(reply))
    parameters, points = found.get("parameters"), found.get("map")
    stream = str(reply.get("stream") or "")
    if reason or (parameters is None and points is None):
        why = _REASONS.get(str(reason), str(reason))
        raise NotFitted(
            f"no {reply.get('method')} calibration of {stream!r}: {why}",
            hint="isotonic needs one row, the others rows of both classes that overlap",
            data={"reason": reason, "stream": stream},
        )
    if points is not None:
        points = Record({name: tuple(column) for name, column in points.items()})
    losses = [
        Record({name: math.nan if item is None else item for name, item in found[when].items()})
        for when in ("before", "after")
    ]
    return Calibrator(
        method=str(reply.get("method")),
        score_kind=score_kind,
        parameters=parameters or Record(),
        map=points,
        before=losses[0],
        after=losses[1],
        stream=stream,
        count=int(reply.get("count") or 0),
        complete=bool(reply.get("complete", True)),
    )


def _check(lowest: float, highest: float) -> None:
    if lowest < -_TOLERANCE or highest > 1 + _TOLERANCE:
        worst = lowest if lowest < -_TOLERANCE else highest
        raise ValueError(
            f"{worst:g} is not a probability, and this calibrator was fitted on probabilities;"
            ' for logits, open the stream with score_kind="logit"'
        )


def _sigmoid(z: float) -> float:
    tail = math.exp(-abs(z))
    return (1 if z >= 0 else tail) / (1 + tail) if z == z else z


def _interpolated(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x != x:
        return x
    above = bisect_left(xs, x)
    if above == len(xs):
        return ys[-1]
    if above == 0 or xs[above] == x:
        return ys[above]
    share = (x - xs[above - 1]) / (xs[above] - xs[above - 1])
    return ys[above - 1] + (ys[above] - ys[above - 1]) * share


def _applied(calibrator: Calibrator, scores: Any) -> Any:
    if isinstance(scores, (int, float)):
        # numpy's float64 is a float too, and comes back as one.
        found = calibrator._probability(float(scores))
        return found if type(scores) in (int, float, bool) else type(scores)(found)
    if isinstance(scores, (list, tuple)):
        return _of_sequence(calibrator, scores)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(scores, torch.Tensor):
        return _of_tensor(calibrator, torch, scores)
    if hasattr(scores, "__array__"):
        return _of_array(calibrator, scores)
    raise TypeError(f"scores are numbers, lists or arrays, not {type(scores).__name__}")


def _of_sequence(calibrator: Calibrator, scores: Any) -> Any:
    make: Callable[[Any], Any] = tuple if isinstance(scores, tuple) else list
    if scores and all(isinstance(item, (list, tuple)) and len(item) == 2 for item in scores):
        low, high = (item[0] for item in scores), (item[1] for item in scores)
        logits = calibrator.score_kind == "logit"
        return make(
            calibrator._probability(float(b) - float(a) if logits else float(b))
            for a, b in zip(low, high, strict=True)
        )
    return make(_applied(calibrator, item) for item in scores)


def _columns(calibrator: Calibrator, scores: Any) -> Any:
    """Of [n, 2] the one column, as evald takes it; anything else as it is."""
    if scores.ndim != 2 or scores.shape[1] != 2:
        return scores
    return scores[:, 1] - scores[:, 0] if calibrator.score_kind == "logit" else scores[:, 1]


def _of_tensor(calibrator: Calibrator, torch: Any, scores: Any) -> Any:
    import numpy

    wide = _columns(calibrator, scores.detach().to("cpu", torch.float64))
    found = torch.from_numpy(numpy.asarray(calibrator._probabilities(numpy, wide.numpy())))
    kind = scores.dtype if scores.dtype.is_floating_point else torch.get_default_dtype()
    return found.to(scores.device, kind)


def _of_array(calibrator: Calibrator, scores: Any) -> Any:
    import numpy

    given = numpy.asarray(scores)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"scores are numbers, not {given.dtype}")
    wide = _columns(calibrator, given.astype(numpy.float64))
    kind = given.dtype if given.dtype.kind == "f" else numpy.float64
    found = numpy.asarray(calibrator._probabilities(numpy, wide)).astype(kind)
    if hasattr(scores, "index") and hasattr(scores, "to_numpy") and found.ndim == 1:
        return type(scores)(found, index=scores.index)  # a pandas Series keeps its rows
    return found[()] if isinstance(scores, numpy.generic) else found
