"""Names, paths, permissions and locks: who may listen where."""

from __future__ import annotations

import os
import random
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sharing import IN_USE, Place, holders, wait_until
from support import PATIENCE, binary, ping, pong


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def refusal(place: Place, *arguments: str, status: int = 2) -> str:
    """What is said on standard error; nothing may be said elsewhere."""
    done = place.run(*arguments)
    assert (done.returncode, done.stdout) == (status, b""), done.stderr
    assert done.stderr.count(b"\n") == 1
    return done.stderr.decode()


def test_modes_whatever_the_umask(place: Place) -> None:
    before = os.umask(0)
    try:
        with place.owned():
            assert mode(place.directory) == 0o700
            assert mode(place.socket("run")) == 0o600
            assert stat.S_ISSOCK(place.socket("run").lstat().st_mode)
            assert mode(place.lock("run")) == 0o600
            assert place.directory.stat().st_uid == os.geteuid()
    finally:
        os.umask(before)


def test_nothing_is_left_at_the_end(place: Place) -> None:
    with place.owned() as running:
        assert {path.name for path in place.directory.iterdir()} == {
            "run.sock",
            "run.sock.lock",
        }
        assert running.end() == (0, b"", b"")
        assert list(place.directory.iterdir()) == []


def test_a_directory_that_others_may_read_is_closed_to_them(place: Place) -> None:
    place.directory.mkdir(0o755)
    with place.owned():
        assert mode(place.directory) == 0o700


@pytest.mark.parametrize("bits", [0o770, 0o707, 0o777])
def test_a_directory_that_others_may_write_to(place: Place, bits: int) -> None:
    place.directory.mkdir()
    place.directory.chmod(bits)
    assert "others" in refusal(place, "--name", "run")
    assert list(place.directory.iterdir()) == []


def test_a_directory_that_is_a_symbolic_link(place: Place) -> None:
    elsewhere = place.root / "elsewhere"
    elsewhere.mkdir(0o700)
    place.directory.symlink_to(elsewhere)
    assert "symbolic link" in refusal(place, "--name", "run")
    assert "symbolic link" in refusal(place, "--listen", f"{place.directory}/x.sock")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory away")
def test_a_directory_of_another_user(place: Place) -> None:
    place.directory.mkdir(0o700)
    os.chown(place.directory, 12345, 12345)
    assert "another user" in refusal(place, "--name", "run")


def test_a_file_is_no_directory(place: Place) -> None:
    place.directory.write_text("")
    assert "no directory" in refusal(place, "--name", "run")


@pytest.mark.parametrize("what", ["link", "dangling", "file", "directory"])
def test_what_is_no_socket_is_never_removed(place: Place, what: str) -> None:
    target = place.root / "precious"
    target.write_text("precious")
    place.directory.mkdir(0o700)
    path = place.socket("run")
    if what == "link":
        path.symlink_to(target)
    elif what == "dangling":
        path.symlink_to(place.root / "nothing")
    elif what == "file":
        path.write_text("precious")
    else:
        path.mkdir()
    before = path.lstat()
    assert "no socket" in refusal(place, "--name", "run")
    assert path.lstat().st_ino == before.st_ino
    assert target.read_text() == "precious"
    assert not (place.root / "nothing").exists()
    assert not place.lock("run").exists()


def test_a_lock_that_is_a_symbolic_link(place: Place) -> None:
    target = place.root / "precious"
    target.write_text("precious")
    place.directory.mkdir(0o700)
    place.lock("run").symlink_to(target)
    assert "can't be locked" in refusal(place, "--name", "run")
    assert target.read_text() == "precious"


def test_a_lock_that_is_a_pipe_holds_nobody_up(place: Place) -> None:
    place.directory.mkdir(0o700)
    os.mkfifo(place.lock("run"))
    assert "can't be locked" in refusal(place, "--name", "run")


@pytest.mark.parametrize("variable", [None, "", "relative", "/nonexistent", "file", "open"])
def test_without_a_runtime_directory(place: Place, variable: str | None) -> None:
    """Then names are in /tmp, under the number of the user."""
    env = {key: text for key, text in place.env.items() if key != "XDG_RUNTIME_DIR"}
    if variable is not None:
        env["XDG_RUNTIME_DIR"] = variable
    if variable == "file":
        (place.root / "file").write_text("")
        env["XDG_RUNTIME_DIR"] = str(place.root / "file")
    if variable == "open":
        place.root.chmod(0o777)
        env["XDG_RUNTIME_DIR"] = str(place.root)
    fallback = Path(f"/tmp/evald-{os.geteuid()}")
    name = f"test-{os.getpid()}-{random.getrandbits(32)}"
    with subprocess.Popen(
        [binary(), "--name", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as process:
        assert process.stdin and process.stdout
        os.write(process.stdin.fileno(), ping())
        assert process.stdout.readline() == pong()
        assert (fallback / f"{name}.sock").is_socket()
        assert mode(fallback) == 0o700
        # Found by whoever has such a directory, too.
        assert place.run("call", name, "ping").stdout == b"{}\n"
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert not (fallback / f"{name}.sock").exists()


@pytest.mark.parametrize("length", range(100, 112))
def test_lengths_of_paths(place: Place, length: int) -> None:
    """The system's limit is met exactly, and told."""
    most = 107 if sys.platform.startswith("linux") else 103
    folder = place.root / "d"
    folder.mkdir(0o700)
    path = str(folder) + "/" + "x" * (length - len(str(folder)) - 1)
    assert len(path) == length
    if length > most:
        message = refusal(place, "--listen", path)
        assert str(length) in message and str(most) in message
        assert refusal(place, "attach", path) == message
        assert list(folder.iterdir()) == []
        return
    with place.daemon("--listen", path) as running:
        assert running.ask(ping()[:-1]) == pong()
        assert place.run("call", path, "ping").stdout == b"{}\n"
        assert mode(Path(path)) == 0o600
        assert running.end()[0] == 0
    assert list(folder.iterdir()) == []


def test_a_name_that_makes_the_path_too_long(place: Place) -> None:
    deep = place.root / ("d" * 60)
    deep.mkdir()
    place.env["XDG_RUNTIME_DIR"] = str(deep)
    assert "shorter name" in refusal(place, "--name", "n" * 64)


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "0", "x" * 64, "a.sock", "a.lock"])
def test_names(place: Place, name: str) -> None:
    with place.owned(name):
        assert place.run("call", name, "ping").stdout == b"{}\n"


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-x", "a/b", "/tmp/x", "a b", "ä", "a\n", "x" * 65]
)
def test_names_that_are_none(place: Place, name: str) -> None:
    message = refusal(place, f"--name={name}")
    assert "--name" in message and "letters" in message
    assert not place.directory.exists()


