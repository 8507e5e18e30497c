"""Do gates name what exists, can they hold anybody, and can a withdrawal be kept in the time that is promised?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.checks.cycles import circles
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.schedules import timing
from kumitate.config.sync import Sync
from kumitate.model.expression import Consent

_TAKES_OUT = ("add", "mirror", "rebuild")


def check(draft: Draft) -> Iterator[Finding]:
    yield from _exclusions(draft)
    for name, holdout in draft.config.holdouts.items():
        if holdout.segment is not None:
            yield from draft.unknown("segments", holdout.segment, Spot("holdouts", (name, "segment")))
    for name, budget in draft.config.budgets.items():
        if draft.names["syncs"] == draft.config.syncs.keys() and not _spent(draft, budget.channel):
            what = f"no sync in mode append has a consent for channel {budget.channel!r}; the budget holds nobody"
            yield Spot("budgets", (name, "channel")).wrong(what)
    yield from _rankings(draft)
    for name, sync in draft.config.syncs.items():
        yield from _sync(draft, sync, Spot("syncs", (name,)))


def _exclusions(draft: Draft) -> Iterator[Finding]:
    for name, listed in draft.config.exclusions.items():
        spot = Spot("exclusions", (name,))
        for place, segment in enumerate(listed.segments):
            yield from draft.unknown("segments", segment, spot.below("segments", place))
        if name in draft.names["segments"]:
            yield spot.wrong(f"{name!r} is a segment, too; `exclude` could mean either: give the list another name")


def _spent(draft: Draft, channel: str) -> bool:
    consents = (sync.consent for sync in draft.config.syncs.values() if sync.mode == "append")
    return any(isinstance(consent, Consent) and consent.channel == channel for consent in consents)


def _rankings(draft: Draft) -> Iterator[Finding]:
    ahead: dict[str, frozenset[str]] = {}
    for name, ranking in draft.config.rankings.items():
        spot = Spot("rankings", (name, "syncs"))
        for place, sync in enumerate(ranking.syncs):
            yield from draft.unknown("syncs", sync, spot.below(place))
            if sync in ranking.syncs[:place]:
                yield spot.below(place).wrong(f"sync {sync!r} stands in the list twice")
            ahead[sync] = ahead.get(sync, frozenset()) | {*ranking.syncs[:place]} - {sync}
    for circle in circles(ahead):
        inside = (name for name, one in sorted(draft.config.rankings.items()) if {*circle[:2]} <= {*one.syncs})
        yield Spot("rankings", (next(inside),)).wrong(f"goes before itself: {' → '.join(circle)}")


def _sync(draft: Draft, sync: Sync, spot: Spot) -> Iterator[Finding]:
    lists = draft.names["exclusions"]
    known, kind = draft.names["segments"] | lists, "segment or exclusion list" if lists else "segment"
    for place, name in enumerate(sync.exclude):
        if name not in known and not (draft.may_hold("segments", name) or draft.may_hold("exclusions", name)):
            yield spot.below("exclude", place).wrong(unknown(kind, name, known))
    for field in sync.nulls:
        if field != "default" and field not in sync.fields and not sync.default_fields:
            yield spot.below("nulls", field).wrong(unknown("field", field, {*sync.fields, "default"}))
    if sync.hold_out and sync.consent != "not_needed":
        yield spot.below("hold_out").wrong("hold-outs always hold a sync that needs a consent; leave it out")
    for kind in ("adds", "removes"):
        given = kind in sync.guard.model_fields_set
        if sync.mode == "delete" and given and isinstance(getattr(sync.guard, kind), str):
            yield spot.below("guard", kind).wrong(
                "a sync in mode delete has no share to count by; write a number of rows"
            )
    yield from _brand(draft, sync, spot.below("consent"))
    yield from _withdrawal(draft, sync, spot.below("withdraw_within"))


def _brand(draft: Draft, sync: Sync, spot: Spot) -> Iterator[Finding]:
    source = draft.config.settings.consent
    is_branded = isinstance(sync.consent, Consent) and sync.consent.brand is not None
    if is_branded and source is not None and source.brand is None:
        yield spot.below("brand").wrong("consent has no brand; name its column in kumitate.yaml: consent: {brand: …}")


def _withdrawal(draft: Draft, sync: Sync, spot: Spot) -> Iterator[Finding]:
    if sync.withdraw_within is None:
        return
    if not isinstance(sync.consent, Consent):
        yield spot.wrong("this sync needs no consent, so there is none to take back")
    elif sync.mode not in _TAKES_OUT:
        yield spot.wrong(f"mode {sync.mode} takes nobody out; {', '.join(_TAKES_OUT)} do")
    minutes = sync.withdraw_within.total_seconds() / 60
    for name, environment in sorted(draft.config.environments.items()):
        try:
            silence = timing(environment.schedule).longest_days * 1440
        except ValueError:
            continue  # said where it stands
        if silence + environment.delivery_minutes > minutes:
            hours = (silence + environment.delivery_minutes) / 60
            yield spot.wrong(
                f"environment {name!r} cannot keep it: up to {hours:.0f} h pass from a run to the end of the next one's"
                " delivery; give it a shorter `schedule` or `delivery_minutes`, or this sync more time"
            )
