"""Spark, on a local cluster of two workers: one evald a partition, and the bits of one process."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import spark

if shutil.which("java") is None:  # which .ci/run installs
    pytest.skip("Spark needs Java", allow_module_level=True)
pytest.importorskip("pyspark")
pytest.importorskip("pyarrow")

METRICS = ["f1", "roc_auc", "log_loss", "ece", "optimal_f1"]
COLUMNS = {"scores": "p", "labels": "y", "weights": "w", "slices": {"language": "lang"}}


@pytest.fixture(scope="module")
def session(real_binary: str) -> Iterator[Any]:
    """Two workers, and a second and third try for a partition that fails."""
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        # Workers find evald as the driver does: by the environment, or as it is installed.
        patch.setenv("EVALD_BIN", real_binary)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(evald.__file__).parents[1])]))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = (
                SparkSession.builder.master("local[2, 3]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.log.level", "OFF")
                .getOrCreate()
            )
        yield session
        session.stop()


def rows(total: int = 2000) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(3)
    names = ["en", "fr", None]
    return [
        (float(score), int(label), float(weight), names[number % 3], number)
        for number, (score, label, weight) in enumerate(
            zip(rng.random(total), rng.integers(0, 2, total), rng.random(total), strict=True)
        )
    ]


def frame(session: Any, data: list[tuple[Any, ...]], partitions: int = 5) -> Any:
    schema = "p double, y long, w double, lang string, id long"
    return session.createDataFrame(session.sparkContext.parallelize(data, partitions), schema)


def in_one_process(ev: evald.Evald, data: list[tuple[Any, ...]], name: str = "one") -> evald.Stream:
    stream = ev.stream(name, "binary", metrics=METRICS, slices=["language"])
    scores, labels, weights, languages, _ = map(list, zip(*data, strict=True))
    stream.push(scores=scores, labels=labels, weights=weights, slices={"language": languages})
    return stream


@pytest.mark.parametrize("groups", [None, 2])
def test_the_bits_of_one_process(session: Any, real: Starter, groups: int | None) -> None:
    data = rows()
    val = spark.evaluate(
        frame(session, data),
        task="binary",
        columns=COLUMNS,
        slices=["language"],
        metrics=METRICS,
        groups=groups,
    )
    whole = in_one_process(real(), data)
    assert dict(val.query()) == dict(whole.query())
    assert val.query().count == len(data)
    assert val.slices("language", "f1") == whole.slices("language", "f1")


def test_arrays_and_texts(session: Any, real: Starter) -> None:
    from pyspark.sql import functions

    rng = np.random.default_rng(4)
    raw = rng.random((300, 3))
    scores, labels = raw / raw.sum(1, keepdims=True), rng.integers(0, 3, 300)
    data = [(*map(float, row), int(label)) for row, label in zip(scores, labels, strict=True)]
    df = session.createDataFrame(data, "a double, b double, c double, y int").repartition(3)
    found = spark.evaluate(
        df,
        task="multiclass",
        columns={"scores": functions.array("a", "b", "c"), "labels": "y"},
        classes=3,
    )
    one = real().stream("one", "multiclass", classes=3)
    one.push(scores=scores, labels=labels)
    assert dict(found.query()) == dict(one.query())

    tags = [
        (["B-PER", "I-PER", "O"][: 1 + n % 3], ["B-PER", "O", "O"][: 1 + n % 3]) for n in range(50)
    ]
    df = session.createDataFrame(tags, "p array<string>, r array<string>").repartition(2)
    columns = {"predictions": "p", "references": "r"}
    found = spark.evaluate(df, task="token_classification", columns=columns)
    one = real().stream("tags", "token_classification")
    one.push(predictions=[row[0] for row in tags], references=[row[1] for row in tags])
    assert dict(found.query()) == dict(one.query())


def test_a_bad_row_is_told_with_its_partition(session: Any, real: Starter) -> None:
    data = rows(100)
    data[45] = (1.5, *data[45][1:])  # row 5 of the third of five partitions
    into = in_one_process(real(), rows(10))
    before = into.query()
    with pytest.raises(evald.InvalidBatch, match="partition 2, ") as caught:
        spark.evaluate(frame(session, data), columns=COLUMNS, into=into)
    assert caught.value.data["partition"] == 2
    assert caught.value.path == "/params/batch/scores/5"
    assert dict(into.query()) == dict(before)
    assert [row["stream"] for row in into._evald.list()] == ["one"]  # and nothing is left behind


def test_into_a_stream_that_has_rows(session: Any, real: Starter) -> None:
    data = rows()
    ev = real()
    into = in_one_process(ev, data[:500])
    assert spark.evaluate(frame(session, data[500:]), columns=COLUMNS, into=into) is into
    whole = in_one_process(ev, data, "whole")
    assert dict(into.query()) == dict(whole.query())
    with pytest.raises(TypeError, match="not task"):
        spark.evaluate(frame(session, data), columns=COLUMNS, into=into, task="binary")
    with pytest.raises(TypeError, match="either into"):
        spark.evaluate(frame(session, data), columns=COLUMNS)
    with pytest.raises(evald.UnknownMetric):  # before any partition is looked at
        spark.evaluate(frame(session, data), columns=COLUMNS, task="binary", metrics=["f9"])


def test_ids_that_two_partitions_share(session: Any, real: Starter) -> None:
    data = rows(100)
    data[90] = (*data[90][:4], 3)
    columns = {"scores": "p", "labels": "y", "ids": "id"}
    into = real().stream("one", "binary", unique_ids=True)
    with pytest.raises(evald.DuplicateIds, match="partition"):
        spark.evaluate(frame(session, data), columns=columns, into=into)
    assert into.query().count == 0
    spark.evaluate(frame(session, data[:90]), columns=columns, into=into)
    assert into.query().count == 90


def test_a_partition_that_is_tried_again_counts_once(
    session: Any, real_binary: str, tmp_path: Path
) -> None:
    """evald dies in the midst of the first partition that comes; Spark runs it again."""
    wrapper = tmp_path / "evald"
    wrapper.write_text(
        "#!/bin/sh\n"
        f"if mkdir {tmp_path}/once 2>/dev/null; then\n"
        "  IFS= read -r first\n"
        f"  printf '%s\\n' \"$first\" | {real_binary}\n"
        "  exit 9\n"
        "fi\n"
        f'exec {real_binary} "$@"\n'
    )
    wrapper.chmod(0o755)
    data = rows(200)
    (tmp_path / "once").mkdir()
    val = spark.evaluate(
        frame(session, data[:0]),
        task="binary",
        columns=COLUMNS,
        slices=["language"],
        binary=str(wrapper),
    )
    assert val.query().count == 0
    (tmp_path / "once").rmdir()
    spark.evaluate(frame(session, data), columns=COLUMNS, into=val, binary=str(wrapper))
    assert (tmp_path / "once").exists()
    assert val.query().count == 200
