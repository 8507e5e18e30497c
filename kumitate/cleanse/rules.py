"""What a column means decides how it is cleansed: one function per semantic, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from kumitate.cleanse.codes import boolean, country, gender, json_text
from kumitate.cleanse.contacts import address, email, phone, postal_code
from kumitate.cleanse.names import company, kana, name
from kumitate.cleanse.numbers import decimal, integer
from kumitate.cleanse.text import text
from kumitate.cleanse.times import cleanse_date, cleanse_timestamp
from kumitate.cleanse.values import Cleanser
from kumitate.config.settings import Settings
from kumitate.config.source import Semantic, Source


@dataclass(frozen=True, slots=True)
class Rule:
    """How one column is cleansed; plain values, so that it can travel to a Spark worker."""

    column: str
    semantic: Semantic
    formats: tuple[str, ...]
    country: str
    timezone: str
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
    Semantic.EMAIL: lambda _: email,
    Semantic.PHONE: lambda rule: partial(phone, country=rule.country),
    Semantic.POSTAL_CODE: lambda rule: partial(postal_code, country=rule.country),
    Semantic.ADDRESS: lambda _: address,
    Semantic.GENDER: lambda _: gender,
    Semantic.COUNTRY: lambda _: country,
    Semantic.JSON: lambda _: json_text,
}


def rules_of(source: Source, settings: Settings) -> tuple[Rule, ...]:
    """A rule per delivered column, with the project's country and time zone where the column names none."""
    key = () if source.key == "row" else source.key
    return tuple(
        Rule(
            column,
            spec.type,
            spec.formats,
            spec.country or settings.country,
            settings.timezone,
            is_required=spec.required or column in key,
        )
        for column, spec in source.columns.items()
        if spec.sql is None
    )


def cleanser(rule: Rule) -> Cleanser:
    return CLEANSERS[rule.semantic](rule)
