"""The approved handbook as evidence: how far its passages support a sentence.

Lexical and language-neutral: shares of character n-grams and the numbers, no model, no word list.
Decides nothing about an answer; `scorers.py` does. Changing anything here changes scores, and so
the version of groundedness.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Where coverage of a sentence by its best passage starts to count as support, and where it is full.
# In the example handbook, sentences it does not hold reach .17 to .47 (sentences of the other
# passages: median .36), rewordings of its own sentences .66 to .96.
_NO_SUPPORT, _FULL_SUPPORT = 0.4, 0.8

_CJK = "\u3040-\u30ff\u3400-\u9fff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\W_a-zà-ÿ]|[¿¡])|(?<=[\u3002\uff01\uff1f])")
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)|\d+(?:[.,:]\d+)*")
_BRACKETED = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_MOST_REMEMBERED = 20_000


class Edition:
    """The passages of one locale, ready to be compared with a sentence."""

    @classmethod
    def from_lines(cls, text: str, *, file: str) -> Edition:
        """Read JSON lines; raises `InputError` with file and line."""
        passages = dict(_passage(line, file, number) for number, line in _filled(text))
        if not passages:
            raise InputError("the handbook has no passage", file=file)
        return cls(passages)

    def __init__(self, passages: Mapping[str, str]) -> None:
        self._ids = frozenset(passages)
        self._numbers = [numbers_in(text) for text in passages.values()]
        self._postings: dict[str, list[int]] = defaultdict(list)
        for position, text in enumerate(passages.values()):
            for gram in _ngrams(text):
                self._postings[gram].append(position)
        self._rarity = {gram: self._rarity_of(len(at)) for gram, at in self._postings.items()}
        self._remembered: dict[str, float] = {}

    def _rarity_of(self, count: int) -> float:
        return math.log(1 + (len(self._numbers) - count + 0.5) / (count + 0.5))

    def without_citations(self, answer: str) -> str:
        """Return the answer without brackets that contain only ids of passages."""
        return _BRACKETED.sub(lambda found: "" if self._cites(found[1]) else found[0], answer)

    def _cites(self, bracketed: str) -> bool:
        return all(part.strip() in self._ids for part in re.split(r"[,;、]", bracketed))

    def support(self, sentence: str) -> float:
        """Return how far the best passage supports a sentence.

        Coverage is the share of the sentence's character n-grams, weighted by rarity, that a
        passage has; a passage that lacks a number of the sentence does not support it at all.
        """
        if sentence not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            best = max(self._coverages(sentence), default=0.0)
            share = (best - _NO_SUPPORT) / (_FULL_SUPPORT - _NO_SUPPORT)
            self._remembered[sentence] = min(max(share, 0.0), 1.0)
        return self._remembered[sentence]

    def _coverages(self, sentence: str) -> Iterable[float]:
        grams, numbers = _ngrams(sentence), numbers_in(sentence)
        unseen = self._rarity_of(0)
        whole = sum(self._rarity.get(gram, unseen) for gram in grams)
        covered: defaultdict[int, float] = defaultdict(float)
        for gram in grams:
            for position in self._postings.get(gram, ()):
                covered[position] += self._rarity[gram]
        return [
            weight / whole
            for position, weight in covered.items()
            if numbers <= self._numbers[position]
        ]


def _filled(text: str) -> Iterable[tuple[int, str]]:
    lines = enumerate(text.split("\n"), start=1)
    return ((number, line) for number, line in lines if line.strip())


def _passage(line: str, file: str, number: int) -> tuple[str, str]:
    try:
        fields = json.loads(line)
        return str(fields["id"]), f"{fields['title']}. {fields['text']}"
    except (ValueError, KeyError, TypeError) as exc:
        message, hint = f"not a passage: {exc!r}", 'write {"id", "topic", "title", "text"}'
        raise InputError(message, file=file, line=number, hint=hint) from exc


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that have at least one word."""
    return [part for part in _SENTENCE_END.split(text) if _RUN.search(part)]


def normalise(text: str) -> str:
    """Remove differences of width, case and spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _ngrams(text: str) -> dict[str, None]:
    """Return the 3-character n-grams of each word, edges included; 2 characters in Japanese.

    Once each and in order: a sum over a set would differ in its last digit between processes.
    """
    grams: dict[str, None] = {}
    for run in _RUN.findall(normalise(text)):
        word, size = (run, 2) if run[0] >= "\u3040" else (f" {run} ", 3)
        starts = range(max(len(word) - size + 1, 1))
        grams.update((word[start : start + size], None) for start in starts)
    return grams


def numbers_in(text: str) -> frozenset[str]:
    """Return the numbers of a text; 1,000 and 1.000 and 1 000 are one, 09:30 and 9:30 too."""
    return frozenset(_plain(found) for found in _NUMBER.findall(normalise(text)))


def _plain(number: str) -> str:
    ungrouped = re.sub(r"[., ](?=\d{3}(?:\D|$))", "", number)
    return ungrouped.replace(",", ".").lstrip("0") or "0"
