"""Do syncs name a destination, segments and placeholders that exist, and is their consent stated?"""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from kumitate.config.checks.conditions import consent_findings
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.mapping import templates_in
from kumitate.config.names import name_problem
from kumitate.config.sync import Sync

FACT = "{fact."
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
TOLD_BY_ALL = ("fired_id", "fired_at")
"""What every trigger tells."""


def check(draft: Draft) -> Iterator[Finding]:
    for name, destination in draft.config.destinations.items():
        spot = Spot("destinations", (name,))
        if destination.url is not None:
            yield from _address(destination.url, spot.below("url"))
        wrong = name_problem(destination.secret) if destination.secret is not None else ""
        if wrong:
            yield spot.below("secret").wrong(wrong)
    for name, sync in draft.config.syncs.items():
        yield from _sync(draft, sync, Spot("syncs", (name,)))


def _address(url: str, spot: Spot) -> Iterator[Finding]:
    """People's data and the account's secret are readable on the way where nothing encrypts them."""
    try:
        scheme, host = (parts := urlsplit(url)).scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in ("https", "http") or not host:
        yield spot.wrong(f"{url!r} is no web address; it begins with https://")
    elif scheme == "http" and host not in _THIS_MACHINE:
        yield spot.wrong(
            f"{url!r} sends people's data and the account's secret unencrypted; write https:// "
            "(http:// is for this machine alone)"
        )


def _sync(draft: Draft, sync: Sync, spot: Spot) -> Iterator[Finding]:
    yield from draft.unknown("destinations", sync.destination, spot.below("destination"))
    if sync.segment is not None:
        yield from draft.unknown("segments", sync.segment, spot.below("segment"))
    if sync.trigger is not None:
        yield from draft.unknown("triggers", sync.trigger, spot.below("trigger"))
    facts = _facts(draft, sync)
    yield from _template(draft, sync.key, spot.below("key"), facts=facts)
    for field, given in sync.fields.items():
        for path, template in templates_in(given):
            there = spot.below("fields", field, *path)
            if path and FACT in template:
                yield there.wrong("a fact takes no transform; write it alone or in a text: '{fact.products}'")
            else:
                yield from _template(draft, template, there, facts=facts)
    if sync.consent == "not_needed":
        if not sync.consent_reason.strip():
            yield spot.wrong("missing key 'consent_reason' (consent: not_needed says why)")
    else:
        yield from consent_findings(draft, spot.below("consent"))


def _facts(draft: Draft, sync: Sync) -> Collection[str]:
    """Placeholders of what the sync's trigger tells."""
    trigger = draft.config.triggers.get(sync.trigger or "")
    return [f"fact.{name}" for name in (*trigger.facts, *TOLD_BY_ALL)] if trigger else ()


def _template(draft: Draft, template: str, spot: Spot, *, facts: Collection[str]) -> Iterator[Finding]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        yield spot.wrong("a brace is not closed; a placeholder is {person_id}, a brace itself is {{ or }}")
        return
    if draft.person is None:
        return
    known = {"person_id", *draft.person.attributes, *draft.names["traits"], *facts}
    for _, name, format_, conversion in parts:
        if name is None:
            continue
        if format_ or conversion:
            yield spot.wrong(f"placeholder {name!r} takes no format; write {{{name}}}")
        if name.startswith("fact.") and name not in known and not facts:
            yield spot.wrong(f"{{{name}}} is what a trigger tells; name the trigger in `trigger:`, and its `facts:`")
        elif name not in known and not draft.may_hold("traits", name):
            yield spot.wrong(f"{unknown('attribute or trait', name, known)}")
