"""Evald beside the language servers of the Swift toolchain, at what JSON-RPC forbids or leaves open.

    python Tests/hostile/language_servers.py

Prints the table of protocol.md: what each server answers to the same message, framed as each wants
it, and whether it answers the next request. `✓` stands where the answer is what JSON-RPC 2.0 or LSP
ask for and the server goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framed_server import Kind, Server

ROOT = Path(__file__).resolve().parents[2]
UNREAD = 60_000


def message(ident: object, method: str, params: object = None) -> dict[str, object]:
    """One request."""
    body: dict[str, object] = {"jsonrpc": "2.0", "id": ident, "method": method}
    return body if params is None else body | {"params": params}


PROBE = message("probe", "no/such/method", {})
INITIALIZE = message(
    0, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}
)


# What a server did: in words, and whether that is right.
Outcome = tuple[str, bool]
Trial = Callable[[Server], Outcome]


def code(reply: Any) -> str:
    """A reply in a word or two."""
    if reply is None:
        return "silence"
    if isinstance(reply, list):
        return f"batch of {len(reply)}"
    if "error" in reply:
        ident = "null" if reply.get("id") is None else json.dumps(reply["id"])
        return f"{reply['error']['code']}, id {ident}".replace("-", "−")
    return "success"


def answers(body: object, *right: str, raw: bool = False) -> Trial:
    """Sends something, and then a healthy request."""

    def trial(server: Server) -> Outcome:
        server.say(server.kind.initialize)
        server.reply([0], 30)
        sent = (
            server.send(body) if raw and isinstance(body, bytes) else server.say(body)
        )
        said = (
            code(server.reply([None, 7, 1.5, True, 2**70])) if sent else "takes no more"
        )
        if said == "silence":
            # What came late, or the probe's own answer, would be taken for the other's.
            server.buffer = b""
        alive = server.say(PROBE) and server.reply(["probe"]) is not None
        if alive:
            return said, said in right
        return f"{said}, then {server.death() or 'answers nothing more'}", False

    return trial


def before_initialize(server: Server) -> Outcome:
    """A request before `initialize`: LSP has a code for it; evald makes `initialize` optional."""
    server.say(message(7, "no/such/method"))
    said = code(server.reply([7]))
    return said, said in ("−32002, id 7", "−32601, id 7") and (
        server.kind.frames is False or said.startswith("−32002")
    )


def after_shutdown(server: Server) -> Outcome:
    """A request between `shutdown` and `exit`."""
    server.say(server.kind.initialize)
    server.reply([0], 30)
    server.say(message(1, "shutdown"))
    server.reply([1])
    server.say(message(7, "no/such/method"))
    said = code(server.reply([7]))
    return said, said == "−32600, id 7"


def status_after(*bodies: dict[str, object]) -> Trial:
    """The exit status after these messages, or after the end of the input where there are none."""

    def trial(server: Server) -> Outcome:
        server.say(server.kind.initialize)
        server.reply([0], 30)
        for body in bodies:
            server.say(body)
        if not bodies:
            server.stdin.close()
        end = server.death() or "goes on"
        return end, end == ("exit 1" if bodies else "exit 0")

    return trial


def interrupted(server: Server) -> Outcome:
    """Ctrl-C at a terminal signals the whole process group, the server too."""
    server.say(server.kind.initialize)
    server.reply([0], 30)
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    alive = server.say(PROBE) and server.reply(["probe"]) is not None
    return (
        ("goes on", True)
        if alive
        else (server.death() or "answers nothing more", False)
    )


def unread(server: Server) -> Outcome:
    """A client that writes and never reads."""
    server.say(server.kind.initialize)
    server.reply([0], 30)
    one = server.kind.frame(json.dumps(PROBE).encode())
    for done in range(0, UNREAD, 100):
        if not server.send(one * 100, 5):
            return f"client blocked within {done + 100:,}", False
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    mib = (
        next(
            int(row.split()[1])
            for row in status.splitlines()
            if row.startswith("VmRSS")
        )
        // 1024
    )
    return f"all taken, {mib} MiB", mib < 100


PARSE_ERROR = "−32700, id null"
INVALID = "−32600, id null"
CASES: list[tuple[str, Trial]] = [
    ("a request before `initialize`", before_initialize),
    (
        "half a message",
        answers(b'{"jsonrpc":"2.0","id":7,', PARSE_ERROR, "−32700, id 7"),
    ),
    (
        "a trailing comma",
        answers(b'{"jsonrpc":"2.0","id":7,"method":"x",}', PARSE_ERROR, "−32700, id 7"),
    ),
    ("single quotes", answers(b"{'jsonrpc':'2.0','id':7,'method':'x'}", PARSE_ERROR)),
    (
        "`NaN`",
        answers(
            b'{"jsonrpc":"2.0","id":7,"method":"x","params":[NaN]}',
            PARSE_ERROR,
            "−32700, id 7",
        ),
    ),
    (
        "a duplicate `id`",
        answers(
            b'{"jsonrpc":"2.0","id":7,"id":8,"method":"x"}', PARSE_ERROR, "−32700, id 7"
        ),
    ),
    (
        "bytes that are no UTF-8",
        answers(
            b'{"jsonrpc":"2.0","id":7,"method":"\xff\xfe"}', PARSE_ERROR, "−32700, id 7"
        ),
    ),
    (
        "a lone surrogate",
        answers(
            b'{"jsonrpc":"2.0","id":7,"method":"\\ud800"}', PARSE_ERROR, "−32700, id 7"
        ),
    ),
    (
        "a raw control byte in a string",
        answers(
            b'{"jsonrpc":"2.0","id":7,"method":"a\x01b"}', PARSE_ERROR, "−32700, id 7"
        ),
    ),
    (
        "two messages in one",
        answers(
            b'{"jsonrpc":"2.0","id":7,"method":"x"} {"jsonrpc":"2.0","id":7,"method":"x"}',
            PARSE_ERROR,
            "−32700, id 7",
        ),
    ),
    ("100,000 nested `[`", answers(b"[" * 100_000, PARSE_ERROR)),
    ("an empty batch", answers([], INVALID)),
    (
        "a batch of two requests",
        answers([message(7, "x"), message(7, "y")], "batch of 2"),
    ),
    ("no `jsonrpc`", answers({"id": 7, "method": "x"}, INVALID, "−32600, id 7")),
    ("`id` 1.5", answers(message(1.5, "x"), INVALID)),
    ("`id` null", answers(message(None, "x"), INVALID)),
    ("`id` true", answers(message(True, "x"), INVALID)),
    ("`id` of more than 64 bits", answers(message(2**70, "x"), INVALID)),
    (
        "`params` a number",
        answers(message(7, "x", 5), INVALID, "−32600, id 7", "−32602, id 7"),
    ),
    ("a number for a message", answers(b"17", INVALID)),
    (
        "a line that is no message (LSP: no header)",
        answers(b"garbage\r\n\r\n", PARSE_ERROR, raw=True),
    ),
    ("a request after `shutdown`", after_shutdown),
    ("`exit` without `shutdown`", status_after({"jsonrpc": "2.0", "method": "exit"})),
    ("the end of the input", status_after()),
    ("Ctrl-C", interrupted),
    (f"{UNREAD:,} requests, no reply read", unread),
]


def kinds() -> list[Kind]:
    """Evald, and the servers of the toolchain that are there."""
    evald = os.environ.get("EVALD_BIN") or str(ROOT / ".build" / "release" / "evald")
    ours = message(
        0, "initialize", {"client": {"name": "hostile"}, "protocol_versions": [1]}
    )
    found = [Kind("evald", [evald], False, ours)]
    for name in ("sourcekit-lsp", "clangd"):
        path = shutil.which(name)
        if path is None and (swift := shutil.which("swift")):
            path = shutil.which(str(Path(swift).resolve().parent / name))
        if path:
            found.append(Kind(name, [path], True, INITIALIZE))
    return found


def outcome(kind: Kind, trial: Trial) -> Outcome:
    """What a fresh server does in one case."""
    server = Server(kind)
    try:
        return trial(server)
    except (BrokenPipeError, OSError):
        return server.death() or "broken pipe", False
    finally:
        server.end()


def main() -> int:
    """Prints the table; fails where evald is not right."""
    servers = kinds()
    right = {kind.name: 0 for kind in servers}
    print("| | " + " | ".join(kind.name for kind in servers) + " |")
    print("|---" * (len(servers) + 1) + "|")
    for title, trial in CASES:
        cells = []
        for kind in servers:
            words, good = outcome(kind, trial)
            right[kind.name] += good
            cells.append(f"{words} ✓" if good else words)
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)
    print(
        "| right | " + " | ".join(f"{n} of {len(CASES)}" for n in right.values()) + " |"
    )
    return 0 if right["evald"] == len(CASES) else 1


if __name__ == "__main__":
    sys.exit(main())
