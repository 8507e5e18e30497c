"""What LY's two conversion APIs ask of an event: its time in ten digits, an id by which it counts once, a value."""

from __future__ import annotations

import math
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from kumitate.errors import RecordError
from kumitate.model.request import Change

_MAX_TRANSACTION_BYTES = 64
_TRANSACTION = re.compile(r"""[!"#$%&'()*+,\-./0-9:;=?@A-Z_a-z~]{1,64}""")
"""https://ads-developers.yahoo.co.jp/ja/conversion-api/post/30590611.html"""
_TRANSACTIONS = uuid.UUID("b7e0f8f0-3d0e-5c0a-9a39-0b5a6f6f9d02")
_TEN_DIGITS = range(1_000_000_000, 10_000_000_000)


def unix_seconds(given: Any) -> int:
    """Ten digits; milliseconds are cut, a time without its offset is refused."""
    text = str(given if given is not None else "").strip()
    if not text:
        raise RecordError("field.missing", "event_time")
    try:
        seconds = int(text) if text.isdecimal() else int(_moment(text).timestamp())
    except ValueError:
        raise RecordError("time.invalid", "event_time") from None
    seconds = seconds // 1000 if seconds >= _TEN_DIGITS.stop else seconds
    if seconds not in _TEN_DIGITS:
        raise RecordError("time.invalid", "event_time")
    return seconds


def happened(given: Any) -> datetime | None:
    """The same moment in UTC, None where it cannot be used."""
    try:
        return datetime.fromtimestamp(unix_seconds(given), UTC)
    except RecordError:
        return None


def transaction_id(change: Change, *, signs: bool = False) -> str:
    """What the row maps, or its key: at most 64 bytes, with `signs` of those alone that LY's newer API takes.

    A mapped id that does not fit is refused; a key that does not is told by a digest of it.
    """
    mapped = str(change.fields.get("transaction_id") or "").strip()
    if mapped and not _fits(mapped, signs=signs):
        raise RecordError("transaction_id.invalid", "transaction_id")
    key = change.key.strip()
    return mapped or (key if _fits(key, signs=signs) else str(uuid.uuid5(_TRANSACTIONS, key)))


def number(given: Any, field: str) -> int | float | None:
    """None where there is none; RecordError where it is not a number."""
    if given is None or str(given).strip() == "":
        return None
    try:
        value = float(str(given))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RecordError("value.not_a_number", field)
    return int(value) if value.is_integer() else value


def _fits(text: str, *, signs: bool) -> bool:
    return bool(_TRANSACTION.fullmatch(text)) if signs else 0 < len(text.encode()) <= _MAX_TRANSACTION_BYTES


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise RecordError("time.without_offset", "event_time")
    return moment.astimezone(UTC)
