"""The ranking task against pytrec_eval, scikit-learn, torchmetrics and ranx."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import rankings as made
import rows
import torch
from driver import Daemon, Stream
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import packed
from rankings import RANKS, Document, Query
from reference import assert_close
from sklearn.metrics import ndcg_score
from torchmetrics.functional.retrieval import (
    retrieval_average_precision,
    retrieval_normalized_dcg,
)

EVERY = made.names(RANKS)


def push(stream: Stream, queries: list[Query], data: st.DataObject) -> None:
    """All rows in any order, in batches of any size."""
    numbered = [(n, d) for n, documents in enumerate(queries) for d in documents]
    numbered = data.draw(st.permutations(numbered))
    for start, end in pairwise(data.draw(rows.cuts(len(numbered)))):
        stream.push(**made.columns(numbered[start:end]))


@settings(max_examples=200)
@given(made.queries(), st.sampled_from([1, 1, 2, 3]), st.data())
def test_every_metric_is_that_of_trec_eval(
    daemon: Daemon, queries: list[Query], level: int, data: st.DataObject
) -> None:
    with daemon.stream("ranking", options={"relevance_level": level}) as stream:
        push(stream, queries, data)
        found = stream.values(*EVERY)
    assert_close(found, made.mean([made.trec_values(q, level, RANKS) for q in queries]))


@given(made.queries(), st.data())
def test_values_by_query(daemon: Daemon, queries: list[Query], data: st.DataObject) -> None:
    numbered = [(n, d) for n, documents in enumerate(queries) for d in documents]
    numbered = data.draw(st.permutations(numbered))
    names = ["map", "ndcg@3", "bpref"]
    with daemon.stream("ranking") as stream:
        answer = stream.call(
            "stream/push", batch=made.columns(numbered), row_metrics=names
        )["row_values"]
    order = list(dict.fromkeys(n for n, _ in numbered))
    for place, number in enumerate(order):
        expected = made.trec_values(queries[number], 1, RANKS)
        found = {name: answer[name][place] for name in names}
        assert_close(found, {name: expected[name] for name in names})


@given(made.queries(), st.data())
def test_weights_are_those_of_queries(
    daemon: Daemon, queries: list[Query], data: st.DataObject
) -> None:
    weights = [data.draw(st.sampled_from(rows.DYADIC)) for _ in queries]
    with daemon.stream("ranking") as stream:
        for number, documents in enumerate(queries):
            batch = made.columns([(number, d) for d in documents])
            stream.push(**batch, weights=[weights[number]] * len(documents))
        found = stream.values(*EVERY)
    values = [made.trec_values(q, 1, RANKS) for q in queries]
    assert_close(found, made.mean(values, weights))


def without_names(documents: Query) -> Query:
    """The same documents under names that put the least relevant of one score first."""
    order = sorted(documents, key=lambda d: -1 if d.relevance is None else d.relevance)
    return [
        Document(f"{len(order) - place:04}", d.score, d.relevance)
        for place, d in enumerate(order)
    ]


@given(made.queries(), st.data())
def test_without_documents_the_order_is_the_least_favourable(
    daemon: Daemon, queries: list[Query], data: st.DataObject
) -> None:
    with daemon.stream("ranking") as stream:
        for number, documents in enumerate(queries):
            batch = made.columns([(number, d) for d in documents])
            del batch["documents"]
            stream.push(**batch)
        found = stream.values(*EVERY)
    values = [made.trec_values(without_names(q), 1, RANKS) for q in queries]
    assert_close(found, made.mean(values))


@given(made.queries())
def test_lists_are_rankings(daemon: Daemon, queries: list[Query]) -> None:
    """The list form says the same as rows whose scores fall by rank."""
    values, retrieved, relevant = [], [], []
    for documents in queries:
        order = made.ranked(documents)
        retrieved.append([d.name for d in order])
        relevant.append({d.name: d.relevance for d in documents if d.relevance is not None})
        falling = [Document(d.name, -float(rank), d.relevance) for rank, d in enumerate(order)]
        values.append(
            made.trec_values([*falling, *(d for d in documents if d.score is None)], 1, RANKS)
        )
    with daemon.stream("ranking") as stream:
        stream.push(retrieved=retrieved, relevant=relevant)
        assert_close(stream.values(*EVERY), made.mean(values))


@given(st.lists(st.tuples(st.lists(st.integers(0, 12), unique=True, max_size=8),
                          st.lists(st.integers(0, 12), unique=True, max_size=5)),
                min_size=1, max_size=5))
def test_lists_of_numbers(daemon: Daemon, queries: list[tuple[list[int], list[int]]]) -> None:
    values = []
    for retrieved, relevant in queries:
        documents = [
            Document(str(d), -float(r), int(d in relevant)) for r, d in enumerate(retrieved)
        ]
        missed = [Document(str(d), None, 1) for d in relevant if d not in retrieved]
        values.append(made.trec_values([*documents, *missed], 1, RANKS))
    names = [name for name in EVERY if name != "bpref"]
    with daemon.stream("ranking") as stream:
        stream.push(retrieved=[q[0] for q in queries], relevant=[q[1] for q in queries])
        found = stream.values(*names)
    expected = made.mean(values)
    assert_close(found, {name: expected[name] for name in names})


@given(made.query(), st.integers(0, 5))
def test_relevant_totals_stand_for_missed_documents(
    daemon: Daemon, documents: Query, more: int
) -> None:
    missed = [Document(f"missed {n}", None, 1) for n in range(more)]
    total = sum((d.relevance or 0) >= 1 for d in documents) + more
    with daemon.stream("ranking") as stream:
        batch = made.columns([(0, d) for d in documents])
        stream.push(**batch, relevant_totals=[total] * len(documents))
        found = stream.values(*EVERY)
    assert_close(found, made.trec_values([*documents, *missed], 1, RANKS))


@given(made.queries(), st.sampled_from(["linear", "exponential"]))
def test_ndcg_of_sklearn_averages_ties(
    daemon: Daemon, queries: list[Query], gain: str
) -> None:
    queries = [[d for d in q if d.score is not None] for q in queries]
    queries = [q for q in queries if len(q) > 1]
    if not queries:
        return
    options = {"compat": "sklearn", "gain": gain}
    ranks = [1, 2, 4, 50]
    expected: dict[str, list[float]] = {f"ndcg@{k}": [] for k in ranks}
    with daemon.stream("ranking", options=options) as stream:
        for number, documents in enumerate(queries):
            stream.push(**made.columns([(number, d) for d in documents]))
            grades = [max(d.relevance or 0, 0) for d in documents]
            gains = [g if gain == "linear" else 2**g - 1 for g in grades]
            # float64 as evald has it: 0.0 and -0.0 are one score there too.
            scores = [float(d.score or 0.0) + 0.0 for d in documents]
            for k in ranks:
                expected[f"ndcg@{k}"].append(float(ndcg_score([gains], [scores], k=k)))
        found = stream.values(*expected)
    assert_close(found, {name: float(np.mean(x)) for name, x in expected.items()})


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), min_size=2, max_size=12,
                unique_by=lambda pair: pair[0]))
def test_compat_torchmetrics(daemon: Daemon, pairs: list[tuple[int, int]]) -> None:
    """In float32, as torchmetrics computes; its scores must be above zero to count."""
    scores = torch.tensor([float(score) for score, _ in pairs])
    grades = torch.tensor([grade for _, grade in pairs])
    with daemon.stream("ranking", options={"compat": "torchmetrics"}) as stream:
        stream.push(
            queries=[0] * len(pairs), scores=scores.tolist(), relevances=grades.tolist()
        )
        found = stream.values("map", "map@3", "ndcg", "ndcg@3")
    binary = grades >= 1
    expected = {
        "map": retrieval_average_precision(scores, binary).item(),
        "map@3": retrieval_average_precision(scores, binary, top_k=3).item(),
        "ndcg": retrieval_normalized_dcg(scores, grades).item(),
        "ndcg@3": retrieval_normalized_dcg(scores, grades, top_k=3).item(),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name


@given(made.queries())
def test_the_f1_curve_is_made_of_the_metrics(daemon: Daemon, queries: list[Query]) -> None:
    with daemon.stream("ranking") as stream:
        for number, documents in enumerate(queries):
            stream.push(**made.columns([(number, d) for d in documents]))
        curve = stream.call("curve/query", curve="f1_at_k")
        columns = curve["columns"]
        last = max(len(made.ranked(q)) for q in queries)
        assert columns["k"] == list(range(1, last + 1))
        for place, k in enumerate(columns["k"]):
            found = stream.values(f"precision@{int(k)}", f"recall@{int(k)}", f"f1@{int(k)}")
            assert list(found.values()) == [
                columns[name][place] for name in ["precision", "recall", "f1"]
            ]
        if last:
            best = curve["best"]
            assert best["f1"] == max(columns["f1"])
            assert best["k"] == columns["k"][columns["f1"].index(best["f1"])]


def test_packed_columns_and_dictionaries(daemon: Daemon) -> None:
    rng = np.random.default_rng(2)
    queries = np.repeat(np.arange(40), 25)
    scores = np.round(rng.normal(size=1000), 1).astype(np.float32)
    grades = rng.integers(0, 4, 1000)
    documents = np.tile(np.arange(25), 40)
    with daemon.stream("ranking") as one, daemon.stream("ranking") as two:
        one.push(
            queries=queries.tolist(), documents=documents.tolist(), scores=scores.tolist(),
            relevances=grades.tolist(),
        )
        two.push(
            queries={"dictionary": list(range(40)), "indices": packed(queries, "uint8")},
            documents=packed(documents, "int32"),
            scores=packed(scores, "float32"),
            relevances=packed(grades, "uint8"),
        )
        assert one.values(*EVERY) == two.values(*EVERY)
    values = [
        made.trec_values(
            [
                Document(str(documents[r]), float(scores[r]), int(grades[r]))
                for r in range(1000)
                if queries[r] == q
            ],
            1,
            RANKS,
        )
        for q in range(40)
    ]
    with daemon.stream("ranking") as stream:
        stream.push(
            queries=queries.tolist(), documents=documents.tolist(), scores=scores.tolist(),
            relevances=grades.tolist(),
        )
        assert_close(stream.values(*EVERY), made.mean(values))


