"""Consent is the newest word per person, purpose, channel and brand; of words said at the same time, no wins."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.config.settings import ConsentSource
from kumitate.errors import FatalError
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.profiles.metrics import OWNER, RowSource
from kumitate.profiles.tables import CONSENTS
from kumitate.sql.conditions import certain, located
from kumitate.sql.shapes import ascending, case, descending, no_rows, window, with_ctes
from kumitate.sql.vocabulary import call, column, literal, table_ref, timestamp_literal

_EVER = datetime(1, 1, 1, tzinfo=UTC)
"""Before every word that has a time."""


def consents_query(config: Config, run: Run) -> exp.Select:
    """`curated.consents`; empty where the project names no source of consent, so that no old word outlives it."""
    if config.settings.consent is None:
        return no_rows((one.name, one.type) for one in CONSENTS.columns)
    with located("consent"):
        words = _words(config.settings.consent, RowSource(config, config.settings.consent.source, run.as_of))
    newest_first = [descending(column("at")), ascending(column("granted"))]
    about = [column(name) for name in ("person_id", "purpose", "channel", "brand")]
    place = window(call("row_number"), partition=about, order=newest_first)
    names = [one.name for one in CONSENTS.columns]
    ranked = exp.select(*map(column, names), exp.alias_(place, "place"), exp.alias_(_refused_at(), "refused_at"))
    ranked = ranked.from_(table_ref("words"))
    granted = exp.and_(column("granted"), exp.or_(column("brand").is_(exp.null()), _said_since()))
    kept = [exp.alias_(granted, name) if name == "granted" else column(name) for name in names]
    newest = exp.select(*kept).from_(table_ref("ranked"))
    newest = newest.where(column("place").eq(literal(1, Type.BIGINT)))
    return with_ctes(newest, [("words", words), ("ranked", ranked)])


def _refused_at() -> exp.Window:
    """When the person last refused without naming a brand, which is a word to every brand; `_EVER` without a time."""
    refusal = exp.and_(column("brand").is_(exp.null()), exp.not_(column("granted")))
    about = [column(name) for name in ("person_id", "purpose", "channel")]
    at = call("coalesce", column("at"), timestamp_literal(_EVER))
    return window(call("max", case(refusal, at)), partition=about)


def _said_since() -> exp.Condition:
    """Whether a brand's word is newer than such a refusal, if there is one."""
    newer = exp.GT(this=column("at"), expression=column("refused_at"))
    return exp.or_(column("refused_at").is_(exp.null()), certain(newer))


def _words(said: ConsentSource, source: RowSource) -> exp.Select:
    """Every word up to the run's clock; one that says neither yes nor no counts as no."""
    if source.type_of(said.granted) is not Type.BOOLEAN:
        raise FatalError(f"granted: {said.source}.{said.granted} is {source.type_of(said.granted)}, not boolean")
    purpose, channel, at = source.column(said.purpose), source.column(said.channel), source.as_time(said.at)
    words = source.select(
        column("person_id", OWNER),
        exp.cast(purpose, Type.STRING).as_("purpose"),
        exp.cast(channel, Type.STRING).as_("channel"),
        exp.alias_(certain(source.column(said.granted)), "granted"),
        exp.alias_(at, "at"),
        exp.alias_(_brand(said, source), "brand"),
        is_said=True,
    )
    past = exp.or_(at.is_(exp.null()), exp.LT(this=at.copy(), expression=timestamp_literal(source.as_of)))
    about = (purpose.is_(exp.null()).not_(), channel.is_(exp.null()).not_())
    return words.where(past, *about)


def _brand(said: ConsentSource, source: RowSource) -> exp.Condition:
    return literal(None, Type.STRING) if said.brand is None else exp.cast(source.column(said.brand), Type.STRING)
