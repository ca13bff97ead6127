"""state_dict and load_state_dict, and runs that find a state directory of an earlier one."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import evald
from conftest import Starter

METRICS = ["f1", "roc_auc", "log_loss"]


def opened(ev: evald.Evald, name: str = "val", **options: Any) -> evald.Stream:
    return ev.stream(
        name,
        "binary",
        metrics=METRICS,
        slices=["language"],
        keep_windows=2,
        unique_ids=True,
        **options,
    )


def push(stream: evald.Stream, first: int, count: int = 50, **options: Any) -> None:
    numbers = range(first, first + count)
    stream.push(
        scores=[(number * 37 % 101) / 101 for number in numbers],
        labels=[number * 53 % 7 % 2 for number in numbers],
        ids=list(numbers),
        slices={"language": "en" if first % 100 else "fr"},
        **options,
    )


def answers(stream: evald.Stream) -> list[Any]:
    """Everything that a stream says of itself, but when and in which revision."""
    windows: list[Any] = ["current", "all"]
    windows += [{"mark": label} for label in stream.describe()["windows"]]
    return [
        *(dict(stream.query(window=window)) for window in windows),
        [{**row, "time": None, "revision": None} for row in stream.history()],
        list(stream.slices("language", window="all")),
        [stream.describe()[key] for key in ("count", "total_count", "marks", "windows", "dropped")],
        stream.describe()["producers"].get("rank 0"),
    ]


def filled(ev: evald.Evald, **options: Any) -> evald.Stream:
    stream = opened(ev, **options)
    for epoch in range(3):
        push(stream, 100 * epoch)
        stream.mark(f"epoch {epoch}", loss=1 / (epoch + 1))
    push(stream, 350, producer="rank 0", seq=1)
    return stream


def go_on(stream: evald.Stream) -> list[Any]:
    """The same steps from the same place."""
    push(stream, 380)  # some of the ids were seen
    push(stream, 480, producer="rank 0", seq=2)
    stream.mark("last")
    push(stream, 600)
    return answers(stream)


@pytest.mark.parametrize("embed", [None, True, False])
def test_back_in_the_same_process(real: Starter, embed: bool | None) -> None:
    stream = filled(real())
    state = stream.state_dict(embed=embed)
    assert ("state" in state) is (embed is not False)
    before = answers(stream)
    after = go_on(stream)
    for _ in range(2):
        stream.load_state_dict(state)
        assert answers(stream) == before
        assert go_on(stream) == after


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("inline", [True, False])
def test_on_in_a_new_process(
    real: Starter, monkeypatch: pytest.MonkeyPatch, is_there: bool, inline: bool
) -> None:
    if not inline:
        monkeypatch.setattr("evald._checkpoints._INLINE_BYTES", 10)
    stream = filled(real())
    state = pickle.loads(pickle.dumps(stream.state_dict()))
    before, after = answers(stream), go_on(stream)
    ev = real()
    if is_there:
        push(opened(ev), 7)
    else:
        ev.load_state_dict({"format": 1, "streams": {"val": state}})
    again = opened(ev)
    again.load_state_dict(state)
    assert answers(again) == before
    assert go_on(again) == after
    again.load_state_dict(state)  # by now it has the checkpoint itself
    assert answers(again) == before


def test_torch_saves_and_loads_it(real: Starter, tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    stream = filled(real())
    before = answers(stream)
    saved = {"model": torch.nn.Linear(2, 1).state_dict(), "evald": stream.state_dict()}
    torch.save(saved, tmp_path / "checkpoint.pt")
    again = opened(real())
    again.load_state_dict(torch.load(tmp_path / "checkpoint.pt", weights_only=True)["evald"])
    assert answers(again) == before


def test_all_streams_at_once(real: Starter) -> None:
    ev = real()
    streams = [filled(ev, name=name) for name in ("a", "b")]
    state = ev.state_dict(embed=False)
    before = [answers(stream) for stream in streams]
    for stream in streams:
        go_on(stream)
    push(opened(ev, "younger"), 0)
    ev.load_state_dict(state)
    assert [answers(stream) for stream in streams] == before
    assert ev.stream("younger").describe()["total_count"] == 0
    ev.load_state_dict(None)
    assert [row["total_count"] for row in ev.list()] == [0, 0, 0]


def test_all_streams_in_a_new_process(real: Starter) -> None:
    ev = real()
    before = [answers(filled(ev, name=name)) for name in ("a", "b")]
    state = ev.state_dict()
    other = real()
    push(opened(other, "a"), 7)
    other.load_state_dict(state)
    assert [answers(opened(other, name)) for name in ("a", "b")] == before


def test_without_a_state_it_is_the_beginning(real: Starter) -> None:
    stream = filled(real())
    stream.load_state_dict(None)
    fresh = opened(real())
    assert answers(stream) == answers(fresh)
    for one in (stream, fresh):
        push(one, 300)
        one.mark("first")
        push(one, 310, producer="rank 0", seq=1)
    assert answers(stream) == answers(fresh)


def test_with_a_directory_names_are_enough(real: Starter, tmp_path: Path) -> None:
    ev = real(state=tmp_path)
    stream = filled(ev)
    state = ev.state_dict()
    assert "state" not in state["streams"]["val"]
    assert len(pickle.dumps(state)) < 1000
    before, after = answers(stream), go_on(stream)
    ev.close()
    ev = real(state=tmp_path)
    ev.load_state_dict(state)
    again = opened(ev)
    assert answers(again) == before
    assert go_on(again) == after


def test_a_run_that_finds_rows_of_another_says_so(real: Starter, tmp_path: Path) -> None:
    ev = real(state=tmp_path)
    filled(ev)
    assert opened(ev).query().count == 50  # its own are no surprise
    ev.stream("empty", "scalar")
    ev.close()
    ev = real(state=tmp_path)
    with pytest.raises(evald.ResumeRefused, match="of an earlier run"):
        opened(ev)
    with pytest.raises(evald.ResumeRefused):
        opened(ev, resume="never")
    ev.stream("empty", "scalar")
    stream = opened(ev, resume="allow")
    assert stream.query().count == 50
    push(stream, 1000)
    assert stream.query().count == 100  # not taken for what the other had sent


def test_what_is_not_there_is_said(real: Starter, tmp_path: Path) -> None:
    stream = filled(real())
    state = stream.state_dict(embed=False)
    with pytest.raises(evald.CheckpointNotFound, match="embed=True"):
        opened(real()).load_state_dict(state)
    ev = real(state=tmp_path / "a")
    state = filled(ev).state_dict()
    ev.close()
    other = opened(real(state=tmp_path / "b"))
    push(other, 0)
    with pytest.raises(evald.CheckpointNotFound, match=str(tmp_path / "a")):
        other.load_state_dict(state)
    assert other.query().count == 50


def test_only_the_last_are_kept(real: Starter) -> None:
    stream = filled(real())
    states = [stream.state_dict(embed=False, keep=3) for _ in range(5)]
    assert len(stream.describe()["checkpoints"]) == 3
    stream.load_state_dict(states[2])
    with pytest.raises(evald.CheckpointNotFound):
        stream.load_state_dict(states[1])


def test_a_run_that_never_saves_again_keeps_what_it_goes_back_to(real: Starter) -> None:
    stream = filled(real())
    state = stream.state_dict(embed=False, keep=16)
    before = answers(stream)
    for number in range(20):
        stream.load_state_dict(state)
        assert answers(stream) == before
        push(stream, 1000 + number)
        stream.state_dict(embed=False)  # and killed before this is saved
    assert len(stream.describe()["checkpoints"]) == 16


def test_nothing_is_changed_if_one_stream_is_missing(real: Starter) -> None:
    ev = real()
    a = filled(ev, name="a")
    state = ev.state_dict(embed=False)
    push(a, 700)
    before = answers(a)
    state["streams"]["b"] = {**state["streams"]["a"], "stream": "b"}
    with pytest.raises(evald.CheckpointNotFound, match="'b'"):
        ev.load_state_dict(state)
    assert answers(a) == before


def test_what_is_no_state_of_this_stream_is_refused(real: Starter) -> None:
    ev = real()
    stream = filled(ev)
    state = stream.state_dict()
    with pytest.raises(ValueError, match="stream 'val', not of stream 'other'"):
        opened(ev, "other").load_state_dict(state)
    with pytest.raises(ValueError, match="of all streams"):
        stream.load_state_dict(ev.state_dict())
    with pytest.raises(ValueError, match="not of all streams"):
        ev.load_state_dict(state)
    with pytest.raises(ValueError, match="not made by state_dict"):
        stream.load_state_dict({"model": 1})
    with pytest.raises(ValueError, match="newer evald"):
        stream.load_state_dict({**state, "format": 2})


def test_damage_and_other_schemas_are_found_out(real: Starter) -> None:
    state = filled(real()).state_dict()
    ev = real()
    for place in (3, 30, len(state["state"]) // 2, len(state["state"]) - 1):
        damaged = copy.deepcopy(state)
        data = bytearray(damaged["state"])
        data[place] ^= 4
        damaged["state"] = bytes(data)
        with pytest.raises(evald.StateDamaged):
            opened(ev).load_state_dict(damaged)
    with pytest.raises(evald.StateDamaged):
        opened(ev).load_state_dict({**state, "state": state["state"][:-1]})
    assert opened(ev).query(window="all").count == 0
    other = real().stream("val", "binary")
    with pytest.raises(evald.SchemaMismatch):
        other.load_state_dict(state)
    with pytest.raises(evald.StateDamaged, match="total_count"):
        opened(ev).load_state_dict({**state, "total_count": 7})


def test_disabled(monkeypatch: pytest.MonkeyPatch, real: Starter) -> None:
    live = real()
    monkeypatch.setenv("EVALD_DISABLED", "1")
    ev = evald.start()
    stream = opened(ev)
    state = stream.state_dict()
    stream.load_state_dict(state)
    ev.load_state_dict(ev.state_dict())
    with pytest.raises(evald.CheckpointNotFound, match="without evald"):
        opened(live).load_state_dict(state)
