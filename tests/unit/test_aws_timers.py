"""A timer is one schedule that goes off once: set again it moves, and cancelling what is gone is no error."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from harness.aws_calls import operations, session
from harness.aws_strict import judged
from kumitate.aws.timers import SchedulerTimers, Wake, schedule_name
from kumitate.errors import RetryableError

NOW = datetime(2026, 11, 22, 9, 0, 0, 500_000, tzinfo=UTC)
ROOT = "ap-northeast-1:123456789012"
WAKE = Wake(
    group="kumitate-tea-dev-timers",
    function=f"arn:aws:lambda:{ROOT}:function:kumitate-tea-dev-fn-processor",
    role="arn:aws:iam::123456789012:role/timers",
    undelivered=f"arn:aws:sqs:{ROOT}:kumitate-tea-dev-collect-undelivered",
)


class ConflictError(Exception): ...


class MissingError(Exception): ...


class BusyError(Exception): ...


@dataclass
class Scheduler:
    """Schedules by name; `goes_off` takes one away between two calls."""

    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    goes_off: int = 0
    is_busy: bool = False
    is_moved: bool = False
    exceptions = SimpleNamespace(
        ConflictException=ConflictError,
        ResourceNotFoundException=MissingError,
        ThrottlingException=BusyError,
        InternalServerException=BusyError,
        ServiceQuotaExceededException=BusyError,
    )

    def create_schedule(self, **given: Any) -> None:
        self._hold("create_schedule", given)
        if given["Name"] in self.schedules:
            if self.goes_off:
                self.goes_off -= 1
                del self.schedules[given["Name"]]
            raise ConflictError
        self.schedules[given["Name"]] = given

    def update_schedule(self, **given: Any) -> None:
        self._hold("update_schedule", given)
        if given["Name"] not in self.schedules:
            raise MissingError
        if self.is_moved:
            raise ConflictError
        self.schedules[given["Name"]] = given

    def delete_schedule(self, **given: Any) -> None:
        self._hold("delete_schedule", given)
        if self.schedules.pop(given["Name"], None) is None:
            raise MissingError

    def _hold(self, operation: str, given: dict[str, Any]) -> None:
        model = session().get_service_model("scheduler").operation_model(operations("scheduler")[operation])
        assert judged(model, given) == []
        if self.is_busy:
            raise BusyError


def timers(scheduler: Scheduler) -> SchedulerTimers:
    return SchedulerTimers(scheduler, WAKE, clock=lambda: NOW)


def test_a_timer_wakes_the_function_with_its_payload_and_is_gone_then() -> None:
    scheduler = Scheduler()
    timers(scheduler).set("person#a/cart", NOW + timedelta(hours=24), {"key": "person#a"})
    (schedule,) = scheduler.schedules.values()
    assert schedule["ScheduleExpression"] == "at(2026-11-23T09:00:01)", "never earlier than asked for"
    assert (schedule["GroupName"], schedule["ActionAfterCompletion"]) == (WAKE.group, "DELETE")
    target = schedule["Target"]
    assert json.loads(target["Input"]) == {"timer": {"key": "person#a"}}
    assert (target["Arn"], target["RoleArn"]) == (WAKE.function, WAKE.role)
    assert target["DeadLetterConfig"] == {"Arn": WAKE.undelivered}


def test_a_schedules_name_is_one_that_the_service_takes_and_tells_nobody() -> None:
    name = schedule_name("cart#tanaka@example.jp" * 20)
    assert len(name) <= 64
    assert "tanaka" not in name
    assert name != schedule_name("cart#sato@example.jp")


def test_set_again_it_moves() -> None:
    scheduler = Scheduler()
    for hours in (24, 48):
        timers(scheduler).set("a", NOW + timedelta(hours=hours), {})
    (schedule,) = scheduler.schedules.values()
    assert schedule["ScheduleExpression"] == "at(2026-11-24T09:00:01)"


def test_one_that_goes_off_while_it_is_moved_is_made_anew() -> None:
    scheduler = Scheduler(goes_off=1)
    for hours in (24, 48):
        timers(scheduler).set("a", NOW + timedelta(hours=hours), {})
    (schedule,) = scheduler.schedules.values()
    assert schedule["ScheduleExpression"] == "at(2026-11-24T09:00:01)"


def test_a_time_that_has_passed_comes_at_once() -> None:
    scheduler = Scheduler()
    timers(scheduler).set("a", NOW - timedelta(days=1), {})
    (schedule,) = scheduler.schedules.values()
    assert schedule["ScheduleExpression"] == "at(2026-11-22T09:00:03)"


def test_cancelling_what_is_gone_is_no_error() -> None:
    scheduler = Scheduler()
    timers(scheduler).set("a", NOW + timedelta(hours=1), {})
    for _ in range(2):
        timers(scheduler).cancel("a")
    assert not scheduler.schedules


def test_a_scheduler_that_does_not_keep_up_is_tried_later() -> None:
    for call in (lambda t: t.set("a", NOW, {}), lambda t: t.cancel("a")):
        with pytest.raises(RetryableError):
            call(timers(Scheduler(is_busy=True)))


def test_one_that_another_shard_moves_right_now_is_tried_later() -> None:
    scheduler = Scheduler(is_moved=True)
    timers(scheduler).set("a", NOW, {})
    with pytest.raises(RetryableError):
        timers(scheduler).set("a", NOW, {})
