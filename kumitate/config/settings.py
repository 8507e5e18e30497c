"""`kumitate.yaml`: what holds for the whole project."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from kumitate.model.expression import Section


class ConsentSource(Section):
    """The source that records consent, and its columns; the newest row per person, purpose, channel and brand holds."""

    source: str
    purpose: str = "purpose"
    channel: str = "channel"
    granted: str = "granted"
    at: str = "at"
    brand: str | None = None
    """The column that names the brand; a row without a brand that refuses, refuses for every brand."""


class Settings(Section):
    """The project's name, clock, home country, and where its lake lies."""

    project: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    as_of: datetime | None = None
    """The clock of every run; now, unless set (set it to replay history)."""
    timezone: str = "UTC"
    """IANA name; times in files without an offset are read in it."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Default country of phone numbers and postal codes (ISO 3166 alpha-2)."""
    lake: str = ".kumitate"
    """The lake's folder, relative to the project."""
    consent: ConsentSource | None = None
