"""Large portions: Salesforce's bulk jobs and Account Engagement's imports, killed at every turn; Braze's places."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, opened, row, sent, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.salesforce_bulk import Jobs, parts, table
from kumitate.activation.destinations.talk import Ask, Conversing, Erasing
from kumitate.model.request import Change, HttpRequest, Outcome
from kumitate.ports import Transport
from kumitate.sandbox.server import Sandbox

CONTACTS = {"object": "Contact", "external_id": "Key__c", "bulk_above": 3}
UNIT = {"business_unit_id": "0Uv000000000001AAA", "key_field": "key__c"}

ARRIVED = [True, pytest.param(False, marks=pytest.mark.slow)]
"""Whether the request had left when the process died."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def way(sandbox: Sandbox, type_: str, **settings: Any) -> tuple[Destination, Transport]:
    destination = opened(type_, **settings)
    return destination, transport_to(sandbox, destination, type_)


def told(outcomes: dict[str, Outcome] | tuple[Outcome, ...]) -> dict[str, str]:
    found = outcomes.values() if isinstance(outcomes, dict) else outcomes
    return {outcome.key: outcome.reason or outcome.verdict.value for outcome in found}


def posted(sandbox: Sandbox, type_: str, end: str) -> int:
    return sum(path.endswith(end) for _, path, _ in sandbox.calls(type_))


