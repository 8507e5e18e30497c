"""What a run publishes for triggers, and what it takes in of what they fired."""

from datetime import UTC, datetime, timedelta
from typing import Any

from harness.activations import project, run
from harness.fired import CART, LEAD, FiredWorld, fired, fired_project
from kumitate.activation.stage import ACTIVATION, DELIVERY
from kumitate.activation.tables import OUTCOMES
from kumitate.events.state_keys import card_key, who_key
from kumitate.identity.entity_tables import OWNERS
from kumitate.identity.tables import PERSON_RECORDS, SHARED
from kumitate.model.request import Outcome, Verdict

SATO = {"email": "sato@example.jp", "family_name": "Sato"}
ABE = {"email": "abe@example.jp", "family_name": "Abe"}


def world(*, gates: dict[str, Any] | None = None, **syncs: Any) -> FiredWorld:
    made = FiredWorld(fired_project(gates=gates, **syncs))
    made.people(p1=(SATO, ["vips"]), p2=(ABE, []))
    made.consents(p1=True, p2=False)
    made.ties(p1="sato@example.jp", p2="abe@example.jp")
    return made


def test_everybody_with_a_profile_has_a_card_and_who_is_held_has_no_fields_in_it() -> None:
    made = world()
    made.run()
    assert made.states.found("card#cart#") == {
        card_key("cart", "p1"): {
            "key": "p1:{fact.cart_id}",
            "fields": {"name": "Sato", "products": "{fact.products}", "text": "Sato: {fact.products}"},
        },
        card_key("cart", "p2"): {"gate": "no_consent"},
    }
    assert made.counts(1, "cart") == {"held:no_consent": 1, "ready": 1}


def test_a_segment_says_who_may_have_a_card() -> None:
    made = world(lead=LEAD)
    made.run()
    assert list(made.states.found("card#")) == [card_key("lead", "p1")]


def test_identifiers_lead_to_their_person_unless_several_share_them() -> None:
    made = world()
    made.lake.put(SHARED, [{"kind": "email", "value": "abe@example.jp", "reason": "too_many_records", "records": 9}])
    made.run()
    assert made.states.found("who#") == {who_key("email", "sato@example.jp"): {"person": "p1"}}


def used(made: FiredWorld, *rows: tuple[str | None, str, str | None, datetime]) -> None:
    """Events by browser, as the lake has them: whose they are, whether they say so (by an address), and when."""
    clean = next(table for table in ACTIVATION.reads(made.config) if str(table) == "clean.web")
    events = [
        {"_record_id": str(place), "id": str(place), "browser": browser, "email": email, "at": at}
        for place, (browser, _, email, at) in enumerate(rows)
    ]
    made.lake.put(clean, events)
    records = made.lake.table("curated.person_records").to_pylist()
    for place, (_, person, _, _) in enumerate(rows):
        records.append({"record": f"web/{place}", "source": "web", "record_id": str(place), "person_id": person})
    made.lake.put(PERSON_RECORDS, records)


NOW = run(1).as_of.replace(tzinfo=None)
LATELY, LONG_AGO = NOW - timedelta(days=2), NOW - timedelta(days=31)


def test_a_browser_leads_to_the_one_person_who_used_it() -> None:
    made = world()
    used(
        made,
        ("b1", "p1", "sato@example.jp", LATELY),
        ("b1", "p1", "sato@example.jp", LATELY),
        ("b2", "p1", "sato@example.jp", LATELY),
        ("b2", "p2", "abe@example.jp", LATELY),
        (None, "p2", None, LATELY),
    )
    made.run()
    assert made.states.found("who#browser#") == {who_key("browser", "b1"): {"person": "p1"}}


def test_a_visitor_who_said_later_who_they_are_is_found_by_their_browser() -> None:
    made = world()
    used(made, ("b1", "v1", None, LATELY), ("b1", "v1", None, LATELY), ("b1", "p1", "sato@example.jp", LATELY))
    made.run()
    assert made.states.found("who#browser#") == {who_key("browser", "b1"): {"person": "p1"}}


def test_a_browser_that_nobody_was_known_by_lately_leads_to_the_visitor_alone() -> None:
    made = world()
    used(
        made,
        ("b1", "v1", None, LATELY),
        ("b2", "v2", None, LATELY),
        ("b2", "v2", "sato@example.jp", LONG_AGO),
        ("b3", "v3", None, LATELY),
        ("b3", "p1", "sato@example.jp", LONG_AGO),
    )
    made.run()
    assert made.states.found("who#browser#") == {
        who_key("browser", "b1"): {"person": "v1"},
        who_key("browser", "b2"): {"person": "v2"},
    }


