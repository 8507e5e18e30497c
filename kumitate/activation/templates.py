"""Templates over a profile's columns: what a sync's `key` and `fields` say, and their rendering as Arrow columns.

`"{person_id}:{last_cart_at}"` is text; `"{lifetime_value}"`, one placeholder alone, keeps its type.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NUMBERS = (bool, int, float, Decimal)


@dataclass(frozen=True, slots=True)
class Template:
    """A template taken apart: literal texts and columns in turn, `("", "person_id", ":", "last_cart_at", "")`."""

    parts: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.parts[1::2]

    @property
    def is_value(self) -> bool:
        """One placeholder and nothing else: the value keeps its type."""
        return len(self.parts) == 3 and not self.parts[0] and not self.parts[2]


def parse_template(text: str) -> Template:
    """The template of `text`; ValueError says what is wrong. `{{` and `}}` stand for braces."""
    parts = [""]
    for literal, column, form, conversion in string.Formatter().parse(text):
        parts[-1] += literal
        if column is None:
            continue
        if form or conversion or not column.isidentifier():
            raise ValueError(f"{text!r}: a placeholder is {{column}}, the name of an attribute or trait")
        parts += [column, ""]
    return Template(tuple(parts))


def render_text(template: Template, batch: pa.RecordBatch, *, missing: str | None) -> pa.Array:
    """The template as text per row; a missing value is written as `missing`, or makes the whole row null."""
    pieces: list[Any] = []
    for number, part in enumerate(template.parts):
        if number % 2:
            shown = _distinct(batch.column(part), text_of)
            pieces.append(shown if missing is None else pc.fill_null(shown, missing))
        elif part:
            pieces.append(pa.scalar(part))
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return pa.array(["".join(template.parts)] * batch.num_rows, pa.string())
    return pc.binary_join_element_wise(*pieces, "", null_handling="emit_null")


def render_json(template: Template, batch: pa.RecordBatch) -> pa.Array:
    """The template as JSON per row: `12.5`, `"text"`, `["a","b"]`, `null`."""
    if template.is_value:
        tokens = _distinct(batch.column(template.columns[0]), json_of)
    else:
        tokens = _distinct(render_text(template, batch, missing=""), json_of)
    return pc.fill_null(tokens, "null")


def _distinct(array: pa.Array, function: Callable[[Any], str | None]) -> pa.Array:
    """`function` once per distinct value; null stays null."""
    if pa.types.is_list(array.type):
        return pa.array([None if value is None else function(value) for value in array.to_pylist()], pa.string())
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = pa.array([function(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return values.take(encoded.indices)


def text_of(value: Any) -> str | None:
    """A value as people write it: `12.5`, `3`, `true`, `2026-01-31`, `a, b`; null for what is no number."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return _plain(value)
        case float():
            return _plain(Decimal(repr(value))) if math.isfinite(value) else None
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def json_of(value: Any) -> str | None:
    """A value as one JSON token, the same for equal values."""
    if isinstance(value, _NUMBERS):
        return text_of(value)
    if isinstance(value, date):
        return json.dumps(text_of(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(number: Decimal) -> str:
    """Without exponent and trailing zeros: `12.5000` is `12.5`."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return plain.isoformat(timespec="milliseconds") + "Z"
