"""Models that make the numbers: embeddings for BERTScore, BLEURT, a judge's marks.

evald itself runs no model. What stands here runs yours, and pushes what it says:

    from evald.models import BertScore

    with evald.start() as ev:
        scorer = BertScore(ev, "summaries", "roberta-large", layer=17)
        scorer.push(predictions=["A cat sat."], references=["The cat sat down."])
        print(scorer.stream.query())

Each opens a stream whose `model` names what made the numbers, so that it stands in every
signature. `BertScore` and `Bleurt` need torch and transformers (`pip install 'evald[models]'`);
a `Judge` is any function.
"""

from ._bertscore import BertScore
from ._bleurt import Bleurt
from ._encoder import Encoder
from ._judge import Judge, parse_mark

__all__ = ["BertScore", "Bleurt", "Encoder", "Judge", "parse_mark"]