def test_a_run_puts_only_what_has_changed_and_takes_out_who_is_gone() -> None:
    made = world()
    made.run(1)
    versions = {key: state.version for key, state in made.states.documents.items()}
    made.people(p1=(SATO | {"family_name": "Ito"}, ["vips"]))
    made.ties(p1="sato@example.jp")
    made.run(2)
    assert sorted(made.states.documents) == [card_key("cart", "p1"), who_key("email", "sato@example.jp")]
    assert made.states.documents[card_key("cart", "p1")].version == versions[card_key("cart", "p1")] + 1
    assert made.states.documents[who_key("email", "sato@example.jp")].version == 1


def test_a_budget_that_is_spent_is_on_the_card() -> None:
    made = world(gates={"budgets": {"mail": {"channel": "email", "most": 1, "within": "7d"}}})
    made.run(1)
    made.firings.told(fired())
    made.run(2)
    assert made.states.documents[card_key("cart", "p1")].data == {"gate": "frequency:mail"}


def test_hold_outs_and_ranks_are_on_the_card() -> None:
    ranked = {"first": LEAD | {"trigger": None, "consent": CART["consent"]}, "cart": CART}
    gates = {"rankings": {"offers": {"syncs": ["first", "cart"]}}, "holdouts": {"all": {"percent": 99.99}}}
    assert world_gates(ranked, {"rankings": gates["rankings"]}) == "outranked:first"
    assert world_gates({"cart": CART}, {"holdouts": gates["holdouts"]}) == "holdout:all"


def world_gates(syncs: dict[str, Any], gates: dict[str, Any]) -> str:
    made = world(gates=gates, **syncs)
    made.run()
    return str(made.states.documents[card_key("cart", "p1")].data["gate"])


def test_a_firing_is_in_the_lake_once_with_its_newest_state_and_among_the_outcomes() -> None:
    made = world()
    made.run(1)
    made.out.answers = [None]
    made.firings.told(fired(1))
    made.firings.told(fired(2, person="p2", cart="c2"))
    made.run(2)
    assert made.became() == {
        ("0001", "cart"): ("pending", "destination.unavailable"),
        ("0002", "cart"): ("held", "no_consent"),
    }
    assert made.outcomes() == []
    made.firings.again()
    made.run(3)
    assert made.became()["0001", "cart"] == ("accepted", "")
    made.run(4)
    assert made.outcomes() == [("r000002.fired", "cart", "p1:c1", "accepted")]


def test_a_refused_row_stands_among_the_rejected_ones() -> None:
    made = world()
    made.run(1)
    made.out.answers = [Outcome("p1:c1", Verdict.REJECTED, "invalid", "no such channel")]
    made.firings.told(fired())
    made.run(2)
    made.lake.run(DELIVERY, made.config, run(2))
    rejected = made.lake.rows("select sync, key, reason, attempts from activation.rejected_rows")
    assert rejected == [("cart", "p1:c1", "invalid", 1)]


def test_the_lake_keeps_no_facts_of_what_it_has_for_good_in_the_book() -> None:
    made = world()
    made.run(1)
    made.firings.told(fired())
    made.run(2)
    (firing,) = made.book.firings.values()
    assert (firing.is_collected, firing.change, firing.fired.facts) == (True, None, {})
    assert made.firings.told(fired()) == {"leaving": 1}
    assert sum(made.out.arrived.values()) == 1


def test_a_project_without_triggers_has_nothing_of_it() -> None:
    config = project({"s": LEAD | {"trigger": None}})
    tables = {str(table) for table in (*ACTIVATION.reads(config), *ACTIVATION.writes(config))}
    assert not {name for name in tables if "live" in name or "firing" in name or name.startswith("clean.")}
    assert str(OUTCOMES) in tables


def without(made: FiredWorld, *names: str) -> None:
    """The syncs are taken out of the project."""
    left = {name: sync for name, sync in made.config.syncs.items() if name not in names}
    made.config = made.config.model_copy(update={"syncs": left})


def test_what_waited_when_its_sync_was_taken_out_of_the_project_ends_in_the_lake_and_in_the_book() -> None:
    made = world(cart=CART, lead=LEAD)
    made.run(1)
    made.firings.told(fired(1, person=""))
    without(made, "cart", "lead")
    made.run(2)
    assert made.became() == {("0001", "cart"): ("held", "sync.gone"), ("0001", "lead"): ("held", "sync.gone")}
    assert made.states.found("card#") == {}
    assert [*made.book.uncollected("cart"), *made.book.uncollected("lead")] == []


