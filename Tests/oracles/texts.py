"""Texts in several scripts for the text tasks: real sentences, words, and what text is trouble with."""

from __future__ import annotations

import random
import unicodedata

# Article 1 of the Universal Declaration of Human Rights.
SENTENCES = [
    (
        "All human beings are born free and equal in dignity and rights. They are endowed with reason "
        "and conscience and should act towards one another in a spirit of brotherhood."
    ),
    (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de "
        "raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité."
    ),
    (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
        "Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen."
    ),
    (
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
        "совестью и должны поступать в отношении друг друга в духе братства."
    ),
    (
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. ΕΙΝΑΙ "
        "ΠΡΟΙΚΙΣΜΕΝΟΙ ΜΕ ΛΟΓΙΚΗ ΚΑΙ ΣΥΝΕΙΔΗΣΗ."
    ),
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق، وقد وهبوا عقلًا وضميرًا.",
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İNSANLAR AKIL VE VİCDAN.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
]
WORDS = [
    "the",
    "a",
    "an",
    "The",
    "AN",
    "A",
    "Paris",
    "France",
    "capital",
    "is",
    "of",
    "1,000",
    "3.14",
    "U.S.",
    "rock-n-roll",
    "don't",
    "O'Neil",
    "x_y",
    "_",
    "café",
    "café",
    "naïve",
    "ΟΔΟΣ",
    "Σ",
    "σς",
    "İI",
    "ıi",
    "straße",
    "ẞ",
    "Москва",
    "Ёлка",
    "北京",
    "東京都",
    "カタカナ",
    "ｶﾅ",
    "السلام",
    "ًالله",
    "👍🏽",
    "👩\u200d👩\u200d👧",
    "½",
    "²",
    "Ⅷ",
    "٣",
    "“a”",
    "«the»",
    "—the—",
    "a—b",
    "the’s",
    "á",
    "́a",
    "an\u200d",
    "the\u200b",
    "\ufeffa",
    "ﬁ",
    "Ǆ",
    "ǅ",
    "ᾳ",
    "ᾼ",
    "𝒜",
    "𐐀",
    "Ⱥ",
]
SPACES = [" "] * 12 + [
    "  ",
    "\t",
    "\n",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\x1c",
    "\x85",
    "\u2009",
]
PUNCTUATION = list(".,!?;:'\"()[]{}-_/\\@#$%^&*+=<>|~`") + list(
    "“”‘’—–…、。「」¿¡«»״׳؟،"
)


def words() -> list[str]:
    return WORDS + [word for sentence in SENTENCES for word in sentence.split()]


class Texts:
    """Random texts, the same for a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._words = words()

    def code_point(self) -> str:
        """Any code point of any plane but surrogates, those in use more often."""
        while True:
            plane = self.random.choice(
                [0x100, 0x800, 0x3000, 0x10000, 0x20000, 0x110000]
            )
            c = chr(self.random.randrange(plane))
            category = unicodedata.category(c)
            if category != "Cs" and (category != "Cn" or self.random.random() < 0.05):
                return c

    def word(self) -> str:
        kind = self.random.random()
        if kind < 0.85:
            return self.random.choice(self._words)
        if kind < 0.95:
            return "".join(self.random.choice("theanAN.,-_' ") for _ in range(4))
        return "".join(self.code_point() for _ in range(self.random.randrange(4)))

    def text(self, most: int = 12) -> str:
        if self.random.random() < 0.15:
            sentence = self.random.choice(SENTENCES)
            start = self.random.randrange(len(sentence))
            return sentence[start : start + self.random.randrange(120)]
        return "".join(
            self.word() + self.random.choice(SPACES)
            for _ in range(self.random.randrange(most + 1))
        )

    def near(self, text: str) -> str:
        """A text like another one: words moved, left out, added, in other case, with other punctuation."""
        words = text.split(" ")
        for _ in range(self.random.randrange(4)):
            place = self.random.randrange(len(words) + 1)
            change = self.random.randrange(7)
            if change == 0:
                self.random.shuffle(words)
            elif change == 1:
                words.insert(place, self.word())
            elif change == 2:
                words.insert(place, self.random.choice(PUNCTUATION))
            elif words and place < len(words):
                word = words[place]
                words[place : place + 1] = {
                    3: [],
                    4: [word.upper()],
                    5: [word + self.random.choice(PUNCTUATION) + word],
                    6: [word, word],
                }[change]
        return self.random.choice(SPACES).join(words)
