"""What a call costs: tokens in and out times the price table of the unit."""

from dataclasses import dataclass

import yaml

from policy_search.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float

    def cost_usd(self, tokens_in: int, tokens_out: int) -> float:
        """The cost of one call, to a hundred-thousandth of a cent."""
        return round((tokens_in * self.input + tokens_out * self.output) / 1_000_000, 7)


def parse_prices(content: bytes) -> Prices:
    """Read prices.yaml; raises `ConfigurationError`."""
    try:
        table = yaml.safe_load(content)["usd_per_million_tokens"]
        return Prices(input=float(table["input"]), output=float(table["output"]))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as exc:
        raise ConfigurationError(f"the price table cannot be read: {exc!r}") from exc
