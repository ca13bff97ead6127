"""Writes the goldens of the ranking task from pytrec_eval, scikit-learn and ranx.

python Tests/goldens/make_ranking.py
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytrec_eval
from golden import Case, Columns, Data, Expected, prefixes, write, write_rows
from ranx import Qrels, Run, evaluate
from sklearn.metrics import ndcg_score

PACKAGES = ["pytrec_eval-terrier", "scikit-learn", "ranx"]

Judged = dict[str, dict[str, int]]
Scored = dict[str, dict[str, float]]


def tables(columns: Columns) -> tuple[Judged, Scored]:
    """Judgements and results by query, as the other libraries want them."""
    qrels: Judged = {}
    run: Scored = {}
    if "retrieved" in columns:
        for row, (retrieved, relevant) in enumerate(
            zip(columns["retrieved"], columns["relevant"], strict=True)
        ):
            graded = relevant if isinstance(relevant, dict) else dict.fromkeys(relevant, 1)
            qrels[f"{row}"] = graded
            run[f"{row}"] = {d: -float(rank) for rank, d in enumerate(retrieved)}
        return qrels, run
    for query, document, score, relevance in zip(
        columns["queries"], columns["documents"], columns["scores"], columns["relevances"],
        strict=True,
    ):
        judged, scored = qrels.setdefault(query, {}), run.setdefault(query, {})
        if relevance is not None:
            judged[document] = relevance
        if score is not None:
            scored[document] = score
    return qrels, run


def trec(measure: str) -> Callable[[Judged, Scored], float]:
    """The mean over all queries; those that pytrec_eval leaves out count 0."""

    def answer(qrels: Judged, run: Scored) -> float:
        key = measure.replace(".", "_")
        found = []
        for query, judged in qrels.items():
            # It falls over where nothing is judged as 0 or more.
            if not run[query] or max(judged.values(), default=-1) < 0:
                found.append(0.0)
                continue
            evaluator = pytrec_eval.RelevanceEvaluator({query: judged}, {measure})
            found.append(evaluator.evaluate({query: run[query]})[query][key])
        return math.fsum(found) / len(found)

    return answer


def ordered(qrels: Judged, run: Scored) -> tuple[Judged, Scored]:
    """Scores that differ in trec_eval's order, for libraries that have none for ties."""
    falling: Scored = {}
    for query, scored in run.items():
        order = sorted(scored, key=lambda d: d.encode(), reverse=True)
        order.sort(key=lambda d: scored[d], reverse=True)
        falling[query] = {d: float(len(order) - rank) for rank, d in enumerate(order)}
    return qrels, falling


def ranx(metric: str) -> Callable[[Judged, Scored], float]:
    def answer(qrels: Judged, run: Scored) -> float:
        qrels, run = ordered(qrels, run)
        held = [q for q in qrels if run[q] and max(qrels[q].values(), default=0) > 0]
        if not held:
            return 0.0
        # Negative grades are no judgements.
        judged = {q: {d: g for d, g in qrels[q].items() if g >= 0} for q in held}
        found = evaluate(
            Qrels(judged), Run({q: run[q] for q in held}), metric, return_mean=False
        )
        return math.fsum(np.atleast_1d(found).tolist()) / len(qrels)

    return answer


METRICS: dict[str, dict[str, Callable[[Judged, Scored], float]]] = {
    "precision@k": {f"precision@{k}": trec(f"P.{k}") for k in (1, 3, 10)},
    "recall@k": {f"recall@{k}": trec(f"recall.{k}") for k in (1, 3, 10)},
    "f1@k": {f"f1@{k}": ranx(f"f1@{k}") for k in (1, 3, 10)},
    "hit_rate@k": {f"hit_rate@{k}": trec(f"success.{k}") for k in (1, 3, 10)},
    "mrr": {"mrr": trec("recip_rank")},
    "mrr@k": {f"mrr@{k}": ranx(f"mrr@{k}") for k in (1, 3, 10)},
    "map": {"map": trec("map")},
    "map@k": {f"map@{k}": trec(f"map_cut.{k}") for k in (1, 3, 10)},
    "ndcg": {"ndcg": trec("ndcg")},
    "ndcg@k": {f"ndcg@{k}": trec(f"ndcg_cut.{k}") for k in (1, 3, 10)},
    "r_precision": {"r_precision": trec("Rprec")},
    "bpref": {"bpref": trec("bpref")},
}


