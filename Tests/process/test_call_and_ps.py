"""`evald call` and `evald ps`."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from sharing import Place, wait_until
from support import PATIENCE, binary, ping, pong


def test_a_result_stands_alone(place: Place) -> None:
    with place.serving():
        for arguments, output in (
            (["ping"], b"{}\n"),
            (["ping", "{}"], b"{}\n"),
            (["stream/list", "null"], b'{"streams":[]}\n'),
            (["shutdown"], b"null\n"),
        ):
            done = place.run("call", "run", *arguments)
            assert (done.returncode, done.stdout, done.stderr) == (0, output, b"")


def test_parameters_from_standard_input(place: Place) -> None:
    with place.serving():
        opened = {"stream": "s", "task": "scalar"}
        text = json.dumps(opened, indent=2).replace("\n", "\r\n").encode()
        done = place.run("call", "run", "stream/open", "-", data=text)
        assert json.loads(done.stdout)["created"] is True
        batch = {"stream": "s", "batch": {"values": [0.5] * 500_000}}
        done = place.run("call", "run", "stream/push", "-", data=json.dumps(batch).encode())
        assert json.loads(done.stdout)["count"] == 500_000


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", '{"a": NaN}', "{} {}", '{"a": "\n"}'])
def test_parameters_that_are_no_json(place: Place, text: str) -> None:
    with place.serving():
        for done in (
            place.run("call", "run", "ping", text),
            place.run("call", "run", "ping", "-", data=text.encode()),
        ):
            assert (done.returncode, done.stdout) == (2, b"")
            assert b"no JSON" in done.stderr and b"byte" in done.stderr


def test_an_error_goes_to_standard_error(place: Place) -> None:
    with place.serving():
        done = place.run("call", "run", "metric/query", '{"stream": "none"}')
        assert (done.returncode, done.stdout) == (1, b"")
        error = json.loads(done.stderr)
        assert error["code"] == 1001 and error["data"]["kind"] == "StreamNotFound"
        for params in ("[]", "3", '"x"'):
            done = place.run("call", "run", "ping", params)
            assert done.returncode == 1
            assert json.loads(done.stderr)["code"] in (-32600, -32602)


def test_nobody_there(place: Place) -> None:
    done = place.run("call", "run", "ping")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"no live evald run" in done.stderr


def test_a_long_result(place: Place) -> None:
    with place.serving():
        done = place.run("call", "run", "rpc.discover")
        assert json.loads(done.stdout)["openrpc"] == "1.3.2"
        params = {"stream": "x" * 200, "task": "scalar"}
        for number in range(300):
            params["stream"] = f"{number}".rjust(200, "x")
            done = place.run("call", "run", "stream/open", json.dumps(params))
            assert done.returncode == 0
        assert len(place.ask("stream/list")["streams"]) == 300


def fake_daemon(place: Place, replies: bytes) -> threading.Thread:
    """Takes one request and answers it with these bytes."""
    place.directory.mkdir(0o700, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(place.socket("fake")))
    server.listen()

    def work() -> None:
        peer, _ = server.accept()
        peer.recv(65536)
        peer.sendall(replies)
        peer.close()
        server.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_what_comes_before_the_answer_is_passed_over(place: Place) -> None:
    other = b'{"jsonrpc":"2.0","method":"metric/update","params":{}}\n'
    odd = b'{"jsonrpc":"2.0","id":7,"result":"no"}\n\nnot json\n'
    thread = fake_daemon(place, other + odd + b'{"jsonrpc":"2.0","id":1,"result":[1.50]}\n')
    done = place.run("call", "fake", "ping")
    assert (done.returncode, done.stdout) == (0, b"[1.50]\n")
    thread.join()


@pytest.mark.parametrize("replies", [b"", b'{"jsonrpc":"2.0","id":1,"res', b"{}\n"])
def test_a_daemon_that_leaves_without_an_answer(place: Place, replies: bytes) -> None:
    thread = fake_daemon(place, replies)
    done = place.run("call", "fake", "ping")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"without an answer" in done.stderr
    thread.join()


def test_ps_without_daemons(place: Place) -> None:
    assert place.processes() == []
    assert place.run("ps").stdout == b"NAME  PID  SINCE  STREAMS\n"
    assert not place.directory.exists()


def test_ps_lists_the_living(place: Place) -> None:
    start = time.time()
    with place.serving("b") as first, place.owned("a") as second:
        place.ask("stream/open", {"stream": "s", "task": "scalar"}, name="b")
        listed = place.processes()
        assert [one["name"] for one in listed] == ["a", "b"]
        assert [one["pid"] for one in listed] == [second.process.pid, first.process.pid]
        assert [one["streams"] for one in listed] == [0, 1]
        assert [one["path"] for one in listed] == [str(place.socket(n)) for n in "ab"]
        for one in listed:
            assert start - 1 < one["since"] < time.time() + 1
        text = place.run("ps").stdout.decode().splitlines()
        assert [line.split()[0] for line in text] == ["NAME", "a", "b"]
        assert re.fullmatch(
            rf"b +{first.process.pid} +\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ +1", text[2]
        )


def test_ps_removes_what_the_dead_left_and_nothing_else(place: Place) -> None:
    with place.owned("dead") as running:
        running.process.kill()
        running.wait()
    for other in ("note.txt", ".hidden.sock"):
        (place.directory / other).write_text("")
    precious = place.root / "precious"
    precious.write_text("precious")
    (place.directory / "link.sock").symlink_to(precious)
    with place.owned("alive"):
        assert [one["name"] for one in place.processes()] == ["alive"]
        assert not place.socket("dead").exists() and not place.lock("dead").exists()
        assert place.socket("alive").is_socket() and place.lock("alive").exists()
    assert precious.read_text() == "precious"
    assert (place.directory / "link.sock").is_symlink()
    assert (place.directory / "note.txt").exists()


def test_ps_lists_those_at_paths_of_their_own(place: Place) -> None:
    place.directory.mkdir(0o700)
    folder = place.root / "own"
    folder.mkdir(0o700)
    path = str(folder / "x.sock")
    with place.serving("named"), place.daemon("--listen", path) as running:
        assert running.ask(ping()[:-1]) == pong()
        named, other = place.processes()
        assert named["name"] == "named"
        assert (other["name"], other["path"]) == (None, path)
        assert (other["pid"], other["streams"]) == (running.process.pid, 0)
        assert place.run("ps").stdout.splitlines()[2].split()[0] == path.encode()
        running.process.kill()
        running.wait()
        assert [one["name"] for one in place.processes()] == ["named"]
        with place.daemon("--listen", path) as again:
            assert again.ask(ping()[:-1]) == pong()
            assert len(place.processes()) == 2
            assert again.end()[0] == 0
        assert {file.suffix for file in place.directory.iterdir()} == {".sock", ".lock"}


def test_ps_waits_for_nobody_for_long(place: Place) -> None:
    with place.owned() as running:
        running.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        (listed,) = place.processes()
        assert time.monotonic() - start < 10
        assert listed["pid"] == running.process.pid
        assert listed["streams"] is None and listed["since"] is None
        running.process.send_signal(signal.SIGCONT)
        assert running.ask(ping(2)[:-1]) == pong(2)


def test_many_ps_disturb_no_starter(place: Place) -> None:
    """Looking at a lock takes it from nobody."""
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            place.processes()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            done = place.run("--name", "run", data=ping())
            assert (done.returncode, done.stdout) == (0, pong()), done.stderr
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_serve_then_call_at_once(place: Place) -> None:
    """As a shell script has it, whoever is first."""
    for _ in range(5):
        done = subprocess.run(
            ["sh", "-c", '"$0" serve run & "$0" call run ping && "$0" call run shutdown', binary()],
            env=place.env,
            stdout=subprocess.PIPE,
            timeout=PATIENCE,
            check=True,
        )
        assert done.stdout == b"{}\nnull\n"
        wait_until(lambda: not place.lock("run").exists(), "it ends")


def test_a_closed_output_is_no_crash(place: Place) -> None:
    with place.serving():
        for command in (["call", "run", "rpc.discover"], ["ps"]):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(
                [binary(), *command], env=place.env, stdout=writer, timeout=PATIENCE, check=False
            )
            os.close(writer)
            assert done.returncode == 0


def test_the_request_is_one_line_whatever_the_method(place: Place) -> None:
    with place.serving():
        done = place.run("call", "run", 'pi"ng\n{"jsonrpc":"2.0","id":1,"method":"ping"}')
        assert done.returncode == 1 and json.loads(done.stderr)["code"] == -32601
        assert place.ask("ping") == {}
