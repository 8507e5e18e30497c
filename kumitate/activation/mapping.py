"""Transforms of a field's values as Arrow columns: kernels where there are, else once per distinct value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.values import PLAIN_SCALE, distinct, plain, text_of, texts
from kumitate.config.mapping import FieldMapping

_EXACT = pa.decimal128(38, 9)
_MOST = Decimal(10) ** 28
_WHOLE_DIGITS = 28
_NEXT_GROUP = r"^(-?\d+)(\d{3})((?:\x00\d{3})*(?:\.\d+)?)$"
_TIME = pa.timestamp("us", tz="UTC")
_CASES: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "upper": pc.utf8_upper,
    "lower": pc.utf8_lower,
    "title": pc.utf8_title,
}
_TRUTH = {"true": True, "false": False}


def transformed(mapping: FieldMapping, inputs: Sequence[pa.Array], rows: int) -> pa.Array:
    """The mapping's values per row from those of its inputs; not for `list` and `object`."""
    values = _sourced(mapping, inputs, rows)
    for is_given, step in _STEPS:
        if is_given(mapping):
            values = step(mapping, values)
    return values


def unmatched(mapping: FieldMapping, inputs: Sequence[pa.Array]) -> pa.Array | None:
    """Per row whether its value is in the lookup's place and not in the lookup; None where a default catches all."""
    if mapping.lookup is None or "default" in mapping.model_fields_set:
        return None
    values = _before_lookup(mapping, _sourced(mapping, inputs, 0))
    known = pc.is_in(values, pa.array(list(mapping.lookup), pa.string()))
    return pc.and_(pc.is_valid(values), pc.invert(known))


def _sourced(mapping: FieldMapping, inputs: Sequence[pa.Array], rows: int) -> pa.Array:
    if mapping.first is not None:
        return _first(inputs)
    if mapping.join is not None:
        return _joined(inputs, mapping.separator)
    if mapping.value is None:
        return pa.array([mapping.constant] * rows)
    return inputs[0]


def _first(inputs: Sequence[pa.Array]) -> pa.Array:
    """The first that is there; empty text is not."""
    if len({each.type for each in inputs}) > 1:
        inputs = [texts(each) for each in inputs]
    if pa.types.is_string(inputs[0].type):
        inputs = [_filled(each) for each in inputs]
    return pc.coalesce(*inputs)


def _joined(inputs: Sequence[pa.Array], separator: str) -> pa.Array:
    parts = [
        pc.binary_join(each, separator) if pa.types.is_list(each.type) else texts(each)  # a list by this separator
        for each in inputs
    ]
    return _filled(in_one([_filled(each) for each in parts], separator))


def in_one(parts: Sequence[pa.Array], separator: str) -> pa.Array:
    """The texts of each row one after another, without those that are null; empty where all are.

    (Arrow's own join that skips nulls loses the rows where every text is null.)
    """
    led = [pc.fill_null(pc.binary_join_element_wise(pa.scalar(""), each, separator), "") for each in parts]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*led, ""), len(separator))


def _filled(array: pa.Array) -> pa.Array:
    """Without empty texts."""
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def _trimmed(_mapping: FieldMapping, values: pa.Array) -> pa.Array:
    return _filled(pc.utf8_trim_whitespace(texts(values)))


