"""ROUGE and METEOR of text_generation against rouge_score and NLTK, row by row and over the corpus."""

from __future__ import annotations

import itertools
import math
import os
import random
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nltk
import pytest
import regex
from driver import Daemon, Refused
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score
from pairs import Pairs, how_many, pairs
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer
from test_text_generation import ask, assert_equal

KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
PARTS = {"": "fmeasure", "_precision": "precision", "_recall": "recall"}
WORDNET = Path(os.environ.get("EVALD_WORDNET", "/usr/share/wordnet"))


class EveryScript(Tokenizer):  # type: ignore[misc]
    """What `tokenizer: unicode` says of itself."""

    words = regex.compile(
        r"[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
        r"\U00020000-\U000323af]|(?:(?![\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf"
        r"\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af])[\p{L}\p{M}\p{N}])+"
    )

    def __init__(self, stemmer: bool) -> None:
        self._stemmer = PorterStemmer() if stemmer else None

    def tokenize(self, text: str) -> list[str]:
        found: list[str] = self.words.findall(text.lower())
        if self._stemmer is None:
            return found
        return [self._stemmer.stem(x) if len(x) > 3 else x for x in found]


@pytest.mark.parametrize("stemmer", [False, True])
@pytest.mark.parametrize("tokenizer", ["rouge_score", "unicode"])
def test_rouge(daemon: Daemon, tokenizer: str, stemmer: bool) -> None:
    made = pairs(11, how_many(1500), references=3)
    scorer = RougeScorer(
        KINDS,
        use_stemmer=stemmer,
        tokenizer=EveryScript(stemmer) if tokenizer == "unicode" else None,
    )
    metrics: list[Any] = [
        {
            "metric": kind + part,
            "tokenizer": tokenizer,
            "stemmer": stemmer,
            "as": kind + part,
        }
        for kind in KINDS
        for part in PARTS
    ]
    answer, rows = ask(daemon, made, metrics)
    scores = [
        scorer.score_multi(r, p)
        for p, r in zip(made.predictions, made.references, strict=True)
    ]
    for kind in KINDS:
        for part, name in PARTS.items():
            wanted = [float(getattr(score[kind], name)) for score in scores]
            assert_equal(made, rows[kind + part], wanted)
            mean = math.fsum(wanted) / len(wanted)
            assert math.isclose(answer["values"][kind + part], mean, rel_tol=1e-12)


def test_rouge_of_long_lines(daemon: Daemon) -> None:
    """Lines longer than a machine word, of few words, where there are many longest common subsequences."""
    rng = random.Random(12)
    made = Pairs()
    for _ in range(60):

        def document(rng: random.Random = rng) -> str:
            vocabulary = [f"w{i}" for i in range(rng.choice((2, 4, 30)))]
            return "\n".join(
                " ".join(
                    rng.choice(vocabulary)
                    for _ in range(rng.choice((0, 3, 63, 64, 65, 150)))
                )
                for _ in range(rng.randint(1, 4))
            )

        made.predictions.append(document())
        made.references.append([document()])
    _, rows = ask(daemon, made, ["rougeL", "rougeLsum"])
    scorer = RougeScorer(["rougeL", "rougeLsum"])
    for kind in ("rougeL", "rougeLsum"):
        wanted = [
            float(scorer.score(r[0], p)[kind].fmeasure)
            for p, r in zip(made.predictions, made.references, strict=True)
        ]
        assert_equal(made, rows[kind], wanted)


def test_rouge_of_references_that_are_equally_good(daemon: Daemon) -> None:
    """The first of the best counts, whose precision and recall differ from the others'."""
    made = Pairs()
    for order in itertools.permutations(
        ("a b x y", "a b c u v w x y", "a b c d u v w x y z p q")
    ):
        made.predictions.append("a b c d")
        made.references.append(list(order))
    metrics = [kind + part for kind in KINDS for part in PARTS]
    _, rows = ask(daemon, made, metrics)
    scorer = RougeScorer(KINDS)
    for kind in KINDS:
        for part, name in PARTS.items():
            wanted = [
                float(getattr(scorer.score_multi(r, p)[kind], name))
                for p, r in zip(made.predictions, made.references, strict=True)
            ]
            assert_equal(made, rows[kind + part], wanted)
            assert kind != "rouge1" or not part or len(set(wanted)) == 3


