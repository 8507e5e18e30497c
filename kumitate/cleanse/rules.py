"""What a column means decides how it is cleansed: one function per semantic, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa

from kumitate.cleanse.codes import boolean, country, gender, json_text
from kumitate.cleanse.contacts import address, email, phone, postal_code
from kumitate.cleanse.corporate_numbers import corporate_number
from kumitate.cleanse.names import company, kana, name
from kumitate.cleanse.numbers import decimal, integer
from kumitate.cleanse.text import text
from kumitate.cleanse.times import cleanse_date, cleanse_timestamp
from kumitate.cleanse.values import Cleansed, Cleanser, ColumnCleanser, on_distinct
from kumitate.config.settings import Settings
from kumitate.config.source import Semantic, Source
from kumitate.model.table import Column

RULES_VERSION = "1"
"""Raised with every change that gives a delivered value another clean one: all sources are then cleansed again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one column is cleansed; plain values, so that it can travel to a Spark worker."""

    column: str
    semantic: Semantic
    formats: tuple[str, ...]
    country: str
    timezone: str
    parts: tuple[str, ...] = ()
    """What the value is taken apart into."""
    as_of: date | None = None
    """The run's day, which birthdates are held against."""
    is_required: bool = False
    """Without a usable value the whole row is rejected; so it is for a key."""


CLEANSERS: Mapping[Semantic, Callable[[Rule], Cleanser]] = {
    Semantic.TEXT: lambda _: text,
    Semantic.ID: lambda _: text,
    Semantic.INTEGER: lambda _: integer,
    Semantic.DECIMAL: lambda _: decimal,
    Semantic.BOOLEAN: lambda _: boolean,
    Semantic.DATE: lambda rule: partial(cleanse_date, formats=rule.formats, zone=rule.timezone),
    Semantic.TIMESTAMP: lambda rule: partial(cleanse_timestamp, formats=rule.formats, zone=rule.timezone),
    Semantic.NAME: lambda _: name,
    Semantic.KANA: lambda _: kana,
    Semantic.COMPANY: lambda _: company,
    Semantic.CORPORATE_NUMBER: lambda _: corporate_number,
    Semantic.EMAIL: lambda _: email,
    Semantic.PHONE: lambda rule: partial(phone, country=rule.country),
    Semantic.POSTAL_CODE: lambda rule: partial(postal_code, country=rule.country),
    Semantic.ADDRESS: lambda _: address,
    Semantic.GENDER: lambda _: gender,
    Semantic.COUNTRY: lambda _: country,
    Semantic.JSON: lambda _: json_text,
    Semantic.BIRTHDATE: lambda rule: partial(cleanse_date, formats=rule.formats, zone=rule.timezone),
    Semantic.MONEY: lambda _: decimal,
    Semantic.LANGUAGE: lambda _: text,
    Semantic.URL: lambda _: text,
    Semantic.FREE_TEXT: lambda _: text,
}


def rules_of(source: Source, settings: Settings, as_of: date | None = None) -> tuple[Rule, ...]:
    """A rule per delivered column, with the project's country and time zone where the column names none."""
    key = () if source.key == "row" else source.key
    asked = [spec.part.split(".") for spec in source.columns.values() if spec.part is not None]
    return tuple(
        Rule(
            column,
            spec.type,
            spec.formats,
            spec.country or settings.country,
            settings.timezone,
            parts=tuple(dict.fromkeys(part for whole, part in asked if whole == column)),
            as_of=as_of,
            is_required=spec.required or column in key,
        )
        for column, spec in source.columns.items()
        if spec.is_delivered
    )


def column_cleanser(rule: Rule) -> ColumnCleanser:
    """How a whole column is cleansed."""
    type_ = Column("value", rule.semantic.type).arrow.type
    return partial(_one_by_one, cleanse=cleanser(rule), type_=type_)


def _one_by_one(values: pa.Array, *, cleanse: Cleanser, type_: pa.DataType) -> Cleansed:
    return Cleansed(*on_distinct(values, cleanse, type_))


def cleanser(rule: Rule) -> Cleanser:
    return CLEANSERS[rule.semantic](rule)
