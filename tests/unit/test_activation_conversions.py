"""A conversion whose currency is none is refused by itself: vendors refuse the whole request for it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from harness.destinations import CASES, change_of
from kumitate.activation.destinations.conversions import currency
from kumitate.activation.destinations.registry import destination_class
from kumitate.errors import RecordError
from kumitate.model.request import Outcome, Verdict


@pytest.mark.parametrize(("given", "said"), [("usd", "USD"), (" JPY ", "JPY"), ("", "EUR"), (None, "EUR")])
def test_a_currency_is_three_capitals(given: str | None, said: str) -> None:
    assert currency({"currency": given}, "EUR") == said


@pytest.mark.parametrize("given", ["¥", "円", "yen!", "US", "JPYEN", 392, ["JPY"]])
def test_what_is_no_currency_is_refused(given: object) -> None:
    with pytest.raises(RecordError, match=r"event\.currency_invalid"):
        currency({"currency": given}, "JPY")


@pytest.mark.parametrize("type_", ["google_data_manager.event", "meta.conversion", "ly_conversion"])
def test_a_row_with_a_wrong_currency_does_not_spoil_the_others(type_: str) -> None:
    recorded: Mapping[str, Any] = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
    destination = destination_class(type_).model_validate(recorded["settings"])
    rows = [
        change_of({"key": key, "operation": "create", "fields": {**recorded["fields"], "value": 1, "currency": money}})
        for key, money in (("good", "jpy"), ("bad", "¥"))
    ]
    refused, request = sorted(destination.requests(rows), key=lambda item: not isinstance(item, Outcome))
    assert isinstance(refused, Outcome)
    assert (refused.key, refused.verdict, refused.reason) == ("bad", Verdict.REJECTED, "event.currency_invalid")
    assert not isinstance(request, Outcome)
    assert request.keys == ("good",)
