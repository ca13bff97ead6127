"""Tables for notebooks, that read well on light and on dark pages.

Colours are those of the page: JupyterLab's, else VS Code's, else by `prefers-color-scheme`. Text
and ground always come from the same source, so that they can't clash.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from ._tables import number

_COLOURS = """
--evald-ink:var(--jp-content-font-color1,var(--vscode-editor-foreground,{ink}));
--evald-ground:var(--jp-layout-color0,var(--vscode-editor-background,{ground}));
--evald-dim:var(--jp-content-font-color2,var(--vscode-descriptionForeground,{dim}));
--evald-line:var(--jp-border-color2,var(--vscode-panel-border,{line}));"""
_LIGHT = _COLOURS.format(ink="#1f2328", ground="#ffffff", dim="#59636e", line="#d1d9e0")
_DARK = _COLOURS.format(ink="#e6edf3", ground="#0d1117", dim="#9ba5b0", line="#3d444d")

_STYLE = f"""
.evald{{{_LIGHT}
color:var(--evald-ink);background:var(--evald-ground);overflow-x:auto;max-width:100%;padding:4px 0;
font:13px/1.5 var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI",sans-serif)}}
@media (prefers-color-scheme:dark){{.evald{{{_DARK}}}}}
.evald p{{margin:0 0 4px;color:var(--evald-ink);overflow-wrap:anywhere}}
.evald p.evald-alert{{display:table;border-left:4px solid #d97706;background:rgba(217,119,6,.16);
padding:3px 10px}}
.evald table.evald-table{{border-collapse:collapse;border:0;margin:0;font-size:13px;width:auto;
font-variant-numeric:tabular-nums;color:var(--evald-ink);table-layout:auto}}
.evald table.evald-table tr,.evald table.evald-table tr:nth-child(n):hover{{background:none}}
.evald table.evald-table th,.evald table.evald-table td{{border:0;padding:3px 12px 3px 0;
border-bottom:1px solid var(--evald-line);text-align:right;vertical-align:top;white-space:nowrap;
max-width:none;background:none;color:var(--evald-ink)}}
.evald table.evald-table th{{font-weight:600}}
.evald table.evald-table thead th{{color:var(--evald-dim)}}
.evald table.evald-table th.evald-text,.evald table.evald-table td.evald-text{{text-align:left;
white-space:normal;overflow-wrap:break-word;min-width:3em;max-width:24em}}
.evald table.evald-table tbody th.evald-text{{white-space:nowrap}}
.evald table.evald-table thead th{{white-space:normal;vertical-align:bottom}}
.evald p.evald-dim,.evald table.evald-table .evald-dim{{color:var(--evald-dim)}}
""".replace("\n", "")


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    caption: str = "",
    incomplete: bool = False,
    marked: Sequence[bool] = (),
    note: str = "",
) -> str:
    """A table with a line above it.

    Args:
        heads: of the columns; none where all are empty.
        rows: of values, the first of which is the row's name where it is text.
        caption: a line above the table.
        incomplete: whether that line is a warning.
        marked: which rows are incomplete.
        note: a dim line below.
    """
    right = [all(_is_number(row[place]) for row in rows) for place in range(len(heads))]
    mixed = [any(_is_number(row[place]) for row in rows) for place in range(len(heads))]
    top = "".join(
        _cell("th", head, text=not (right[place] or mixed[place]))
        for place, head in enumerate(heads)
    )
    body = "".join(
        f"<tr>{_row(row, place < len(marked) and marked[place])}</tr>"
        for place, row in enumerate(rows)
    )
    head = f"<thead><tr>{top}</tr></thead>" if any(heads) else ""
    inside = f'<table class="evald-table">{head}<tbody>{body}</tbody></table>' if rows else ""
    return page(caption, inside, incomplete=incomplete, note=note)


def page(caption: str, inside: str = "", *, incomplete: bool = False, note: str = "") -> str:
    """A line, marked if it is a warning, and what stands below it."""
    kind = ' class="evald-alert"' if incomplete else ""
    sign = "⚠ " if incomplete else ""
    above = f"<p{kind}>{sign}{html.escape(caption)}</p>" if caption else ""
    below = f'<p class="evald-dim">{html.escape(note)}</p>' if note else ""
    return f'<style>{_STYLE}</style><div class="evald">{above}{inside}{below}</div>'


class Note(str):
    """Text that stands back, as an interval beside a number."""

    __slots__ = ()


class Reason(Note):
    """Why there is no number, in the number's place."""

    __slots__ = ()


def _is_number(item: Any) -> bool:
    if isinstance(item, bool):
        return False
    return item is None or isinstance(item, (int, float, Reason))


def _row(row: Sequence[Any], marked: bool) -> str:
    # Beside the name, since the end of a wide table is out of sight.
    named = [f"{number(row[0])} ⚠ incomplete", *row[1:]] if marked else row
    return "".join(
        _cell("th" if place == 0 and isinstance(item, str) else "td", item, not _is_number(item))
        for place, item in enumerate(named)
    )


def _cell(tag: str, item: Any, text: bool) -> str:
    classes = ["evald-text"] if text else []
    if isinstance(item, Note) or item is None or (isinstance(item, float) and math.isnan(item)):
        classes.append("evald-dim")
    kind = f' class="{" ".join(classes)}"' if classes else ""
    # Dotted names may be broken where they are joined.
    said = html.escape(_shown(item)).replace(".", ".<wbr/>" if tag == "th" else ".")
    return f"<{tag}{kind}>{said}</{tag}>"


def _shown(item: Any) -> str:
    if isinstance(item, list) and item and all(isinstance(row, dict) for row in item):
        return f"{len(item)} rows of {', '.join(item[0])}"
    return number(item)
