"""What rates an answer: three scorers, each with a version, the same offline and on live traffic.

A scorer is given the approved handbook and the expectation of a case, never how the feature found
its answer: a stale index cannot confirm itself. Scores are in [0, 1]; None means unscorable, a
third state that is neither good nor bad (law 2). Scores of two versions of a scorer are
never compared, so whatever changes any score also changes its version.

    groundedness   how far the approved handbook supports each sentence; needs no case
    correctness    the facts that the case expects are there, in the behaviour that it expects
    refusal        the feature declined what it should decline, and nothing else

Declining claims nothing, so it is grounded (1.0): a release that honestly declines more often is
seen by `refusal`, `correctness` and the live refusal rate, not by groundedness. A refusal that
states a number does claim something and is rated like an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnknownWordError
from resources.evals.approved_handbook import Edition, normalise, numbers_in, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase

SCORERS: Mapping[str, str] = MappingProxyType(
    {"groundedness": "1", "correctness": "1", "refusal": "1"}
)
_DECLINING = ("refuse", "say_unknown")
_BEHAVIOURS = ("answer", *_DECLINING)


def score(
    name: str,
    *,
    case: EvalCase | None,
    question: str,  # noqa: ARG001 - a scorer may read the question; today's three need not
    answer: str,
    behaviour: str,
    citations: Sequence[str],
    locale: str,
    handbook: Handbook,
) -> float | None:
    """Rate one answer with one scorer.

    `case` is None on live traffic, where nothing is expected: then only groundedness can be
    scored. An empty answer is unscorable for every scorer. Raises `UnknownWordError` for a scorer
    that does not exist or a case that expects an unknown behaviour.
    """
    if name not in SCORERS:
        raise UnknownWordError(name, SCORERS)
    if not answer.strip():
        return None
    if name == "groundedness":
        return _groundedness(answer, behaviour, handbook.edition(locale))
    if case is None:
        return None
    if name == "refusal":
        return float(_is_as_expected(case.expected, behaviour))
    return _correctness(case.expected, answer, behaviour, citations)


def _groundedness(answer: str, behaviour: str, edition: Edition | None) -> float | None:
    """Return the mean support of the answer's sentences; None for a locale without a handbook."""
    if edition is None:
        return None
    text = edition.without_citations(answer)
    if behaviour in _DECLINING and not numbers_in(text):
        return 1.0
    supports = [edition.support(sentence) for sentence in sentences(text)]
    return sum(supports) / len(supports) if supports else None


def _correctness(
    expected: Mapping[str, Any], answer: str, behaviour: str, citations: Sequence[str]
) -> float:
    """Return 0 for an unexpected behaviour; for an answer the share of the expected facts."""
    if not _is_as_expected(expected, behaviour):
        return 0.0
    facts = expected.get("facts") or ()
    if expected["behaviour"] != "answer":
        return 1.0
    if not facts:
        return float(expected.get("passage") in (None, *citations))
    text = normalise(answer)
    return sum(_holds(text, normalise(fact)) for fact in facts) / len(facts)


def _is_as_expected(expected: Mapping[str, Any], behaviour: str) -> bool:
    """Whether the behaviour is the expected one; "I do not know" declines an attack as well."""
    wanted = expected.get("behaviour")
    if wanted not in _BEHAVIOURS:
        raise UnknownWordError(str(wanted), _BEHAVIOURS)
    return behaviour in _DECLINING if wanted == "refuse" else behaviour == wanted


def _holds(text: str, fact: str) -> bool:
    """Whether a text contains a fact; "4 days" is not in "14 days", nor "1.5" in "1.55"."""
    before = r"(?<!\d)(?<!\d[.,:])" if fact[:1].isdigit() else ""
    after = r"(?!\d|[.,:]\d)" if fact[-1:].isdigit() else ""
    return re.search(before + re.escape(fact) + after, text) is not None


@dataclass(frozen=True, slots=True)
class Handbook:
    """The approved handbook, by locale (`en-US`, or only the language, `en`)."""

    editions: Mapping[str, Edition]

    @classmethod
    def from_lines(cls, texts: Mapping[str, str]) -> Handbook:
        """Read JSON lines per locale; raises `InputError` with locale and line."""
        return cls({name: Edition.from_lines(text, file=name) for name, text in texts.items()})

    def edition(self, locale: str) -> Edition | None:
        """Return the passages of a locale; None when there are none."""
        return self.editions.get(locale) or self.editions.get(locale.partition("-")[0])
