"""Conversations with the sandbox, led to their end; killed on the way where a test wants it."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.registry import destination_class
from kumitate.activation.destinations.talk import Ask, Conversing, Done, State
from kumitate.config.sync import Destination as Account
from kumitate.execution.accounts import connect
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response
from kumitate.ports import Transport
from kumitate.sandbox.server import Sandbox

_MOST_TURNS = 200

Death = tuple[int, bool]
"""A turn at which the process dies, and whether its request had left."""


def opened(type_: str, **settings: Any) -> Destination:
    return destination_class(type_).model_validate(settings)


def transport_to(sandbox: Sandbox, destination: Destination, type_: str) -> Transport:
    return connect(Account(type=type_), destination.terms, sandbox=sandbox, environment={})


def lead(
    destination: Destination,
    transport: Transport,
    changes: Sequence[Change],
    *,
    memory: State | None = None,
    dies: Death | None = None,
    deaths: Collection[Death] = (),
) -> Done:
    """To the end, from the noted state alone after each death; waits are over at once."""
    assert isinstance(destination, Conversing)
    all_deaths = {dies, *deaths}
    turn = destination.begins(changes, memory or {})
    assert turn is not None
    for number in range(_MOST_TURNS):
        if isinstance(turn, Done):
            return turn
        state = json.loads(json.dumps(turn.state))
        if not isinstance(turn, Ask) or (number, False) in all_deaths:
            turn = destination.resumed(changes, state)
            continue
        response = transport.send(turn.request)
        turn = (
            destination.resumed(changes, state)
            if (number, True) in all_deaths
            else destination.answered(changes, state, response)
        )
    raise AssertionError("the conversation came to no end")


def with_answers(
    destination: Destination,
    transport: Transport,
    changes: Sequence[Change],
    memory: State | None,
    answers: Mapping[str, Any],
    *,
    dies: Death | None = None,
) -> Done:
    """A conversation in which the vendor answers requests of a method always the same; None: it refuses them (403)."""

    class Scripted:
        def send(self, request: Request) -> Response:
            assert isinstance(request, HttpRequest)
            if request.method not in answers:
                return transport.send(request)
            answer = answers[request.method]
            return Response(403, b"{}") if answer is None else Response(200, json.dumps(answer).encode())

    return lead(destination, Scripted(), changes, memory=memory, dies=dies)


def sent(destination: Destination, transport: Transport, changes: Sequence[Change]) -> dict[str, Outcome]:
    """Plain requests, each once; the outcomes by key, the last one's."""
    found: dict[str, Outcome] = {}
    for item in destination.requests(changes):
        outcomes = (item,) if isinstance(item, Outcome) else destination.outcomes(item, transport.send(item))
        found |= {outcome.key: outcome for outcome in outcomes}
    return found


def row(key: str, operation: str = "create", previous: Mapping[str, Any] | None = None, **fields: Any) -> Change:
    return Change(key, Operation(operation), fields, previous=previous or {})


BEFORE = [row("p0", email="gone@example.jp"), row("p1", email="old@example.jp"), row("p2", email="b@example.jp")]
AFTER = [
    row("p0", "delete", email="gone@example.jp"),
    row("p1", "update", {"email": "old@example.jp"}, email="new@example.jp"),
    row("p2", "keep", email="b@example.jp"),
    row("p3", email="c@example.jp"),
    row("p4", email="nobody"),
]


def members(sandbox: Sandbox, type_: str, audience: str) -> set[str]:
    return set(sandbox.objects(type_, audience))


def expected_of(type_: str, destination: Destination, audience: str) -> set[str]:
    """The audience as it is when the wanted members alone are put into an empty one."""
    wanted = [Change(change.key, change.operation, change.fields) for change in AFTER[1:4]]
    with Sandbox(Path(":memory:")) as empty:
        sent(destination, transport_to(empty, destination, type_), wanted)
        return members(empty, type_, audience)
