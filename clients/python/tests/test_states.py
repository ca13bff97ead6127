"""States that leave one daemon and count in another."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import distributed


def test_exported_rows_count_elsewhere(real: Starter) -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.random(1000), rng.integers(0, 2, 1000)
    one, other = real(), real()
    parts = []
    for ev, rows in ((one, slice(0, 300)), (other, slice(300, 1000))):
        stream = ev.stream("val", "binary", metrics=["f1", "roc_auc", "log_loss"])
        stream.push(scores=scores[rows], labels=labels[rows])
        parts.append(stream.export())
    whole = one.stream("whole", "binary", metrics=["f1", "roc_auc", "log_loss"])
    whole.push(scores=scores, labels=labels)
    merged = one.merge("merged", *parts)
    assert dict(merged.query()) == dict(whole.query())
    backwards = one.merge("backwards", *parts[::-1])
    assert dict(backwards.query()) == dict(whole.query())


def test_a_file_takes_a_state_there(real: Starter, tmp_path: Path) -> None:
    ev = real()
    stream = ev.stream("loss", "scalar", metrics=["sum"], keep_windows=2)
    stream.push(values=[1.0, 2.0])
    stream.mark("a")
    stream.push(values=[4.0])
    assert stream.export(tmp_path / "a.state", window={"mark": "a"}) == b""
    assert stream.merge(tmp_path / "a.state").merged == 2
    assert stream.query("sum").sum == 7.0


def test_what_cannot_be_merged_is_said(real: Starter, tmp_path: Path) -> None:
    ev = real()
    stream = ev.stream("loss", "scalar")
    stream.push(values=[1.0])
    state = stream.export()
    with pytest.raises(evald.StateDamaged):
        stream.merge(state[:-1])
    with pytest.raises(evald.InvalidParams, match="nowhere"):
        stream.merge(tmp_path / "nowhere")
    with pytest.raises(evald.DurabilityFailed):
        stream.export(tmp_path / "nowhere" / "deep")
    with pytest.raises(evald.SchemaMismatch):
        ev.stream("val", "binary").merge(state)
    assert stream.query("sum").count == 1


@pytest.mark.parametrize("total", [0, 1, 2, 5, 6, 7, 64])
@pytest.mark.parametrize("shuffle", [False, True])
def test_padded_samples_are_told(total: int, shuffle: bool) -> None:
    from torch.utils.data import DistributedSampler

    seen: list[int] = []
    for rank in range(3):
        if total == 0:
            indices: list[int] = []
        else:
            sampler = DistributedSampler(range(total), 3, rank, shuffle=shuffle, seed=7)
            indices = list(sampler)
        real_rows = distributed.Unpadded(total, rank, 3)
        for first in range(0, len(indices), 2):
            batch = indices[first : first + 2]
            seen += batch[: real_rows.count(len(batch))]
        assert real_rows.left == 0
        real_rows.begin()
        assert real_rows.count(10**6) == len([i for i in range(total) if i % 3 == rank])
    assert sorted(seen) == list(range(total))


_RANK = """
import sys, numpy as np, torch.distributed as dist
import evald
from evald import distributed

rank, port, wrong, binary = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "1", sys.argv[4]
METRICS = ["f1", "roc_auc", "log_loss", "ece"]
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=3)
rng = np.random.default_rng(5)
scores, labels = rng.random(1000), rng.integers(0, 2, 1000)
with evald.start(binary) as ev:
    val = ev.stream("val", "binary", metrics=METRICS)
    for epoch in range(2):
        mine = slice(rank, None, 3)
        val.push(scores=scores[mine], labels=labels[mine])
        if wrong and rank == 1:
            val.push(scores=[2.0], labels=[1])
        try:
            everyone = distributed.gather(val)
        except evald.EvaldError as error:
            print("refused:", error)
            break
        val.mark()
        if everyone is not None:
            whole = ev.stream(f"whole {epoch}", "binary", metrics=METRICS)
            whole.push(scores=scores, labels=labels)
            assert dict(everyone.query()) == dict(whole.query())
            assert everyone.query().count == 1000
            print("equal")
dist.barrier()
dist.destroy_process_group()
"""


@pytest.mark.parametrize("wrong", [False, True])
def test_ranks_meet(real_binary: str, tmp_path: Path, wrong: bool) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = tmp_path / "rank.py"
    script.write_text(textwrap.dedent(_RANK))
    ranks = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                str(script),
                str(rank),
                str(port),
                str(int(wrong)),
                real_binary,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(3)
    ]
    outputs = [rank.communicate(timeout=120) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0, 0], outputs
    said = [out for out, _ in outputs]
    if wrong:
        assert all(out.startswith("refused: ") for out in said)
        assert "NotApplicable" in said[1]
        assert "rank 1 could not give its rows" in said[0]
        assert "rank 1 could not give its rows" in said[2]
    else:
        assert said == ["equal\nequal\n", "", ""]