def sklearn_ndcg(k: int | None, exponential: bool) -> Callable[[Judged, Scored], float]:
    def answer(qrels: Judged, run: Scored) -> float:
        found = []
        for query, scored in run.items():
            grades = [max(qrels[query].get(d, 0), 0) for d in scored]
            gains = [2.0**g - 1 if exponential else float(g) for g in grades]
            if len(gains) == 1:  # which it refuses
                found.append(float(gains[0] > 0))
            elif gains:
                found.append(float(ndcg_score([gains], [list(scored.values())], k=k)))
            else:
                found.append(0.0)
        return math.fsum(found) / len(found)

    return answer


def documents(
    rng: np.random.Generator, count: int, step: float, missed: float = 0.2
) -> Columns:
    """Rows of about eight queries, in any order."""
    columns: Columns = {"queries": [], "documents": [], "scores": [], "relevances": []}
    pairs = [(q, d) for q in range(8) for d in range(15)]
    for place in rng.permutation(len(pairs))[:count]:
        query, document = pairs[place]
        grade: int | None = int(rng.choice([-1, 0, 0, 0, 1, 1, 2, 3]))
        score: float | None = float(np.float32(np.round(rng.normal() / step) * step))
        if rng.random() < missed:
            score = None
        elif rng.random() < 0.1:
            grade = None
        columns["queries"].append(f"q{query}")
        columns["documents"].append(f"d{document}")
        columns["scores"].append(score)
        columns["relevances"].append(grade)
    return columns


def lists(rng: np.random.Generator, graded: bool) -> Columns:
    columns: Columns = {"retrieved": [], "relevant": []}
    for _ in range(20):
        names = [f"d{n}" for n in rng.permutation(14)]
        columns["retrieved"].append(names[: rng.integers(0, 10)])
        judged = [f"d{n}" for n in rng.permutation(14)][: rng.integers(0, 6)]
        grades = {name: int(rng.integers(0, 4)) for name in judged}
        columns["relevant"].append(grades if graded else judged)
    return columns


def datasets() -> list[Data]:
    rng = np.random.default_rng(5)
    return [
        Data("few ties", documents(rng, 90, 0.01)),
        Data("many ties", documents(rng, 90, 1.0)),
        Data("all retrieved", documents(rng, 60, 0.25, missed=0)),
        Data("lists", lists(rng, graded=False)),
        Data("lists with grades", lists(rng, graded=True)),
    ]


def compatible() -> list[tuple[Data, dict[str, Callable[[Judged, Scored], float]]]]:
    """Data of streams with the definitions of scikit-learn."""
    rng = np.random.default_rng(6)
    found = []
    for gain in ("linear", "exponential"):
        options = {"compat": "sklearn", "gain": gain}
        data = Data(f"as sklearn, {gain} gains", documents(rng, 90, 0.5, missed=0), options)
        exponential = gain == "exponential"
        metrics = {f"ndcg@{k}": sklearn_ndcg(k, exponential) for k in (1, 3, 10)}
        found.append((data, metrics | {"ndcg": sklearn_ndcg(None, exponential)}))
    return found


def case(data: Data, metric: str, answer: Callable[[Judged, Scored], float]) -> Case:
    answers: list[tuple[int, Expected]] = []
    for rows in prefixes(data.rows):
        answers.append((rows, answer(*tables(data.prefix(rows)))))
    return Case(data.name, metric, None, answers)


def main() -> None:
    data = datasets()
    others = compatible()
    write_rows("ranking", data + [each for each, _ in others])
    for name, metrics in METRICS.items():
        cases = [case(each, key, answer) for each in data for key, answer in metrics.items()]
        for each, compat in others:
            wanted: dict[str, Any] = {
                key: answer
                for key, answer in compat.items()
                if key.split("@")[0] + ("@k" if "@" in key else "") == name
            }
            cases += [case(each, key, answer) for key, answer in wanted.items()]
        write("ranking", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
