"""Each mode brings what it says, and its state is what the destination holds, also after partial failure."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from harness.activations import UPSERT, World, project, run
from kumitate.execution.outcomes import Settlement
from kumitate.model.request import Outcome, Verdict
from kumitate.model.step import BatchFunction, Query

ADS = {"purpose": "ads", "channel": "email"}
ITO = ({"family_name": "Ito"}, ["vips"])
SATO = ({"family_name": "Sato"}, ["vips"])
GONE = ({"family_name": "Ito"}, [])
META = {"crm": {"type": "meta"}}


class Asked:
    """The lake in memory, as an engine that is only asked."""

    def __init__(self, world: World) -> None:
        self._lake = world.lake

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self._lake.query(query).to_batches()

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


def world(mode: str, **sync: Any) -> World:
    return World(project({"s": UPSERT | {"mode": mode} | sync}, **META))


def test_insert_creates_each_key_once_and_never_touches_it_again() -> None:
    shop = world("insert")
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=SATO, p2=ITO)
    shop.activate(2)
    assert shop.changes() == {"p2": "create"}
    shop.settle(2, p2="rejected")
    shop.people(p1=GONE, p2=ITO)
    shop.activate(3)
    assert shop.changes() == {"p2": "create"}
    assert shop.counts(3) == {"retried": 1}


def test_update_never_creates_and_brings_each_difference_once() -> None:
    shop = world("update")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    assert shop.changes() == {"p1": "update", "p2": "update"}
    shop.settle(1, p2="rejected")
    shop.people(p1=SATO, p2=ITO, p3=ITO)
    shop.activate(2)
    assert shop.changes() == {"p1": "update", "p2": "update", "p3": "update"}
    assert shop.counts(2) == {"retried": 1, "update": 2}
    shop.settle(2)
    shop.people(p1=GONE, p2=ITO, p3=ITO)
    shop.activate(3)
    assert shop.changes() == {}


def test_add_brings_new_and_changed_people_and_leaves_those_who_left() -> None:
    shop = world("add")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=GONE, p2=SATO, p3=ITO)
    shop.activate(2)
    assert shop.changes() == {"p2": "update", "p3": "create"}
    assert shop.counts(2) == {"create": 1, "update": 1}


@pytest.mark.parametrize("word", [False, None])
def test_who_takes_consent_back_leaves_an_add_only_audience_also_when_no_candidate_any_more(word: bool | None) -> None:
    shop = world("add", consent=ADS)
    shop.people(p1=ITO, p2=ITO, p3=ITO)
    shop.consents(p1=True, p2=True, p3=True)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=GONE, p3=GONE)
    shop.consents(p1=word, p2=word, p3=True)
    shop.activate(2)
    assert shop.changes() == {"p1": "delete", "p2": "delete"}
    shop.settle(2, p2="retry")
    assert set(shop.state()) == {"p2", "p3"}
    shop.activate(3)
    assert shop.changes() == {"p2": "delete"}
    assert shop.counts(3)["delete_retried"] == 1


def test_a_destination_that_takes_nobody_out_gets_no_removals_from_an_add_only_sync() -> None:
    slack = {"crm": {"type": "slack", "settings": {"channel": "C1"}}}
    shop = World(project({"s": UPSERT | {"mode": "add", "consent": ADS}}, **slack))
    shop.people(p1=ITO)
    shop.consents(p1=True)
    shop.activate(1)
    shop.settle(1)
    shop.consents(p1=False)
    shop.activate(2)
    assert shop.changes() == {}


def test_a_withdrawal_follows_the_person_into_whom_the_id_went() -> None:
    shop = world("add", consent=ADS)
    shop.people(p1=ITO, p2=ITO)
    shop.consents(p1=True, p2=True)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO)
    shop.merged(p2="p1")
    shop.consents(p1=True)
    shop.activate(2)
    assert shop.changes() == {}
    shop.consents(p1=False)
    shop.activate(3)
    assert shop.changes() == {"p1": "delete", "p2": "delete"}


def test_a_rebuild_brings_everybody_as_soon_as_one_row_differs_and_nobody_else() -> None:
    shop = world("rebuild")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=ITO, p3=ITO)
    shop.activate(2)
    assert shop.changes() == {"p1": "keep", "p2": "keep", "p3": "create"}
    assert shop.counts(2) == {"create": 1, "unchanged": 2}
    shop.settle(2)
    shop.activate(2)
    assert shop.changes() == {}
    shop.people(p1=ITO, p2=GONE, p3=ITO, p4=ITO)
    shop.activate(3)
    assert shop.changes() == {"p1": "keep", "p2": "delete", "p3": "keep", "p4": "create"}
    assert shop.counts(3) == {"create": 1, "delete": 1, "unchanged": 2}
    shop.settle(3)
    assert shop.state() == {"p1": "r000001", "p3": "r000002", "p4": "r000003"}
    shop.people(p1=SATO, p3=ITO, p4=ITO)
    shop.activate(4)
    assert shop.changes() == {"p1": "update", "p3": "keep", "p4": "keep"}


def test_a_rebuild_that_fails_leaves_the_state_as_the_old_audience_is() -> None:
    shop = world("rebuild")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=GONE, p3=ITO)
    shop.activate(2)
    shop.settle(2, p1="retry", p2="retry", p3="retry")
    assert set(shop.state()) == {"p1", "p2"}
    shop.activate(3)
    assert shop.changes() == {"p1": "keep", "p2": "delete", "p3": "create"}
    assert shop.counts(3) == {"delete_retried": 1, "retried": 1, "unchanged": 1}


@pytest.mark.parametrize("person", [ITO, SATO])
def test_who_is_refused_while_an_audience_is_rebuilt_is_not_in_it_any_more(person: Any) -> None:
    shop = world("rebuild")
    shop.people(p1=ITO, p2=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=person, p2=GONE)
    shop.activate(2)
    shop.settle(2, p1="rejected")
    assert shop.state() == {}
    shop.activate(3)
    assert shop.changes() == {"p1": "create"}


def test_who_is_kept_but_refused_in_a_rebuild_is_out_of_it_by_what_the_ledger_has_noted() -> None:
    shop = world("rebuild")
    shop.people(p1=ITO, p2=ITO, p3=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=ITO, p2=ITO, p3=GONE)
    shop.activate(2)
    assert shop.changes() == {"p1": "keep", "p2": "keep", "p3": "delete"}
    verdicts = {"p1": Verdict.REJECTED, "p2": Verdict.ACCEPTED, "p3": Verdict.ACCEPTED}
    notes = {key: Outcome(key, verdict, "key.invalid") for key, verdict in verdicts.items()}
    settlement = Settlement(run=run(2), sync="s", notes=notes, idempotent=True)
    shop.settle_as_told(2, settlement.batches(Asked(shop)))
    assert shop.state() == {"p2": "r000001"}
    assert shop.lake.rows("select key, operation from activation.rejected_rows") == [("p1", "keep")]
    shop.activate(3)
    assert shop.changes() == {"p1": "create", "p2": "keep"}


def test_a_removal_is_new_where_only_an_update_of_the_row_was_tried() -> None:
    shop = world("mirror")
    shop.people(p1=ITO)
    shop.activate(1)
    shop.settle(1)
    shop.people(p1=SATO)
    shop.activate(2)
    shop.settle(2, p1="rejected")
    shop.people(p1=GONE)
    shop.activate(3)
    assert shop.counts(3) == {"delete": 1}


@pytest.mark.parametrize("mode", ["insert", "update", "upsert", "mirror", "append", "delete", "add", "rebuild"])
def test_what_was_not_accepted_comes_again_and_nothing_else_in_every_mode(mode: str) -> None:
    shop = world(mode)
    shop.people(p1=ITO, p2=SATO, p3=SATO)
    shop.activate(1)
    first = shop.changes()
    shop.settle(1, p2="retry", p3="rejected")
    shop.activate(2)
    beside = {"p1": "keep"} if mode == "rebuild" else {}
    assert shop.changes() == {**beside, "p2": first["p2"], "p3": first["p3"]}
    shop.settle(2)
    shop.activate(3)
    assert shop.changes() == {}
