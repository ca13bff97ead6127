"""What can be asked of a stream."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _wire
from ._calibrator import Calibrator, Method, fitted
from ._errors import EvaldError
from ._producer import Producer
from ._quiet import HarmlessBest, harmless
from ._result import Curve, Record, Result, Row, Table, epoch_row, flat, record, slice_row
from ._subscriptions import Subscription

if TYPE_CHECKING:
    from ._client import Evald

Metric = str | Mapping[str, Any]
"""A metric's name, such as `"f1"` or `"ndcg@10"`, or an object with options, such as
`{"metric": "f_beta", "beta": 2}`."""


def without_none(**params: Any) -> dict[str, Any]:
    """The parameters that were given."""
    return {name: value for name, value in params.items() if value is not None}


def _chosen(names: tuple[Metric, ...], metrics: Iterable[Metric] | None) -> list[Metric] | None:
    found = list(names)
    for more in () if metrics is None else (metrics,):
        found += [more] if isinstance(more, (str, Mapping)) else more
    return found or None


class Questions:
    """The asking half of a Stream. No question changes the stream."""

    name: str
    options: Record
    _evald: Evald
    _producer: Producer

    def _ask(self, method: str, /, **params: Any) -> Any:
        return self._evald._ask(method, {"stream": self.name, **without_none(**params)})

    def _record(self, method: str, **params: Any) -> Record:
        reply = self._ask(method, **params)
        found = harmless(method) if isinstance(reply, EvaldError) else record(reply)
        return found if isinstance(found, Record) else Record()

    def query(
        self,
        *names: Metric,
        metrics: Iterable[Metric] | None = None,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
        threshold: float | None = None,
        confidence: float | None = None,
        at_least_revision: int | None = None,
        **more: Any,
    ) -> Result:
        """The metrics of everything pushed so far, exactly.

        Args:
            names: metrics, by name or as objects: `val.query("f1", "roc_auc")`. None at all:
                those that the stream was opened with, else the task's defaults.
            metrics: the same as a list.
            slice: only the rows of a slice, `{"language": "fr"}`.
            window: `"current"` (default), `"all"`, `{"marks": n}`, `{"mark": "epoch 3"}`.
            threshold: instead of the stream's.
            confidence: ask for confidence intervals of this level.
            at_least_revision: wait for this revision, when other clients push too.
            more: further parameters of `metric/query`.
        """
        reply = self._ask(
            "metric/query",
            metrics=_chosen(names, metrics),
            slice=slice,
            window=window,
            threshold=threshold,
            confidence=confidence,
            at_least_revision=at_least_revision,
            **more,
        )
        if isinstance(reply, EvaldError):
            return Result({"stream": self.name}, error=reply)
        return Result(reply, dropped=self._producer.dropped_batches)

    def history(self, *names: Metric, metrics: Iterable[Metric] | None = None) -> Table:
        """The rows of all marks, flat: `pandas.DataFrame(val.history())`. `.best` is beside."""
        reply = self._ask("metric/history", metrics=_chosen(names, metrics))
        if isinstance(reply, EvaldError):
            return Table(best=HarmlessBest())
        return Table(map(epoch_row, reply["rows"]), best=record(reply.get("best") or {}))

    @property
    def best(self) -> Record:
        """The best mark by each metric: `val.best["f1"]` has `label` and `value`."""
        best = self.history().best
        return best if isinstance(best, Record) else Record()

    def threshold(
        self,
        objective: str = "f1",
        *,
        beta: float | None = None,
        costs: Mapping[str, float] | None = None,
        min_precision: float | None = None,
        min_recall: float | None = None,
        max_false_positive_rate: float | None = None,
        max_selection_rate: float | None = None,
        class_: Any = None,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
    ) -> Record:
        """The best threshold of all: `threshold`, `value`, `confusion`, `precision`, `recall`,
        the same `at_default`, and `all_positive`. nan with a `reason` if nothing is feasible.
        """
        constraints = without_none(
            min_precision=min_precision,
            min_recall=min_recall,
            max_false_positive_rate=max_false_positive_rate,
            max_selection_rate=max_selection_rate,
        )
        found = self._record(
            "threshold/optimize",
            objective=objective,
            beta=beta,
            costs=costs,
            constraints=constraints or None,
            **{"class": class_},
            slice=slice,
            window=window,
        )
        for name in ("threshold", "value"):
            if found.get(name) is None:
                found[name] = math.nan
        return found

    def thresholds(
        self,
        thresholds: Iterable[float],
        *,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
    ) -> Table:
        """What each of these thresholds would give: confusion, precision, recall, f1."""
        reply = self._ask(
            "threshold/evaluate", thresholds=list(thresholds), slice=slice, window=window
        )
        rows = [] if isinstance(reply, EvaldError) else reply["rows"]
        return Table(Row(flat(record(row))) for row in rows)

    def calibration(
        self,
        bins: int | None = None,
        strategy: str | None = None,
        *,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
    ) -> Record:
        """`ece`, `mce`, `ace`, `brier`, its decomposition, and the reliability bins."""
        found = self._record(
            "calibration/query", bins=bins, strategy=strategy, slice=slice, window=window
        )
        found["bins"] = Table(map(Row, found.get("bins") or ()))
        return found

    def fit_calibration(
        self,
        method: Method = "temperature",
        *,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
    ) -> Calibrator:
        """Fits a map from scores to calibrated probabilities; the stream stays as it is.

            calibrate = val.fit_calibration("temperature")
            test.push(scores=calibrate(test_scores), labels=test_labels)

        Args:
            method: `"temperature"`: sigma(z / T); `"platt"`: sigma(slope z + intercept);
                `"isotonic"`: monotone, of as many points as the rows ask for.
            slice: fit on the rows of a slice only.
            window: as in `query`.

        Returns:
            A function of scores of the stream's `score_kind`. Without a daemon it returns the
            scores as they are, logits as their probabilities.

        Raises:
            NotFitted: there is none, with evald's reason: no rows, one class, or scores that
                separate the classes.
            NotApplicable: the stream has no scores, or raw ones and the method is temperature.
        """
        reply = self._ask("calibration/fit", method=method, slice=slice, window=window)
        score_kind = str(self.options.get("score_kind", "probability"))
        if isinstance(reply, EvaldError):
            return Calibrator("identity", score_kind)
        return fitted(reply, score_kind)

    def subscribe(
        self,
        callback: Callable[[Result], object] | None = None,
        *names: Metric,
        metrics: Iterable[Metric] | None = None,
        on: Literal["change", "mark"] = "change",
        min_interval: float = 1.0,
        slice: Mapping[str, Any] | None = None,
    ) -> Subscription:
        """Results that come by themselves, as rows are pushed or windows marked.

            with val.subscribe(print, metrics=["f1"], on="mark"):
                train()
            for result in val.subscribe(metrics=["f1"]):
                ...

        Args:
            callback: called with each Result, in a thread of the client. What it raises becomes
                one warning. Left out: iterate over the subscription, or call its `get`.
            names: metrics, as in `query`; left out, those the stream was opened with.
            metrics: the same as a list.
            on: `"change"`: the answer now and after changes; `"mark"`: the last answer of each
                window, as it is marked.
            min_interval: the least seconds between two updates after changes, from 0.05.
            slice: only the rows of a slice.
        """
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is a function, not {callback!r}; metrics= names metrics")
        with self._evald._link.subscriptions.subscribing():
            order = without_none(
                stream=self.name,
                metrics=_chosen(names, metrics),
                on=on,
                min_interval_ms=max(0, round(min_interval * 1000)),
                slice=slice,
            )
            reply = self._evald._ask("metric/subscribe", order)
            return Subscription(self, self.name, reply, callback, order)

    def curve(
        self,
        curve: str = "roc",
        *,
        points: int | None = None,
        slice: Mapping[str, Any] | None = None,
        window: Any = None,
        **more: Any,
    ) -> Curve:
        """A curve's columns: `roc`, `precision_recall`, `threshold`, `reliability`, `gain`.

        The points are real operating points, `area` is the exact one however few they are.
        """
        reply = self._ask(
            "curve/query", curve=curve, points=points, slice=slice, window=window, **more
        )
        if isinstance(reply, EvaldError):
            return Curve({}, math.nan)
        area = _wire.floats(reply.get("area"))
        facts = {name: reply.get(name) for name in ("count", "total_points", "complete", "reason")}
        facts["complete"] = facts["complete"] is not False and not self._producer.dropped_batches
        return Curve(reply["columns"], math.nan if area is None else area, **facts)

    def plot(self, kind: str, **options: Any) -> Any:
        """A picture by matplotlib, as its Axes: `val.plot("roc")`. See `evald.plot`.

        Args:
            kind: `"reliability"`, `"roc"`, `"precision_recall"`, `"thresholds"`, `"history"`.
            options: of the function of that name in `evald.plot`, such as `ax=`.

        Raises:
            ImportError: matplotlib is not there; `pip install 'evald[plot]'` installs it.
        """
        from . import plot

        return plot.draw(kind, self, **options)

    def slices(
        self,
        by: str | Sequence[str],
        *names: Metric,
        metrics: Iterable[Metric] | None = None,
        min_count: int | None = None,
        window: Any = None,
    ) -> Table:
        """The metrics of each slice, the worst first; `.gaps` and `.average` are beside."""
        reply = self._ask(
            "slice/query",
            by=by if isinstance(by, str) else list(by),
            metrics=_chosen(names, metrics),
            min_count=min_count,
            window=window,
        )
        if isinstance(reply, EvaldError):
            return Table(gaps=Record(), average=Record())
        facts = {name: record(reply.get(name) or {}) for name in ("gaps", "average")}
        return Table(map(slice_row, reply["rows"]), **facts)
