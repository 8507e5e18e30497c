"""Alerts keep their vendors' sizes and shapes, whatever a row holds."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.talks import opened, row
from kumitate.activation.destinations.line_messages import messages_of, retry_key
from kumitate.activation.destinations.teams import MOST_BYTES
from kumitate.errors import RecordError
from kumitate.model.request import HttpRequest, Outcome
from kumitate.sandbox.contract import violations

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
LONG = st.tuples(TEXT, st.integers(1, 2_000)).map(lambda pair: pair[0] * pair[1])
NAMES = st.text("abc_日本", min_size=1, max_size=150)
VALUES = LONG | st.lists(TEXT, max_size=5) | st.integers() | st.none() | st.booleans()
FIELDS = st.dictionaries(NAMES, VALUES, max_size=14)


def sent(type_: str, fields: dict[str, Any], **settings: Any) -> dict[str, Any] | None:
    """The body; None where the row is refused, with a reason."""
    (found,) = opened(type_, **settings).requests([row("p1", **fields)])
    if isinstance(found, Outcome):
        assert found.reason in ("field.missing", "link.invalid")
        return None
    assert isinstance(found, HttpRequest)
    assert type_ != "teams" or len(found.body) <= MOST_BYTES
    body: dict[str, Any] = json.loads(found.body)
    return body


@given(FIELDS, LONG, LONG, LONG)
def test_slack_takes_every_row_that_leaves(fields: dict[str, Any], text: str, title: str, link: str) -> None:
    body = sent("slack", {**fields, "text": text, "title": title, "link": link}, channel="C1", sync="s")
    assert body is None or violations("slack_message", body) == []


@given(FIELDS, LONG, LONG)
def test_teams_takes_every_row_that_leaves(fields: dict[str, Any], text: str, title: str) -> None:
    body = sent("teams", {**fields, "text": text, "title": title})
    assert body is None or violations("teams_message", body) == []


def test_a_card_of_signs_that_swell_in_json_comes_to_an_end() -> None:
    swelling = {"text": "\x01" * 100_000, "title": "\x01" * 500, **{f"f{n}" * 30: "\x01" * 900 for n in range(12)}}
    body = sent("teams", swelling)
    assert body is not None
    assert violations("teams_message", body) == []


@given(st.dictionaries(st.sampled_from(["text", "text_2", "text_5", "messages"]), LONG | st.none()))
def test_line_takes_every_message_that_leaves(fields: dict[str, Any]) -> None:
    try:
        messages = messages_of(fields)
    except RecordError:
        return
    assert violations("line_push", {"to": "U" + "0" * 32, "messages": messages}) == []


@given(st.lists(TEXT, min_size=2, max_size=2, unique=True), TEXT)
def test_two_rows_never_share_a_retry_key(keys: list[str], sync: str) -> None:
    assert retry_key(sync, keys[0]) != retry_key(sync, keys[1])
