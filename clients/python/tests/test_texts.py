"""Texts as columns: with orjson and without, the same values reach the wire."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from columns import encode
from evald import _wire

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(params=["orjson", "json"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "json":
        monkeypatch.setattr(_wire, "_fast", None)
    elif _wire._fast is None:
        pytest.skip("orjson is not installed")
    return str(request.param)


@given(st.lists(TEXTS), st.lists(st.lists(TEXTS)))
def test_texts_are_what_they_were(texts: list[str], lists: list[list[str]]) -> None:
    column = encode(x=texts, y=lists)
    assert column == {"x": texts, "y": lists}


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([["a"], "b", NAN], [["a"], "b", None]),
        ([["a"], NAN], [["a"], None]),
        ([NAN, ["a"]], [None, ["a"]]),
        ([[], "b", NAN], [[], "b", None]),
        ([[1], "b", NAN], [[1], "b", None]),
        ([["a"], ("b", NAN)], [["a"], ["b", None]]),
        ([["a", NAN], ["b"]], [["a", None], ["b"]]),
        ([["a\ud800", NAN]], [["a\ud800", None]]),
        (["a", ["b", NAN]], ["a", ["b", None]]),
        ([["b", [NAN]], "a"], [["b", [None]], "a"]),
        ([[NAN, "a"], ["b"]], [[None, "a"], ["b"]]),
        ([[None, NAN], ["b"]], [[None, None], ["b"]]),
        ([0.5, "NaN", float("inf")], [0.5, "NaN", "Infinity"]),
        ([[np.array([1, 2])], [np.array([3, 4])]], [[[1, 2]], [[3, 4]]]),
        ([["a"], None, []], [["a"], None, []]),
        ([[0.5, NAN], [1.0]], [[0.5, "NaN"], [1.0]]),
    ],
)
def test_what_is_missing_among_texts_is_no_text(
    encoder: str, values: list[Any], wanted: list[Any]
) -> None:
    assert encode(x=values) == {"x": wanted}


PIECES = ["O", "B-PER", '"', "\\", "\n", "\x7f", ",", '","', '"],["', "]", "", "\u2028", "\ud800"]


@given(st.lists(st.lists(TEXTS | st.sampled_from(PIECES) | st.integers())))
def test_tags_are_joined_only_where_that_is_json(lists: list[list[Any]]) -> None:
    joined = _wire._dumps_tags(lists)
    assert joined is None or json.loads(joined) == lists


@pytest.mark.parametrize(
    ("lists", "are_joined"),
    [
        ([["O", "B-PER"], ["", "I-PER"]], True),
        ([["é", "東京", "\x7f"]], True),
        ([["O"] * 1000] * 10, True),
        ([["O"], []], False),
        ([[], ["O"]], False),
        ([["O", 'a"b']], False),
        ([["O", "a\\"]], False),
        ([["O"], ["\x1f"]], False),
        ([["O"], ["\ud800"]], False),
        ([["O", 1]], False),
        ([["a text of more than sixteen"], ["O"]], False),
        ([[]], False),
    ],
)
def test_which_tags_are_joined(lists: list[list[Any]], are_joined: bool) -> None:
    joined = _wire._dumps_tags(lists)
    assert (joined is not None) == are_joined
    assert joined is None or joined.decode() == json.dumps(
        lists, ensure_ascii=False, separators=(",", ":")
    )


def test_every_kind_of_list(encoder: str) -> None:
    nan = float("nan")
    columns: dict[str, Any] = {
        "texts": ["é", "a\n\u2028\x00", ""],
        "lists": [["O", "B-PER"], [], ["東京"]],
        "tuples": (("O",), ("B-PER",)),
        "arrays": np.array(["en", "fr"]),
        "ragged": [[1, 2], [3]],
        "missing": ["en", None, nan, np.float64("nan")],
        "large": ["a", 2**70],
    }
    found = encode(**columns)
    assert found.pop("missing") == ["en", None, None, None]
    assert found.pop("tuples") == [["O"], ["B-PER"]]
    assert found.pop("arrays") == ["en", "fr"]
    columns = {name: column for name, column in columns.items() if name in found}
    assert found == columns


def test_lone_surrogates_reach_the_daemon_which_refuses_them(encoder: str) -> None:
    assert encode(x=["a", "\ud800"])["x"] == ["a", "\ud800"]


@pytest.mark.parametrize("count", [1, 255, 256, 257, 600])
@pytest.mark.parametrize("with_orjson", [True, False])
def test_long_columns_of_texts_are_the_same_in_pieces(
    count: int, with_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_orjson:
        monkeypatch.setattr(_wire, "_fast", None)
    texts = [f'"{row}", \\ é 𝄞' for row in range(count)]
    tags = [["O"] * (row % 5) for row in range(count)]
    for column in (texts, tags, tuple(texts), [["B-PER", text] for text in texts]):
        pieces: list[bytes] = []
        _wire.put_texts(column, pieces)
        assert json.loads(b"".join(pieces)) == json.loads(json.dumps(column))


def test_long_texts_are_not_cut_into_many_pieces() -> None:
    pieces: list[bytes] = []
    _wire.put_texts(["long " * 100] * 5_000, pieces)
    assert len(pieces) == 3
    assert json.loads(b"".join(pieces)) == ["long " * 100] * 5_000
