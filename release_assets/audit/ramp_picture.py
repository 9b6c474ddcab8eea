"""The coordinates of the picture of a ramp: traffic over time, stage by stage, brake marked.

Computes coordinates and nothing else; the page draws them. Both axes are compressed by the square
root, so that 1 % beside 100 % and half an hour beside a day can be seen; ticks have true values.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from release_assets.domain.history.reading import share_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from release_assets.domain.history.dossier import Dossier
    from release_assets.domain.history.ramp import StageHistory, TrafficPoint

WIDTH, HEIGHT = 960.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 28.0, 58.0, 268.0
LEAST_SHARE = 0.07
TICKS_PCT = (0.0, 1.0, 10.0, 50.0, 100.0)
LABEL_WIDTH = 74.0
BRAKE = "brake"


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A canary stage in the picture; `middle` and `top` place its labels."""

    left: float
    width: float
    top: float
    share: str
    lasted: str
    end: str

    @property
    def middle(self) -> float:
        """Return the centre of the band."""
        return round(self.left + self.width / 2, 1)

    @property
    def height(self) -> float:
        """Return the height from the line of traffic down to zero."""
        return round(BOTTOM - self.top, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A value on an axis."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RampPicture:
    """All coordinates of the picture, in a box of `WIDTH` by `HEIGHT`."""

    bands: tuple[Band, ...]
    line: str
    shares: tuple[Tick, ...]
    times: tuple[Tick, ...]
    days: str
    brake: Tick | None


def picture_of(dossier: Dossier) -> RampPicture | None:
    """Return the picture of a ramp; None when the release never had a canary stage."""
    if not dossier.stages:
        return None
    spans = _spans(dossier)
    brakes = [p.at for p in dossier.traffic if p.act == BRAKE]
    x = _Axis([moment for span in spans for moment in span] + [dossier.timeline[-1].at])
    return RampPicture(
        bands=tuple(
            _band(stage, span, x) for stage, span in zip(dossier.stages, spans, strict=True)
        ),
        line=_line(dossier.traffic, x),
        shares=tuple(Tick(at=_y(pct), text=share_in_words(pct)) for pct in TICKS_PCT),
        times=_times(x),
        days=_days(x.moments),
        brake=Tick(at=x.place(brakes[-1]), text=f"{brakes[-1]:%H:%M:%S}") if brakes else None,
    )


def _spans(dossier: Dossier) -> tuple[tuple[datetime, datetime], ...]:
    """Return when the router gave each stage its share; each span ends where the next begins."""
    starts = [_seen_first(stage, dossier.traffic) for stage in dossier.stages]
    last = dossier.stages[-1].left_at or dossier.timeline[-1].at
    return tuple(zip(starts, [*starts[1:], last], strict=True))


def _seen_first(stage: StageHistory, traffic: Sequence[TrafficPoint]) -> datetime:
    """Return when the router was first seen to give a stage its share."""
    seen = [p.at for p in traffic if p.act != BRAKE and p.traffic_pct == stage.traffic_pct]
    return min(seen, key=lambda at: abs(at - stage.entered_at), default=stage.entered_at)


class _Axis:
    """Time from left to right: each span as wide as the root of its length, none too narrow."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self.moments = tuple(sorted(set(moments)))
        roots = [sqrt((b - a).total_seconds()) for a, b in pairwise(self.moments)]
        least = LEAST_SHARE * sum(roots)
        widths = [max(root, least) for root in roots]
        scale = (WIDTH - LEFT - RIGHT) / (sum(widths) or 1.0)
        edges = [LEFT]
        for width in widths:
            edges.append(edges[-1] + width * scale)
        self.edges = tuple(edges)

    def place(self, at: datetime) -> float:
        """Return the place of a moment; one between two known moments lies in proportion."""
        for (a, b), (left, right) in zip(pairwise(self.moments), pairwise(self.edges), strict=True):
            if a <= at <= b:
                return round(left + (right - left) * ((at - a) / (b - a)), 1)
        return self.edges[0] if at < self.moments[0] else round(self.edges[-1], 1)


def _y(pct: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * sqrt(max(0.0, pct) / 100.0), 1)


def _band(stage: StageHistory, span: tuple[datetime, datetime], x: _Axis) -> Band:
    left, right = (x.place(moment) for moment in span)
    return Band(
        left=left,
        width=round(max(right - left, 1.0), 1),
        top=_y(stage.traffic_pct),
        share=share_in_words(stage.traffic_pct),
        lasted=lasted((stage.left_at or span[1]) - stage.entered_at),
        end=stage.end_word,
    )


def _line(traffic: Sequence[TrafficPoint], x: _Axis) -> str:
    """Return traffic as a line of steps, from nothing to its newest share."""
    steps, height = [f"M{LEFT} {_y(0)}"], _y(0)
    for point in traffic:
        place = x.place(point.at)
        steps.append(f"L{place} {height}")
        height = _y(point.traffic_pct)
        steps.append(f"L{place} {height}")
    steps.append(f"L{WIDTH - RIGHT} {height}")
    return " ".join(steps)


def _times(x: _Axis) -> tuple[Tick, ...]:
    """Return the moments that have room for their label, with the day where there are several."""
    form = "%H:%M:%S" if _one_day(x.moments) else "%d %b %H:%M"
    ticks: list[Tick] = []
    for moment, edge in zip(x.moments, x.edges, strict=True):
        if not ticks or edge - ticks[-1].at >= LABEL_WIDTH:
            ticks.append(Tick(at=round(edge, 1), text=moment.strftime(form)))
    return tuple(ticks)


def _days(moments: Sequence[datetime]) -> str:
    first, last = f"{moments[0]:%Y-%m-%d}", f"{moments[-1]:%Y-%m-%d}"
    return first if _one_day(moments) else f"{first} to {last}"


def _one_day(moments: Sequence[datetime]) -> bool:
    return moments[0].date() == moments[-1].date()


def lasted(span: timedelta) -> str:
    """Return a duration in one or two units: `36 s`, `30 min`, `4 h 12 min`, `1 d 2 h`."""
    seconds = round(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes, hours = round(seconds / 60), seconds // 3600
    if minutes < 120:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
