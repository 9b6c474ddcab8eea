"""What feature.yaml says to the running service: model, index, prices; nothing about gates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policy_search.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """The knobs of the extractive model.

    `ngram`: characters per n-gram. `top_k`: passages that are read for an answer. `sentences`:
    sentences that an answer quotes at most. `answerable_from`: relevance of the best passage, 0
    to 1, below which the answer is "I do not know".
    """

    ngram: int
    top_k: int
    sentences: int
    answerable_from: float

    def __post_init__(self) -> None:
        if min(self.ngram, self.top_k, self.sentences) < 1:
            raise ConfigurationError("feature.yaml: ngram, top_k and sentences are at least 1")
        if not 0 <= self.answerable_from <= 1:
            raise ConfigurationError("feature.yaml: answerable_from is between 0 and 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """The parts of feature.yaml that act at run time. `root` is the feature's folder."""

    root: Path
    feature: str
    serve: str
    code: str
    index: str
    prices: str
    model: dict[str, Any]

    @property
    def parameters(self) -> Parameters:
        """The model's parameters; raises `ConfigurationError` on a missing or unknown one."""
        try:
            return Parameters(**self.model["parameters"])
        except (KeyError, TypeError) as exc:
            raise ConfigurationError(f"feature.yaml: model parameters: {exc}") from exc


def read_manifest(root: Path) -> Manifest:
    """Read feature.yaml in the feature's folder; raises `ConfigurationError`."""
    try:
        document = yaml.safe_load((root / "feature.yaml").read_bytes())
        words = {name: document[name] for name in ("feature", "serve", "code", "index", "prices")}
        return Manifest(root=root, model=document["model"], **words)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as exc:
        raise ConfigurationError(f"{root / 'feature.yaml'} cannot be read: {exc}") from exc
