"""A source's recipe: all that decides what clean rows its raw rows become, as a short fingerprint."""

from __future__ import annotations

import hashlib
import json

from kumitate.cleanse.rules import RULES_VERSION
from kumitate.config.settings import Settings
from kumitate.config.source import Source

_DECIDES = ("kind", "key", "updated_at", "identifiers")
_OF_COLUMNS = ("type", "required", "formats", "country", "sql", "part")


def fingerprint(source: Source, settings: Settings) -> str:
    """`1a2b3c4d`; another one where the same raw rows may become other clean rows.

    The run's day is no part of it, though birthdates are held against it: a value stands as the run saw it that
    brought it. Where files have a column (`from`) is none either: raw rows are read already.
    """
    told = {
        "rules": RULES_VERSION,
        "country": settings.country,
        "timezone": settings.timezone,
        "source": source.model_dump(mode="json", include=set(_DECIDES)),
        "columns": {
            name: spec.model_dump(mode="json", include=set(_OF_COLUMNS)) for name, spec in source.columns.items()
        },
    }
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]
