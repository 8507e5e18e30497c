"""What two people of an audience share leaves it with the last of them, whoever goes first."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.activations import UPSERT, World, project
from kumitate.activation.destinations.answers import NO_MATCH_KEY
from kumitate.activation.destinations.members import SHARED, movements, no_longer
from kumitate.execution.outcomes import changes_of
from kumitate.model.request import Change, Operation, Outcome, Verdict

FIELDS = {"email": "{email}", "phone": "{phone}"}
PEOPLE = ("p1", "p2", "p3")


class Audience:
    """Identifiers by kind, moved as every audience moves them: removals first."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()

    def take(self, changes: list[Change]) -> list[Outcome]:
        moves = movements(changes, known_by=identifiers, outdated=no_longer, why=lambda _: "")
        for _, gone in moves.leaving:
            self.known -= {*gone}
        for _, here in moves.present:
            self.known |= {*here}
        return list(moves.unusable)


def identifiers(fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Normalised, as platforms' rules do."""
    found = ((name, fields.get(name)) for name in FIELDS)
    return tuple((name, str(value).strip().lower()) for name, value in found if value)


def mirror(mode: str = "mirror") -> World:
    return World(project({"s": UPSERT | {"mode": mode, "fields": FIELDS}}, crm={"type": "meta"}))


def brought(shop: World, number: int, people: Mapping[str, Mapping[str, str | None]]) -> list[Change]:
    shop.people(**{key: (dict(fields), ["vips"]) for key, fields in people.items()})
    shop.activate(number)

    class Engine:
        rows = staticmethod(lambda query: shop.lake.query(query).to_batches())

    return [change for piece in changes_of(Engine(), "s") for change in piece]  # type: ignore[arg-type]  # one method


def test_a_shared_address_stays_with_who_stays_and_the_rest_leaves() -> None:
    shop, audience = mirror(), Audience()
    couple = {"p1": {"email": "A@x.jp ", "phone": "1"}, "p2": {"email": "a@x.jp", "phone": "2"}}
    audience.take(brought(shop, 1, couple))
    shop.settle(1)
    assert audience.take(brought(shop, 2, {"p2": couple["p2"]})) == []
    assert audience.known == {("email", "a@x.jp"), ("phone", "2")}
    shop.settle(2)
    audience.take(brought(shop, 3, {}))
    assert audience.known == set()


def test_a_row_of_which_nothing_is_to_be_taken_out_counts_as_removed_with_its_reason() -> None:
    shop, audience = mirror(), Audience()
    audience.take(brought(shop, 1, {"p1": {"email": "a@x.jp"}, "p2": {"email": "a@x.jp"}}))
    shop.settle(1)
    told = audience.take(brought(shop, 2, {"p2": {"email": "a@x.jp"}}))
    assert told == [Outcome("p1", Verdict.ACCEPTED, SHARED)]
    assert audience.known == {("email", "a@x.jp")}


def test_who_was_never_taken_in_keeps_nobody_in() -> None:
    shop, audience = mirror(), Audience()
    couple = {"p1": {"email": "a@x.jp"}, "p2": {"email": "a@x.jp"}}
    audience.take([change for change in brought(shop, 1, couple) if change.key == "p1"])
    shop.settle(1, p2="retry")
    gone = [change for change in brought(shop, 2, {"p2": couple["p2"]}) if change.operation is Operation.DELETE]
    audience.take(gone)
    assert audience.known == set()


@pytest.mark.parametrize("type_", ["google_data_manager", "meta", "criteo", "x", "tiktok"])
def test_every_audience_says_what_it_knows_members_by(type_: str) -> None:
    from kumitate.activation.destinations.registry import destination_class

    terms = destination_class(type_).terms
    assert {("email",), ("phone",)} <= {*terms.identifiers}
    assert terms.accepts is not None
    assert {name for group in terms.identifiers for name in group} <= terms.accepts


PERSON = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"email": st.sampled_from(["a@x.jp", "A@x.jp", "b@x.jp", None]), "phone": st.sampled_from(["1", "2", None])}
    ),
)

KNOWN: dict[str, str | None] = {"email": "a@x.jp", "phone": "1"}
UNKNOWN: dict[str, str | None] = {"email": None, "phone": None}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mirror", "upsert"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(history=[(None, KNOWN, None), (None, UNKNOWN, None), (None, KNOWN, None)], failing=[])
@example(history=[(None, KNOWN, None), (None, UNKNOWN, None), (None, None, None)], failing=[])
@given(
    history=st.lists(st.tuples(PERSON, PERSON, PERSON), min_size=2, max_size=4),
    failing=st.lists(st.sampled_from(PEOPLE), max_size=3),
)
def test_in_every_history_an_audience_holds_what_its_members_have(
    mode: str, history: list[tuple[dict[str, str | None] | None, ...]], failing: list[str]
) -> None:
    """Rows of people whose answer fails do not arrive; at the end everybody's do. Who has nothing left to be known by
    is not in the audience any more.
    """
    shop, audience = mirror(mode), Audience()
    told: dict[str, Mapping[str, Any]] = {}
    for number, moment in enumerate([*history, history[-1], history[-1]], 1):
        people = {key: fields for key, fields in zip(PEOPLE, moment, strict=True) if fields}
        fails = {failing[number - 1]} if number <= min(len(failing), len(history)) else set()
        changes = brought(shop, number, people)
        unusable = audience.take([change for change in changes if change.key not in fails])
        refused = {outcome.key for outcome in unusable if outcome.verdict is Verdict.REJECTED}
        told |= {
            c.key: c.fields for c in changes if c.key not in fails | refused and c.operation is not Operation.DELETE
        }
        gone = {c.key for c in changes if c.operation is Operation.DELETE and c.key not in fails}
        told = {key: fields for key, fields in told.items() if key not in gone | refused}
        verdicts = dict.fromkeys(fails, "retry") | dict.fromkeys(refused - fails, "rejected")
        shop.settle(number, because=NO_MATCH_KEY, **verdicts)
    wanted = people if mode == "mirror" else told | people
    assert audience.known == {each for fields in wanted.values() for each in identifiers(fields)}
