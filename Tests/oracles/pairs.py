"""Predictions and references for the oracles of generated text: made at random, in several scripts, with
all that tokenizers trip over, and some real sentences."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

# What tokenizers treat in ways of their own.
MARKS: list[str] = [
    *".,.,-'\"!?;:&/()[]{}<>@#$%^*_+=|\\~`",
    *("...", "..", ".,", "&amp;", "&quot;", "&lt;", "&gt;", "&amp;lt;", "<skipped>"),
    *("'s", "'s.", "-\n", "\n-", "\n", "\t", "\r", "\x1c", "\x85", "\x00", "\x7f"),
    *("\u00a0", "\u2009", "\u3000", "\u200b", "\u2028", "\u202f", "\ufeff"),
    *(
        "—",
        "–",
        "“",
        "”",
        "…",
        "«",
        "»",
        "¿",
        "·",
        "€",
        "©",
        "½",
        "²",
        "Ⅷ",
        "٣",
        "、",
        "。",
    ),
    *(
        "，",
        "！",
        "（",
        "）",
        "・",
        "｡",
        "　",
        "゛",
        "〜",
        "\u0301",
        "\u0308",
        "\u200d",
        "\ufe0f",
    ),
]
SCRIPTS = {
    "latin": (
        "the The a of and in to is was for on with house houses housing cats Cat running ran "
        "runs nationally national generously happiness skies dying flies agreed feed "
        "plastered motoring conflated troubled sized hopping falling hissing fizzed "
        "controlling rolled relational rate U.S. U.S.A. e.g. 3.14 1,000 10-20 5-fold 2020. .5 "
        "$4.50 50% x-ray don't John's it's 5...6 a..b 7,.8 -5 9- .,5 co-operate naïve façade "
        "über Straße ŁÓDŹ İstanbul Ångström K"
    ),
    "cyrillic": "и в не на я быть с что А по Это она Москва 2020 г. т.е. ёлка Ёж дома домов",
    "greek": "και το να του Ο ΟΔΟΣ οδός ΣΑΣ Σ ΑΣ. με τον στην",
    "chinese": "我 喜欢 北京 今天 天气 很好 。 ， 2020年 3月 機器翻譯 “你好” 的 了",
    "japanese": "私 は 東京 に 行きます です 。 カタカナ ひらがな ﾊﾝｶｸ １２３ 日本語 、",
    "korean": "나는 학교에 갑니다 . 오늘 날씨가 좋다 2020년",
    "arabic": "في من على أن ، السلام عليكم ٢٠٢٠ ؟ هذا كتاب",
    "hebrew": 'של את על הוא ש"ח ירושלים 2020',
    "thai": "ฉัน รัก เธอ สวัสดี ครับ ๑๒๓",
    "hindi": "मैं है और नमस्ते भारत १२३ ।",
    "emoji": "😀 👍🏽 👨\u200d👩\u200d👧 🇫🇷 ❤️ ok ! 𝒳 𝟙",
}
WORDS = {name: words.split() for name, words in SCRIPTS.items()}

SENTENCES: list[str] = [
    "The quick brown fox jumps over the lazy dog.",
    "Prime Minister Narendra Modi met U.S. officials on Jan. 5, 2020, at 10:30 a.m.",
    'He said: "I won\'t pay $1,000.50 for a 5-year-old laptop (used)."',
    "Der Bundestag beschloss gestern, die Mehrwertsteuer um 3,5 % zu senken.",
    "Les élèves étudient l’œuvre de Victor Hugo depuis 1862 — en français.",
    "Она сказала, что придёт завтра в 7:00; мы её ждём.",
    "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.",
    "今天天气很好，我们去北京大学吧！GDP增长了6.5%。",
    "東京は日本の首都です。人口は約1,400万人。",
    "القاهرة هي عاصمة مصر، وعدد سكانها 20 مليونا.",
    "Two cats were sitting on the mats, watching the birds that had been singing.",
    "The committee's decision, announced on Tuesday, surprised most of its members' supporters.",
    "I'm giving up smoking; it's bad for one's health, isn't it?",
    "ROUGE-L and BLEU-4 scores (see Fig. 3.2) improved by 1.5-2.0 points.",
    "The generalizations were unconditionally operative in relational databases.\nIt was a hopeful sign.",
]


@dataclass
class Pairs:
    """Columns of a batch."""

    predictions: list[str] = field(default_factory=list)
    references: list[list[str]] = field(default_factory=list)


def how_many(standard: int) -> int:
    """Pairs of a test: its own number, or $EVALD_PAIRS."""
    return int(os.environ.get("EVALD_PAIRS", standard))


def word(rng: random.Random, words: list[str]) -> str:
    kind = rng.random()
    if kind < 0.82:
        return rng.choice(words)
    if kind < 0.94:
        return rng.choice(MARKS)
    known = "".join([rng.choice(words), *MARKS])
    return "".join(rng.choices(known, k=rng.randint(1, 6)))


def text(rng: random.Random) -> str:
    """A text of words of one script or two, glued with and without spaces."""
    words = WORDS[rng.choice(list(WORDS))]
    if rng.random() < 0.3:
        words = words + WORDS[rng.choice(list(WORDS))]
    words = rng.sample(words, min(len(words), rng.randint(2, 30)))
    length = rng.choice((0, 1, 2, 3, 5, 8, 13, 20, 30, 45))
    gap = rng.choice((1.0, 0.95, 0.8, 0.3))
    parts: list[str] = []
    for _ in range(length):
        parts.append(word(rng, words))
        if rng.random() < gap:
            parts.append(
                rng.choice((" ", " ", " ", " ", " ", "  ", "\n", "\t", "\u00a0"))
            )
    return "".join(parts)


def changed(rng: random.Random, original: str) -> str:
    """Another text made of one: words moved, dropped, doubled, exchanged, in other case."""
    parts = original.split(" ")
    for _ in range(rng.randint(0, 6)):
        if not parts:
            break
        place = rng.randrange(len(parts))
        kind = rng.randrange(7)
        if kind == 0:
            del parts[place]
        elif kind == 1:
            parts.insert(place, rng.choice(parts))
        elif kind == 2:
            end = min(len(parts), place + rng.randint(1, 6))
            run, rest = parts[place:end], parts[:place] + parts[end:]
            target = rng.randint(0, len(rest))
            parts = rest[:target] + run + rest[target:]
        elif kind == 3:
            parts[place] = word(rng, WORDS[rng.choice(list(WORDS))])
        elif kind == 4:
            parts[place] = parts[place].swapcase()
        elif kind == 5:
            parts[place] = parts[place][:-1]
        else:
            parts[place] += rng.choice(("s", "ed", "ing", ".", ",", "!", "ness", "ly"))
    return " ".join(parts)


def pairs(seed: int, count: int, references: int = 1) -> Pairs:
    """So many rows with up to so many references each."""
    rng = random.Random(seed)
    made = Pairs()
    for _ in range(count):
        base = rng.choice(SENTENCES) if rng.random() < 0.25 else text(rng)
        made.predictions.append(changed(rng, base) if rng.random() < 0.9 else text(rng))
        wanted = [changed(rng, base) if rng.random() < 0.7 else base]
        while len(wanted) < rng.randint(1, references):
            wanted.append(changed(rng, base) if rng.random() < 0.8 else text(rng))
        made.references.append(wanted)
    return made


def streams(references: list[list[str]]) -> list[list[str | None]]:
    """References as sacreBLEU wants them: a list for each place, with None where a row has fewer."""
    most = max(len(row) for row in references)
    return [
        [row[i] if i < len(row) else None for row in references] for i in range(most)
    ]
