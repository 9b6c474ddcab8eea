"""Which passages a question is about: BM25 over character n-grams, one index per locale.

Written out here because it is short, needs no dependency and starts at once.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from policy_search.handbook import Passage
from policy_search.text import ngrams

_K1 = 1.2  # how soon a repeated n-gram stops counting
_B = 0.75  # how much a long passage is discounted


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A passage that a question may be about.

    `relevance` is its BM25 score as a share of the question's whole weight, at most 1, so that it
    can be compared between questions. `sentences` carry the share of the question, by rarity of
    its n-grams, that each of them holds.
    """

    passage: Passage
    relevance: float
    sentences: tuple[tuple[str, float], ...]


class Index:
    """The searchable passages of one locale."""

    def __init__(self, passages: Sequence[Passage], ngram: int) -> None:
        self.passages = passages
        self._ngram = ngram
        bags = [Counter(ngrams(passage.text, ngram)) for passage in passages]
        seen_in = Counter(gram for bag in bags for gram in bag)
        self._rarity = {gram: self._rarity_of(count) for gram, count in seen_in.items()}
        self._rarity_of_unseen = self._rarity_of(0)
        self._postings = self._weigh(bags)
        self._sentence_grams = [
            [frozenset(ngrams(sentence, ngram)) for sentence in passage.sentences]
            for passage in passages
        ]

    def _rarity_of(self, count: int) -> float:
        return math.log(1 + (len(self.passages) - count + 0.5) / (count + 0.5))

    def _weigh(self, bags: list[Counter[str]]) -> dict[str, list[tuple[int, float]]]:
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        mean_length = sum(bag.total() for bag in bags) / len(bags)
        for position, bag in enumerate(bags):
            discount = _K1 * (1 - _B + _B * bag.total() / mean_length)
            for gram, count in bag.items():
                weight = self._rarity[gram] * count * (_K1 + 1) / (count + discount)
                postings[gram].append((position, weight))
        return dict(postings)

    def search(self, question: str, top_k: int) -> list[Found]:
        """The best passages, best first.

        Sums run in the order of the question, never in that of a set, so that every process comes
        to the same last digit.
        """
        asked = {gram: self._rarity_of_gram(gram) for gram in ngrams(question, self._ngram)}
        whole = sum(asked.values()) or 1.0
        scores: dict[int, float] = defaultdict(float)
        for gram in asked:
            for position, weight in self._postings.get(gram, ()):
                scores[position] += weight
        best = sorted(scores, key=lambda position: (-scores[position], position))[:top_k]
        return [self._found(position, scores[position], asked, whole) for position in best]

    def _rarity_of_gram(self, gram: str) -> float:
        return self._rarity.get(gram, self._rarity_of_unseen)

    def _found(self, position: int, score: float, asked: dict[str, float], whole: float) -> Found:
        shares = (
            sum(rarity for gram, rarity in asked.items() if gram in grams) / whole
            for grams in self._sentence_grams[position]
        )
        passage = self.passages[position]
        return Found(
            passage=passage,
            relevance=min(score / whole, 1.0),
            sentences=tuple(zip(passage.sentences, shares, strict=True)),
        )
