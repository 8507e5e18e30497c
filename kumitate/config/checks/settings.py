"""Is the clock aware, the time zone known, the consent source what it should be?"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from kumitate.config.checks.sources import path_problem
from kumitate.config.draft import Draft
from kumitate.config.findings import SETTINGS, Finding, Spot, did_you_mean, unknown
from kumitate.config.settings import ConsentSource
from kumitate.config.types import TIMES, column_type, in_words
from kumitate.model.table import Type

_SPOT = Spot(SETTINGS)


def check(draft: Draft) -> Iterator[Finding]:
    if SETTINGS in draft.unread:
        return
    settings = draft.config.settings
    if settings.as_of is not None and settings.as_of.tzinfo is None:
        yield _SPOT.below("as_of").wrong("has no time zone; write it as 2011-12-10T00:00:00+09:00 or with Z for UTC")
    if not _is_timezone(settings.timezone):
        hint = did_you_mean(settings.timezone, available_timezones()) or "; write an IANA name such as Asia/Tokyo"
        yield _SPOT.below("timezone").wrong(f"unknown time zone {settings.timezone!r}{hint}")
    yield from path_problem(settings.lake, _SPOT.below("lake"))
    if settings.consent is not None:
        yield from _consent(draft, settings.consent)


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _consent(draft: Draft, consent: ConsentSource) -> Iterator[Finding]:
    spot = _SPOT.below("consent")
    yield from draft.unknown("sources", consent.source, spot.below("source"))
    source = draft.config.sources.get(consent.source)
    if source is None:
        return
    wanted = {"purpose": {Type.STRING}, "channel": {Type.STRING}, "granted": {Type.BOOLEAN}, "at": TIMES}
    if consent.brand is not None:
        wanted["brand"] = {Type.STRING}
    for key, types in wanted.items():
        column = getattr(consent, key)
        found = column_type(source, column)
        if found is None:
            yield spot.below(key).wrong(unknown("column", column, source.columns, place=f"source {consent.source!r}"))
        elif found not in types:
            should = " or ".join(sorted(in_words(type_) for type_ in types))
            yield spot.below(key).wrong(f"column {column!r} is {in_words(found)}; it should be {should}")
