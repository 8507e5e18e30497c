"""Numbers with 千, 万 and 億 in digits, as amounts are spoken: 3万5千, 1億2,000万, 1.5万, 5千万."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

_SMALL = {"十": 10, "百": 100, "千": 1_000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_PART = re.compile(rf"(?P<number>{_NUMBER})?(?P<small>[十百千])?(?P<large>[万億兆])?")
AMOUNT = re.compile(rf"(?<![\d.,]){_NUMBER}[十百千万億兆](?:{_NUMBER}|[十百千万億兆])*(?=円|$)")
"""A number followed by a unit, up to 円 or the end."""


def in_digits(written: str) -> Decimal | None:
    """`Decimal(35000)` of `3万5千`; None where the units do not go down, as in `3千5万2億`."""
    parts = [part for part in _PART.finditer(written) if part[0]]
    groups: list[list[tuple[Decimal, int]]] = [[]]
    scales: list[int] = []
    for part in parts:
        if part["number"] or part["small"]:
            groups[-1].append((Decimal((part["number"] or "1").replace(",", "")), _SMALL.get(part["small"] or "", 1)))
        if part["large"]:
            scales.append(_LARGE[part["large"]])
            groups.append([])
    scales.append(1)
    if not _goes_down(scales) or not all(_goes_down([unit for _, unit in group]) for group in groups):
        return None
    if not all(groups[:-1]):  # 万 alone, or 億万
        return None
    return sum(
        (number * unit * scale for group, scale in zip(groups, scales, strict=True) for number, unit in group),
        Decimal(0),
    )


def _goes_down(units: list[int]) -> bool:
    return all(larger > smaller for larger, smaller in pairwise(units))
