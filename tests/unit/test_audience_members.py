"""What changes mean to an audience, and what a refusal that names no row comes to."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.talks import row
from kumitate.activation.destinations.conversions import TIME_INVALID, VALUE_INVALID, moment, worth
from kumitate.activation.destinations.members import Movements, erased, movements, no_longer, spoiled
from kumitate.activation.destinations.registry import destination_class
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Operation, Outcome

Names = tuple[str, ...]
OPERATIONS = st.sampled_from(list(Operation))
FIELDS = st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.sampled_from("xyz")))


def known_by(fields: Mapping[str, Any]) -> Names:
    return tuple(f"{name}:{value}" for name, value in sorted(fields.items()) if value)


def moved(*changes: Change) -> Movements[Names]:
    return movements(changes, known_by=known_by, outdated=no_longer, why=lambda fields: f"{len(fields)} fields")


def test_who_leaves_goes_first_then_what_is_outdated_then_who_stays() -> None:
    found = moved(row("p1", "update", {"a": "x"}, a="y"), row("p2", "delete", a="z"), row("p3", a="x"))
    assert found.leaving == (("p2", ("a:z",)), ("p1", ("a:x",)))
    assert found.present == (("p1", ("a:y",)), ("p3", ("a:x",)))


@pytest.mark.parametrize("now", [{"b": "z"}, {"a": None, "b": "z"}])
def test_what_a_row_says_no_more_is_forgotten_absent_or_empty(now: dict[str, Any]) -> None:
    found = moved(row("p1", "update", {"a": "x", "b": "y"}, **now))
    assert found.leaving == (("p1", ("a:x", "b:y")),)
    assert found.present == (("p1", ("b:z",)),)


def test_who_can_no_longer_be_found_is_forgotten_and_said_to_be_unusable() -> None:
    found = moved(row("p1", "update", {"a": "x"}, a=None))
    assert found.leaving == (("p1", ("a:x",)),)
    assert [(outcome.key, outcome.reason) for outcome in found.unusable] == [("p1", "matchkey.none")]


@settings(max_examples=60)
@given(st.lists(st.tuples(OPERATIONS, FIELDS, FIELDS), max_size=6))
def test_every_change_is_brought_or_unusable_and_an_audience_ends_as_the_changes_say(
    told: list[tuple[Operation, dict[str, Any], dict[str, Any]]],
) -> None:
    changes = [
        Change(f"p{number}", operation, fields, previous=previous)
        for number, (operation, fields, previous) in enumerate(told)
    ]
    found = moved(*changes)
    brought = {key for key, _ in (*found.leaving, *found.present)}
    unusable = {outcome.key for outcome in found.unusable}
    assert brought | unusable == {change.key for change in changes}
    for change in changes:
        own = [name for key, names in found.leaving if key == change.key for name in names]
        stays = [name for key, names in found.present if key == change.key for name in names]
        held = (set(known_by(change.previous)) - set(own)) | set(stays)
        if change.operation is not Operation.DELETE:
            assert held == set(known_by(change.fields))


def test_a_person_is_erased_once_where_nothing_has_changed_since() -> None:
    def requests(changes: Any) -> list[HttpRequest | Outcome]:
        found = moved(*changes)
        return [
            *found.unusable,
            *(HttpRequest("POST", "/", repr(known).encode(), (key,)) for key, known in found.leaving),
        ]

    same = erased([row("p1", "delete", {"a": "x"}, a="x")], requests)
    assert len(same) == 1
    both = erased([row("p1", "delete", {"a": "x"}, a="y")], requests)
    assert [item.body for item in both if isinstance(item, HttpRequest)] == [b"('a:x',)", b"('a:y',)"]
    once_known = erased([row("p1", "delete", {"a": "x"}, a=None)], requests)
    assert [type(item) for item in once_known] == [HttpRequest]
    never = erased([row("p1", "delete", a=None)], requests)
    assert [type(item) for item in never] == [Outcome]


def test_a_row_that_stands_alone_is_refused_and_more_are_halved() -> None:
    one, two = (HttpRequest("POST", "/", b"", keys) for keys in (("p1",), ("p1", "p2")))
    assert [(outcome.verdict, outcome.reason) for outcome in spoiled(one, "no")] == [("rejected", "vendor.refused")]
    assert {(outcome.verdict, outcome.reason) for outcome in spoiled(two, "no")} == {("retry", "batch.spoiled")}


@pytest.mark.parametrize("given_time", [None, "", "yesterday", "2026-11-20T10:00:00", "2026-11-20"])
def test_a_conversion_without_a_time_and_its_zone_is_none(given_time: str | None) -> None:
    with pytest.raises(RecordError, match=TIME_INVALID):
        moment({"event_time": given_time})


def test_a_conversions_time_is_told_in_utc() -> None:
    assert moment({"event_time": "2026-11-20T10:00:00+09:00"}).isoformat() == "2026-11-20T01:00:00+00:00"


@pytest.mark.parametrize("value", ["much", "nan", "inf", [1]])
def test_a_conversions_worth_is_a_number(value: Any) -> None:
    with pytest.raises(RecordError, match=VALUE_INVALID):
        worth({"value": value})


@pytest.mark.parametrize(("value", "number"), [("12.5", 12.5), (0, 0.0), (None, None), ("", None)])
def test_a_conversion_may_be_worth_nothing_or_say_nothing(value: Any, number: float | None) -> None:
    assert worth({"value": value}) == number


@pytest.mark.parametrize(
    ("type_", "given_settings"),
    [
        ("google_data_manager", {"account": {"id": "1"}, "audience_id": "x", "terms_of_service": "accepted"}),
        ("google_data_manager", {"account": {"id": "1"}, "audience_id": "4"}),
        ("google_data_manager.event", {"account": {"id": "123-456"}, "conversion_action_id": "7"}),
        ("meta", {"audience_id": "4", "ad_account": "act_5"}),
        ("meta.conversion", {"dataset_id": "4", "action_source": "shop"}),
        ("tiktok", {"advertiser_id": "1", "audience_id": "2", "calculate_type": "EMAIL_MD5"}),
        ("x", {"account_id": "a/b", "audience_id": "2"}),
        ("criteo", {"audience_id": "1", "api_version": "2027.01"}),
    ],
)
def test_settings_that_would_never_work_are_refused(type_: str, given_settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        destination_class(type_).model_validate(given_settings)
