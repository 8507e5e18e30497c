"""`contracts/*.yaml`: what an event must look like, in versions, and what is done about one that does not."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kumitate.model.expression import Section

Action = Literal["allow", "flag", "drop_field", "block"]
Call = Literal["track", "identify", "page", "screen", "group", "alias"]


class Contract(Section):
    """What one event of one source brings: `{source: web_events, event: Order Completed, versions: {"1.0": {…}}}`.

    A version is a JSON Schema (2020-12) of the `properties` of track, page and screen, of the `traits` of identify
    and group. An event is good if the newest version of any major accepts it. A new minor version accepts whatever
    the one before accepted; a version that refuses some of it needs a new major.
    """

    source: str
    call: Call = "track"
    event: str | None = None
    """The name of a track call, or of a page or screen; every one, unless given."""
    versions: dict[str, dict[str, Any]] = Field(min_length=1)
    """`major.minor` -> JSON Schema."""
    on_violation: Action = "flag"
    """`allow` keeps the event as it is, `flag` notes what is wrong with it, `drop_field` keeps the rest of it,
    `block` sends it to quarantine."""
    violations: dict[str, Action] = {}
    """The same for one rule of JSON Schema (`required: block`) or one field (`price: drop_field`), which goes first."""
    owner: str = ""
    description: str = ""
