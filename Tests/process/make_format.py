"""Writes a state directory of the evald that is there, with the answers it gives, for tests of later ones.

    python Tests/process/make_format.py NAME

makes Tests/process/formats/NAME: `state`, with a snapshot and a journal behind it, and `answers.json`. What is there is never made anew: a released format stays readable for ever.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from support import Daemon

FORMATS = Path(__file__).parent / "formats"

# Rows of every task, in every kind of column.
BATCHES: dict[str, dict[str, Any]] = {
    "binary": {
        "scores": {"dtype": "float32", "base64": "zczMPQAAAD/NzEw/"},
        "labels": [True, False, True],
        "weights": [0.5, 1, 2],
    },
    "multiclass": {"scores": [[0.2, 0.8], [0.6, 0.4]], "labels": [1, 1]},
    "multilabel": {"scores": [[0.2, 0.8], [0.6, 0.4]], "labels": [[0, 1], [1, 1]]},
    "regression": {"predictions": [1.5, 2.5, 1e300], "targets": [1, 3, 4]},
    "ranking": {
        "queries": ["q", "q", "r"],
        "documents": ["a", "b", "a"],
        "scores": [0.5, 0.7, None],
        "relevances": [1, 0, 2],
    },
    "language_model": {"log_probs": [-0.5, -2, -0.25], "bytes": [3, 4, 1]},
    "multiple_choice": {"choice_scores": [[-1, -2], [-3, -0.5, -1]], "labels": [0, 2]},
    "segmentation": {
        "predictions": {"dtype": "uint8", "shape": [1, 2, 2], "base64": "AAECAQ=="},
        "targets": {"dtype": "uint8", "shape": [1, 2, 2], "base64": "AAEBAQ=="},
    },
    "question_answering": {
        "predictions": ["the cat", "Déjà vu"],
        "references": [["a cat", "cat"], ["deja vu"]],
    },
    "token_classification": {
        "predictions": [["B-PER", "I-PER", "O"], ["O"]],
        "references": [["B-PER", "O", "O"], ["B-LOC"]],
    },
    "text_generation": {
        "predictions": ["the cat sat on the mat", "hello"],
        "references": [["the cat is on the mat"], ["hello there", "hello"]],
    },
    "embedding_similarity": {
        "prediction_embeddings": [[1, 0], [0, 1], [1, 1]],
        "reference_embeddings": [[1, 0.5], [0, 1]],
        "prediction_lengths": [2, 1],
        "reference_lengths": [1, 1],
    },
    "code_generation": {"problems": ["p", "p", "q"], "passed": [True, False, True]},
    "agreement": {"annotations": [["a", "b"], ["a", "a"], [None, "b"]]},
    "scalar": {"values": {"dtype": "float64", "base64": "mpmZmZmZuT8AAAAAAADwPw=="}},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "segmentation": {"classes": 3},
    "agreement": {"level": "nominal"},
    "embedding_similarity": {"dimension": 2},
    "binary": {"unique_ids": True, "window_rows": 100},
    "scalar": {"memory_budget_bytes": 64},
}


def call(evald: Daemon, method: str, params: dict[str, Any]) -> Any:
    line = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    reply = json.loads(evald.ask(json.dumps(line, ensure_ascii=False).encode()))
    assert "result" in reply, (method, params, reply)
    return reply["result"]


def push(evald: Daemon, task: str, seq: int) -> None:
    batch = dict(BATCHES[task])
    if task == "binary":
        batch["ids"] = [3 * seq, f"{seq}", 3 * seq + 1]
    if task == "ranking":
        batch["documents"] = [f"{name}{seq}" for name in batch["documents"]]
    params = {"stream": task, "batch": batch, "producer": "p", "seq": seq}
    if task == "regression":
        batch["slices"] = {"language": ["en", None, "fr"], "n": [1, 2, 70]}
    call(evald, "stream/push", params)


def tell(evald: Daemon) -> dict[str, Any]:
    """All that is told of every stream."""
    answers: dict[str, Any] = {}
    for stream in call(evald, "stream/list", {})["streams"]:
        params = {"stream": stream["stream"]}
        description = call(evald, "stream/describe", params)
        del description["memory_bytes"]
        answers[stream["stream"]] = {
            "describe": description,
            "all": call(evald, "metric/query", params | {"window": "all"}),
            "current": call(evald, "metric/query", params),
            "history": call(evald, "metric/history", params),
        }
    return answers


def fill(evald: Daemon, seq: int) -> None:
    """Every kind of change, after `seq` - 1 rounds of them."""
    for task in BATCHES:
        params: dict[str, Any] = {"stream": task, "task": task, "keep_windows": 2}
        params |= {"options": OPTIONS.get(task, {}), "metadata": {"round": seq}}
        if task == "regression":
            params["slices"] = ["language", {"name": "n", "edges": [2, 64]}]
        call(evald, "stream/open", params)
        push(evald, task, 3 * seq - 2)
        call(evald, "stream/mark", {"stream": task, "extra": {"loss": 0.5}})
        push(evald, task, 3 * seq - 1)
    call(evald, "stream/checkpoint", {"name": f"round {seq}"})
    for task in BATCHES:
        push(evald, task, 3 * seq)
    call(evald, "stream/rollback", {"name": f"round {seq}", "stream": "ranking"})
    push(evald, "ranking", 3 * seq)
    state = call(evald, "state/export", {"stream": "multiclass"})["state"]
    call(evald, "state/merge", {"stream": "merged", "state": state})
    refused = {"stream": "scalar", "batch": {"values": ["x"]}}
    line = {"jsonrpc": "2.0", "method": "stream/push", "params": refused}
    evald.send(json.dumps(line).encode() + b"\n")
    call(evald, "stream/flush", {"stream": "language_model", "acknowledge": True})
    call(evald, "stream/reset", {"stream": "merged"})
    call(evald, "state/merge", {"stream": "merged", "state": state})
    call(evald, "stream/open", {"stream": "gone", "task": "scalar"})
    call(evald, "stream/delete", {"stream": "gone"})


def make(folder: Path) -> None:
    state = folder / "state"
    first = Daemon("--state", str(state))
    fill(first, 1)
    status, _, log = first.end()
    assert (status, log) == (0, b"")
    second = Daemon("--state", str(state))
    fill(second, 2)
    answers = tell(second)
    second.process.kill()
    second.process.communicate()
    (state / "LOCK").unlink()
    text = json.dumps(answers, indent=1, sort_keys=True)
    (folder / "answers.json").write_text(text + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    folder = FORMATS / parser.parse_args().name
    folder.mkdir(parents=True)
    try:
        make(folder)
    except BaseException:
        shutil.rmtree(folder)
        raise


if __name__ == "__main__":
    main()