def _split(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    parts = partial(_parts, separator=str(mapping.split))
    return distinct(texts(values), parts, pa.list_(pa.string()))


def _parts(text: str, separator: str) -> list[str] | None:
    return [part for part in map(str.strip, text.split(separator)) if part] or None


def _before_lookup(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    return _trimmed(mapping, values) if mapping.trim else texts(values)


def _looked_up(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    asked = _before_lookup(mapping, values)
    table = mapping.lookup or {}
    several = [*table.values(), *([] if mapping.default is None else [mapping.default])]
    same = len({type(each) for each in several}) == 1
    given = [each if same else text_of(each) for each in several]
    found = pc.index_in(asked, pa.array(list(table), pa.string()))
    if mapping.default is not None:
        found = pc.if_else(pc.and_(pc.is_valid(asked), pc.is_null(found)), len(table), found)
    return pa.array(given).take(found.cast(pa.int32()))


def _worded(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    yes, no = mapping.words or ("", "")
    if not pa.types.is_boolean(values.type):
        values = distinct(texts(values), lambda text: _TRUTH.get(text.strip().lower()), pa.bool_())
    return pc.if_else(values, yes, no)


def _rounded(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    """Numbers below 10^28; larger ones have no value."""

    def number(value: Any) -> Decimal | None:
        exact = _exact(value)
        return None if exact is None or abs(exact) > _MOST else _with_decimals(exact, mapping.round_ or 0)

    if pa.types.is_integer(values.type):
        return values
    exact = _fixed(values, mapping.round_ or 0)
    return distinct(values, number, _EXACT) if exact is None else exact


def _formatted(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    match mapping.format:
        case "number":
            return _numbered(mapping, values)
        case "date":
            return _dated(mapping, values)
        case "epoch_seconds":
            return pc.floor_temporal(_times(values), unit="second").cast(pa.timestamp("s", "UTC")).cast(pa.int64())
    return pc.floor_temporal(_times(values), unit="millisecond").cast(pa.timestamp("ms", "UTC")).cast(pa.int64())


def _numbered(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    exact = _fixed(values, mapping.decimals)
    if exact is None:
        return distinct(values, partial(_number, mapping=mapping))
    shown = exact.cast(pa.string()) if mapping.decimals is not None else texts(exact)
    return _grouped(shown, mapping.thousands) if mapping.thousands else shown


def _fixed(values: pa.Array, decimals: int | None) -> pa.Array | None:
    """Whole and decimal numbers with so many decimals; None for what only Python reads, or Arrow writes otherwise."""
    if pa.types.is_integer(values.type):
        values = values.cast(pa.decimal128(20, 0))
    type_ = values.type
    if not pa.types.is_decimal(type_) or type_.precision - type_.scale > _WHOLE_DIGITS:
        return None
    if decimals is None:
        return values
    if decimals > PLAIN_SCALE:
        return None
    wide = values.cast(pa.decimal128(38, max(type_.scale, decimals)))
    return pc.round(wide, ndigits=decimals, round_mode="half_towards_infinity").cast(pa.decimal128(38, decimals))


def _grouped(numbers: pa.Array, sign: str) -> pa.Array:
    """With `sign` between thousands: one more group from the right each time, until nothing changes."""
    mark = "\x00"
    while True:
        more = pc.replace_substring_regex(numbers, _NEXT_GROUP, rf"\1{mark}\2\3")
        if more.equals(numbers):
            return pc.replace_substring(numbers, mark, sign)
        numbers = more


def _number(value: Any, mapping: FieldMapping) -> str | None:
    exact = _exact(value)
    if exact is None:
        return None
    if mapping.decimals is not None and abs(exact) <= _MOST:
        text = f"{_with_decimals(exact, mapping.decimals):f}"
    else:
        text = plain(exact)
    if not mapping.thousands:
        return text
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}".replace(",", mapping.thousands) + point + rest if whole != "-0" else text


def _exact(value: Any) -> Decimal | None:
    """The number; None for what is none."""
    if isinstance(value, bool | date):
        return None
    try:
        exact = Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation:
        return None
    return exact if exact.is_finite() else None


def _with_decimals(value: Decimal, decimals: int) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return abs(rounded) if rounded.is_zero() else rounded  # no -0


def _dated(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    """In the zone, by the pattern; a day has no zone, and is written as it is."""
    if pa.types.is_string(values.type):
        return _dated_texts(mapping, values)
    if pa.types.is_date(values.type):
        return pc.strftime(values.cast(pa.timestamp("s")), mapping.pattern or "%Y-%m-%d")
    times = pc.floor_temporal(_times(values), unit="second").cast(pa.timestamp("s", "UTC"))
    shown = pc.strftime(times.cast(pa.timestamp("s", mapping.timezone)), mapping.pattern or "%Y-%m-%dT%H:%M:%S%z")
    return shown if mapping.pattern else pc.replace_substring_regex(shown, r"(\d\d)(\d\d)$", r"\1:\2")


def _dated_texts(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    """Texts that are days or times in ISO 8601, each as what it is; others have no value."""
    is_day = pc.match_substring_regex(values, r"^\s*\d{4}-\d\d-\d\d\s*$")
    days = distinct(pc.if_else(is_day, values, pa.scalar(None, pa.string())), _day, pa.date32())
    return pc.coalesce(_dated(mapping, days), _dated(mapping, pc.if_else(is_day, None, _times(values))))


def _times(values: pa.Array) -> pa.Array:
    """As moments of UTC; a day as its beginning."""
    if pa.types.is_string(values.type):
        return distinct(values, _moment, _TIME)
    if pa.types.is_timestamp(values.type) and values.type.tz is None:
        values = pc.assume_timezone(values, "UTC")
    if not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)):
        return pa.nulls(len(values), _TIME)
    return values.cast(_TIME, safe=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _cased(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    return _CASES[mapping.case or ""](texts(values))


def _truncated(mapping: FieldMapping, values: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(texts(values), 0, mapping.truncate)


def _wrapped(_mapping: FieldMapping, values: pa.Array) -> pa.Array:
    """As lists of one; a list stays what it is."""
    if pa.types.is_list(values.type):
        return values
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    lists = pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), values)
    return pc.if_else(pc.is_valid(values), lists, pa.scalar(None, lists.type))


_STEPS: tuple[tuple[Callable[[FieldMapping], bool], Callable[[FieldMapping, pa.Array], pa.Array]], ...] = (
    (lambda mapping: mapping.trim, _trimmed),
    (lambda mapping: mapping.split is not None, _split),
    (lambda mapping: mapping.lookup is not None, _looked_up),
    (lambda mapping: mapping.words is not None, _worded),
    (lambda mapping: mapping.round_ is not None, _rounded),
    (lambda mapping: mapping.format is not None, _formatted),
    (lambda mapping: mapping.case is not None, _cased),
    (lambda mapping: mapping.truncate is not None, _truncated),
    (lambda mapping: mapping.wrap, _wrapped),
)
"""In the order in which they are done, whatever their order in the file."""
