"""Geometry of the report's pictures: numbers in, SVG path data out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kumitate.report.words import Words


@dataclass(frozen=True, slots=True)
class Station:
    """A place rows come through: how many, and what they are called there."""

    words: Words
    count: int
    note: Words


@dataclass(frozen=True, slots=True)
class Exit:
    """Rows that leave the way after the station of that number."""

    after: int
    count: int
    words: Words
    note: Words
    tone: str


STEP = 162.0
LEFT = 78.0
MIDDLE = 104.0
FLOOR = 206.0


def station_x(number: int) -> float:
    return LEFT + STEP * number


def exit_x(number: int) -> float:
    """Where the branch after station `number` comes down."""
    return station_x(number) + STEP / 2


def thickness(count: int) -> float:
    """Half the ribbon's height: it follows the order of magnitude, so that 10 and 500,000 fit one picture."""
    return 1.0 if count <= 0 else 3.0 + 2.1 * math.log10(count) ** 1.6


def ribbon(counts: Sequence[int]) -> str:
    """The closed outline of a band through all stations, as thick at each as its count."""
    halves = [thickness(count) for count in counts]
    upper = [(station_x(number), MIDDLE - half) for number, half in enumerate(halves)]
    lower = [(station_x(number), MIDDLE + half) for number, half in enumerate(halves)]
    head, tail = upper[0], upper[-1]
    start = [(head[0] - 60, head[1]), *upper, (tail[0] + 60, tail[1])]
    back = [(tail[0] + 60, lower[-1][1]), *reversed(lower), (head[0] - 60, lower[0][1])]
    tip = f"L{tail[0] + 60 + halves[-1] * 0.8:.1f} {MIDDLE:.1f} "
    return f"M{_point(start[0])} {_smooth(start)} {tip}L{_point(back[0])} {_smooth(back)} Z"


def branch(leaving: Exit, along: Sequence[int]) -> str:
    """The outline of a branch that bends from the ribbon down to its label."""
    half = min(thickness(leaving.count) * 0.45, 13.0)
    x, bottom = exit_x(leaving.after), FLOOR - 8
    top = MIDDLE + min(thickness(along[leaving.after]), thickness(along[leaving.after + 1])) - 1
    begin, bend = x - 30, (bottom - top) * 0.55
    return (
        f"M{begin - half:.1f} {top:.1f} "
        f"C{begin - half:.1f} {top + bend:.1f} {x - half:.1f} {bottom - bend:.1f} {x - half:.1f} {bottom:.1f} "
        f"L{x:.1f} {bottom + 8:.1f} L{x + half:.1f} {bottom:.1f} "
        f"C{x + half:.1f} {bottom - bend:.1f} {begin + half:.1f} {top + bend:.1f} {begin + half:.1f} {top:.1f} Z"
    )


def sparkline(values: Sequence[int], width: float = 96, height: float = 24) -> str:
    """A line through `values`, oldest first; one value is a level line."""
    points = list(values) * 2 if len(values) == 1 else list(values)
    if not points:
        return ""
    low, high = min(points), max(points)
    span = (high - low) or 1
    level = height / 2 if high == low else None
    step = width / (len(points) - 1)
    ys = [level if level is not None else height - 3 - (value - low) / span * (height - 6) for value in points]
    return "M" + " L".join(f"{index * step:.1f} {y:.1f}" for index, y in enumerate(ys))


def share(part: int, whole: int) -> float:
    """Percent of the whole, 0 where there is none."""
    return 100 * part / whole if whole else 0.0


def _point(at: tuple[float, float]) -> str:
    return f"{at[0]:.1f} {at[1]:.1f}"


def _smooth(points: Sequence[tuple[float, float]]) -> str:
    curves = []
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (x0 + x1) / 2
        curves.append(f"C{bend:.1f} {y0:.1f} {bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}")
    return " ".join(curves)
