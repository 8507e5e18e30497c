"""Timers on EventBridge Scheduler: a one-time schedule each, which is gone when it has gone off."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from kumitate.errors import RetryableError

TIMER = "timer"
"""The member of the function's event that holds a timer's payload."""
_SOONEST = timedelta(seconds=2)
"""A time that has passed when the schedule is made would never come; Scheduler itself is exact to the minute."""
_RETRIES = {"MaximumEventAgeInSeconds": 6 * 3600, "MaximumRetryAttempts": 20}
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Whom the schedules of a group wake (`function`), under which role, and where a call lies that found nobody."""

    group: str
    function: str
    role: str
    undelivered: str
    """All but `group` are ARNs."""


class SchedulerTimers:
    """Timers; the function is called with `{"timer": payload}`, at least once."""

    def __init__(self, client: Any, wake: Wake, *, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._wake = wake
        self._clock = clock

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        """RetryableError where Scheduler does not keep up."""
        given = self._schedule(name, at, payload)
        errors = self._client.exceptions
        busy = (errors.ThrottlingException, errors.InternalServerException, errors.ServiceQuotaExceededException)
        try:
            for _ in range(_TRIES):
                try:
                    self._client.create_schedule(**given)
                except errors.ConflictException:
                    if not self._moved(given):
                        continue  # it went off meanwhile
                return
        except (*busy, errors.ConflictException):  # the latter: somebody else moves it right now
            raise RetryableError(f"the schedules of {self._wake.group} are not taken now") from None
        raise RetryableError(f"a schedule of {self._wake.group} is made and deleted at the same time")

    def cancel(self, name: str) -> None:
        errors = self._client.exceptions
        try:
            self._client.delete_schedule(Name=schedule_name(name), GroupName=self._wake.group)
        except errors.ResourceNotFoundException:
            return
        except (errors.ConflictException, errors.ThrottlingException, errors.InternalServerException):
            raise RetryableError(f"a schedule of {self._wake.group} is not deleted now") from None

    def _moved(self, given: Mapping[str, Any]) -> bool:
        try:
            self._client.update_schedule(**given)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _schedule(self, name: str, at: datetime, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Name": schedule_name(name),
            "GroupName": self._wake.group,
            "ScheduleExpression": _at(max(at, self._clock() + _SOONEST)),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": self._wake.function,
                "RoleArn": self._wake.role,
                "Input": json.dumps({TIMER: payload}, ensure_ascii=False),
                "DeadLetterConfig": {"Arn": self._wake.undelivered},
                "RetryPolicy": _RETRIES,
            },
        }


def schedule_name(name: str) -> str:
    """At most 64 letters and digits, and nobody's name: schedules are listed in the console."""
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _at(moment: datetime) -> str:
    """`at(2026-11-22T09:00:01)`: whole seconds, never too early."""
    whole = moment.astimezone(UTC) + timedelta(microseconds=-moment.microsecond % 1_000_000)
    return whole.strftime("at(%Y-%m-%dT%H:%M:%S)")
