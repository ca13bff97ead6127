"""Embeddings of tokens from an encoder of Hugging Face, as bert_score makes them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LEAST_ABSURD_LENGTH = 1_000_000  # tokenizers that know no limit say 1e30


def needed(name: str) -> Any:
    """A package that only models need.

    Raises:
        ImportError: it is not installed; the message says how to get it.
    """
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(f"evald.models needs {name}: pip install 'evald[models]'") from error


def model_name(model: Any) -> str:
    """What a model is called in signatures: the name on the hub, or that of its directory."""
    config = getattr(model, "config", None)
    text = str(model if config is None else getattr(config, "_name_or_path", ""))
    text = text.rstrip("/")
    if Path(text).is_dir():
        text = Path(text).resolve().name
    # What a signature cannot hold.
    text = "".join(c if c.isprintable() and c != "|" else "_" for c in text)
    return text or type(model).__name__


def longest(tokenizer: Any, config: Any) -> int:
    """How many tokens a model takes."""
    said = int(min(tokenizer.model_max_length, _LEAST_ABSURD_LENGTH))
    places = getattr(config, "max_position_embeddings", None)
    if places is None or places < 1:
        return said if said < _LEAST_ABSURD_LENGTH else 512
    # The RoBERTa family counts places from after the one of the padding.
    if "roberta" in str(getattr(config, "model_type", "")):
        places -= int(config.pad_token_id or 0) + 1
    return int(min(said, places))


@contextlib.contextmanager
def quiet_model(model: Any) -> Iterator[None]:
    """Around the use of a model: no dropout and no gradients; afterwards it is as before."""
    torch = needed("torch")
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)


@dataclass(frozen=True)
class Encoded:
    """A text as its tokens."""

    #: A tensor [tokens, dimension] on the processor.
    embeddings: Any
    #: The tokens' ids.
    ids: list[int]


class Encoder:
    """An encoder of Hugging Face, asked for the embeddings of tokens.

    Args:
        model: a name on the hub, a directory, or a model of transformers. Of a model that encodes
            and decodes the encoder is taken.
        tokenizer: its tokenizer; left out, the one that belongs to the name or directory.
        layer: whose output is taken: 0 is the embedding table, 1 the first layer, and so on.
            Left out: the last. bert_score's table has a best one for many models.
        batch_size: texts that the model sees at once.
        device: where the model runs, such as `"cuda"`; left out: where it is, and for a name or
            directory the first GPU if there is one.
        max_length: tokens after which a text is cut off; left out: what the model takes.

    Raises:
        ImportError: torch or transformers is missing.
        ValueError: the model has no such layer.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        layer: int | None = None,
        batch_size: int = 64,
        device: str | None = None,
        max_length: int | None = None,
    ) -> None:
        torch, transformers = needed("torch"), needed("transformers")
        self._name = model_name(model)
        is_ours = isinstance(model, (str, os.PathLike))
        if tokenizer is None:
            source = os.fspath(model) if is_ours else model.config._name_or_path
            tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        if is_ours:
            model = transformers.AutoModel.from_pretrained(os.fspath(model))
            device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if getattr(model.config, "is_encoder_decoder", False):
            model = model.get_encoder()
        layers = _layer_count(model)
        if layer is not None and not 0 <= layer <= layers:
            raise ValueError(f"layer {layer} is asked for, and {self._name} has 0 to {layers}")
        if device is not None:
            model = model.to(device)
        self.layer = layers if layer is None else layer
        self.model, self.tokenizer = model, tokenizer
        self.batch_size = batch_size
        self.max_length = max_length or longest(tokenizer, model.config)
        # Where layers are dropped, what is wanted comes out last.
        self._is_cut = is_ours and _drop_layers_above(model, self.layer)

    def __repr__(self) -> str:
        return f"<evald encoder {self.name}>"

    @property
    def name(self) -> str:
        """The model and its layer, as signatures have them."""
        return f"{self._name} L{self.layer}"

    @property
    def uncounted(self) -> frozenset[int]:
        """Ids of tokens that are matched with, and count for nothing: bert_score's [CLS], [SEP]."""
        both = (self.tokenizer.cls_token_id, self.tokenizer.sep_token_id)
        return frozenset(number for number in both if number is not None)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """The tokens of each text, special ones included. Equal texts are encoded once.

        Texts are sorted by length, so that batches hold little padding; with another padding a
        model may answer differently in the last bits.
        """
        ids = {text: self._ids(text) for text in dict.fromkeys(texts)}
        order = sorted(ids, key=lambda text: len(ids[text]), reverse=True)
        found: dict[str, Encoded] = {}
        with quiet_model(self.model):
            for first in range(0, len(order), self.batch_size):
                some = order[first : first + self.batch_size]
                embeddings = self._run([ids[text] for text in some])
                for text, vectors in zip(some, embeddings, strict=True):
                    found[text] = Encoded(vectors, ids[text])
        return [found[text] for text in texts]

    def _ids(self, text: str) -> list[int]:
        text = text.strip()
        if text and _is_byte_level(self.tokenizer):
            # To RoBERTa and GPT-2 a word at the start is another one than within a text.
            text = f" {text}"
        encoded = self.tokenizer(
            text, add_special_tokens=True, truncation=True, max_length=self.max_length
        )
        return [int(number) for number in encoded["input_ids"]]

    def _run(self, batch: list[list[int]]) -> list[Any]:
        torch = needed("torch")
        width = max(map(len, batch))
        padding = self.tokenizer.pad_token_id or 0
        device = next(self.model.parameters()).device
        inputs = torch.tensor([ids + [padding] * (width - len(ids)) for ids in batch])
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in batch])
        found = self.model(
            input_ids=inputs.to(device),
            attention_mask=mask.to(device),
            output_hidden_states=not self._is_cut,
        )
        layer = found.last_hidden_state if self._is_cut else found.hidden_states[self.layer]
        vectors = layer.cpu()
        return [vectors[row, : len(ids)].clone() for row, ids in enumerate(batch)]


def _layer_count(model: Any) -> int:
    config = model.config
    for name in ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found
    raise ValueError(f"{type(model).__name__} does not say how many layers it has")


def _drop_layers_above(model: Any, layer: int) -> bool:
    """Layers that nobody looks at need not run; only where that is the common list of layers."""
    encoder = getattr(model, "encoder", None)
    stack = getattr(encoder, "layer", None)
    if encoder is None or stack is None or not hasattr(stack, "append"):
        return False
    encoder.layer = stack[:layer]
    return True


def _is_byte_level(tokenizer: Any) -> bool:
    names = {kind.__name__.removesuffix("Fast") for kind in type(tokenizer).__mro__}
    return bool(names & {"RobertaTokenizer", "GPT2Tokenizer"})