def test_a_firing_that_has_arrived_is_counted_though_its_sync_is_gone() -> None:
    made = world()
    made.run(1)
    made.firings.told(fired(1))
    without(made, "cart")
    made.run(2)
    assert made.became() == {("0001", "cart"): ("accepted", "")}
    assert made.outcomes() == [("r000001.fired", "cart", "p1:c1", "accepted")]


def test_a_row_of_a_sync_that_is_gone_is_given_a_day_to_arrive() -> None:
    made = world()
    made.run(1)
    made.out.answers = [None]
    made.firings.told(fired(1))
    without(made, "cart")
    made.run(2)
    assert made.became() == {("0001", "cart"): ("pending", "destination.unavailable")}
    made.clock.now += timedelta(days=1)
    made.run(3)
    assert made.became() == {("0001", "cart"): ("held", "sync.gone")}


FIRST = {"triggers": {"left_cart": {"when": {"first": {"source": "web", "event": "added"}, "remember": "365d"}}}}
GREETING = {**CART, "key": "{person_id}:hello", "fields": {"text": "Hello {family_name}"}}


def greeting(*rows: tuple[str | None, str, str | None, datetime], event: str = "added") -> FiredWorld:
    """A trigger for somebody's first product, and what the lake has of the past."""
    made = world(gates=FIRST, cart=GREETING)
    used(made, *rows)
    clean = next(table for table in ACTIVATION.reads(made.config) if str(table) == "clean.web")
    made.lake.put(clean, [row | {"event": event} for row in made.lake.table("clean.web").to_pylist()])
    owners = [
        {"source": "web", "record_id": str(place), "person_id": person, "from_at": None, "to_at": None}
        for place, (_, person, _, _) in enumerate(rows)
    ]
    made.lake.put(OWNERS, owners)
    return made


def came(made: FiredWorld, at: datetime) -> dict[tuple[str, str], tuple[str, str]]:
    made.clock.now = at.replace(tzinfo=UTC)
    made.firings.told(fired(1, at=at.replace(tzinfo=UTC)))
    made.run(2)
    return made.became()


def test_what_the_lake_has_seen_before_is_no_first_time() -> None:
    made = greeting(("b1", "p1", "sato@example.jp", NOW - timedelta(days=300)))
    made.run(1)
    assert came(made, NOW + timedelta(hours=1)) == {("0001", "cart"): ("held", "not_first")}


def test_what_only_others_did_or_the_person_otherwise_or_too_long_ago_is_a_first_time() -> None:
    others = greeting(("b1", "p2", "abe@example.jp", LATELY))
    otherwise = greeting(("b1", "p1", "sato@example.jp", LATELY), event="viewed")
    long_ago = greeting(("b1", "p1", "sato@example.jp", NOW - timedelta(days=364)))
    for made, hours in ((others, 1), (otherwise, 1), (long_ago, 25)):
        made.run(1)
        assert came(made, NOW + timedelta(hours=hours)) == {("0001", "cart"): ("accepted", "")}


def test_the_event_itself_is_not_before_itself_nor_is_what_came_later() -> None:
    made = greeting(("b1", "p1", "sato@example.jp", LATELY), ("b1", "p1", "sato@example.jp", LATELY + timedelta(1)))
    made.run(1)
    made.clock.now = NOW.replace(tzinfo=UTC)
    states = made.firings.told(fired(1, at=LATELY.replace(tzinfo=UTC)))
    assert dict(states) == {"held": 1}  # too late by now, but the first
    assert [one.reason for one in made.book.uncollected("cart")] == ["too_late"]


def test_a_first_time_waits_until_the_lake_was_asked_for_it() -> None:
    made = greeting(("b1", "p1", "sato@example.jp", LATELY))
    made.run(1)
    for key in [key for key in made.states.documents if key.startswith("past#")]:
        made.states.publish([(key, None)])
    made.clock.now = NOW.replace(tzinfo=UTC)
    made.firings.told(fired(1, at=NOW.replace(tzinfo=UTC)))
    assert [(one.state, one.reason) for one in made.book.uncollected("cart")] == [("pending", "past.unknown")]


def test_a_project_without_first_times_publishes_nothing_of_the_past() -> None:
    made = world()
    made.run()
    assert made.states.found("past#") == {}
