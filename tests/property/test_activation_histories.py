"""Random histories of members, consents, shares, merges, answers: sums add up, no control is sent, mirrors converge."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.activations import UPSERT, World, project
from kumitate.activation.changes import REMOVING
from kumitate.activation.tables import HOLDOUT_ASSIGNMENTS

ADS = {"purpose": "ads", "channel": "email"}
PERSONS = [f"p{n}" for n in range(6)]
MODES = ("insert", "update", "upsert", "mirror", "append", "add", "rebuild")
ANSWERS = ("accepted", "accepted", "rejected", "retry")


@dataclass(frozen=True)
class Moment:
    """What the lake holds before one run, and what the destination answers in it."""

    people: dict[str, tuple[dict[str, Any], list[str]]]
    consents: dict[str, bool]
    merged: dict[str, str]
    percent: int
    answers: list[str]


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    merged = {"p5": "p0"} if draw(st.booleans()) else {}
    people = {
        person: (
            {
                "family_name": draw(st.sampled_from(["Ito", "Sato"])),
                "email": draw(st.sampled_from(["a", "b", "c", None])),
            },
            draw(st.lists(st.sampled_from(["vips", "buyers"]), unique=True)),
        )
        for person in PERSONS
        if person not in merged and draw(st.integers(0, 9)) > 0
    }
    consents = {person: draw(st.booleans()) for person in PERSONS if draw(st.integers(0, 3)) > 0}
    answers = draw(st.lists(st.sampled_from(ANSWERS), min_size=7, max_size=7))
    return Moment(people, consents, merged, draw(st.sampled_from([1, 30, 60])), answers)


def world(mode: str, key: str, percent: int) -> World:
    sync = UPSERT | {"mode": mode, "key": key, "consent": ADS}
    gates = {
        "holdouts": {"universal": {"percent": percent}, "lift": {"percent": percent, "segment": "vips"}},
        "exclusions": {"customers": {"segments": ["buyers"], "all_syncs": True}},
    }
    return World(project({"s": sync}, gates=gates, crm={"type": "meta"}))


def held_out(shop: World, merged: dict[str, str]) -> set[str]:
    rows = shop.lake.table(HOLDOUT_ASSIGNMENTS).to_pylist()
    return {merged.get(row["person_id"], row["person_id"]) for row in rows if row["is_held"]}


def put(shop: World, moment: Moment) -> None:
    shop.people(**moment.people)
    shop.consents(**moment.consents)
    shop.merged(**moment.merged)


def require_sums(shop: World, mode: str, number: int) -> None:
    """Every candidate has one outcome; removals stand beside them."""
    counts, beside = shop.counts(number), {"delete", "delete_retried"} if mode in REMOVING else set()
    candidates = shop.lake.rows("select person_id from activation.candidates_s")
    assert len(candidates) == len(set(candidates))
    assert sum(rows for outcome, rows in counts.items() if outcome not in beside) == len(candidates)
    operations = Counter(shop.changes().values())
    brought = sum(rows for outcome, rows in counts.items() if outcome in ("create", "update", "retried"))
    assert brought == operations["create"] + operations["update"]
    assert sum(rows for outcome, rows in counts.items() if outcome in beside) == operations["delete"]


def played(mode: str, key: str, history: list[Moment]) -> World:
    """The history run by run, each claim looked at after every run."""
    shop = world(mode, key, history[0].percent)
    for number, moment in enumerate(history, 1):
        later = world(mode, key, moment.percent)
        later.lake = shop.lake
        shop = later
        put(shop, moment)
        shop.activate(number)
        require_sums(shop, mode, number)
        sent = {
            row[0] for row in shop.lake.rows("select person_id from activation.changes_s where operation <> 'delete'")
        }
        assert not sent & held_out(shop, moment.merged)
        assert not sent - {person for person, word in moment.consents.items() if word}
        keys = sorted(shop.changes())
        shop.settle(number, **dict(zip(keys, moment.answers, strict=False)))
    return shop


_SLOW_LAKE = [HealthCheck.too_slow]


@settings(max_examples=3, deadline=None, suppress_health_check=_SLOW_LAKE)
@given(history=st.lists(moments(), min_size=1, max_size=2), mode=st.sampled_from(MODES))
def test_in_a_short_history_sums_add_up_and_nobody_without_consent_or_held_out_is_sent(
    history: list[Moment], mode: str
) -> None:
    played(mode, "{email}", history)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=30, deadline=None, suppress_health_check=_SLOW_LAKE)
@given(history=st.lists(moments(), min_size=1, max_size=4), key=st.sampled_from(["{person_id}", "{email}"]))
def test_in_every_history_sums_add_up_and_nobody_without_consent_or_held_out_is_sent(
    mode: str, history: list[Moment], key: str
) -> None:
    played(mode, key, history)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mirror", "rebuild"])
@settings(max_examples=30, deadline=None, suppress_health_check=_SLOW_LAKE)
@given(history=st.lists(moments(), min_size=1, max_size=3))
def test_a_mirror_holds_exactly_the_desired_people_once_everything_is_accepted(
    mode: str, history: list[Moment]
) -> None:
    shop = played(mode, "{email}", history)
    for number in (len(history) + 1, len(history) + 2):
        shop.activate(number)
        shop.settle(number)
    desired = dict(shop.lake.rows("select key, fields from activation.candidates_s where gate is null"))
    assert dict(shop.lake.rows("select key, fields from activation.state_s")) == desired
    shop.activate(len(history) + 3)
    assert shop.changes() == {}
