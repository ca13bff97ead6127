"""Many clients on one daemon: order, isolation, subscriptions."""

from __future__ import annotations

import json
import random
import socket
from typing import Any

from sharing import OPEN, Client, Place, fill, in_threads, push, wait_until
from support import notification, ping, pong, request


def test_owner_and_guests_see_the_same_streams(place: Place) -> None:
    with place.owned() as running, place.client() as first, place.client() as second:
        assert json.loads(running.ask(request(1, "stream/open", OPEN)))["result"]["created"]
        assert first.result("stream/open", OPEN)["created"] is False
        first.send(push([1, 2]))
        assert first.result("ping") == {}
        second.send(push([6]))
        revision = second.result("stream/flush", {"stream": "s"}) and second.result(
            "metric/query", {"stream": "s"}
        )
        assert revision["values"] == {"mean": 3.0, "sum": 9.0}
        reply = json.loads(running.ask(request(2, "metric/query", {"stream": "s"})))["result"]
        assert reply == revision


def test_32_clients_at_once(place: Place) -> None:
    """Each has a stream of its own and all have one in common; every answer is the right one."""
    clients, rounds = 32, 40

    def work(number: int) -> None:
        own = f"own {number}"
        chance = random.Random(number)
        with place.client() as client:
            client.result("stream/open", {**OPEN, "stream": own})
            total = count = 0
            revision = 0
            for turn in range(rounds):
                values = [chance.randrange(1000) for _ in range(chance.randrange(1, 40))]
                total += sum(values)
                count += len(values)
                client.send(push([float(v) for v in values], own))
                client.send(push([1.0]))
                answer = client.result("metric/query", {"stream": own})
                assert answer["values"]["sum"] == total
                assert answer["count"] == count
                assert answer["revision"] == turn + 1
                shared = client.result("metric/query", {"stream": "s"})
                # Its own rows are there, nothing is half there, and time only goes on.
                assert shared["count"] == shared["values"]["sum"] == shared["revision"]
                assert shared["revision"] > revision and shared["count"] > turn
                revision = shared["revision"]

    with place.serving():
        place.ask("stream/open", OPEN)
        in_threads(clients, work)
        end = place.ask("metric/query", {"stream": "s"})
        assert end["count"] == clients * rounds
        assert place.ask("server/status")["streams"] == clients + 1


def test_what_one_has_written_another_can_wait_for(place: Place) -> None:
    with place.serving(), place.client() as writer, place.client() as reader:
        writer.result("stream/open", OPEN)
        for turn in range(200):
            revision = writer.result(
                "stream/push", {"stream": "s", "batch": {"values": [float(turn)]}}
            )["revision"]
            query = {"stream": "s", "at_least_revision": revision}
            assert reader.result("metric/query", query)["count"] == turn + 1
        query["at_least_revision"] += 1
        refused = json.loads(reader.ask(request(1, "metric/query", query)))
        assert refused["error"]["data"]["kind"] == "OutOfSequence"


def test_producers_on_many_connections_are_one_order(place: Place) -> None:
    """The same numbered batches, sent by 8 connections: each counts once."""
    with place.serving():
        place.ask("stream/open", OPEN)

        def work(_: int) -> None:
            with place.client() as client:
                seq = 1
                while seq <= 200:
                    params = {
                        "stream": "s",
                        "batch": {"values": [float(seq)]},
                        "producer": "p",
                        "seq": seq,
                    }
                    reply = json.loads(client.ask(request(seq, "stream/push", params)))
                    assert "result" in reply, reply
                    seq += 1

        in_threads(8, work)
        answer = place.ask("metric/query", {"stream": "s"})
        assert (answer["count"], answer["values"]["sum"]) == (200, 200 * 201 / 2)


def test_garbage_and_half_lines_touch_nobody_else(place: Place) -> None:
    with place.serving(), place.client() as healthy:
        healthy.result("stream/open", OPEN)
        chance = random.Random(5)
        for turn in range(60):
            rude = place.connect()
            rude.send(
                [
                    b"\xff\xfe\x00garbage\n" * 100,
                    push([1])[:-20],
                    b"{" * 1_000_000,
                    request(1, "metric/subscribe", {"stream": "s"}) + b"\n",
                    b'{"jsonrpc":"2.0","method":"exit"}\n',
                    request(1, "shutdown")[:-1],
                ][turn % 6]
            )
            if chance.random() < 0.5:
                # As a process that is killed: whatever it has not read is reset.
                rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            rude.close()
            answer = healthy.result("metric/query", {"stream": "s"})
            # A line that is complete but for its LF counts as one at the end of the input.
            assert answer["complete"] and answer["count"] == 0
        assert place.ask("server/status")["streams"] == 1


