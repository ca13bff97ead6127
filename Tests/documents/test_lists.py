"""Every list of protocol.md is the daemon's own: methods, parameters, errors, tasks, metrics, limits.

A name that is new in the code, or gone from it, fails here until the document says so.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from markdown import PROTOCOL, ROOT, code, codes, sections, tables
from metric_tables import HEADING, call, markdown, rows, tasks
from transcript import binary, run

TEXT = PROTOCOL.read_text()
SECTIONS = sections(PROTOCOL)
DISCOVERED: dict[str, Any] = {
    method["name"]: method for method in call("rpc.discover")["methods"]
}
# What evald sends by itself has a section or a place of its own.
NOTIFICATIONS = {"$/progress"}
# Told once for all methods.
EVERYWHERE = {"StreamNotFound", "InvalidParams"}


def table(section: str, heading: str) -> list[list[str]]:
    """The rows of the table of a section whose first column is called so."""
    found = [rows for rows in tables(SECTIONS[section]) if rows[0][0] == heading]
    assert len(found) == 1, f"{section} has {len(found)} tables of {heading}"
    return found[0][1:]


def named(section: str, heading: str) -> dict[str, list[str]]:
    """The rows of a table by the name in the first column."""
    return {code(row[0]): row[1:] for row in table(section, heading)}


def test_methods() -> None:
    headings = {title.strip("`") for title in SECTIONS if title.startswith("`")}
    assert headings - NOTIFICATIONS == DISCOVERED.keys()


def test_methods_of_the_overview() -> None:
    listed = [name for row in table("Methods", "group") for name in codes(row[1])]
    assert sorted(listed) == sorted(DISCOVERED)


@pytest.mark.parametrize("name", DISCOVERED)
def test_parameters(name: str) -> None:
    section = SECTIONS[f"`{name}`"]
    parameters = {each["name"]: each for each in DISCOVERED[name]["params"]}
    is_question = parameters.pop("progress_token", None) is not None
    assert is_question == ("*question*" in section)
    if not parameters:
        assert not tables(section)
        return
    documented = named(f"`{name}`", "parameter")
    assert list(documented) == list(parameters)
    for key, (_, default, _) in documented.items():
        assert (default == "**required**") == parameters[key]["required"], key
        schema = parameters[key]["schema"]
        if isinstance(schema, dict) and "default" in schema:
            assert json.loads(code(default)) == schema["default"], key


@pytest.mark.parametrize("name", DISCOVERED)
def test_errors_of_methods(name: str) -> None:
    sentence = re.search(r"^Errors: (.*)$", SECTIONS[f"`{name}`"], re.MULTILINE)
    documented = (
        set(re.findall(r"\b[A-Z]\w+[A-Z]\w+", sentence.group(1))) if sentence else set()
    )
    discovered = {error["data"]["kind"] for error in DISCOVERED[name].get("errors", [])}
    # The dispatcher's own kinds may answer anything; initialize says more of one.
    assert documented - {"InvalidRequest"} == discovered - EVERYWHERE


def test_errors() -> None:
    documented = {
        code(kind): int(number.replace("−", "-"))
        for number, kind, _ in table("Errors", "code")
    }
    pattern = re.compile(r'code: (-?\d+), name: "(\w+)"')
    in_code = {
        match.group(2): int(match.group(1))
        for path in (ROOT / "Sources").rglob("*.swift")
        for match in pattern.finditer(path.read_text())
    }
    assert documented == in_code
    discovered = {
        error["data"]["kind"]: error["code"]
        for method in DISCOVERED.values()
        for error in method.get("errors", [])
    }
    assert discovered.items() <= documented.items()


def test_reasons() -> None:
    source = ROOT / "Sources/EvalMetrics/Core/Answer.swift"
    cases = re.findall(
        r'^  case (\w+)(?: = "(\w+)")?', source.read_text(), re.MULTILINE
    )
    assert set(named("Undefined values", "reason")) == {
        raw or name for name, raw in cases
    }


@pytest.mark.parametrize("task", tasks())
def test_metrics(task: str) -> None:
    """`python Tests/documents/metric_tables.py` prints what should stand here."""
    assert markdown([HEADING, *rows(task)]) in TEXT


def hint(*lines: dict[str, Any]) -> str:
    """The hint of the answer to the last of these requests."""
    sent = [
        json.dumps({"jsonrpc": "2.0", "id": id, **line})
        for id, line in enumerate(lines)
    ]
    return str(json.loads(run(sent)[0][-1])["error"]["data"]["hint"])


def known(text: str) -> set[str]:
    """The names in a hint that lists all of them."""
    assert text.startswith("known: "), text
    return set(re.findall(r'"([^"]+)"', text))


def opened(task: str, **options: object) -> dict[str, Any]:
    params = {"stream": "s", "task": task, "options": options}
    return {"method": "stream/open", "params": params}


@pytest.mark.parametrize("task", tasks())
def test_options(task: str) -> None:
    documented = set(named("Tasks", "option"))
    if "| option |" in SECTIONS[f"Task `{task}`"]:
        documented |= set(named(f"Task `{task}`", "option"))
    assert documented == known(hint(opened(task, qqqqqqqqqqqqqqqqqqqqqq=1)))


@pytest.mark.parametrize("task", tasks())
def test_columns(task: str) -> None:
    documented = set(named(f"Task `{task}`", "column")) | set(
        named("Columns", "column")
    )
    params = {"stream": "s", "batch": {"qqqqqqqqqqqqqqqqqqqqqq": [1]}}
    push = {"method": "stream/push", "params": params}
    assert documented - {"slices"} == known(hint(opened(task), push))


@pytest.mark.parametrize("task", tasks())
def test_default_metrics(task: str) -> None:
    described = {"method": "stream/describe", "params": {"stream": "s"}}
    sent = [
        json.dumps({"jsonrpc": "2.0", "id": 1, **line})
        for line in (opened(task), described)
    ]
    metrics = json.loads(run(sent)[0][-1])["result"]["metrics"]
    line = re.search(
        r"^Default metrics: (.*)$", SECTIONS[f"Task `{task}`"], re.MULTILINE
    )
    assert line
    assert codes(line.group(1)) == metrics


def test_limits() -> None:
    documented = {
        name: int(default.replace(",", ""))
        for name, (default, _) in named("Limits", "limit").items()
    }
    assert documented == call("initialize")["limits"]


def test_command_line() -> None:
    printed = subprocess.run(
        [binary(), "--help"], capture_output=True, text=True, check=True
    ).stdout
    flags = set(re.findall(r"^  (--[\w-]+)", printed, re.MULTILINE))
    listed = " ".join(row[0] for row in table("Command line", "flag"))
    assert set(re.findall(r"--[\w-]+", listed)) == flags
    assert set(re.findall(r"\b(\d) ", printed.partition("Exit status:")[2])) == {
        row[0] for row in table("Command line", "exit status")
    }


def test_links() -> None:
    """Every link within the document has a heading to go to."""

    def slug(title: str) -> str:
        return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")

    anchors = {slug(title) for title in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors
