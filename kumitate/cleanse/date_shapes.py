"""Columns of dates and times by the shape of their texts: what kernels can read as well as `times` reads it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Kernel, Shortcut

# Every 29 February is left to the reader, and so are years that few calendars agree on.
_MONTH_AND_DAY = (
    "(?:(?:0[1-9]|1[0-2]){0}(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2]){0}(?:29|30)|(?:0[13578]|1[02]){0}31)"
)
_ISO_DAY = f"[12][0-9][0-9][0-9]-{_MONTH_AND_DAY.format('-')}"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS = r"(?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_ISO_TIME = rf"{_ISO_DAY}[T ]{_CLOCK}{_SECONDS}"
_OFFSET = r"[-+](?:0[0-9]|1[0-4]):[0-5][0-9]"

COMMON_FORMATS = ("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d", "%Y年%m月%d日", "%Y%m%d")
"""Notations that are read undeclared."""
_COMPACT = "%Y%m%d"
_PLAIN = re.compile("(%[Ymd])[-/.年月日](%[Ymd])[-/.年月日](%[Ymd])日?")
_TIMES = (" %H:%M:%S", " %H:%M")
_MAY_STAND_FOR_ISO = "%Y-%d-%m"
_MILLISECOND, _MINUTE, _DAY = 1_000, 60_000_000, 86_400_000_000

Micros = npt.NDArray[np.int64]


def date_shortcuts(formats: tuple[str, ...], until: date | None = None) -> tuple[Shortcut, ...]:
    """For columns of days, with their declared formats; birthdates are those of the 129 years before `until`'s."""
    if not all(_is_plain(format_) for format_ in formats):
        return ()
    years = "" if until is None else "|".join(str(year) for year in range(until.year - 129, until.year))
    pattern = f"^(?:{years})-{_MONTH_AND_DAY.format('-')}$" if years else f"^{_ISO_DAY}$"
    declared = tuple(Shortcut(pattern, _days, prepare=_to_iso(format_)) for format_ in formats)
    common = tuple(Shortcut(pattern, _days, "notation", prepare=_to_iso(format_)) for format_ in COMMON_FORMATS)
    return (Shortcut(pattern, _days), *_slashed(formats, years), *declared, *common)


def _slashed(formats: tuple[str, ...], years: str) -> tuple[Shortcut, ...]:
    """2011/01/05, the quick way, unless another order is declared: with two digits each there is nothing to fill up."""
    if formats[:1] not in {(), ("%Y/%m/%d",)}:
        return ()
    pattern = f"^(?:{years or '[12][0-9][0-9][0-9]'})/{_MONTH_AND_DAY.format('/')}$"
    return (Shortcut(pattern, _slashed_days, None if formats else "notation"),)


def timestamp_shortcuts(formats: tuple[str, ...], zone: str) -> tuple[Shortcut, ...]:
    """For columns of moments; local ones are read in `zone`."""
    days = [format_.removesuffix(_TIMES[0]).removesuffix(_TIMES[1]) for format_ in formats]
    if not all(_is_plain(format_) for format_ in days):
        return ()
    local, pattern = partial(_from_local, zone=zone), f"^{_ISO_TIME}$"
    shapes = [
        Shortcut(f"^{_ISO_TIME}Z$", _from_utc),
        Shortcut(pattern, local),
        Shortcut(f"^{_ISO_TIME}{_OFFSET}$", _from_offset),
    ]
    timed = [(day, format_) for day, format_ in zip(days, formats, strict=True) if day != format_]
    shapes += [Shortcut(pattern, local, prepare=_to_iso(day, _clock(format_))) for day, format_ in timed]
    shapes += [
        Shortcut(pattern, local, "notation", prepare=_to_iso(day, f"{_CLOCK}{_SECONDS}")) for day in COMMON_FORMATS
    ]
    return tuple(shapes)


def _clock(format_: str) -> str:
    return f"{_CLOCK}:[0-5][0-9]" if format_.endswith("%S") else _CLOCK


def _is_plain(format_: str) -> bool:
    """Year, month and day in digits with separators between them, in an order that no ISO day can be taken for."""
    found = _PLAIN.fullmatch(format_)
    in_order = found is not None and len(set(found.groups())) == 3
    return format_ == _COMPACT or (in_order and format_ != _MAY_STAND_FOR_ISO)


def _to_iso(format_: str, clock: str | None = None) -> Kernel:
    """A kernel that writes days of a plain format as ISO 8601 does, and leaves every other text."""
    width = "{2}" if format_ == _COMPACT else "{1,2}"
    order = re.findall("%[Ymd]", format_)
    pattern = re.escape(format_).replace("%Y", "([0-9]{4})")
    pattern = pattern.replace("%m", f"([0-9]{width})").replace("%d", f"([0-9]{width})")
    year, month, day = (order.index(part) + 1 for part in ("%Y", "%m", "%d"))
    padded = rf"\{year}-0\{month}-0\{day}"
    if clock is None:
        return partial(_rewritten, pattern=f"^{pattern}$", padded=padded)
    return partial(_rewritten, pattern=f"^{pattern} ({clock})$", padded=rf"{padded} \4")


def _rewritten(values: pa.Array, *, pattern: str, padded: str) -> pa.Array:
    is_shaped = pc.fill_null(pc.match_substring_regex(values, pattern), False)
    if not is_shaped.true_count:
        return values
    written = pc.replace_substring_regex(values, pattern, padded)
    # Two digits do not need the 0 put before them; no other text has one there that a pattern would then take.
    return pc.replace_substring_regex(written, "-0([0-9]{2})", r"-\1")


def _days(values: pa.Array) -> pa.Array:
    return values.cast(pa.date32())


def _slashed_days(values: pa.Array) -> pa.Array:
    return _days(pc.replace_substring(values, "/", "-"))


def _micros(values: pa.Array) -> Micros:
    """Of ISO times without a zone, cut to milliseconds."""
    found: Micros = values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype(np.int64)
    return found // _MILLISECOND * _MILLISECOND


def _moments(micros: Micros) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us"))


def _from_utc(values: pa.Array) -> pa.Array:
    return _moments(_micros(pc.utf8_slice_codeunits(values, 0, -1)))


def _from_offset(values: pa.Array) -> pa.Array:
    """`2010-12-01 17:26:00+09:00` is 08:26 in UTC."""
    hours = pc.utf8_slice_codeunits(values, -5, -3).cast(pa.int64()).to_numpy()
    minutes = hours * 60 + pc.utf8_slice_codeunits(values, -2).cast(pa.int64()).to_numpy()
    is_west = pc.equal(pc.utf8_slice_codeunits(values, -6, -5), "-").to_numpy(zero_copy_only=False)
    offsets = np.where(is_west, -minutes, minutes)
    return _moments(_micros(pc.utf8_slice_codeunits(values, 0, -6)) - offsets * _MINUTE)


def _from_local(values: pa.Array, *, zone: str) -> pa.Array:
    local = _micros(values)
    days, places = np.unique(local // _DAY, return_inverse=True)
    offsets = [_offset_of_day(zone, int(day)) for day in days]
    moments = local - np.array([offset or 0 for offset in offsets], np.int64)[places]
    # Days on which clocks are changed: time by time.
    for place in np.flatnonzero(np.array([offset is None for offset in offsets])[places]):
        moments[place] = local[place] - _offset_at(zone, _datetime(int(local[place])))
    return _moments(moments)


def _datetime(micros: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=micros)


def _offset_at(zone: str, local: datetime) -> int:
    """Microseconds east of UTC; of a time that is there twice, the first."""
    return (local.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()) // timedelta(microseconds=1)


@lru_cache(maxsize=65_536)
def _offset_of_day(zone: str, day: int) -> int | None:
    """The offset that holds all day (counted from 1970-01-01); None on days with a change of clocks."""
    first = _datetime(day * _DAY)
    bounds = (first, first + timedelta(days=1, microseconds=-1))
    offsets = {_offset_at(zone, bound.replace(fold=fold)) for bound in bounds for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None
