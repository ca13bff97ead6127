"""A retrieval as it is done: Python's own help pages, asked for by their titles, in TREC's file formats."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytest
import pytrec_eval
import rankings as made
from driver import Daemon
from packing import packed
from ranx import Qrels, Run, evaluate
from reference import assert_close
from sklearn.feature_extraction.text import TfidfVectorizer

RANKS = [1, 5, 10, 100]


def passages() -> dict[str, str]:
    """Paragraphs of the help pages, each named by its topic and number."""
    found = {}
    for topic, text in sorted(topics.items()):
        for number, part in enumerate(re.split(r"\n\s*\n", text)):
            if len(part.split()) >= 8:
                found[f"{topic}-{number}"] = part
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run and its judgements: paragraphs of the topic are good, those that name it are fair."""
    texts = passages()
    names = np.array(list(texts))
    vectors = TfidfVectorizer(sublinear_tf=True)
    matrix = vectors.fit_transform(texts.values())
    folder = tmp_path_factory.mktemp("trec")
    run, qrels = folder / "run.txt", folder / "qrels.txt"
    with run.open("w") as results, qrels.open("w") as judgements:
        for topic, text in sorted(topics.items()):
            asked = vectors.transform([f"{topic} {text[:60]}"])
            # Two digits, so that documents are tied.
            scores = np.round((matrix @ asked.T).toarray()[:, 0], 2)
            for rank, place in enumerate(np.argsort(-scores, kind="stable")[:100]):
                results.write(f"{topic} Q0 {names[place]} {rank} {scores[place]} tfidf\n")
            for name, part in texts.items():
                own = name.rsplit("-", 1)[0] == topic
                names_it = f'"{topic}"' in part
                # Some of those that are neither were looked at too.
                if own or names_it or zlib.crc32((topic + name).encode()) % 40 == 0:
                    judgements.write(f"{topic} 0 {name} {2 * own + (names_it and not own)}\n")
    return run, qrels


def test_a_trec_run(daemon: Daemon, files: tuple[Path, Path]) -> None:
    with files[0].open() as lines:
        run = pytrec_eval.parse_run(lines)
    with files[1].open() as lines:
        qrels = pytrec_eval.parse_qrel(lines)
    # Topics of a line or two have no paragraph of their own.
    qrels = {query: judged for query, judged in qrels.items() if max(judged.values()) > 0}
    run = {query: run[query] for query in qrels}
    assert len(run) > 60 and sum(map(len, run.values())) > 5000
    found = pytrec_eval.RelevanceEvaluator(qrels, made.measures(RANKS)).evaluate(run)
    rows = [
        (query, document, run[query].get(document), qrels[query].get(document))
        for query in run
        for document in sorted(run[query].keys() | qrels[query].keys())
    ]
    order = np.random.default_rng(3).permutation(len(rows))
    names = {
        name.replace("@k", f"@{k}"): trec.format(k=k)
        for name, trec in made.TREC.items()
        for k in (RANKS if "@k" in name else [0])
    }
    with daemon.stream("ranking") as stream:
        for part in np.array_split(order, 7):
            chosen = [rows[place] for place in part]
            columns = ["queries", "documents", "scores", "relevances"]
            stream.push(**dict(zip(columns, map(list, zip(*chosen, strict=True)), strict=True)))
        answer = stream.values(*names, "f1@10")
        expected = {
            name: float(np.mean([values[trec] for values in found.values()]))
            for name, trec in names.items()
        }
        assert_close(answer, expected)
        assert 0.2 < answer["ndcg@10"] < 0.999 and 0.05 < answer["bpref"] < 0.999
        by_row = stream.call("curve/query", curve="f1_at_k")
    # ranx has no order for ties, so it is given that of trec_eval.
    falling = {}
    for query, scored in run.items():
        names_ = sorted(scored, key=lambda d: d.encode(), reverse=True)
        names_.sort(key=lambda d: scored[d], reverse=True)
        falling[query] = {d: float(1000 - rank) for rank, d in enumerate(names_)}
    assert_close(answer, {"f1@10": float(evaluate(Qrels(qrels), Run(falling), "f1@10"))})
    curve = by_row["columns"]["f1"]
    best = int(np.argmax(curve)) + 1
    assert by_row["best"] == {"k": best, "f1": curve[best - 1]} and 1 < best < 100
    for k in (1, best, 100):
        found_there = float(evaluate(Qrels(qrels), Run(falling), f"f1@{k}"))
        assert_close({"f1": curve[k - 1]}, {"f1": found_there})


def test_the_lists_of_a_run(daemon: Daemon, files: tuple[Path, Path]) -> None:
    """The same run as lists, and as packed columns with dictionaries, gives the same bits."""
    with files[0].open() as lines:
        run = pytrec_eval.parse_run(lines)
    with files[1].open() as lines:
        qrels = pytrec_eval.parse_qrel(lines)
    every = made.names(RANKS)
    topics_ = sorted(run.keys() & qrels.keys())
    lists, queries, documents, scores, grades = [], [], [], [], []
    for number, query in enumerate(topics_):
        order = sorted(run[query], key=lambda d: d.encode(), reverse=True)
        order.sort(key=lambda d: run[query][d], reverse=True)
        lists.append(order)
        for document in sorted(run[query].keys() & qrels[query].keys()):
            queries.append(number)
            documents.append(document)
            scores.append(run[query][document])
            grades.append(qrels[query][document])
    judged_only = [
        {d: g for d, g in qrels[query].items() if d in run[query]} for query in topics_
    ]
    with daemon.stream("ranking") as one, daemon.stream("ranking") as two:
        one.push(
            retrieved=[
                [d for d in order if d in judged]
                for order, judged in zip(lists, judged_only, strict=True)
            ],
            relevant=judged_only,
        )
        distinct = sorted(set(documents))
        places = {name: place for place, name in enumerate(distinct)}
        indices = np.array([places[name] for name in documents])
        two.push(
            queries={"dictionary": topics_, "indices": packed(np.array(queries), "int32")},
            documents={"dictionary": distinct, "indices": packed(indices, "int32")},
            scores=packed(np.array(scores), "float64"),
            relevances=packed(np.array(grades), "uint8"),
        )
        held = [place for place, judged in enumerate(judged_only) if judged]
        assert len(held) == len(topics_)
        assert one.values(*every) == two.values(*every)
