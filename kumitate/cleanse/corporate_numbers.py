"""法人番号, the number that Japan's National Tax Agency gives each corporation: 13 digits, the first a check digit.

Source of the formula: 法人番号の指定等に関する省令 (平成26年財務省令第70号) 第2条, 国税庁's 検査用数字の計算:
9 - ((sum of Pn * Qn for n = 1..12) mod 9), where Pn is the n-th of the twelve digits behind the check digit, counted
from the last, and Qn is 1 for odd and 2 for even n.
"""

from __future__ import annotations

import re

from kumitate.errors import RecordError
from kumitate.readings.text import text

_MARKS = re.compile(r"[\s\-‐‑‒–—―−ー]")
_THIRTEEN = re.compile(r"T?([1-9])([0-9]{12})", re.IGNORECASE)


def corporate_number(value: str) -> str | None:
    """`"７０００-０１２０５-０００２"` is `7000012050002`; so is `T7000012050002`, as qualified invoices have it.

    RecordError with `corporate_number.invalid` where it is not thirteen digits, `corporate_number.check_digit` where
    they are not one number.
    """
    plain = text(value)
    if plain is None:
        return None
    found = _THIRTEEN.fullmatch(_MARKS.sub("", plain))
    if found is None:
        raise RecordError("corporate_number.invalid")
    if found[1] != check_digit(found[2]):
        raise RecordError("corporate_number.check_digit")
    return found[1] + found[2]


def check_digit(base: str) -> str:
    """The check digit, 1 to 9, of twelve digits: `check_digit("000012050002")` is `7`."""
    weighed = (int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(base), start=1))
    return str(9 - sum(weighed) % 9)
