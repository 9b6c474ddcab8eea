"""How much harm a feature can do: low, medium or high; the tier chooses rules from the policy.

Decides nothing else. What a tier demands stands in `policy.yaml`, whose digest is in each verdict.
"""

from __future__ import annotations

from enum import StrEnum


class RiskTier(StrEnum):
    """The risk tier that a feature's manifest declares."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
