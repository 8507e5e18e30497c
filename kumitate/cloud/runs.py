"""When a deployment's run begins and ends: one at a time, a failed one is taken up again, no request is lost.

Who asks while a run is under way is answered `busy` and leaves a note with the lock; when that run has ended, one more
is started, however many asked. A run that is taken up again reads the files it took in at first, so it leaves the note
itself. A run that fails starts nothing: what stopped it would stop the next one, and the schedule tries again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from kumitate.blueprint.names import RUN_ENDED
from kumitate.errors import FatalError, RetryableError
from kumitate.ports import RunEntry, RunLock, RunRegister

RUNNING, FINISHED, HELD, FAILED = "running", "finished", "held", "failed"
BEGUN, RESUMED, BUSY = "begun", "resumed", "busy"
OVERDUE = timedelta(hours=12)
"""A run this old is reported to whoever asks for another."""
EXPIRED = timedelta(hours=48)
"""A lock this old is nobody's: its execution was stopped from outside and could not end its run."""
_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for a run: `execution` is the state machine's execution, which asks again when an answer was lost."""

    execution: str
    reason: str
    as_of: datetime
    only_syncs: bool = False
    """For a run of syncs alone, which must not pass over what an unfinished run has left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict` is `begun`, `resumed` or `busy`; of the run that is under way now, which may be another's."""

    verdict: str
    run_id: str
    as_of: datetime
    warning: str = ""

    def to_json(self) -> dict[str, str]:
        return {"verdict": self.verdict, "run_id": self.run_id, "as_of": self.as_of.isoformat()}


class Events(Protocol):
    """Where it is told that a run has ended."""

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None: ...


class Executions(Protocol):
    """Starts the pipeline; the same name twice is one execution."""

    def start(self, name: str, given: Mapping[str, Any]) -> bool: ...


def begin(register: RunRegister, request: Request, *, now: datetime) -> Answer:
    """A new run, the last one again where it failed or was killed, or `busy`."""
    for _ in range(_TRIES):
        last, lock = register.read()
        if last is not None and lock is not None and now - lock.since < EXPIRED:
            answer = _answer_under_way(register, request, last, lock=lock, now=now)
        else:
            answer = _take(register, request, last, lock=lock, now=now)
        if answer is not None:
            return answer
    raise RetryableError("the run register is asked by too many at once; try again in a minute")


def end(register: RunRegister, run_id: str, state: str, *, reason: str, now: datetime) -> RunEntry:
    """The run as it ended; ended once, it stays so."""
    if state not in (FINISHED, HELD, FAILED):
        raise FatalError(f"a run ends {FINISHED}, {HELD} or {FAILED}, not {state!r}")
    for _ in range(_TRIES):
        last, lock = register.read()
        if last is None or last.id != run_id:
            raise FatalError(f"{run_id} is not the run under way ({last.id if last else 'there was none'})")
        if last.state != RUNNING:
            return last
        again = lock is not None and lock.again and state != FAILED
        ended = replace(last, state=state, reason=reason or last.reason, ended_at=now, again=again)
        if register.write(ended, None, instead_of=lock):
            return ended
    raise RetryableError("the run register is asked by too many at once; try again in a minute")


def announce(ended: RunEntry, events: Events, executions: Executions) -> None:
    """Tell that the run has ended, and start one more where that is due; done twice, it starts one all the same."""
    events.put(RUN_ENDED, {"run_id": ended.id, "state": ended.state, "reason": ended.reason})
    if ended.again:
        executions.start(f"after-{ended.id}", {"reason": f"asked for during {ended.id}"})


def clock_of(given: str | None, now: datetime) -> datetime:
    """The time a run sees: the one given, in UTC, or now."""
    if not given:
        return now
    try:
        as_of = datetime.fromisoformat(given)
    except ValueError:
        raise FatalError(f"as_of {given!r} is no time; write it as 2026-11-22T00:00:00+00:00") from None
    return as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)


def _answer_under_way(
    register: RunRegister, request: Request, last: RunEntry, *, lock: RunLock, now: datetime
) -> Answer | None:
    """The same answer to the same execution, `busy` to any other; None where the lock has changed meanwhile."""
    if lock.execution == request.execution:
        return Answer(lock.verdict, last.id, last.as_of)
    if not lock.again and not register.write(None, replace(lock, again=True), instead_of=lock):
        return None
    return Answer(BUSY, last.id, last.as_of, _overdue(lock, now))


def _overdue(lock: RunLock, now: datetime) -> str:
    if now - lock.since < OVERDUE:
        return ""
    return (
        f"{lock.run_id} has been under way since {lock.since.isoformat()}; where its execution {lock.execution} was "
        f'stopped by hand, invoke end_run with {{"run_id": "{lock.run_id}", "state": "failed", "reason": "stopped"}}'
    )


def _take(
    register: RunRegister, request: Request, last: RunEntry | None, *, lock: RunLock | None, now: datetime
) -> Answer | None:
    unfinished = last if last is not None and last.state in (RUNNING, FAILED) else None
    if unfinished is not None and request.only_syncs:
        said = f"{unfinished.id} is unfinished ({unfinished.state}); a run of syncs alone waits until it is through"
        return Answer(BUSY, unfinished.id, unfinished.as_of, said)
    if unfinished is not None:
        run, verdict = replace(unfinished, state=RUNNING, ended_at=None), RESUMED
    else:
        run = RunEntry(id=_after(last), as_of=request.as_of, state=RUNNING, started_at=now, reason=request.reason)
        verdict = BEGUN
    held = RunLock(run_id=run.id, execution=request.execution, verdict=verdict, since=now, again=verdict == RESUMED)
    return Answer(verdict, run.id, run.as_of) if register.write(run, held, instead_of=lock) else None


def _after(last: RunEntry | None) -> str:
    return f"r{int(last.id[1:]) + 1 if last else 1:06d}"
