"""BERTScore: texts to the embeddings of their tokens, and those to an evald."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._encoder import Encoded, Encoder, needed

if TYPE_CHECKING:
    from ._client import Evald
    from ._result import Record

_PIECE_BYTES = 16 << 20  # of embeddings in one push


class BertScore:
    """A stream of BERTScore, to which texts are pushed.

    The daemon matches tokens and keeps score; the encoder runs here. The numbers are those of
    bert_score with the same model, layer and idf, but for what padding and single precision
    change in the last digits.

    Args:
        evald: the connection.
        name: of the stream.
        encoder: an `Encoder`, or what one is made of: a name on the hub, a directory, a model.
        layer: as in `Encoder`.
        idf: weigh tokens by how few of the window's references have them.
        rescale_baseline: a number, or `{"precision": …, "recall": …, "f1": …}`: what unrelated
            texts score, as the tables of bert_score have it for a model and layer.
        schema: what else `Evald.stream` takes: `metrics`, `slices`, `metadata`, …

    Attributes:
        stream: the stream, for `query`, `mark`, `slices` and all else.
        encoder: the encoder.
    """

    def __init__(
        self,
        evald: Evald,
        name: str,
        encoder: Any,
        *,
        layer: int | None = None,
        idf: bool = False,
        rescale_baseline: float | Mapping[str, float] | None = None,
        **schema: Any,
    ) -> None:
        self.encoder = encoder if isinstance(encoder, Encoder) else Encoder(encoder, layer=layer)
        if isinstance(encoder, Encoder) and layer not in (None, encoder.layer):
            raise ValueError("layer is the encoder's own; give it to Encoder")
        options: dict[str, Any] = {"idf": idf, "model": self.encoder.name}
        if rescale_baseline is not None:
            options["rescale_baseline"] = (
                dict(rescale_baseline)
                if isinstance(rescale_baseline, Mapping)
                else rescale_baseline
            )
        self._has_idf = idf
        self.stream = evald.stream(name, "embedding_similarity", **options, **schema)

    def __repr__(self) -> str:
        return f"<evald BERTScore stream {self.stream.name!r} of {self.encoder.name}>"

    def push(
        self,
        predictions: Sequence[str],
        references: Sequence[str | Sequence[str]],
        *,
        wait: bool = False,
        row_metrics: Sequence[str] | None = None,
        **columns: Any,
    ) -> Record | None:
        """Encodes texts and pushes them.

        Args:
            predictions: a text a row.
            references: a text a row, or a list of them, of which the best counts.
            wait: wait until they are counted.
            row_metrics: metrics to answer for each row by itself; implies `wait`. With idf a row
                is weighed by the references of this push.
            columns: `weights`, `ids` and `slices`, lists with a value a row (or for `slices` one
                for all).

        Returns:
            As `Stream.push`; with `row_metrics` the values of all rows.

        Raises:
            ValueError: the columns are not of one length, or a row has no reference.
        """
        rows = _rows(predictions, references)
        texts = [text for prediction, those in rows for text in (prediction, *those)]
        encoded = dict(zip(texts, self.encoder.encode(texts), strict=True))
        pieces = list(self._pieces(rows, encoded))
        if row_metrics is not None and self._has_idf and len(pieces) > 1:
            raise ValueError("row_metrics with idf needs all rows in one push: push fewer at once")
        reply: Record | None = None
        values: dict[str, list[Any]] = {}
        for piece in pieces:
            reply = self.stream.push(
                wait=wait,
                row_metrics=row_metrics,
                **self._columns(rows[piece], encoded),
                **{key: _cut(value, piece, len(rows)) for key, value in columns.items()},
            )
            answered = {} if reply is None else reply.get("row_values") or {}
            for key, found in answered.items():
                values.setdefault(key, []).extend(found)
        if reply is not None and row_metrics is not None:
            reply["row_values"] = type(reply)(values)
        return reply

    def _pieces(
        self, rows: list[tuple[str, list[str]]], encoded: Mapping[str, Encoded]
    ) -> Iterator[slice]:
        """Cuts rows so that no push is larger than needed; no cut changes any answer."""
        start = size = 0
        for place, (prediction, references) in enumerate(rows):
            more = sum(encoded[text].embeddings.nbytes for text in (prediction, *references))
            if size and size + more > _PIECE_BYTES:
                yield slice(start, place)
                start, size = place, 0
            size += more
        if start < len(rows):
            yield slice(start, len(rows))

    def _columns(
        self, rows: list[tuple[str, list[str]]], encoded: Mapping[str, Encoded]
    ) -> dict[str, Any]:
        torch = needed("torch")
        predictions = [encoded[prediction] for prediction, _ in rows]
        references = [encoded[text] for _, those in rows for text in those]
        lengths: list[Any] = [[len(encoded[text].ids) for text in those] for _, those in rows]
        columns: dict[str, Any] = {
            "prediction_lengths": [len(text.ids) for text in predictions],
            "reference_lengths": [one[0] if len(one) == 1 else one for one in lengths],
        }
        for side, texts in (("prediction", predictions), ("reference", references)):
            ids = [number for text in texts for number in text.ids]
            weights = [number not in self.encoder.uncounted for number in ids]
            columns[f"{side}_embeddings"] = torch.cat([text.embeddings for text in texts])
            columns[f"{side}_tokens"] = ids
            columns[f"{side}_token_weights"] = weights
        return columns


def _rows(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> list[tuple[str, list[str]]]:
    if isinstance(predictions, str) or isinstance(references, str):
        raise TypeError("predictions and references are lists, with an entry a row")
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions and {len(references)} references")
    rows = [
        (prediction, [those] if isinstance(those, str) else list(those))
        for prediction, those in zip(predictions, references, strict=True)
    ]
    for place, (_, those) in enumerate(rows):
        if not those:
            raise ValueError(f"row {place} has no reference")
    return rows


def _cut(value: Any, rows: slice, count: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _cut(item, rows, count) for key, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if len(value) != count:
        raise ValueError(f"a column has {len(value)} rows, and there are {count} predictions")
    return value.iloc[rows] if hasattr(value, "iloc") else value[rows]
