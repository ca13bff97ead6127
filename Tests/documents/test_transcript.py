"""The examples are compared strictly, or a test of them could not fail."""

from __future__ import annotations

import json

import pytest
from transcript import lines, matches, pattern


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ('{"a":1}', '{"a":1}'),
        ('{"a":1,…}', '{"a":1,"b":2}'),
        ('{"a":1, … }', '{"a":1}'),
        ("{…}", '{"b":2}'),
        ('{"a":…}', '{"a":[1,2]}'),
        ('{"a":[1,…]}', '{"a":[1,2,3]}'),
        ('{"a":[{"b":1,…},{…}]}', '{"a":[{"b":1,"c":2},{}]}'),
        ('{"a":"… or so"}', '{"a":"… or so"}'),
        ('{"a":"\\"…"}', '{"a":"\\"…"}'),
    ],
)
def test_equal(expected: str, actual: str) -> None:
    assert matches(pattern(expected), json.loads(actual))


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ('{"a":1}', '{"a":1,"b":2}'),
        ('{"a":1,"b":…}', '{"a":1}'),
        ('{"a":1,…}', '{"a":2,"b":2}'),
        ('{"a":1}', '{"a":1.0}'),
        ('{"a":1}', '{"a":true}'),
        ('{"a":[1,…]}', '{"a":[2,3]}'),
        ('{"a":[1,2,…]}', '{"a":[1]}'),
        ('{"a":[1]}', '{"a":[1,2]}'),
        ('{"a":null}', '{"a":0}'),
    ],
)
def test_different(expected: str, actual: str) -> None:
    assert not matches(pattern(expected), json.loads(actual))


def test_lines_go_on() -> None:
    assert lines('→ {"a":\n   1}\n← {}') == ['→ {"a":1}', "← {}"]
