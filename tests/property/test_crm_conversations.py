"""Whatever rows spoil a request, wherever a process dies, whatever stands in a cell: the rest arrives as it was."""

import csv
import email
import email.policy
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.talks import row
from kumitate.activation.destinations.account_engagement_files import errors_by_key, upload
from kumitate.activation.destinations.account_engagement_files import table as prospects
from kumitate.activation.destinations.answers import BATCH_REFUSED, BATCH_SPOILED, for_all
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.legs import SPOILS_BATCH, Leg, begun, gone_on, plain_legs, taken_up
from kumitate.activation.destinations.salesforce_bulk import rows_of, table
from kumitate.activation.destinations.talk import Ask, Done
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
CELLS = st.dictionaries(st.sampled_from(["A__c", "B__c", "C__c"]), st.none() | st.booleans() | st.integers() | TEXTS)


class Batches(Destination):
    """A vendor that takes up to four rows, all or none."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}))
    names_rows: bool

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(changes, 4):
            keys = tuple(change.key for change in group)
            yield HttpRequest("PUT", "/rows", ",".join(keys).encode(), keys)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        bad = set(response.body.decode().split(",")) if response.status == 400 else set()
        if not bad:
            return for_all(request, Verdict.ACCEPTED)
        if not self.names_rows:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message="one of them")
        return tuple(
            Outcome(key, Verdict.REJECTED, "bad") if key in bad else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
            for key in request.keys
        )


@dataclass
class Vendor:
    bad: set[str]
    taken: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        spoilt = sorted(self.bad & set(request.keys))
        if spoilt:
            return Response(400, ",".join(spoilt).encode())
        self.taken += request.keys
        return Response(200, b"{}")


@given(
    count=st.integers(1, 12),
    bad=st.sets(st.integers(0, 11)),
    names_rows=st.booleans(),
    deaths=st.sets(st.tuples(st.integers(0, 20), st.booleans())),
)
def test_every_good_row_arrives_and_every_bad_one_is_refused(
    count: int, bad: set[int], names_rows: bool, deaths: set[tuple[int, bool]]
) -> None:
    destination = Batches(names_rows=names_rows)
    changes = [row(f"p{number}") for number in range(count)]
    vendor = Vendor({f"p{number}" for number in bad if number < count})

    def legs(rows: Sequence[Change]) -> list[Leg]:
        return list(plain_legs(destination, rows))

    turn, turns = begun(legs, changes), 0
    while not isinstance(turn, Done):
        assert isinstance(turn, Ask)
        arrived = (turns, True) in deaths
        response = None if (turns, False) in deaths and not arrived else vendor.send(turn.request)
        is_heard = response is not None and not arrived
        turn = (
            gone_on(legs, changes, state=turn.state, response=response)
            if is_heard and response is not None
            else taken_up(legs, changes, state=turn.state)
        )
        turns += 1
        assert turns < 200
    told = {outcome.key: outcome for outcome in turn.outcomes}
    assert list(told) == [change.key for change in changes]
    assert {key for key, outcome in told.items() if outcome.verdict is Verdict.REJECTED} == vendor.bad
    assert {outcome.reason for outcome in told.values() if outcome.key in vendor.bad} <= {"bad", SPOILS_BATCH}
    assert set(vendor.taken) == told.keys() - vendor.bad


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=1, max_size=5))
def test_every_cell_of_a_job_says_ignore_clear_or_the_value(fields: list[dict[str, object]]) -> None:
    rows = [row(f"p{number}", **each) for number, each in enumerate(fields)]
    records = {change.key: {"Key__c": change.key, **change.fields} for change in rows}
    found = rows_of(Response(200, table(rows, records)), "Key__c")
    assert found is not None
    assert [each["Key__c"] for each in found] == [change.key for change in rows]
    for change, each in zip(rows, found, strict=True):
        for name in each.keys() - {"Key__c"}:
            assert each[name] == as_cell(change.fields.get(name, ...))


def as_cell(value: object) -> str:
    if value is ...:
        return ""
    if value is None or value == "":
        return "#N/A"
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_every_text_reaches_an_import_and_its_errors_come_back_to_their_rows(texts: list[str]) -> None:
    rows = [row(f"p{number}", email=f"p{number}@example.jp", note=text) for number, text in enumerate(texts)]
    kind, body = upload(prospects(rows, "key__c"))
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    (part,) = email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    found = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert [each["note"] for each in found] == texts
    refused = io.StringIO()
    writer = csv.DictWriter(refused, [*found[0], "error"], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({**each, "error": "no"} for each in found)
    assert errors_by_key(Response(200, refused.getvalue().encode()), "key__c") == {change.key: "no" for change in rows}