def many() -> list[Change]:
    return [
        row("gone", "delete", LastName="Abe"),
        row("p1", LastName='山田, "花子"\n', Email="y@example.jp"),
        row("p2", "update", LastName="Ito", Phone=None),
        row("p3", LastName=None),
        row("p4", LastName="Sato", Email="nobody"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("arrived", ARRIVED)
@pytest.mark.parametrize("turn", range(9))
def test_a_bulk_job_ends_the_same_wherever_the_process_dies(sandbox: Sandbox, turn: int, arrived: bool) -> None:
    salesforce, transport = way(sandbox, "salesforce", **CONTACTS)
    sent(
        salesforce, transport, [row("gone", LastName="Abe"), row("p2", LastName="Old", Email="o@example.jp", Phone="1")]
    )
    done = lead(salesforce, transport, many(), dies=(turn, arrived))
    assert told(done.outcomes) == {
        "gone": "accepted",
        "p1": "accepted",
        "p2": "accepted",
        "p3": "vendor.required_field_missing",
        "p4": "vendor.invalid_email_address",
    }
    there = sandbox.objects("salesforce", "Contact")
    assert there.keys() == {"p1", "p2"}
    assert there["p1"]["LastName"] == '山田, "花子"\n'
    assert there["p2"]["Email"] == "o@example.jp"
    assert there["p2"]["Phone"] is None
    worked_on = [job for job in sandbox.objects("salesforce", "jobs").values() if job["processed"]]
    assert len(worked_on) == 1


def test_few_rows_and_updates_alone_make_no_job(sandbox: Sandbox) -> None:
    salesforce, _ = way(sandbox, "salesforce", **CONTACTS)
    updating, _ = way(sandbox, "salesforce", **CONTACTS, mode="update")
    assert isinstance(salesforce, Conversing)
    assert isinstance(updating, Conversing)
    assert salesforce.begins(many()[:4], {}) is None
    assert updating.begins(many()[1:], {}) is None
    assert isinstance(salesforce.begins(many(), {}), Ask)


def test_two_people_with_one_external_id_are_both_refused(sandbox: Sandbox) -> None:
    salesforce, transport = way(sandbox, "salesforce", **CONTACTS, references={})
    outcomes = sent(
        salesforce, transport, [row("p1", LastName="Ito"), row("p1", LastName="Sato"), row("p2", LastName="A")]
    )
    assert told(outcomes) == {"p1": "vendor.duplicate_value", "p2": "accepted"}


def test_salesforce_updates_alone_creates_nothing(sandbox: Sandbox) -> None:
    sent(*way(sandbox, "salesforce", **CONTACTS), [row("p1", LastName="Ito")])
    outcomes = sent(
        *way(sandbox, "salesforce", **CONTACTS, mode="update"), [row("p1", LastName="I"), row("p2", LastName="S")]
    )
    assert told(outcomes) == {"p1": "accepted", "p2": "vendor.not_found"}
    assert {key: one["LastName"] for key, one in sandbox.objects("salesforce", "Contact").items()} == {"p1": "I"}


@pytest.mark.parametrize("bulk_above", [1, 100])
def test_a_task_stands_beside_its_contact_and_is_one_for_a_key(sandbox: Sandbox, bulk_above: int) -> None:
    sent(*way(sandbox, "salesforce", **CONTACTS), [row("p1", LastName="Ito")])
    tasks = {"object": "Task", "external_id": "Key__c", "references": {"Who": "Contact.Key__c"}}
    salesforce, transport = way(sandbox, "salesforce", **tasks, bulk_above=bulk_above)
    alerts = [
        row("p1:d1", Subject="料金ページを7日で5回", Who="p1"),
        row("p9:d1", Subject="料金ページを7日で5回", Who="p9"),
        row("p0:d1", Subject="料金ページを7日で5回", Who=None),
    ]
    for _ in range(2):
        is_bulk = isinstance(salesforce, Conversing) and salesforce.begins(alerts, {}) is not None
        found = lead(salesforce, transport, alerts).outcomes if is_bulk else sent(salesforce, transport, alerts)
        assert is_bulk is (bulk_above == 1)
        assert told(found) == {"p1:d1": "accepted", "p9:d1": "vendor.invalid_field", "p0:d1": "accepted"}
    there = sandbox.objects("salesforce", "Task")
    assert there["p1:d1"]["WhoId"] == sandbox.objects("salesforce", "Contact")["p1"]["Id"]
    assert there["p0:d1"]["WhoId"] is None


def test_salesforce_erases_by_external_id(sandbox: Sandbox) -> None:
    salesforce, transport = way(sandbox, "salesforce", **CONTACTS)
    sent(salesforce, transport, [row("p1", LastName="Ito"), row("p2", LastName="Ito")])
    assert isinstance(salesforce, Erasing)
    (request,) = salesforce.erasures([row("p1"), row("nobody")])
    assert isinstance(request, HttpRequest)
    assert told(salesforce.outcomes(request, transport.send(request))) == {"p1": "accepted", "nobody": "accepted"}
    assert sandbox.objects("salesforce", "Contact").keys() == {"p2"}


def test_an_upload_stays_below_the_size_given() -> None:
    rows = [row(f"p{number}", Text__c="長" * 1_000) for number in range(40)]
    records = {change.key: {"Key__c": change.key, **change.fields} for change in rows}
    cut = list(parts(rows, records, most_bytes=16_000))
    assert [change.key for part in cut for change in part] == [change.key for change in rows]
    assert max(len(table(part, records)) for part in cut) <= 16_000
    assert len(cut) == 14


def test_the_results_of_a_job_are_asked_for_as_csv() -> None:
    request = Jobs("/services/data/v67.0", "Contact", "Key__c").results("750", "failedResults", ["p1"])
    assert request.headers["Accept"] == "*/*"


def prospects() -> list[Change]:
    return [
        row("p1", email="y@example.jp", lastName="山田", phone=None),
        row("p2", email="nobody", lastName='Ito, "K"', phone="03"),
        row("p3", email="s@example.jp", addToList="55"),
        row("p4", email=None, lastName="Abe", phone=""),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("arrived", ARRIVED)
@pytest.mark.parametrize("turn", range(12))
def test_imports_end_the_same_wherever_the_process_dies(sandbox: Sandbox, turn: int, arrived: bool) -> None:
    pardot, transport = way(sandbox, "account_engagement", **UNIT)
    done = lead(pardot, transport, prospects(), dies=(turn, arrived))
    assert told(done.outcomes) == {
        "p1": "accepted",
        "p2": "vendor.refused",
        "p3": "accepted",
        "p4": "field.missing",
    }
    there = sandbox.objects("account_engagement", "prospects")
    assert there.keys() == {"y@example.jp", "s@example.jp"}
    assert there["s@example.jp"]["lists"] == ["55"]
    ended = [one for one in sandbox.objects("account_engagement", "imports").values() if one["status"] == "Complete"]
    assert len(ended) == 2


def test_in_update_no_prospect_is_created(sandbox: Sandbox) -> None:
    pardot, transport = way(sandbox, "account_engagement", **UNIT, mode="update")
    assert told(lead(pardot, transport, prospects()[:1]).outcomes) == {"p1": "vendor.refused"}


def test_braze_sets_and_unsets_attributes_at_most_75_a_call(sandbox: Sandbox) -> None:
    braze, transport = way(sandbox, "braze")
    people = [row(f"p{number}", tier="gold", city="東京") for number in range(76)]
    assert set(told(sent(braze, transport, people)).values()) == {"accepted"}
    outcomes = sent(
        braze,
        transport,
        [
            row("p0", "delete", tier="gold"),
            row("p1", city=None),
            row("nobody", "delete", tier="gold"),
            row("p2", email="x"),
        ],
    )
    assert told(outcomes) == {"p0": "accepted", "nobody": "accepted", "p1": "accepted", "p2": "vendor.refused"}
    users = sandbox.objects("braze", "users")
    assert users["p0"] == {"external_id": "p0", "city": "東京"}
    assert users["p1"] == {"external_id": "p1", "tier": "gold"}
    assert len(users) == 76
    assert posted(sandbox, "braze", "/users/track") == 4


def test_braze_erases_users_in_fifties(sandbox: Sandbox) -> None:
    braze, transport = way(sandbox, "braze")
    people = [row(f"p{number}", tier="gold") for number in range(51)]
    sent(braze, transport, people)
    assert isinstance(braze, Erasing)
    for request in braze.erasures(people):
        assert isinstance(request, HttpRequest)
        assert {o.verdict.value for o in braze.outcomes(request, transport.send(request))} == {"accepted"}
    assert sandbox.objects("braze", "users") == {}
    assert posted(sandbox, "braze", "/users/delete") == 2
