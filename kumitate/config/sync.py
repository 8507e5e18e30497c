"""`destinations/*.yaml` and `syncs/*.yaml`: where segments and traits go, in which shape, under which consent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from kumitate.config.gates import Guard
from kumitate.config.mapping import FieldValue
from kumitate.model.expression import Consent, Section, Span

Mode = Literal["insert", "update", "upsert", "mirror", "append", "delete", "add", "rebuild"]
NullPolicy = Literal["clear", "keep", "hold"]


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
    """One segment brought to one destination, or what a trigger tells when it fires.

    Modes for objects: `insert` creates each key once, `update` changes what the destination holds and creates
    nothing, `upsert` does both, `mirror` also removes who has left, `append` sends each key once and never again
    (messages, alerts), `delete` removes members at the destination. For audiences: `add` adds and never removes who
    has left, `mirror` removes them, `rebuild` makes the audience anew where it cannot remove anybody.
    `key` and `fields` are templates over attributes and traits: `"{person_id}:{last_cart_at}"`; a template
    that is one placeholder keeps its type. `consent` gates people: unknown is not granted, and counted.
    `not_needed` states that no consent applies (an internal alert), and `consent_reason` why.
    """

    destination: str
    segment: str | None = None
    """Who it brings; with a `trigger`, who it may bring: everybody, unless given."""
    trigger: str | None = None
    """Brings one row each time this trigger fires, at once, in mode `append`; `{fact.products}` in `key` and `fields`
    is what the trigger tells."""
    mode: Mode = "upsert"
    object: str | None = None
    """What is written, where a destination has several: `Contact`, `Task`, `audience`."""
    key: str = "{person_id}"
    fields: dict[str, FieldValue] = {}
    """By the destination's names: templates, or mappings that transform."""
    default_fields: bool = False
    """Also the destination's usual fields, as far as the project has their attributes; `fields` go before them."""
    nulls: dict[str, NullPolicy] = {}
    """What a missing value does, by field, and `default` for the others: `keep` leaves the destination's value as it
    is (unless given), `clear` empties it, `hold` keeps the person back."""
    consent: Consent | Literal["not_needed"]
    consent_reason: str = ""
    exclude: tuple[str, ...] = ()
    """Segments whose members are left out, and shared exclusion lists (`exclusions/*.yaml`)."""
    hold_out: bool = False
    """With `consent: not_needed`: people who are held out are left out here, too; elsewhere they always are."""
    withdraw_within: Span | None = None
    """Who takes consent back is out of the audience within this time: `24h`; `check` tells where that cannot be."""
    guard: Guard = Guard()
    """How much one run may change before a person must approve it."""
    approval: Literal["none", "required"] = "none"
    """`required`: nothing leaves before a person has approved the run."""
    settings: dict[str, Any] = {}
    """What the destination's type asks per sync: an audience id, a template's name, a channel."""
    schedule: str | None = None
    """Deployed: an extra time to bring the sync up to date, `rate(15 minutes)` or `cron(0 9 ? * MON *)`."""
    description: str = ""

    @property
    def brings(self) -> str:
        """The name of its segment, or of what fires it."""
        return self.segment or f"trigger {self.trigger}"

    @model_validator(mode="after")
    def _has_fields(self) -> Sync:
        if not self.fields and not self.default_fields:
            raise ValueError("missing key 'fields' (or default_fields: true, where the destination has usual ones)")
        if self.segment is None and self.trigger is None:
            raise ValueError("missing key 'segment' (or trigger, for what happens in real time)")
        if self.trigger is not None and self.mode != "append":
            raise ValueError("a sync with a trigger has mode: append; each firing is a row of its own")
        if self.trigger is not None and (self.approval == "required" or self.schedule is not None):
            raise ValueError("a sync with a trigger brings its rows at once; leave out approval and schedule")
        return self