def test_rouge_of_words_with_stems_of_their_own(daemon: Daemon) -> None:
    """Each word that the stemmer has an exception or a rule of two conditions for, beside its stem."""
    stemmer = PorterStemmer()
    words = [*stemmer.pool, "eulogy", "alogies", "apology", "dies", "ties", "flies"]
    made = Pairs()
    for word in words:
        stem = stemmer.stem(word)
        for other in {stem, word[:-1], stem + "s", stem + "i", word + "s"}:
            made.predictions.append(word)
            made.references.append([other])
    _, rows = ask(daemon, made, [{"metric": "rouge1", "stemmer": True, "as": "x"}])
    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    wanted = [
        float(scorer.score(r[0], p)["rouge1"].fmeasure)
        for p, r in zip(made.predictions, made.references, strict=True)
    ]
    assert_equal(made, rows["x"], wanted)
    assert 0 < sum(wanted) < len(wanted)


class NoSynonyms:
    """A WordNet without words."""

    def synsets(self, _: str) -> list[Any]:
        return []


def check_meteor(
    daemon: Daemon, made: Pairs, metric: dict[str, Any], wordnet: Any
) -> str:
    """Compares, and gives the signature."""
    answer, rows = ask(daemon, made, [{**metric, "as": "x"}])
    wanted = [
        float(meteor_score([r.split() for r in rs], p.split(), wordnet=wordnet))
        for p, rs in zip(made.predictions, made.references, strict=True)
    ]
    assert_equal(made, rows["x"], wanted)
    assert math.isclose(
        answer["values"]["x"], math.fsum(wanted) / len(wanted), rel_tol=1e-12
    )
    return str(answer["signatures"]["x"])


def test_meteor_without_synonyms(daemon: Daemon) -> None:
    made = pairs(13, how_many(2000), references=3)
    signature = check_meteor(daemon, made, {"metric": "meteor"}, NoSynonyms())
    assert "stages:exact,stem|wordnet:none" in signature


