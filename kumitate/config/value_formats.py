"""The notations that a column declares: refused where no value could ever be written so."""

from __future__ import annotations

from datetime import UTC, datetime

NUMBERS = ("1.234,56", "1,234.56")
_SAMPLE = datetime(2011, 12, 9, 17, 26, 58, 123456, tzinfo=UTC)


def check_date_format(written: str) -> None:
    """ValueError unless it is one of strptime's formats, and names the year: `YYYY/MM/DD` is none."""
    try:
        found = datetime.strptime(_SAMPLE.strftime(written), written)
    except ValueError as error:
        raise ValueError(f"formats: {written!r} is no format of strptime ({error}); write such as '%Y/%m/%d'") from None
    if found.year != _SAMPLE.year:
        raise ValueError(f"formats: {written!r} names no year; write such as '%Y/%m/%d' or '%d.%m.%y'")


def check_number_format(written: str) -> None:
    """ValueError unless it says which of comma and point stands before the decimals."""
    if written not in NUMBERS:
        raise ValueError(
            f"formats: {written!r} is no notation of numbers; write one of {', '.join(map(repr, NUMBERS))}"
        )
