"""BLEURT: a checkpoint's scores of texts, pushed to a scalar stream."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._bertscore import _rows
from ._encoder import longest, model_name, needed, quiet_model

if TYPE_CHECKING:
    from ._client import Evald
    from ._result import Record


class Bleurt:
    """A `scalar` stream of BLEURT scores, to which texts are pushed.

    The published package is of TensorFlow. This loads checkpoints in the form that transformers
    reads, a sequence classifier with one label: the reference and the prediction go in as a pair,
    in this order, and the one logit is the score. Converted checkpoints are on the hub; or
    fine-tune your own.

    Args:
        evald: the connection.
        name: of the stream.
        checkpoint: a directory, a name on the hub, or a model of transformers.
        tokenizer: its tokenizer; left out, the one that belongs to the directory or name.
        batch_size: pairs that the model sees at once.
        device: where it runs; left out: the first GPU if there is one.
        max_length: tokens of a pair, above which the longer of both is cut; left out: what the
            model takes.
        schema: what else `Evald.stream` takes: `metrics`, `slices`, `metadata`, …

    Attributes:
        stream: the stream, for `query`, `mark`, `slices` and all else. Its `model` is the
            checkpoint's name, which stands in every signature.

    Raises:
        ImportError: torch or transformers is missing.
        ValueError: the model has not exactly one label.
    """

    def __init__(
        self,
        evald: Evald,
        name: str,
        checkpoint: Any,
        tokenizer: Any = None,
        *,
        batch_size: int = 32,
        device: str | None = None,
        max_length: int | None = None,
        **schema: Any,
    ) -> None:
        torch, transformers = needed("torch"), needed("transformers")
        model = checkpoint
        is_ours = isinstance(checkpoint, (str, os.PathLike))
        if tokenizer is None:
            source = os.fspath(checkpoint) if is_ours else model.config._name_or_path
            tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        if is_ours:
            load = transformers.AutoModelForSequenceClassification.from_pretrained
            model = load(os.fspath(checkpoint))
            device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if model.config.num_labels != 1:
            raise ValueError(
                f"{model_name(checkpoint)} has {model.config.num_labels} labels, and BLEURT has one"
            )
        self.model = model.to(device) if device is not None else model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.max_length = max_length or longest(tokenizer, model.config)
        self.name = model_name(checkpoint)
        self.stream = evald.stream(name, "scalar", model=self.name, **schema)

    def __repr__(self) -> str:
        return f"<evald BLEURT stream {self.stream.name!r} of {self.name}>"

    def scores(self, predictions: Sequence[str], references: Sequence[str]) -> list[float]:
        """The score of each pair; nothing is pushed."""
        if len(predictions) != len(references):
            raise ValueError(f"{len(predictions)} predictions and {len(references)} references")
        torch = needed("torch")
        # The longest first, so that batches hold little padding and too large ones fail at once.
        order = sorted(
            range(len(predictions)), key=lambda i: -len(predictions[i]) - len(references[i])
        )
        found = [0.0] * len(order)
        device = next(self.model.parameters()).device
        with quiet_model(self.model):
            for first in range(0, len(order), self.batch_size):
                some = order[first : first + self.batch_size]
                inputs = self.tokenizer(
                    [references[i] for i in some],
                    [predictions[i] for i in some],
                    padding=True,
                    truncation=True,
                    max_length=self.max_length,
                    return_tensors="pt",
                )
                logits = self.model(**inputs.to(device)).logits
                numbers = logits.reshape(len(some)).to(torch.float64).tolist()
                for place, number in zip(some, numbers, strict=True):
                    found[place] = number
        return found

    def push(
        self,
        predictions: Sequence[str],
        references: Sequence[str | Sequence[str]],
        *,
        wait: bool = False,
        **columns: Any,
    ) -> Record | None:
        """Scores texts and pushes the scores.

        Args:
            predictions: a text a row.
            references: a text a row, or a list of them, of which the best score counts.
            wait: wait until they are counted.
            columns: `weights`, `ids` and `slices`, as in `Stream.push`.

        Returns:
            As `Stream.push`.

        Raises:
            ValueError: not as many references as predictions, or a row has none.
        """
        rows = _rows(predictions, references)
        pairs = [(prediction, text) for prediction, those in rows for text in those]
        scores = iter(self.scores([p for p, _ in pairs], [r for _, r in pairs]))
        values = [max(next(scores) for _ in those) for _, those in rows]
        return self.stream.push(wait=wait, values=values, **columns)
