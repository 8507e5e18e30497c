"""What arrives starts a run: files in the raw zone, flows that ended; together one execution a window.

Nothing that arrives is lost. An execution that finds a run under way is answered `busy` by `begin_run`, which notes
with the run's lock that more has come; `end_run` then starts the pipeline once more. So this side only has to start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from kumitate.errors import RecordError

FILE = "Object Created"
FLOW = "AppFlow End Flow Run Report"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of the queue: `brings` is 0 where a flow failed, or brought no rows."""

    kind: str
    brings: int


class Executions(Protocol):
    """Starts the pipeline; the same name and input twice is one execution."""

    def start(self, name: str, given: Mapping[str, Any]) -> bool:
        """False where an execution of that name was there already."""
        ...


def arrival_of(message: str) -> Arrival:
    """The message as EventBridge put it on the queue; RecordError for anything else."""
    try:
        event = json.loads(message)
        kind, detail = event["detail-type"], event["detail"]
        if not isinstance(detail, dict):
            raise TypeError
    except (ValueError, LookupError, TypeError):
        raise RecordError("message.unreadable") from None
    if kind not in _BRINGS:
        raise RecordError("message.unexpected", "detail-type")
    name, brings = _BRINGS[kind]
    return Arrival(name, int(brings(detail)))


def _flow_brings(report: Mapping[str, Any]) -> bool:
    """AppFlow writes numbers as text; a report without a count may stand for rows."""
    return report.get("status") == "Execution Successful" and str(report.get("num-of-records-processed", "")) != "0"


_BRINGS: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    FILE: ("file", lambda _: True),
    FLOW: ("flow", _flow_brings),
}


def start_run(executions: Executions, arrivals: Mapping[str, Arrival]) -> str | None:
    """Start one execution for what arrived, by message id, and return its name; None where nothing did.

    The name comes from the messages: a batch that is handed over twice starts nothing new, and a later batch always
    does, even within the same minute.
    """
    count = sum(arrival.brings for arrival in arrivals.values())
    if not count:
        return None
    digest = sha256("\n".join(sorted(arrivals)).encode()).hexdigest()
    name = f"arrivals-{digest[:32]}"
    executions.start(name, {"reason": "arrivals", "count": count})
    return name
