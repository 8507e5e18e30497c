"""What a column means decides how it is cleansed: one function per semantic, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.postal_codes import postal_code_cleanser, read_postal_code
from kumitate.cleanse.addresses.reading import read_address
from kumitate.cleanse.codes import read_boolean, read_country, read_gender, read_json
from kumitate.cleanse.columns import Way, cleanse_column, each_once
from kumitate.cleanse.companies import company_way
from kumitate.cleanse.corporate_numbers import corporate_number
from kumitate.cleanse.date_shapes import date_shortcuts, timestamp_shortcuts
from kumitate.cleanse.emails import email_way
from kumitate.cleanse.kana import kana_way
from kumitate.cleanse.languages import read_language
from kumitate.cleanse.money import money_shortcuts, read_money
from kumitate.cleanse.names import name_way
from kumitate.cleanse.numbers import DECIMAL_SHORTCUTS, INTEGER_SHORTCUTS, read_decimal, read_integer
from kumitate.cleanse.phones import phone_way
from kumitate.cleanse.reasons import is_unusable
from kumitate.cleanse.text import ID_SHORTCUTS, TEXT_SHORTCUTS
from kumitate.cleanse.times import read_birthdate, read_date, read_timestamp
from kumitate.cleanse.urls import url_way
from kumitate.cleanse.values import Cleanser, ColumnCleanser, plain_reader
from kumitate.config.settings import Settings
from kumitate.config.source import Semantic, Source
from kumitate.errors import RecordError
from kumitate.model.table import Column
from kumitate.readings.limits import limit_of
from kumitate.readings.says_none import SAYS_NONE
from kumitate.readings.text import read_free_text, read_id, read_text

RULES_VERSION = "6"
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
    country_column: str | None = None
    """The column that tells each row's own country; `country` holds where it says nothing."""
    is_country_known: bool = True
    """Whether somebody said `country`; a value that does not fit one that is only assumed is kept as text."""
    is_required: bool = False
    """Without a usable value the whole row is rejected; so it is for a key."""


def _date(rule: Rule) -> Way:
    read = partial(read_date, formats=rule.formats, zone=rule.timezone)
    return Way(read, date_shortcuts(rule.formats))


def _birthdate(rule: Rule) -> Way:
    read = partial(read_birthdate, formats=rule.formats, zone=rule.timezone, as_of=rule.as_of)
    return Way(read, date_shortcuts(rule.formats, until=rule.as_of))


def _timestamp(rule: Rule) -> Way:
    read = partial(read_timestamp, formats=rule.formats, zone=rule.timezone)
    return Way(read, timestamp_shortcuts(rule.formats, rule.timezone))


def _decimal(rule: Rule) -> Way:
    return Way(partial(read_decimal, formats=rule.formats), () if rule.formats else DECIMAL_SHORTCUTS)


def _money(rule: Rule) -> Way:
    read = partial(read_money, formats=rule.formats, country=rule.country)
    return Way(read, money_shortcuts(rule.formats, rule.country))


WAYS: Mapping[Semantic, Callable[[Rule], Way]] = {
    Semantic.TEXT: lambda _: Way(read_text, TEXT_SHORTCUTS),
    Semantic.ID: lambda _: Way(read_id, ID_SHORTCUTS),
    Semantic.INTEGER: lambda _: Way(read_integer, INTEGER_SHORTCUTS),
    Semantic.DECIMAL: _decimal,
    Semantic.BOOLEAN: lambda _: Way(read_boolean),
    Semantic.DATE: _date,
    Semantic.TIMESTAMP: _timestamp,
    Semantic.NAME: lambda _: name_way(),
    Semantic.KANA: lambda _: kana_way(),
    Semantic.COMPANY: lambda _: company_way(),
    Semantic.CORPORATE_NUMBER: lambda _: Way(plain_reader(corporate_number, "notation")),
    Semantic.EMAIL: lambda _: email_way(),
    Semantic.PHONE: lambda rule: phone_way(rule.country),
    Semantic.POSTAL_CODE: lambda rule: Way(partial(read_postal_code, country=rule.country)),
    Semantic.ADDRESS: lambda rule: Way(partial(read_address, country=rule.country)),
    Semantic.GENDER: lambda _: Way(read_gender),
    Semantic.COUNTRY: lambda _: Way(read_country),
    Semantic.JSON: lambda _: Way(read_json),
    Semantic.BIRTHDATE: _birthdate,
    Semantic.MONEY: _money,
    Semantic.LANGUAGE: lambda _: Way(read_language),
    Semantic.URL: lambda _: url_way(),
    Semantic.FREE_TEXT: lambda _: Way(read_free_text, TEXT_SHORTCUTS[:1]),
}
"""How the texts of each semantic are read, and what of that kernels can do."""

COLUMNS: Mapping[Semantic, Callable[[Rule], ColumnCleanser]] = {
    Semantic.POSTAL_CODE: lambda rule: partial(each_once, cleanse=postal_code_cleanser(rule.country)),
    Semantic.ADDRESS: lambda rule: address_cleanser(rule.country, rule.parts),
}
"""Semantics whose columns are cleansed by a function of their own, rather than by their way."""


def rules_of(source: Source, settings: Settings, as_of: date | None = None) -> tuple[Rule, ...]:
    """A rule per delivered column, with the project's country and time zone where the column names none."""
    key = () if source.key == "row" else source.key
    delivered = {column for column, spec in source.columns.items() if spec.is_delivered}
    asked = [spec.part.split(".") for spec in source.columns.values() if spec.part is not None]
    return tuple(
        Rule(
            column,
            spec.type,
            spec.formats,
            settings.country if spec.country is None or spec.country in source.columns else spec.country,
            settings.timezone,
            country_column=spec.country if spec.country in delivered else None,
            parts=tuple(dict.fromkeys(part for whole, part in asked if whole == column)),
            as_of=as_of,
            is_required=spec.required or column in key,
        )
        for column, spec in source.columns.items()
        if spec.is_delivered
    )


@cache
def way_of(rule: Rule) -> Way:
    semantic = rule.semantic
    return replace(
        WAYS[semantic](rule),
        limit=limit_of(semantic),
        too_long=f"{semantic}.too_long",
        nothing=SAYS_NONE.get(semantic, frozenset()),
        says_none=f"{semantic}.says_none",
    )


def column_cleanser(rule: Rule) -> ColumnCleanser:
    """How a whole column is cleansed."""
    if rule.semantic in COLUMNS:
        return COLUMNS[rule.semantic](rule)
    type_ = Column("value", rule.semantic.type).arrow.type
    return partial(cleanse_column, way=way_of(rule), type_=type_, parts=rule.parts)


def cleanser(rule: Rule) -> Cleanser:
    """The same for a single value; RecordError where it cannot be used."""
    return partial(_cleansed, rule=rule)


def _cleansed(value: str, *, rule: Rule) -> object:
    reading = way_of(rule).reading(value)
    if reading.value is None and reading.codes and is_unusable(reading.codes[-1]):
        raise RecordError(reading.codes[-1])
    return reading.value
