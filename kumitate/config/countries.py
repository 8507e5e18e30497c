"""Where a column's country may come from: a code, or another column of the same row."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kumitate.config.findings import did_you_mean

_CODE = re.compile(r"[A-Z]{2}")


def is_country_code(text: str) -> bool:
    """By its shape (ISO 3166 alpha-2): two capitals."""
    return _CODE.fullmatch(text) is not None


def no_country(text: str, columns: Iterable[str]) -> str:
    """What to say of a country that is neither a code nor one of the columns."""
    meant = f"; did you mean {text.upper()!r}?" if is_country_code(text.upper()) else did_you_mean(text, columns)
    return f"{text!r} is neither a country's code of two capitals (ISO 3166, such as JP) nor a column{meant}"
