"""`destinations/*.yaml` and `syncs/*.yaml`: where segments and traits go, in which shape, under which consent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kumitate.model.expression import Consent, Section


class Destination(Section):
    """An account at a vendor: `type` names a registered destination, `settings` are that type's own.

    `secret` names the credentials (an environment variable `KUMITATE_SECRET_<NAME>` on a laptop, Secrets
    Manager in the cloud); `url` replaces the vendor's base address; without it a laptop run uses the sandbox.
    """

    type: str
    settings: dict[str, Any] = {}
    secret: str | None = None
    url: str | None = None
    requests_per_second: float | None = Field(None, gt=0)
    """The account's own limit, shared by all syncs to it; the vendor's, unless given."""


class Sync(Section):
    """One segment brought to one destination.

    Modes: `upsert` creates and updates, `mirror` also removes who has left, `append` sends each key once
    and never again (messages, alerts), `delete` removes members at the destination.
    `key` and `fields` are templates over attributes and traits: `"{person_id}:{last_cart_at}"`; a template
    that is one placeholder keeps its type. `consent` gates people: unknown is not granted, and counted.
    `not_needed` states that no consent applies (an internal alert), and `consent_reason` why.
    """

    destination: str
    segment: str
    mode: Literal["upsert", "mirror", "append", "delete"] = "upsert"
    object: str | None = None
    """What is written, where a destination has several: `Contact`, `Task`, `audience`."""
    key: str = "{person_id}"
    fields: dict[str, str] = Field(min_length=1)
    consent: Consent | Literal["not_needed"]
    consent_reason: str = ""
    exclude: tuple[str, ...] = ()
    """Segments whose members are left out (shared exclusion lists)."""
    settings: dict[str, Any] = {}
    """What the destination's type asks per sync: an audience id, a template's name, a channel."""
    schedule: str | None = None
    """Deployed: an extra time to bring the sync up to date, `rate(15 minutes)` or `cron(0 9 ? * MON *)`."""
    description: str = ""
