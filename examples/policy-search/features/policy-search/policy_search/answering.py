"""From a question to an answer: guard, search, threshold, quotation.

Knows neither HTTP nor logs. The same unit gives the same answer to the same question, always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from policy_search.handbook import Passage
from policy_search.manifest import Parameters
from policy_search.pricing import Prices
from policy_search.prompts import Prompts
from policy_search.retrieval import Found, Index
from policy_search.text import joined, token_count

Behaviour = Literal["answer", "refuse", "say_unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the person gets, and what it cost."""

    text: str
    citations: tuple[str, ...]
    behaviour: Behaviour
    tokens_in: int
    tokens_out: int
    cost_usd: float


class Assistant:
    """One unit's answers, in all locales."""

    def __init__(
        self,
        handbook: Mapping[str, Sequence[Passage]],
        prompts: Prompts,
        parameters: Parameters,
        prices: Prices,
    ) -> None:
        self._prompts, self._parameters, self._prices = prompts, parameters, prices
        self._indexes = {
            locale: Index([self._quotable(passage) for passage in passages], parameters.ngram)
            for locale, passages in handbook.items()
        }

    def _quotable(self, passage: Passage) -> Passage:
        """Without the sentences that give orders to the assistant, however well they would fit."""
        kept = (s for s in passage.sentences if not self._prompts.guard.matches(s))
        return replace(passage, sentences=tuple(kept))

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales that are answered."""
        return tuple(self._indexes)

    def answer(self, question: str, locale: str) -> Answer:
        """Answer a question in one of `locales`."""
        if self._prompts.guard.matches(question):
            return self._billed(self._prompts.guard.refusal[locale], "refuse", question)
        found = self._indexes[locale].search(question, self._parameters.top_k)
        read = " ".join((question, *(hit.passage.text for hit in found)))
        quoted = self._quote(found)
        if not quoted or found[0].relevance < self._parameters.answerable_from:
            return self._billed(self._prompts.answer.say_unknown[locale], "say_unknown", read)
        cited = tuple(dict.fromkeys(passage.id for passage, _ in quoted))
        worded = self._prompts.answer.word(
            joined(sentence for _, sentence in quoted),
            ", ".join(cited),
            topic=quoted[0][0].topic,
            locale=locale,
        )
        return self._billed(worded, "answer", read, cited)

    def _quote(self, found: Sequence[Found]) -> list[tuple[Passage, str]]:
        """The best sentences, in the order in which the passages hold them.

        A sentence counts by what it shares with the question and by how relevant its passage is.
        """
        candidates = [
            (hit.relevance + share, hit.passage, sentence)
            for hit in found
            for sentence, share in hit.sentences
        ]
        ranked = sorted(range(len(candidates)), key=lambda place: -candidates[place][0])
        kept = sorted(ranked[: self._parameters.sentences])
        return [candidates[place][1:] for place in kept]

    def _billed(
        self, text: str, behaviour: Behaviour, read: str, citations: tuple[str, ...] = ()
    ) -> Answer:
        tokens_in, tokens_out = token_count(read), token_count(text)
        return Answer(
            text=text,
            citations=citations,
            behaviour=behaviour,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_usd=self._prices.cost_usd(tokens_in, tokens_out),
        )
