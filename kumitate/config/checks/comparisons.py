"""Does a comparison's operator suit the type it looks at, and its value too?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kumitate.config.findings import Finding, Spot
from kumitate.config.types import NUMBERS, TIMES, in_words
from kumitate.model.expression import Comparison
from kumitate.model.table import Type

_ORDER = {"more_than", "at_least", "less_than", "at_most", "between"}
_SAME = {"is", "is_not", "in", "not_in"}
_SUITS: dict[Type, set[str]] = {
    Type.STRING: {*_SAME, "contains", "starts_with", "known"},
    Type.BOOLEAN: {*_SAME, "known"},
    Type.STRINGS: {"contains", "known"},
    **{type_: {*_SAME, *_ORDER, "known"} for type_ in NUMBERS},
    **{type_: {*_SAME, *_ORDER, "within", "before", "known"} for type_ in TIMES},
}


def comparison(condition: Comparison, type_: Type | None, spot: Spot) -> Iterator[Finding]:
    """Findings on one comparison with a subject of `type_` (None: unknown, so nothing is said)."""
    if type_ is None or not condition.operators():
        return
    operator, operand = condition.operator, condition.operand
    at = spot.below(operator)
    if operator not in _SUITS[type_]:
        suited = ", ".join(sorted(_SUITS[type_]))
        yield at.wrong(f"{operator!r} does not suit {in_words(type_)}; use one of {suited}")
    elif operator in _ORDER | _SAME:
        several = isinstance(operand, tuple)
        for place, value in enumerate(operand if several else (operand,)):
            if not _fits(value, type_):
                yield (at.below(place) if several else at).wrong(_misfit(value, type_))


def _fits(value: Any, type_: Type) -> bool:
    match type_:
        case Type.STRING:
            return isinstance(value, str)
        case Type.BOOLEAN:
            return isinstance(value, bool)
        case Type.BIGINT | Type.DOUBLE | Type.DECIMAL:
            return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        case Type.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, date)


def _misfit(value: Any, type_: Type) -> str:
    shown = str(value).lower() if isinstance(value, bool) else value
    if type_ is Type.STRING:
        return f"compares text with {shown}; write it in quotes"
    return (
        f"compares {in_words(type_)} with {shown!r}"
        if isinstance(value, str)
        else f"compares {in_words(type_)} with {shown}"
    )
