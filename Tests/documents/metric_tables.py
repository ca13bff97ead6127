"""The metric tables of protocol.md as the daemon's own catalogue has them.

    python Tests/documents/metric_tables.py

prints them, to be put into the document after the catalogue has changed.
"""

from __future__ import annotations

import json
from typing import Any

from transcript import run

HEADING = [
    "metric",
    "what it is",
    "options",
    "range",
    "better",
    "undefined",
    "source",
]


def call(method: str, **params: object) -> Any:
    """The result of one request to a new evald."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    replies, _ = run([json.dumps(message)])
    return json.loads(replies[0])["result"]


def tasks() -> list[str]:
    """The tasks of this version."""
    return list(call("initialize")["capabilities"]["tasks"])


def rows(task: str) -> list[list[str]]:
    """A row of cells for each metric of a task."""
    return [row(metric) for metric in call("metric/catalog", task=task)["metrics"]]


def row(metric: dict[str, Any]) -> list[str]:
    def option(option: dict[str, Any]) -> str:
        default = option["default"]
        value = "" if default is None else f" = {json.dumps(default)}"
        return f"`{option['name']}{value}`: {option['summary']}"

    name = f"`{metric['name']}`"
    if metric["alias_of"]:
        name += f" (`{metric['alias_of']}`)"
    return [
        name,
        metric["summary"],
        "; ".join(map(option, metric["options"])),
        metric["range"],
        metric["better"],
        " ".join(f"`{reason}`" for reason in metric["undefined"]),
        metric["source"],
    ]


def markdown(table: list[list[str]]) -> str:
    """A table as Markdown."""
    lines = [[cell.replace("|", "\\|") for cell in row] for row in table]
    lines.insert(1, ["---"] * len(table[0]))
    return (
        "\n".join(
            "|" + "|".join(f" {cell} " if cell else " " for cell in line) + "|"
            for line in lines
        )
        .replace("| --- ", "|---")
        .replace("---|", "---|")
    )


if __name__ == "__main__":
    for name in tasks():
        print(f"\n### Metrics of `{name}`\n\n{markdown([HEADING, *rows(name)])}")
