"""A small evald for tests of odd behaviour: it dies, is slow, refuses, floods standard error.

Run as `python fake_evald.py [key=value …]`:
    die_after=N      exits with status 7 after N pushes, with a last word on standard error
    stop_after=N     stops reading after N pushes, for `stop_for` seconds (default: for good)
    refuse=KIND      refuses each push with this kind; refuse_every=N only each Nth
    flood=N          writes N lines to standard error before it answers anything
    garbage=1        writes a line that is not JSON before each reply
    silent=METHOD    never answers this method
    initialize=X     "silent", "nonsense" or "old" (a protocol refused)
    max_line=N       its limit
    linger=1         does not exit when its input ends
    keep=FILE        what was taken survives the process, as in a state directory
    die_every=N      dies at each Nth push of a life, at random before or after it is taken
    die_on=METHOD    dies once in this method, `die_when=before` or `after` it is carried out
    in_use=N         the first N starts end with status 3
    killed=N         the first N starts are killed by signal 9
"""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import sys
import time
from typing import Any


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Fake:
    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.batches: list[Any] = []
        self.expected: dict[tuple[str, str], int] = {}
        self.pushes = 0
        self.rejected = 0
        self.marks: list[dict[str, Any]] = []
        self.cancelled: list[Any] = []
        self.revision = 0
        self.opened: set[str] = set()
        self.checkpoints: dict[str, Any] = {}
        self.log: Any = None
        if "keep" in settings:
            self.log = open(settings["keep"], "a+")  # noqa: SIM115
            self.log.seek(0)
            for line in self.log.read().splitlines():
                self.carry_out(*json.loads(line))
            self.log.flush()

    def number(self, name: str) -> int:
        return int(self.settings.get(name, "0"))

    def error_of_push(self, params: dict[str, Any]) -> dict[str, Any] | None:
        key = (params["stream"], params.get("producer", ""))
        expected = self.expected.setdefault(key, 1)
        kind = self.settings.get("refuse", "")
        every = self.number("refuse_every") or 1
        if "seq" in params and params["seq"] > expected:
            data = {"kind": "OutOfSequence", "path": "/params/seq", "hint": "go on from expected"}
            return {"code": 1011, "message": "a gap", "data": {**data, "expected": expected}}
        if kind and self.pushes % every == 0:
            if kind == "InvalidBatch":  # uses up its number
                self.expected[key] += 1
            data = {"kind": kind, "path": "/params/batch/labels/17", "hint": "look at row 17"}
            return {"code": 1003, "message": "labels must be 0 or 1", "data": data}
        return None

    def keep(self, method: str, params: Any) -> Any:
        """Carries out what changes something, after writing it down; may die in between."""
        marker = self.settings.get("keep", "") + "." + method.replace("/", "_")
        dies = self.settings.get("die_on") == method and not os.path.exists(marker)
        if dies:
            open(marker, "w").close()
            if self.settings.get("die_when") == "before":
                os._exit(7)
        if self.log is not None:
            self.log.write(json.dumps([method, params]) + "\n")
            self.log.flush()
        if dies:
            os._exit(7)
        return self.carry_out(method, params)

    def carry_out(self, method: str, params: Any) -> Any:
        self.revision += 1
        if method == "stream/push":
            self.expected[params["stream"], params.get("producer", "")] = params.get("seq", 0) + 1
            self.batches.append(params)
        elif method == "stream/open":
            self.opened.add(params["stream"])
        elif method == "state/merge":
            self.batches.append(params)
        elif method == "stream/mark":
            row = {"label": params.get("label"), "count": self.pushes, "values": {"f1": None}}
            self.marks.append({**row, "extra": params.get("extra", {}), "time": 1.5})
            self.rejected = 0
        elif method == "stream/checkpoint":
            kept = (self.batches, self.expected, self.marks)
            self.checkpoints[params["name"]] = copy.deepcopy(kept)
        elif method == "stream/rollback" and params["name"] in self.checkpoints:
            kept = copy.deepcopy(self.checkpoints[params["name"]])
            self.batches, self.expected, self.marks = kept

    def push(self, params: dict[str, Any], number: Any) -> None:
        self.pushes += 1
        every = self.number("die_every")
        dying = bool(every) and self.pushes == every
        before = {"before": 1.0, "after": 0.0}.get(self.settings.get("die_when", ""), 0.5)
        if dying and random.random() < before:
            os._exit(7)
        error = self.error_of_push(params)
        key = (params["stream"], params.get("producer", ""))
        duplicate = "seq" in params and params["seq"] < self.expected[key]
        if error is None and not duplicate:
            self.keep("stream/push", params)
            if dying:
                os._exit(7)
        if error is not None and number is None:
            self.rejected += 1
            names = {name: params.get(name) for name in ("stream", "producer", "seq")}
            say(
                {
                    "jsonrpc": "2.0",
                    "method": "stream/push_failed",
                    "params": {**names, "error": error},
                }
            )
        elif error is not None:
            say({"jsonrpc": "2.0", "id": number, "error": error})
        elif number is not None:
            result = {"count": len(self.batches), "total_count": 0, "duplicate": duplicate}
            say({"jsonrpc": "2.0", "id": number, "result": result})
        if self.pushes == self.number("die_after"):
            sys.stderr.write("fatal: the fake was told to die\n")
            sys.stderr.flush()
            os._exit(7)
        if self.pushes == self.number("stop_after"):
            time.sleep(float(self.settings.get("stop_for", "1000")))

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        if method == "initialize":
            if self.settings.get("initialize") == "nonsense":
                return {"hello": "world"}
            limits = {"max_line_bytes": self.number("max_line") or 1 << 26}
            return {"protocol_version": 1, "server": {"name": "fake"}, "limits": limits}
        if method == "fake/batches":
            return self.batches
        if method == "fake/cancelled":
            return self.cancelled
        if method == "stream/open":
            self.keep(method, params)
            return {"stream": params["stream"], "created": True, "count": 0, "revision": 0}
        if method == "state/merge":
            self.keep(method, params)
            return {"merged": 1}
        if method == "stream/mark":
            self.keep(method, params)
            return self.marks[-1]
        if method in ("stream/checkpoint", "stream/rollback"):
            self.keep(method, params)
            name = params.get("stream", "val")
            return {"name": params["name"], "streams": {name: self.revision}}
        if method == "stream/flush":
            return {"applied": self.producers(params["stream"]), "rejected": {"batches": 0}}
        if method == "stream/describe":
            return {
                "revision": self.revision,
                "marks": len(self.marks),
                "producers": self.producers(params["stream"]),
                "checkpoints": list(self.checkpoints),
                **dict.fromkeys(("count", "total_count"), len(self.batches)),
            }
        if method == "metric/history":
            return {"rows": self.marks, "best": {"f1": {"label": "epoch 0", "value": 0.5}}}
        if method == "metric/query":
            answer: dict[str, Any] = {
                "stream": params["stream"],
                "window": "current",
                "revision": self.pushes,
                "count": len(self.batches),
                "total_count": len(self.batches),
                "complete": self.rejected == 0,
                "values": {"f1": 0.75, "roc_auc": None, "optimal_threshold": "Infinity"},
                "undefined": {"roc_auc": "one_class"},
                "bounds": {"f1": {"low": 0.7, "high": 0.8}},
                "signatures": {"f1": "f1()"},
            }
            if self.rejected:
                first = {"kind": "InvalidBatch", "path": "/params/batch/labels/17", "message": "m"}
                answer["rejected"] = {"batches": self.rejected, "rows": 9, "first": first}
            return answer
        return {"method": method, "params": params}

    def producers(self, stream: str) -> dict[str, int]:
        return {name: last - 1 for (of, name), last in self.expected.items() if of == stream}

    def handle(self, message: dict[str, Any]) -> None:
        method, params = message["method"], message.get("params") or {}
        number = message.get("id")
        if method == "stream/push":
            self.push(params, number)
        elif method == "$/cancelRequest":
            self.cancelled.append(params["id"])
        elif method == "exit":
            sys.exit(0)
        elif number is not None and method != self.settings.get("silent"):
            if self.settings.get("garbage"):
                sys.stdout.write("this is not JSON\n")
            if method == "initialize" and self.settings.get("initialize") == "silent":
                return
            if method == "initialize" and self.settings.get("initialize") == "old":
                data = {"kind": "UnsupportedProtocol", "path": "", "hint": "speaks 7"}
                error: dict[str, Any] = {"code": 1031, "message": "no common version", "data": data}
                say({"jsonrpc": "2.0", "id": number, "error": error})
                return
            if method == "stream/describe" and params["stream"] not in self.opened:
                data = {"kind": "StreamNotFound", "path": "/params/stream", "hint": ""}
                error = {"code": 1001, "message": "no such stream", "data": data}
                say({"jsonrpc": "2.0", "id": number, "error": error})
                return
            if method == "stream/delete" and params.get("stream") == "nope":
                names = {"kind": "Brandnew", "path": "/params/stream", "hint": "h"}
                error = {"code": 4711, "message": "never", "data": {**names, "near": ["no"]}}
                say({"jsonrpc": "2.0", "id": number, "error": error})
                return
            say({"jsonrpc": "2.0", "id": number, "result": self.answer(method, params)})


def main() -> None:
    settings = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    for life in range(int(settings.get("in_use", settings.get("killed", "0")))):
        try:
            os.mkdir(f"{settings['keep']}.{life}")
        except FileExistsError:
            continue
        if "killed" in settings:
            os.kill(os.getpid(), signal.SIGKILL)
        sys.exit(3)
    fake = Fake(settings)
    for number in range(fake.number("flood")):
        sys.stderr.write(f"noise {number} " + "x" * 200 + "\n")
    sys.stderr.flush()
    for line in sys.stdin.buffer:
        if line.strip():
            fake.handle(json.loads(line))
    if fake.settings.get("linger"):
        time.sleep(1000)


if __name__ == "__main__":
    main()
