"""What arrives starts one execution for all of a batch; a batch that comes twice starts nothing new."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kumitate.cloud.arrivals import Arrival, arrival_of, start_run
from kumitate.errors import RecordError

FILE = Arrival("file", 1)
NOTHING = Arrival("flow", 0)


class Executions:
    """Step Functions: the same name twice is one execution."""

    def __init__(self) -> None:
        self.started: dict[str, Mapping[str, Any]] = {}

    def start(self, name: str, given: Mapping[str, Any]) -> bool:
        is_new = name not in self.started
        self.started.setdefault(name, given)
        return is_new


def message(kind: str, **detail: Any) -> str:
    return json.dumps({"detail-type": kind, "detail": detail})


def test_the_files_of_a_batch_start_one_run_together() -> None:
    executions = Executions()
    name = start_run(executions, {"m1": FILE, "m2": FILE})
    assert executions.started == {name: {"reason": "arrivals", "count": 2}}


def test_a_batch_that_is_handed_over_again_starts_nothing_new() -> None:
    executions = Executions()
    assert start_run(executions, {"m1": FILE, "m2": FILE}) == start_run(executions, {"m2": FILE, "m1": FILE})
    assert len(executions.started) == 1


def test_what_arrives_in_the_same_minute_but_later_starts_a_run_of_its_own() -> None:
    executions = Executions()
    start_run(executions, {"m1": FILE})
    start_run(executions, {"m2": FILE})
    assert len(executions.started) == 2


def test_a_flow_that_brought_nothing_starts_nothing() -> None:
    executions = Executions()
    assert start_run(executions, {"m1": NOTHING}) is None
    assert start_run(executions, {}) is None
    assert not executions.started


def test_the_name_is_one_that_step_functions_takes() -> None:
    name = start_run(Executions(), {"m1": FILE}) or ""
    assert len(name) <= 80
    assert name.replace("-", "").isalnum()


@pytest.mark.parametrize(
    ("report", "brings"),
    [
        ({"status": "Execution Successful", "num-of-records-processed": "100"}, 1),
        ({"status": "Execution Successful"}, 1),
        ({"status": "Execution Successful", "num-of-records-processed": "0"}, 0),
        ({"status": "Execution Failed", "num-of-records-processed": "100"}, 0),
    ],
)
def test_a_flow_counts_when_it_ended_well_and_may_have_brought_rows(report: dict[str, str], brings: int) -> None:
    assert arrival_of(message("AppFlow End Flow Run Report", **report)) == Arrival("flow", brings)


def test_a_file_counts() -> None:
    assert arrival_of(message("Object Created", object={"key": "drop/data/members-1.csv"})) == FILE


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nonsense", '{"detail-type": "Object Created", "detail": 1}', message("Weather")]
)
def test_a_message_of_another_kind_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(RecordError) as refusal:
        arrival_of(text)
    assert "Weather" not in str(refusal.value)
