"""Rankings that hypothesis makes up, and what pytrec_eval and restated definitions answer for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytrec_eval
from hypothesis import strategies as st

# Scores that are float32, since pytrec_eval keeps no more; many ties among them.
SCORES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0]),
    st.floats(-100, 100, width=32),
)
# Names that an order of code points, of numbers or of locales would put elsewhere.
NAMES = ["d1", "d10", "d2", "D2", "é", "e", "z", "", "d", "17", "9", "doc-17"]
RANKS = [1, 2, 3, 5, 100]


@dataclass(frozen=True)
class Document:
    """What a model and a judge said of a document; None where one said nothing."""

    name: str
    score: float | None
    relevance: int | None


Query = list[Document]


@st.composite
def query(draw: st.DrawFn, largest: int = 10) -> Query:
    """Documents of one query; each has a score or a relevance."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=largest))
    documents = []
    for name in names:
        score = draw(st.one_of(st.none(), SCORES, SCORES, SCORES))
        grades = st.sampled_from([-1, 0, 0, 1, 1, 2, 3])
        if score is None:
            relevance: int | None = draw(grades)
        else:
            relevance = draw(st.one_of(st.none(), grades, grades, grades))
        documents.append(Document(name, score, relevance))
    return documents


def queries(most: int = 5) -> st.SearchStrategy[list[Query]]:
    return st.lists(query(), min_size=1, max_size=most)


def columns(numbered: list[tuple[int, Document]]) -> dict[str, list[Any]]:
    """Rows of a batch."""
    return {
        "queries": [f"q{number}" for number, _ in numbered],
        "documents": [document.name for _, document in numbered],
        "scores": [document.score for _, document in numbered],
        "relevances": [document.relevance for _, document in numbered],
    }


def ranked(documents: Query) -> Query:
    """The retrieved documents in the order of trec_eval."""
    found = [document for document in documents if document.score is not None]
    found.sort(key=lambda d: d.name.encode(), reverse=True)
    found.sort(key=lambda d: d.score if d.score is not None else 0.0, reverse=True)
    return found


# evald's names, and those of trec_eval.
TREC = {
    "precision@k": "P_{k}",
    "recall@k": "recall_{k}",
    "success@k": "success_{k}",
    "hit_rate@k": "success_{k}",
    "map@k": "map_cut_{k}",
    "ndcg@k": "ndcg_cut_{k}",
    "mrr": "recip_rank",
    "map": "map",
    "ndcg": "ndcg",
    "r_precision": "Rprec",
    "bpref": "bpref",
}


def measures(ranks: list[int]) -> set[str]:
    cuts = ",".join(map(str, ranks))
    return {
        *(f"{name}.{cuts}" for name in ["P", "recall", "success", "map_cut", "ndcg_cut"]),
        *["recip_rank", "map", "ndcg", "Rprec", "bpref"],
    }


def names(ranks: list[int]) -> list[str]:
    """Every metric, at each of these ranks."""
    found = []
    for name in [*TREC, "mrr@k", "f1@k"]:
        found += [name.replace("@k", f"@{k}") for k in ranks] if "@k" in name else [name]
    return found


def trec_values(documents: Query, level: int, ranks: list[int]) -> dict[str, float]:
    """What pytrec_eval answers for one query; all zero where it leaves the query out."""
    qrels = {d.name or "-": d.relevance for d in documents if d.relevance is not None}
    run = {d.name or "-": d.score for d in documents if d.score is not None}
    found: dict[str, float] = {}
    # It falls over where every judgement is negative, and there is nothing to be found then.
    if run and max(qrels.values(), default=-1) >= 0:
        evaluator = pytrec_eval.RelevanceEvaluator({"q": qrels}, measures(ranks), level)
        found = evaluator.evaluate({"q": run})["q"]
    answers = {}
    for name, trec in TREC.items():
        for k in ranks if "@k" in name else [0]:
            key = name.replace("@k", f"@{k}")
            answers[key] = found.get(trec.format(k=k), 0.0)
    return answers | restated(documents, level, ranks)


def restated(documents: Query, level: int, ranks: list[int]) -> dict[str, float]:
    """What trec_eval does not have: mrr with a cut as ir_measures has it, F1 as ranx does."""
    hits = [(d.relevance or 0) >= level for d in ranked(documents)]
    relevant = sum((d.relevance or 0) >= level for d in documents)
    answers = {}
    for k in ranks:
        first = next((rank for rank, hit in enumerate(hits[:k], 1) if hit), None)
        answers[f"mrr@{k}"] = 1 / first if first else 0.0
        precision, recall = sum(hits[:k]) / k, sum(hits[:k]) / max(relevant, 1)
        both = precision + recall
        answers[f"f1@{k}"] = 2 * precision * recall / both if both else 0.0
    return answers


def mean(values: list[dict[str, float]], weights: list[float] | None = None) -> dict[str, float]:
    """The mean of each metric over queries."""
    weights = weights or [1.0] * len(values)
    total = math.fsum(weights)
    return {
        name: math.fsum(w * v[name] for w, v in zip(weights, values, strict=True)) / total
        for name in values[0]
    }
