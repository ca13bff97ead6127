"""Writes the Unicode tables of Sources/EvalMetrics/Text, and what their tests compare them with.

python Tests/unicode/make_tables.py

Two versions, because the reference implementations have two: Python's own `str` and `unicodedata` (14.0 in
CPython 3.11), and the `regex` package, which brings its own tables (`\\p{P}` of sacreBLEU's tokenizers).
The tables are runs of code points with equal properties, as text of the base64 alphabet: an array literal
of that size would take the compiler minutes. The goldens are plain ranges, so that an error in the
coding shows.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import regex

ROOT = Path(__file__).parent.parent.parent
TABLES = ROOT / "Sources" / "EvalMetrics" / "Text"
GOLDENS = Path(__file__).parent

PYTHON_UNICODE = "14.0.0"
REGEX_UNICODE = {"2026.11.15": "18.0.0"}

CATEGORIES = [
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "Mn",
    "Mc",
    "Me",
    "Nd",
    "Nl",
    "No",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Zs",
    "Zl",
    "Zp",
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
]
SPACE, CASED, IGNORABLE = 32, 64, 128
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
CODE_POINTS = range(sys.maxunicode + 1)

Ranges = list[list[int]]


def is_final_sigma(text: str) -> bool:
    return text.lower().endswith("ς")


def python_properties(code_point: int) -> int:
    """Category, white space, and what makes a sigma final: a cased letter before it, over ignorable ones."""
    c = chr(code_point)
    properties = CATEGORIES.index(unicodedata.category(c))
    assert c.isalnum() == (unicodedata.category(c)[0] in "LN"), hex(code_point)
    assert c.isdecimal() == (unicodedata.category(c) == "Nd"), hex(code_point)
    if c.isspace():
        properties |= SPACE
    if is_final_sigma(c + "Σ"):
        properties |= CASED
    elif is_final_sigma("A" + c + "Σ"):
        properties |= IGNORABLE
    return properties


def regex_properties() -> list[int]:
    text = "".join(chr(i) for i in CODE_POINTS)
    found = [CATEGORIES.index("Cs")] * len(CODE_POINTS)
    for place, category in enumerate(CATEGORIES):
        for match in regex.finditer(rf"\p{{gc={category}}}", text):
            found[match.start()] = place
    return found


def runs(properties: list[int]) -> Iterator[tuple[int, int]]:
    """Each property with how many code points in a row have it."""
    for value, group in groupby(properties):
        yield value, sum(1 for _ in group)


def number(x: int) -> str:
    """Five bits a character, the lowest first; bit 5 says that more follow."""
    text = ""
    while x >= 32:
        text += ALPHABET[32 | x & 31]
        x >>= 5
    return text + ALPHABET[x]


def lines(text: str) -> str:
    return "\n".join("    " + text[i : i + 92] for i in range(0, len(text), 92))


def lower_runs() -> list[tuple[int, int, int, int]]:
    """(first, step, count, difference) of code points whose lower case is at one difference."""
    changes = [
        (i, ord(chr(i).lower()) - i)
        for i in CODE_POINTS
        if len(chr(i).lower()) == 1 and chr(i).lower() != chr(i)
    ]
    assert [hex(i) for i in CODE_POINTS if len(chr(i).lower()) > 1] == ["0x130"]
    found: list[tuple[int, int, int, int]] = []
    for code_point, difference in changes:
        if found:
            first, step, count, known = found[-1]
            gap = code_point - (first + step * (count - 1))
            if known == difference and (gap == step or (count == 1 and gap <= 2)):
                found[-1] = (first, gap, count + 1, difference)
                continue
        found.append((code_point, 1, 1, difference))
    return found


def lower_text() -> str:
    text, last = "", 0
    for first, step, count, difference in lower_runs():
        sign = -2 * difference - 1 if difference < 0 else 2 * difference
        text += number(first - last) + number(step) + number(count) + number(sign)
        last = first
    return text


def table_text(name: str, summary: str, properties: list[int]) -> str:
    palette = sorted(set(properties))
    assert len(palette) <= 64
    text = number(len(palette)) + "".join(map(number, palette))
    text += "".join(
        ALPHABET[palette.index(value)] + number(count - 1)
        for value, count in runs(properties)
    )
    return constant(name, summary, text)


def constant(name: str, summary: str, text: str) -> str:
    return f"""  /// {summary}
  static let {name} = \"\"\"
{lines(text)}
    \"\"\"
"""


def write_tables(name: str, parts: list[str]) -> None:
    head = "// Made by Tests/unicode/make_tables.py, which says what the text means. Not for editing.\n\n"
    (TABLES / f"{name}.swift").write_text(
        head + "extension UnicodeData {\n" + "\n".join(parts) + "}\n"
    )


def ranges(property_of: Callable[[int], bool]) -> Ranges:
    found: Ranges = []
    for i in CODE_POINTS:
        if property_of(i):
            if found and found[-1][1] == i - 1:
                found[-1][1] = i
            else:
                found.append([i, i])
    return found


def write_golden(
    name: str, made_with: dict[str, str], parts: dict[str, object]
) -> None:
    items = [f'"made_with": {json.dumps(made_with)}']
    items += [f'"{key}": {json.dumps(value)}' for key, value in parts.items()]
    (GOLDENS / f"{name}.json").write_text("{\n" + ",\n".join(items) + "\n}\n")


def by_category(category: Callable[[int], str]) -> dict[str, Ranges]:
    known = [category(i) for i in CODE_POINTS]
    return {name: ranges(lambda i, name=name: known[i] == name) for name in CATEGORIES}  # type: ignore[misc]


def main() -> None:
    assert unicodedata.unidata_version == PYTHON_UNICODE
    regex_unicode = REGEX_UNICODE[version("regex")]
    write_tables(
        "UnicodeData+Python",
        [
            table_text(
                "python",
                f"Unicode {PYTHON_UNICODE} as CPython 3.11 has it.",
                [python_properties(i) for i in CODE_POINTS],
            ),
            constant(
                "pythonLower",
                "Lower case: gap to the first code point, step, count, difference.",
                lower_text(),
            ),
        ],
    )
    newer = regex_properties()
    write_tables(
        "UnicodeData+Regex",
        [
            table_text(
                "regex",
                f"Unicode {regex_unicode} as the Python package regex {version('regex')} has it.",
                newer,
            )
        ],
    )
    write_golden(
        "python",
        {"python": sys.version.split()[0], "unicode": PYTHON_UNICODE},
        {
            "category": by_category(lambda i: unicodedata.category(chr(i))),
            "space": ranges(lambda i: chr(i).isspace()),
            "alphanumeric": ranges(lambda i: chr(i).isalnum()),
            "lower": [
                [i, *map(ord, chr(i).lower())]
                for i in CODE_POINTS
                if chr(i).lower() != chr(i)
            ],
            "sigma_after": ranges(lambda i: is_final_sigma(chr(i) + "Σ")),
            "sigma_over": ranges(lambda i: is_final_sigma("A" + chr(i) + "Σ")),
            "sigma_before": ranges(lambda i: ("AΣ" + chr(i)).lower()[1] == "ς"),
        },
    )
    write_golden(
        "regex",
        {"regex": version("regex"), "unicode": regex_unicode},
        {"category": by_category(lambda i: CATEGORIES[newer[i]])},
    )


if __name__ == "__main__":
    main()
