"""`rpc.discover`: a valid OpenRPC document, and a true one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support import daemon, replies, request, run

SCHEMA = Path(__file__).with_name("openrpc.schema.json")


@pytest.fixture(scope="module", name="document")
def discovered() -> Any:
    return replies(run(request(1, "rpc.discover")).stdout)[0]["result"]


def test_it_is_valid_openrpc(document: Any) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(document)


def test_names_and_codes_are_unique(document: Any) -> None:
    names = [method["name"] for method in document["methods"]]
    assert len(names) == len(set(names))
    for method in document["methods"]:
        parameters = [parameter["name"] for parameter in method["params"]]
        assert len(parameters) == len(set(parameters)), method["name"]
        codes = [error["code"] for error in method.get("errors", [])]
        assert len(codes) == len(set(codes)), method["name"]


def test_required_parameters_come_first(document: Any) -> None:
    for method in document["methods"]:
        required = [parameter["required"] for parameter in method["params"]]
        assert required == sorted(required, reverse=True), method["name"]


def test_every_method_is_there_and_says_what_it_needs(document: Any) -> None:
    """The table that is told is the one that dispatches."""
    with daemon() as evald:
        for method in document["methods"]:
            if method["name"] in ("shutdown", "exit"):
                continue
            required = [item["name"] for item in method["params"] if item["required"]]
            reply = json.loads(evald.ask(request(1, method["name"], {})))
            if required:
                assert reply["error"]["code"] == -32602, method["name"]
                assert reply["error"]["data"]["path"] == f"/params/{required[0]}"
            else:
                assert reply.get("error", {}).get("code") != -32601, method["name"]
            odd = json.loads(evald.ask(request(1, method["name"], {"no_such": 1})))
            assert odd["error"]["data"]["path"] == "/params/no_such", method["name"]


def test_results_are_what_their_schemas_say(document: Any) -> None:
    schemas = {
        method["name"]: method["result"]["schema"] for method in document["methods"]
    }
    for name in ("initialize", "ping", "rpc.discover", "shutdown"):
        result = replies(run(request(1, name)).stdout)[0]["result"]
        jsonschema.Draft7Validator(schemas[name]).validate(result)
