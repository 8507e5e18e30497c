"""What a sync's field says beside a plain template: where its value comes from, and what becomes of it on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from kumitate.config.findings import KeyPath
from kumitate.model.expression import Scalar, Section

SOURCES = ("value", "first", "join", "constant", "list", "object")
_COMPLETE = ("constant", "list", "object")
"""Sources that take no step: what they say is what is sent."""
_BELONGS_TO = {
    "separator": "join",
    "default": "lookup",
    "unmatched": "lookup",
    "decimals": "format",
    "thousands": "format",
    "pattern": "format",
    "timezone": "format",
}
"""Keys that mean something beside another one only."""
_FORMATS = {"decimals": "number", "thousands": "number", "pattern": "date", "timezone": "date"}
_STEPS = ("trim", "split", "lookup", "words", "round", "format", "case", "truncate", "wrap")
_MAY_BE_NOTHING = ("constant", "default")
_ALONE = ("words", "round", "format")
"""Steps that need the value itself, not a text around it; one of them at most."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_DIRECTIVE = re.compile(r"%(.?)")
_DIRECTIVES = "YmdHMSyjbBaApIzZ%"


def _texts(value: object) -> object:
    """Keys of a table as texts, which YAML may have read as numbers or true and false."""
    if not isinstance(value, dict):
        return value
    if None in value:
        raise ValueError("a value to look up is missing; write it in quotes, e.g. 'null'")
    return {str(key).lower() if isinstance(key, bool) else str(key): each for key, each in value.items()}


