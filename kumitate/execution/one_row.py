"""One row brought to a destination account by itself, to see whether key, rights and mapping are right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kumitate.activation.destinations.registry import REGISTRY, destination_class, settings_for
from kumitate.activation.destinations.talk import Ask, Conversing, Done
from kumitate.config.findings import unknown
from kumitate.config.project import Config
from kumitate.config.sync import Destination as Account
from kumitate.errors import FatalError
from kumitate.execution.accounts import at, connect
from kumitate.execution.bringing import Bringing
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.memory import SentFiles, SqliteMemory
from kumitate.execution.portion import Page, Way
from kumitate.execution.sending import Patience, Sender
from kumitate.model.masking import mask
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict
from kumitate.ports import Transport
from kumitate.sandbox.server import Sandbox

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

_RUN, _SYNC = "test", "test"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where the row goes: an account, as one of its syncs brings rows there, or as `settings` say."""

    account: str
    sync: str | None
    object: str | None
    settings: Mapping[str, str]
    is_sandbox: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What was asked for, the account it is at, and the destination with all settings."""

    asked: Asked
    account: Account
    destination: Destination


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that left and what came back: what it was, its bytes, the status."""

    request: str
    bytes: int
    status: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the row."""

    outcome: Outcome
    exchanges: tuple[Exchange, ...] = field(default_factory=tuple)

    def to_json(self, *, show: bool) -> dict[str, Any]:
        words = self.outcome.message
        return {
            "verdict": self.outcome.verdict.value,
            "reason": self.outcome.reason,
            "message": words if show else _masked_words(words),
            "requests": [{"request": e.request, "bytes": e.bytes, "status": e.status} for e in self.exchanges],
        }


def trial_of(config: Config, asked: Asked) -> Trial:
    """The destination with the settings of account and sync; FatalError says what is missing or wrong."""
    if asked.account not in config.destinations:
        raise FatalError(f"unknown destination {asked.account!r}; there are {', '.join(sorted(config.destinations))}")
    account = config.destinations[asked.account]
    sync = sync_of(config, asked)
    given = dict(settings_for(config, sync)) if sync else dict(account.settings)
    type_ = f"{account.type}.{asked.object}" if asked.object else account.type
    if sync and asked.object is None and config.syncs[sync].object:
        type_ = f"{account.type}.{config.syncs[sync].object}"
    kind = destination_class(type_ if type_ in REGISTRY else account.type)
    if asked.object and type_ not in REGISTRY:
        given["object"] = asked.object
    try:
        made = kind.model_validate({**given, **asked.settings})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise FatalError(
            f"destination {asked.account}: {wrong}; name a --sync of it, or --setting NAME=VALUE"
        ) from None
    mode = config.syncs[sync].mode if sync else "append"
    if made.terms.is_whole_in(mode):
        raise FatalError(
            f"{sync or asked.account} brings all rows together: one row would take the place of all others there; "
            "test with a sync of another mode"
        )
    return Trial(asked, account, made)


def sync_of(config: Config, asked: Asked) -> str | None:
    """The sync as which the row goes, if any: the one that is asked for, or the account's only one.

    FatalError where it must be named, or the one that is named is none of the account's.
    """
    own = sorted(name for name, each in config.syncs.items() if each.destination == asked.account)
    if asked.sync in own:
        return asked.sync
    if asked.sync is not None:
        raise FatalError(
            f"destination {asked.account} has no sync {asked.sync!r}; there are {', '.join(own) or 'none'}"
        )
    if len(own) > 1 and not asked.settings and asked.object is None:
        raise FatalError(f"destination {asked.account} has several syncs; name one with --sync: {', '.join(own)}")
    return own[0] if len(own) == 1 else None


def check_fields(destination: Destination, names: Iterable[str]) -> None:
    """FatalError where the destination takes no field of such a name: it would be left out without a word."""
    accepts = destination.terms.accepts
    for name in names:
        if accepts is not None and name not in accepts:
            raise FatalError(unknown("field", name, accepts))


def rendered(destination: Destination, change: Change) -> tuple[Request | Outcome, ...]:
    """What would leave, or why nothing can."""
    turn = destination.begins([change], {}) if isinstance(destination, Conversing) else None
    if isinstance(turn, Ask):
        return (turn.request,)
    if isinstance(turn, Done):
        return turn.outcomes
    return tuple(destination.requests([change]))


def in_words(request: Request) -> str:
    """What a request is, without what it carries."""
    if isinstance(request, AwsCall):
        return f"{request.service}.{request.operation}"
    return f"{request.method} {request.host}{request.path.partition('?')[0]}"


def size_of(request: Request) -> int:
    """Bytes of what it carries; of a call of AWS as JSON, which most of its services speak."""
    if isinstance(request, AwsCall):
        return len(json.dumps(request.parameters, default=str).encode())
    return len(request.body)


def send(trial: Trial, change: Change, *, environment: Mapping[str, str]) -> Tried:
    """Bring the row; nothing is noted in the project: neither ledger nor state nor memory."""
    seen: list[Exchange] = []
    with TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        opened = _Watched(_transport(trial, environment, stack=stack), seen)
        sender = Sender(
            connect=lambda: opened,
            clock=_now,
            sleep=sleep,
            patience=Patience(rounds=1, longest_wait_seconds=_SECONDS, talk_seconds=_SECONDS),
        )
        ledger = SqliteLedger(place / "ledger.db", clock=_now)
        stack.callback(ledger.close)
        way = Way(sender, trial.destination, Page(ledger, _RUN, _SYNC))
        memory = SqliteMemory(place / "memory.db")
        bringing = Bringing(way=way, memory=memory, sent=SentFiles(place / "sent", _SYNC))
        trouble = bringing.bring([(1, [change])], {})
        note = ledger.notes(_RUN, _SYNC).get(change.key)
    told = note if isinstance(note, Outcome) else trouble
    return Tried(told or Outcome(change.key, Verdict.UNKNOWN, "answer.missing"), tuple(seen))


def _transport(trial: Trial, environment: Mapping[str, str], *, stack: ExitStack) -> Transport:
    account, terms = trial.account, trial.destination.terms
    if trial.asked.is_sandbox:
        sandbox = stack.enter_context(Sandbox(Path(stack.enter_context(TemporaryDirectory())) / "sandbox.db"))
        bare = account.model_copy(update={"url": None})
        return connect(bare, terms, sandbox=sandbox, environment=environment)
    name = trial.asked.account
    return at(account.url, terms, secret=lambda: _secret(name, account.secret, environment))


def _secret(account: str, name: str | None, environment: Mapping[str, str]) -> str:
    if name is None:
        raise FatalError(f"destination {account} names no `secret:`; name one, or try --sandbox")
    found = environment.get(f"KUMITATE_SECRET_{name.upper()}")
    if not found:
        raise FatalError(f"secret {name!r} is not there; set the environment variable KUMITATE_SECRET_{name.upper()}")
    return found


@dataclass(frozen=True, slots=True)
class _Watched:
    """A transport that keeps what left and what came back, but nothing of what it said."""

    inner: Transport
    seen: list[Exchange]

    def send(self, request: Request) -> Response:
        response = self.inner.send(request)
        self.seen.append(Exchange(in_words(request), size_of(request), response.status))
        return response


def _masked_words(words: str) -> str:
    from kumitate.report.masking import message_shape

    return message_shape(words, ())


def masked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """What would be sent, as whoever may not know it is shown it."""
    return {name: mask(value) for name, value in fields.items()}


def _now() -> datetime:
    return datetime.now(UTC)
