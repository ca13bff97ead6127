"""The daemon as a child process: start, standard error, end, and what a fork must undo."""

from __future__ import annotations

import collections
import contextlib
import fcntl
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence

from ._errors import StartFailed

_PIPE_BYTES = 1 << 20
_STDERR_LINES = 50


class Process:
    """A running evald with three pipes; standard error is read by a thread and its end kept."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        try:
            # A session of its own, so that Ctrl-C in the terminal doesn't reach it.
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
            )
        except OSError as error:
            raise StartFailed(f"{command[0]} could not be started: {error}") from error
        popen = self._popen
        if popen.stdin is None or popen.stdout is None or popen.stderr is None:
            raise StartFailed("no pipes were made")  # never: all three were asked for
        self._pipes = (popen.stdin, popen.stdout, popen.stderr)
        self.stdin = popen.stdin.fileno()
        self.stdout = popen.stdout.fileno()
        self.pid = popen.pid
        self._stderr: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        for pipe in self._pipes[:2]:
            # A longer pipe lets large batches through in fewer steps. Linux only, and by leave.
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._drain = threading.Thread(target=self._drain_stderr, name="evald-stderr", daemon=True)
        self._drain.start()

    def _drain_stderr(self) -> None:
        pipe = self._pipes[2]
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while chunk := pipe.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                self._stderr.extend(line.decode("utf-8", "replace") for line in lines[-64:])
                rest = rest[-4096:]  # a flood without line ends must not grow
        if rest:
            self._stderr.append(rest.decode("utf-8", "replace"))
        with contextlib.suppress(OSError):
            pipe.close()

    def stderr_tail(self, lines: int = 10) -> list[str]:
        """The last lines that the daemon wrote to standard error."""
        return [line for line in self._stderr if line.strip()][-lines:]

    def status(self) -> int | None:
        """The exit status, if it has ended; waits shortly for it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(1.0)
        return self._popen.returncode

    def obituary(self) -> str:
        """How the process ended, with its last words; waits shortly for both."""
        status = self.status()
        self._drain.join(0.5)
        if status is None:
            text = "evald closed its pipe but still runs"
        elif status < 0:
            text = f"evald was killed by signal {-status}"
        else:
            text = f"evald ended with status {status}"
        tail = self.stderr_tail()
        return text + (". Its last words:\n  " + "\n  ".join(tail) if tail else "")

    def close_stdin(self) -> None:
        """Ends the daemon's input, upon which it answers what it has and exits."""
        with contextlib.suppress(OSError):
            self._pipes[0].close()

    def close_stdout(self) -> None:
        """Closes the reading end of the replies."""
        with contextlib.suppress(OSError):
            self._pipes[1].close()

    def end(self, patience: float) -> int | None:
        """Waits `patience` seconds for the exit, then asks, then kills; the exit status."""
        for hurry in (None, self._popen.terminate, self._popen.kill):
            if hurry is not None:
                hurry()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._popen.wait(patience if hurry is None else 1.0)
        return None

    def kill(self) -> None:
        """Ends the process at once."""
        self._popen.kill()

    def abandon_after_fork(self) -> None:
        """In a forked child: lets go of the parent's pipes and of the parent's process.

        Only `close`: anything said to the daemon here would be said in the parent's name.
        """
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.close()
        self._popen.returncode = 0  # not this process's child to wait for