class OneLanguage(WordNetCorpusReader):  # type: ignore[misc]
    """A reader that maps nothing to other versions, for which NLTK wants files that Debian has not."""

    def map_wn(self, version: str = "wordnet") -> None: ...


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """The dictionary of Debian's wordnet-base for both; NLTK also wants `lexnames`, which is made here."""
    if not (WORDNET / "data.noun").exists():
        pytest.skip(f"no WordNet in {WORDNET}")
    folder = tmp_path_factory.mktemp("wordnet")
    for path in filter(Path.is_file, WORDNET.iterdir()):
        shutil.copy(path, folder / path.name)
    parts = {"adj": 3, "adv": 4, "noun": 1, "verb": 2}
    lines = [
        f"{number:02d}\tfile.{number}\t{list(parts.values())[number % 4]}\n"
        for number in range(45)
    ]
    (folder / "lexnames").write_text("".join(lines))
    # NLTK reads only where it is told that it may.
    nltk.data.path.append(str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is one language
        yield str(WORDNET), OneLanguage(str(folder), None)


def synonym_pairs(reader: Any, count: int) -> Pairs:
    """Sentences in which words are exchanged for synonyms, or stand in other forms."""
    rng = random.Random(14)
    lemmas = sorted({name for name in reader.all_lemma_names() if name.isalpha()})
    irregular = [form for part in "nvar" for form in reader._exception_map[part]]
    made = Pairs()
    for _ in range(count):
        words, others = [], []
        for _ in range(rng.randint(1, 14)):
            word = rng.choice(irregular) if rng.random() < 0.15 else rng.choice(lemmas)
            if rng.random() < 0.3:
                word += rng.choice(("s", "es", "ed", "ing", "er", "est", "men"))
            other = word
            synsets = reader.synsets(word)
            if synsets and rng.random() < 0.8:
                other = rng.choice(rng.choice(synsets).lemma_names()).replace("_", " ")
            if rng.random() < 0.1:
                word = word.title()
            words.append(word)
            others.append(other)
        if rng.random() < 0.5:
            rng.shuffle(others)
        made.predictions.append(" ".join(words))
        made.references.append([" ".join(others)])
    return made


def test_meteor_with_synonyms(daemon: Daemon, wordnet: tuple[str, Any]) -> None:
    directory, reader = wordnet
    metric = {"metric": "meteor", "wordnet": directory}
    made = synonym_pairs(reader, how_many(1500))
    signature = check_meteor(daemon, made, metric, reader)
    assert "stages:exact,stem,wordnet|wordnet:3.0-" in signature
    check_meteor(daemon, pairs(15, how_many(500), references=2), metric, reader)


def test_meteor_of_irregular_forms(daemon: Daemon, wordnet: tuple[str, Any]) -> None:
    """A form of which the dictionary says what it stands for, beside words that its ending would lead to."""
    directory, reader = wordnet
    stemmer = PorterStemmer()
    made = Pairs()
    for part, forms in reader._exception_map.items():
        for form, lemmas in forms.items():
            if stemmer.stem(form) != form:
                continue
            for old, new in reader.MORPHOLOGICAL_SUBSTITUTIONS.get(part, []):
                other = form[: len(form) - len(old)] + new
                if form.endswith(old) and reader.synsets(other, part):
                    made.predictions += [form, form]
                    made.references += [[other], [lemmas[0]]]
    assert len(made.predictions) > 300
    check_meteor(daemon, made, {"metric": "meteor", "wordnet": directory}, reader)


def test_meteor_of_words_with_a_marker(
    daemon: Daemon, wordnet: tuple[str, Any]
) -> None:
    """An adjective that has where it may stand behind it, "galore(ip)", is the word alone."""
    directory, reader = wordnet
    made = Pairs()
    for line in (Path(directory) / "data.adj").read_text().splitlines():
        if line.startswith(" "):
            continue
        fields = line.split()
        words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        plain = [word.partition("(")[0] for word in words]
        if len(plain) > 1 and plain != words and not any("_" in x for x in plain):
            made.predictions += [f"{plain[0]} a", f"{plain[-1]} a"]
            made.references += [[f"{plain[-1]} a"], [f"{plain[0]} a"]]
    assert len(made.predictions) > 100
    check_meteor(daemon, made, {"metric": "meteor", "wordnet": directory}, reader)


def test_meteor_of_words_with_several_synonyms(
    daemon: Daemon, wordnet: tuple[str, Any]
) -> None:
    """A word is matched with its last synonym, which the words beside it make a longer chunk of."""
    directory, reader = wordnet
    rng = random.Random(16)
    made = Pairs()
    sets = [
        names
        for synset in reader.all_synsets("n")
        if len(names := [x for x in synset.lemma_names() if x.isalpha()]) > 3
    ]
    for names in rng.sample(sets, 400):
        rng.shuffle(names)
        word, *others = names
        made.predictions.append(f"{word} of qq {word} qq")
        made.references.append([" ".join([*others, "of", "qq", *others, "qq"])])
    check_meteor(daemon, made, {"metric": "meteor", "wordnet": directory}, reader)


def test_a_directory_that_is_no_wordnet(daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(Refused) as missing:
        daemon.call(
            "stream/open",
            stream="x",
            task="text_generation",
            options={"wordnet": str(tmp_path)},
        )
    assert missing.value.kind == "InvalidParams"
    (tmp_path / "data.noun").write_text("no entry\n")
    with pytest.raises(Refused) as damaged:
        daemon.call(
            "stream/open",
            stream="x",
            task="text_generation",
            options={"wordnet": str(tmp_path)},
        )
    assert damaged.value.path == "/params/options/wordnet"
    assert "line 1 of data.noun" in str(damaged.value)