class FieldMapping(Section):
    """A field's value and what becomes of it: `{value: "{ltv}", format: number, decimals: 0, thousands: ","}`.

    One source, which is `value`, `first`, `join`, `constant`, `list` or `object`; then the steps that are given,
    always in the order of this table. What has no value goes through all steps without one.
    """

    value: str | None = None
    """A template, as where a field is text alone."""
    first: tuple[FieldValue, ...] | None = Field(None, min_length=2)
    """The first of these that has a value; the last may be a plain text."""
    join: tuple[FieldValue, ...] | None = Field(None, min_length=1)
    """These one after another, without those that are empty; the items of a list as well."""
    separator: str = " "
    """What stands between the parts of `join`."""
    constant: Scalar | None = None
    """Always this, with its type: `true`, `5`, `"web"`."""
    list_: tuple[FieldValue, ...] | None = Field(None, alias="list", min_length=1)
    """A list of these, without those that have no value."""
    object_: dict[str, FieldValue] | None = Field(None, alias="object", min_length=1)
    """An object of fields, without those that have no value."""
    trim: bool = False
    """Without the blanks around it; nothing left is no value."""
    split: str | None = Field(None, min_length=1)
    """A text taken apart at this sign: a list, blanks around its items removed."""
    lookup: Annotated[dict[str, Scalar], BeforeValidator(_texts)] | None = Field(None, min_length=1)
    """What is sent for each value: `{gold: "1", silver: "2"}`."""
    default: Scalar | None = None
    """What `lookup` gives for a value it does not hold."""
    unmatched: Literal["hold_row", "no_value"] = "hold_row"
    """Without a `default`: a value that `lookup` does not hold keeps the row back and is counted, or is no value."""
    words: tuple[str, str] | None = None
    """What is sent for true and for false: `["yes", "no"]`."""
    round_: int | None = Field(None, alias="round", ge=0, le=9)
    """A number with so many decimals, still a number; halves away from zero."""
    format: Literal["number", "date", "epoch_seconds", "epoch_milliseconds"] | None = None
    """Written as a number in text, as a date in text (ISO 8601 unless `pattern`), or a time as a number since 1970."""
    decimals: int | None = Field(None, ge=0, le=9)
    """Of `format: number`; as many as there are, unless given."""
    thousands: str = Field("", max_length=1)
    """Of `format: number`: the sign between thousands."""
    pattern: str | None = None
    """Of `format: date`: `%Y/%m/%d %H:%M`."""
    timezone: str = "UTC"
    """Of `format: date`: the IANA name of the zone in which a time is written."""
    case: Literal["upper", "lower", "title"] | None = None
    truncate: int | None = Field(None, ge=1)
    """A text of at most so many characters."""
    wrap: bool = False
    """As a list of one."""

    @field_validator("pattern")
    @classmethod
    def _known_directives(cls, pattern: str | None) -> str | None:
        for sign in _DIRECTIVE.findall(pattern or ""):
            if not sign or sign not in _DIRECTIVES:
                raise ValueError(f"'%{sign}' is no part of a date; there are %{', %'.join(_DIRECTIVES)}")
        return pattern

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{timezone!r} is no time zone; write its IANA name, e.g. Asia/Tokyo") from None
        return timezone

    @model_validator(mode="after")
    def _one_chain(self) -> FieldMapping:
        given = {
            each.alias or name
            for name, each in type(self).model_fields.items()
            if name in self.model_fields_set and (getattr(self, name) is not None or name in _MAY_BE_NOTHING)
        }
        problem = next(_problems(self, given), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def inputs(self) -> tuple[tuple[KeyPath, FieldValue], ...]:
        """The fields this one is made of, and where each stands in it."""
        if self.value is not None:
            return ((("value",), self.value),)
        if self.object_ is not None:
            return tuple((("object", name), each) for name, each in self.object_.items())
        several = {"first": self.first, "join": self.join, "list": self.list_}
        return tuple(
            ((name, place), each) for name, fields in several.items() for place, each in enumerate(fields or ())
        )


def _kind(given: object) -> str:
    return "mapping" if isinstance(given, dict | FieldMapping) else "text"


FieldValue = Annotated[Annotated[str, Tag("text")] | Annotated[FieldMapping, Tag("mapping")], Discriminator(_kind)]
"""A template, or a mapping that transforms."""
FieldMapping.model_rebuild()


def templates_in(field: str | FieldMapping) -> Iterator[tuple[KeyPath, str]]:
    """Every template of a field, and where it stands below it."""
    if isinstance(field, str):
        yield (), field
        return
    for path, each in field.inputs:
        for below, template in templates_in(each):
            yield (*path, *below), template


def _problems(mapping: FieldMapping, given: set[str]) -> Iterator[str]:
    """What does not go together; `given` are the keys as the file has them."""
    sources = [name for name in SOURCES if name in given]
    if len(sources) != 1:
        found = f"found {' and '.join(sources)}" if sources else "found none"
        yield f"give exactly one of {', '.join(SOURCES)}; {found}"
        return
    steps = [name for name in _STEPS if name in given]
    if sources[0] in _COMPLETE and steps:
        yield f"{sources[0]!r} is complete in itself; {steps[0]!r} goes with what it is made of"
    parts = (each for each in mapping.first or mapping.join or () if isinstance(each, FieldMapping))
    if any(each.list_ or each.object_ for each in parts):
        yield f"a list or an object stands in a 'list' or an 'object', not in {sources[0]!r}"
    yield from _lost_keys(mapping, given)
    yield from _two_ways(mapping, given)


def _lost_keys(mapping: FieldMapping, given: set[str]) -> Iterator[str]:
    """Keys that would mean nothing here."""
    for key, other in _BELONGS_TO.items():
        if key in given and other not in given:
            yield f"{key!r} goes with {other!r}"
    for key, form in _FORMATS.items():
        if key in given and mapping.format != form:
            yield f"{key!r} goes with 'format: {form}'"


def _two_ways(mapping: FieldMapping, given: set[str]) -> Iterator[str]:
    if "default" in given and "unmatched" in given:
        yield "with a 'default' nothing is unmatched; leave one of them out"
    alone = [name for name in _ALONE if name in given]
    if len(alone) > 1:
        yield f"{' and '.join(map(repr, alone))} are two ways to write one value; leave one out"
    if alone and not _is_value(mapping):
        yield f'{alone[0]!r} needs one placeholder and no text around it, e.g. value: "{{birthday}}"'


def _is_value(mapping: FieldMapping) -> bool:
    """Whether the source is values of the profile, with no text around them."""
    given: tuple[Any, ...] = (mapping.value,) if mapping.value is not None else mapping.first or ()
    first = given[:1] if mapping.first else given
    return bool(given) and all(not isinstance(each, str) or _PLACEHOLDER.fullmatch(each) for each in first)
