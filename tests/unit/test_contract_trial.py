"""Contracts are tried on events without a collector: what keeps them, what breaks which rule, what none describes."""

from __future__ import annotations

from kumitate.events.collecting import Intake, Terms
from kumitate.execution.contract_trial import tried

SCHEMA = {"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}}
PRICED = Terms("priced", "track", "Priced", {"1.0": SCHEMA}, "flag", {"required": "block"})
INTAKE = Intake(source="web", contracts=(PRICED,))


def test_a_trial_counts_by_contract_field_and_rule() -> None:
    events = [
        {"type": "track", "event": "Priced", "properties": {"price": 1}},
        {"event": "Priced", "properties": {"price": "1"}},
        {"event": "Priced", "properties": {"price": "2"}},
        {"event": "Priced", "properties": {}},
        {"type": "page", "name": "Home"},
        {"type": "poem"},
        {"type": ["track"]},
        {"type": None},
    ]
    trial = tried(events, INTAKE)
    assert trial.to_json() == {
        "events": 8,
        "no_calls": 3,
        "contracts": [{"contract": "priced/1.0", "kept": 1, "broken": 2, "blocked": 1}],
        "violations": [
            {"contract": "priced/1.0", "field": "price", "rule": "type", "action": "flag", "events": 2},
            {"contract": "priced/1.0", "field": "price", "rule": "required", "action": "block", "events": 1},
        ],
        "unknown": [{"call": "page", "event": "Home", "events": 1}],
    }
    assert not trial.is_clean


def test_a_trial_leaves_events_as_they_are() -> None:
    dropping = Intake(source="web", contracts=(Terms("priced", "track", "Priced", {"1.0": SCHEMA}, "drop_field", {}),))
    event = {"event": "Priced", "properties": {"price": "1"}}
    assert not tried([event], dropping).is_clean
    assert event == {"event": "Priced", "properties": {"price": "1"}}


def test_good_events_make_a_clean_trial() -> None:
    assert tried([{"event": "Priced", "properties": {"price": 1}}], INTAKE).is_clean