def test_a_client_that_dies_has_been_heard(place: Place) -> None:
    """What it sent counts, though nobody is there for the answers."""
    with place.serving(), place.client() as other:
        other.result("stream/open", OPEN)
        client = place.connect()
        line = request(1, "stream/push", {"stream": "s", "batch": {"values": [1.0]}}) + b"\n"
        client.send(line * 2000)
        client.close()
        wait_until(
            lambda: other.result("metric/query", {"stream": "s"})["count"] == 2000, "all is applied"
        )


def test_cancel_reaches_only_ones_own(place: Place) -> None:
    question = {"stream": "long", "metrics": ["roc_auc"]}
    with place.serving(), place.client() as asker, place.client() as other:
        fill(asker)
        asker.send(request(7, "metric/query", question) + b"\n")
        for _ in range(20):
            other.send(notification("$/cancelRequest", {"id": 7}) + b"\n")
        assert other.ask(ping()[:-1]) == pong()
        reply = json.loads(asker.read_line())
        assert reply["id"] == 7 and reply["result"]["count"] == 600_000
        # Equal ids on two connections are two requests.
        for client in (asker, other):
            client.send(request(8, "metric/query", question) + b"\n")
        asker.send(notification("$/cancelRequest", {"id": 8}) + b"\n")
        assert "result" in json.loads(other.read_line())
        assert json.loads(asker.read_line())["id"] == 8


def test_who_leaves_takes_his_questions_along(place: Place) -> None:
    question = {"stream": "long", "metrics": ["roc_auc"]}
    small = {"stream": "long", "batch": {"scores": [0.5], "labels": [1]}}
    with place.serving(), place.client() as other:
        fill(other)
        for _ in range(5):
            gone = place.connect()
            for number in range(10):
                gone.send(notification("stream/push", small) + b"\n")
                gone.send(request(number, "metric/query", question) + b"\n")
            gone.close()
        assert other.result("metric/query", question)["count"] >= 600_000
        wait_until(
            lambda: other.result("metric/query", question)["count"] == 600_050, "pushes count"
        )


def update(client: Client) -> Any:
    message = json.loads(client.read_line())
    assert message["method"] == "metric/update", message
    return message["params"]


def test_subscriptions_reach_every_subscriber(place: Place) -> None:
    with place.owned() as owner, place.client() as writer:
        owner.ask(request(1, "stream/open", OPEN))
        subscribers = [place.connect() for _ in range(20)]
        names = set()
        for client in subscribers:
            params = {"stream": "s", "min_interval_ms": 50}
            names.add(client.result("metric/subscribe", params)["subscription"])
        on_mark = place.connect()
        on_mark.result("metric/subscribe", {"stream": "s", "on": "mark"})
        assert len(names) == 20
        writer.send(push([1, 2, 3]))
        for client in subscribers:
            assert update(client)["values"] == {"mean": 2.0, "sum": 6.0}
        owner.send(push([6]))
        for client in subscribers:
            assert update(client)["values"] == {"mean": 3.0, "sum": 12.0}
        # One that is gone is no matter to the others.
        subscribers.pop().close()
        writer.result("stream/mark", {"stream": "s", "label": "epoch"})
        assert update(on_mark)["label"] == "epoch"
        for client in subscribers:
            assert update(client)["values"]["sum"] is None
            client.close()
        on_mark.close()


def test_a_subscription_of_another_cannot_be_ended(place: Place) -> None:
    with place.serving(), place.client() as mine, place.client() as other:
        mine.result("stream/open", OPEN)
        name = mine.result("metric/subscribe", {"stream": "s"})["subscription"]
        gone = {"subscription": name}
        assert "error" in json.loads(other.ask(request(1, "metric/unsubscribe", gone)))
        assert mine.result("metric/unsubscribe", gone) == {}
