"""The prompts of this unit, read from the registry by digest and never from the work tree.

The guard says which questions are refused and how; the answer prompt says how an answer is worded,
what is said when the handbook does not know, and which closing sentence a topic's answers get.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from policy_search.digests import digest, digest_of_document
from policy_search.errors import ConfigurationError
from policy_search.handbook import LOCALES
from policy_search.text import joined, normalise


def read_prompt_set(registry: Path, prompt_set: str) -> dict[str, bytes]:
    """The prompts of a set, each verified; raises `ConfigurationError` naming what is missing."""
    content = _read(registry / "sets" / f"{_hex(prompt_set)}.json", f"prompt set {prompt_set}")
    names = json.loads(content)
    if digest_of_document(names) != f"sha256:{_hex(prompt_set)}":
        raise ConfigurationError(f"prompt set {prompt_set} was altered in the registry")
    return {name: _read_prompt(registry, name, at) for name, at in names.items()}


def _read_prompt(registry: Path, name: str, at: str) -> bytes:
    content = _read(registry / "objects" / _hex(at), f"prompt '{name}' {at}")
    if digest(content) != f"sha256:{_hex(at)}":
        raise ConfigurationError(f"prompt '{name}' {at} was altered in the registry")
    return content


def _hex(at: str) -> str:
    return at.removeprefix("sha256:")


def _read(file: Path, what: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        hint = "publish the prompts first"
        raise ConfigurationError(f"{what} is not in the registry: {hint}") from exc


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """Refuses questions that try to change what the assistant does or to get at what is hidden."""

    pattern: re.Pattern[str]
    refusal: dict[str, str]

    def matches(self, text: str) -> bool:
        """Whether a text gives orders to the assistant."""
        return self.pattern.search(normalise(text)) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPrompt:
    """How an answer is worded.

    `template` holds `{answer}` and `{citation}`. `closings`: topic to locale to the sentence that
    ends every answer on that topic, for rules that need the same reminder each time.
    """

    template: str
    say_unknown: dict[str, str]
    closings: dict[str, dict[str, str]] = field(default_factory=dict)

    def word(self, quoted: str, citation: str, *, topic: str, locale: str) -> str:
        """The answer as the person reads it."""
        closing = self.closings.get(topic, {}).get(locale, "")
        text = joined(filter(None, (quoted, closing)))
        return self.template.format(answer=text, citation=citation).strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """Both prompts of a unit."""

    guard: Guard
    answer: AnswerPrompt


def parse_prompts(contents: dict[str, bytes]) -> Prompts:
    """Read the two prompts; raises `ConfigurationError` on a missing word, text or locale."""
    try:
        guard, answer = (yaml.safe_load(contents[name]) for name in ("guard", "answer"))
        return Prompts(guard=_guard(guard), answer=_answer(answer))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise ConfigurationError(f"the prompts cannot be used: {exc!r}") from exc
    except (yaml.YAMLError, re.error) as exc:
        raise ConfigurationError(f"the prompts cannot be read: {exc}") from exc


def _guard(document: dict[str, Any]) -> Guard:
    patterns = [f"(?:{pattern})" for pattern in document["patterns"]] or [r"(?!)"]
    refusal = _per_locale(document["refusal"], "refusal")
    return Guard(pattern=re.compile("|".join(patterns)), refusal=refusal)


def _answer(document: dict[str, Any]) -> AnswerPrompt:
    template = str(document["template"])
    template.format(answer="", citation="")
    closings = {
        topic: _per_locale(texts, f"closings: {topic}")
        for topic, texts in (document.get("closings") or {}).items()
    }
    unknown = _per_locale(document["say_unknown"], "say_unknown")
    return AnswerPrompt(template=template, say_unknown=unknown, closings=closings)


def _per_locale(texts: dict[str, Any], what: str) -> dict[str, str]:
    missing = sorted(LOCALES.keys() - texts.keys())
    if missing:
        raise ValueError(f"{what} lacks {', '.join(missing)}")
    return {locale: " ".join(str(texts[locale]).split()) for locale in LOCALES}
