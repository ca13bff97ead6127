"""Wide scores in shared memory, which are looked at where they lie: the same as in any other encoding."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Daemon, daemon, notification, request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="evald reads /dev/shm")

ROWS, CLASSES = 64, 600
METRICS = ["accuracy", "top_k_accuracy@5", "f1_macro"]
OF_PROBABILITIES = ["log_loss", "brier", "ece"]


@pytest.fixture
def path() -> Iterator[Path]:
    """A name in /dev/shm that nothing has yet."""
    name = Path("/dev/shm") / f"evald-test-scores-{os.getpid()}"
    yield name
    name.unlink(missing_ok=True)


def made(seed: int, kind: str, dtype: str = "float32") -> tuple[Any, list[int]]:
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((ROWS, CLASSES)) * 3
    if kind == "probability":
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    elif seed % 2:
        scores = np.round(scores)  # ties
    return scores.astype(dtype), rng.integers(0, CLASSES, ROWS).tolist()


def opened(running: Daemon, kind: str, **options: Any) -> None:
    options = {"classes": CLASSES, "score_kind": kind, **options}
    params = {"stream": "s", "task": "multiclass", "options": options}
    assert "result" in json.loads(running.ask(request(1, "stream/open", params)))


def shared(path: Path, scores: Any, offset: int = 0) -> dict[str, Any]:
    """The column, after it was written there."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.seek(offset)
        file.write(scores.tobytes())
    kind, shape = scores.dtype.name, list(scores.shape)
    return {
        "dtype": kind,
        "shape": shape,
        "shared_memory": path.name,
        "offset": offset,
    }


def pushed(running: Daemon, scores: Any, labels: Any, **more: Any) -> Any:
    batch = {"scores": scores, "labels": labels, **more}
    params = {"stream": "s", "batch": batch}
    return json.loads(running.ask(request(2, "stream/push", params)))