def test_a_relative_path(place: Place) -> None:
    with subprocess.Popen(
        [binary(), "--listen", "x.sock"],
        cwd=place.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout
        os.write(process.stdin.fileno(), ping())
        assert process.stdout.readline() == pong()
        assert (place.root / "x.sock").is_socket()
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert list(place.root.iterdir()) == []


def test_a_directory_for_all_is_no_place(place: Place) -> None:
    assert "others" in refusal(place, "--listen", f"/tmp/evald-test-{os.getpid()}.sock")
    assert "can't be used" in refusal(place, "--listen", str(place.root / "no" / "x"))
    assert "file's name" in refusal(place, "--listen", f"{place.root}/")


def test_a_name_in_use(place: Place) -> None:
    with place.owned() as running:
        for command in (["--name", "run"], ["serve", "run"]):
            message = refusal(place, *command, status=IN_USE)
            assert f"process {running.process.pid}" in message
        path = str(place.socket("run"))
        assert "in use" in refusal(place, "--listen", path, status=IN_USE)
        assert running.ask(ping(2)[:-1]) == pong(2)
        with place.client() as client:
            assert client.ask(ping(3)[:-1]) == pong(3)


@pytest.mark.parametrize("command", [["--name", "run"], ["serve", "run"]])
def test_what_a_dead_daemon_left_is_taken_over(place: Place, command: list[str]) -> None:
    with place.owned() as running:
        running.process.kill()
        running.wait()
        assert place.socket("run").is_socket() and place.lock("run").exists()
        with place.daemon(*command):
            wait_until(lambda: place.is_reachable("run"), "the new daemon listens")
            assert place.ask("ping") == {}
            assert holders(place.lock("run")) != [running.process.pid]


def test_a_daemon_that_is_stopped_keeps_its_name(place: Place) -> None:
    """It answers nobody, but lives: its name is in use, and its socket stays."""
    with place.owned() as running:
        running.process.send_signal(signal.SIGSTOP)
        try:
            refusal(place, "--name", "run", status=IN_USE)
        finally:
            running.process.send_signal(signal.SIGCONT)
        assert place.ask("ping") == {}


def test_a_socket_of_another_program_is_left_alone(place: Place) -> None:
    place.directory.mkdir(0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place.socket("run")))
        other.listen()
        assert "another program" in refusal(place, "--name", "run", status=IN_USE)
        assert place.socket("run").is_socket()
    with place.owned():  # its program is gone
        assert place.ask("ping") == {}


def test_a_socket_that_was_replaced_is_not_removed(place: Place) -> None:
    with place.owned() as running:
        place.socket("run").unlink()
        place.socket("run").write_text("not ours")
        assert running.end()[0] == 0
        assert place.socket("run").read_text() == "not ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_another_user_is_turned_away(place: Place) -> None:
    """Even where file permissions let him in."""
    with place.owned("run", "--log-level", "warning") as running:
        place.root.chmod(0o755)
        place.directory.chmod(0o755)
        place.socket("run").chmod(0o666)
        script = """
import os, socket, sys
os.setgid(12345); os.setuid(12345)
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
try:
    peer.sendall(sys.argv[2].encode())
    print(repr(peer.recv(1000)))
except (BrokenPipeError, ConnectionResetError):
    print(repr(b""))
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(place.socket("run")), ping().decode()],
            capture_output=True,
            check=True,
            timeout=PATIENCE,
        )
        assert done.stdout == b"b''\n"
        # His own evald does not take ours for one of his.
        command = [binary(), "call", str(place.socket("run")), "ping"]
        done = subprocess.run(
            command,
            capture_output=True,
            user=12345,
            group=12345,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"another user" in done.stderr
        place.socket("run").chmod(0o600)
        assert running.ask(ping(2)[:-1]) == pong(2)
        status, _, log = running.end()
        assert status == 0 and b"turned away" in log
