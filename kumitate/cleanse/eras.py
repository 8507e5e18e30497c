"""Japanese eras: which years and days each really had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kumitate.errors import RecordError


@dataclass(frozen=True, slots=True)
class Era:
    """An era by its names; year 1 is the year of `first`."""

    names: tuple[str, ...]
    first_year: int
    first: date
    last: date


ERAS = (
    # Japan took the Gregorian calendar with Meiji 6; days before it cannot be told without lunar tables.
    Era(("明治", "明", "M"), 1868, date(1873, 1, 1), date(1912, 7, 30)),
    Era(("大正", "大", "T"), 1912, date(1912, 7, 30), date(1926, 12, 25)),
    Era(("昭和", "昭", "S"), 1926, date(1926, 12, 25), date(1989, 1, 7)),
    Era(("平成", "平", "H"), 1989, date(1989, 1, 8), date(2019, 4, 30)),
    # Still open: no era has outlived its 64th year, and 令和99年 is a typing error.
    Era(("令和", "令", "R"), 2019, date(2019, 5, 1), date(2082, 12, 31)),
)
_BY_NAME = {name: era for era in ERAS for name in era.names}

ERA_PATTERN = "|".join(sorted((name for name in _BY_NAME), key=len, reverse=True))


def era_date(name: str, year: int, month_and_day: tuple[int, int]) -> date:
    """`era_date("令和", 3, (4, 1))` is 2021-04-01; RecordError outside the era's days."""
    era = _BY_NAME[name.upper()]
    try:
        found = date(era.first_year + year - 1, *month_and_day)
    except ValueError:
        raise RecordError("date.invalid") from None
    if year < 1 or not era.first <= found <= era.last:
        raise RecordError("date.invalid")
    return found