def answered(running: Daemon, metrics: list[str]) -> Any:
    params = {"stream": "s", "metrics": metrics}
    return json.loads(running.ask(request(3, "metric/query", params)))["result"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("kind", ["logit", "probability", "score"])
@pytest.mark.parametrize("keeps", [False, True])
def test_every_encoding_gives_the_same_bits(
    path: Path, kind: str, dtype: str, keeps: bool
) -> None:
    metrics = METRICS + (OF_PROBABILITIES if kind != "score" else [])
    metrics += ["roc_auc_macro"] if keeps else []
    answers = []
    for encoding in ("json", "base64", "aligned", "askew"):
        with daemon() as running:
            opened(running, kind, one_vs_rest=keeps)
            for seed in range(4):
                scores, labels = made(seed, kind, dtype)
                column: Any = scores.tolist()
                if encoding == "base64":
                    text = base64.b64encode(scores.tobytes()).decode()
                    shape = list(scores.shape)
                    column = {"dtype": dtype, "shape": shape, "base64": text}
                elif encoding != "json":
                    column = shared(path, scores, 64 if encoding == "aligned" else 1)
                assert pushed(running, column, labels)["result"]["dropped"] == 0
            answers.append(answered(running, metrics))
    assert answers[0]["complete"] and answers[0]["count"] == 4 * ROWS
    assert all(each == answers[0] for each in answers)


BAD = [("logit", np.nan), ("logit", np.inf), ("score", -np.inf), ("probability", 1.5)]
BAD += [("probability", -0.5), ("probability", np.nan)]


@pytest.mark.parametrize(("kind", "bad"), BAD)
@pytest.mark.parametrize("place", [0, CLASSES // 2, CLASSES - 1])
def test_a_bad_score_in_the_last_row_refuses_all(
    path: Path, kind: str, bad: float, place: int
) -> None:
    with daemon() as running:
        opened(running, kind)
        scores, labels = made(0, kind)
        assert "result" in pushed(running, shared(path, scores), labels)
        before = answered(running, METRICS)
        scores[-1, place] = bad
        error = pushed(running, shared(path, scores), labels)["error"]
        assert error["data"]["kind"] == "InvalidBatch"
        assert error["data"]["path"] == f"/params/batch/scores/{ROWS - 1}"
        assert answered(running, METRICS) == before


def test_rows_that_are_not_finite_are_skipped_where_that_is_asked_for(
    path: Path,
) -> None:
    scores, labels = made(0, "logit")
    scores[5, 7] = np.nan
    found = []
    for column in (scores.tolist(), None):
        with daemon() as running:
            opened(running, "logit", non_finite="skip")
            if column is None:
                column = shared(path, scores)
            else:
                column[5][7] = "NaN"
            assert pushed(running, column, labels)["result"]["dropped"] == 1
            found.append(answered(running, METRICS + OF_PROBABILITIES))
    assert found[0] == found[1]


def test_ids_are_compared_by_what_was_counted(path: Path) -> None:
    scores, labels = made(0, "logit")
    other = scores.copy()
    other[3, 4] += 1
    with daemon() as running:
        opened(running, "logit", unique_ids=True)
        for each, conflicting in ((scores, 0), (scores, 0), (other, 1)):
            reply = pushed(running, shared(path, each), labels, ids=list(range(ROWS)))
            assert reply["result"]["conflicting_duplicates"] == conflicting
        assert reply["result"]["dropped_duplicates"] == ROWS


def test_scores_and_labels_in_two_segments(path: Path) -> None:
    scores, labels = made(0, "logit")
    other = path.with_name(path.name + "-labels")
    try:
        with daemon() as running:
            opened(running, "logit")
            column, second = (
                shared(path, scores),
                shared(other, np.array(labels, "int64")),
            )
            for _ in range(3):
                assert "result" in pushed(running, column, second)
            found = answered(running, METRICS)
            opened_alone = request(
                1,
                "stream/open",
                {"stream": "t", "task": "multiclass", "options": {"classes": CLASSES}},
            )
            assert "result" in json.loads(running.ask(opened_alone))
        best = scores.argmax(axis=1)
        assert found["values"]["accuracy"] == (best == labels).mean()
    finally:
        other.unlink(missing_ok=True)


def test_the_journal_has_what_was_counted(path: Path, tmp_path: Path) -> None:
    with daemon("--state", str(tmp_path)) as running:
        opened(running, "logit")
        for seed in range(3):
            assert "result" in pushed(
                running, shared(path, made(seed, "logit")[0]), made(seed, "logit")[1]
            )
        found = answered(running, METRICS + OF_PROBABILITIES)
        path.unlink()
        running.process.kill()
    with daemon("--state", str(tmp_path)) as running:
        again = answered(running, METRICS + OF_PROBABILITIES)
    assert again["values"] == found["values"]
    assert again["count"] == found["count"] == 3 * ROWS


def test_notifications_are_counted_before_a_later_ping_is_answered(path: Path) -> None:
    """Who waits for that may write anew."""
    with daemon() as running:
        opened(running, "logit")
        correct = 0
        for seed in range(50):
            scores, labels = made(seed, "logit")
            batch = {"scores": shared(path, scores), "labels": labels}
            line = notification("stream/push", {"stream": "s", "batch": batch})
            running.send(line + b"\n" + request(2, "ping") + b"\n")
            assert running.read_line()
            correct += int((scores.argmax(axis=1) == labels).sum())
        accuracy = answered(running, ["accuracy"])["values"]["accuracy"]
        assert accuracy == correct / (50 * ROWS)


@pytest.mark.parametrize("kind", ["logit", "probability"])
def test_scores_that_are_rewritten_all_the_time(path: Path, kind: str) -> None:
    """The numbers are whoever's who does that; nothing else happens, and none is undefined."""
    scores, labels = made(0, kind)
    column = shared(path, scores)
    others = [made(2, kind)[0], scores[:, ::-1].copy(), scores.copy()]
    others[2][:, ::7] = np.nan
    child = os.fork()
    if child == 0:
        try:
            view = np.memmap(path, dtype="float32", mode="r+", shape=scores.shape)
            while True:
                for each in others:
                    view[:] = each
        finally:
            os._exit(0)
    try:
        with daemon() as running:
            opened(running, kind)
            counted = 0
            for _ in range(2000):
                reply = pushed(running, column, labels)
                if "result" in reply:
                    counted += ROWS
                else:
                    assert reply["error"]["data"]["path"].startswith(
                        "/params/batch/scores/"
                    )
            found = answered(running, METRICS + OF_PROBABILITIES)
            assert counted > 0 and found["count"] == counted and found["complete"]
            values = [found["values"][name] for name in METRICS + OF_PROBABILITIES]
            assert all(np.isfinite(values))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_scores_that_are_cut_off_all_the_time(path: Path) -> None:
    """A push is whole or refused, whenever that happens."""
    rows = 8 * ROWS
    scores = np.tile(made(0, "logit")[0], (8, 1))
    labels = made(0, "logit")[1] * 8
    data = scores.tobytes()
    column = shared(path, scores)
    child = os.fork()
    if child == 0:
        try:
            while True:
                os.truncate(path, 4096)  # behind the end of a page there would be zeros
                with path.open("r+b") as file:
                    file.write(data)
                time.sleep(5e-4)
        finally:
            os._exit(0)
    refusals = counted = 0
    try:
        with daemon() as running:
            opened(running, "logit")
            end = time.monotonic() + 20
            while (refusals < 100 or not counted) and time.monotonic() < end:
                reply = pushed(running, column, labels)
                if "result" in reply:
                    counted += rows
                    continue
                refusals += 1
                message = reply["error"]["message"]
                assert "behind the segment" in message or "shorter" in message
                assert (
                    reply["error"]["data"]["path"]
                    == "/params/batch/scores/shared_memory"
                )
            found = answered(running, METRICS + OF_PROBABILITIES)
        assert found["count"] == counted
        with daemon() as running:
            opened(running, "logit")
            packed = {"dtype": "float32", "shape": list(scores.shape)}
            packed["base64"] = base64.b64encode(data).decode()
            # All that was counted is whole batches.
            for _ in range(counted // rows):
                assert "result" in pushed(running, packed, labels)
            whole = answered(running, METRICS + OF_PROBABILITIES)["values"]
        assert found["values"] == whole
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert refusals and counted
