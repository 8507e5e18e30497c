"""Recorded cases of destinations, as JSON: changes in, requests out, answers in, outcomes out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kumitate.activation.destinations.answers import common_outcomes
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Turn, Wait
from kumitate.model.request import AwsCall, Change, HttpRequest, Operation, Outcome, Request, Response

CASES = Path(__file__).parents[1] / "contract/cases"


def change_of(row: Mapping[str, Any]) -> Change:
    operation = Operation(row["operation"])
    return Change(row["key"], operation, row["fields"], previous=row.get("previous", {}))


def shown(item: Request | Outcome) -> dict[str, Any]:
    """A request or outcome as a case records it."""
    match item:
        case HttpRequest():
            host = {"host": item.host} if item.host else {}
            return {"method": item.method, "path": item.path, "keys": list(item.keys), "body": _readable(item)} | host
        case AwsCall():
            return {
                "service": item.service,
                "operation": item.operation,
                "keys": list(item.keys),
                "parameters": {name: _legible(value) for name, value in item.parameters.items()},
            }
        case Outcome():
            return {name: str(value) for name, value in asdict(item).items() if value}


def _legible(value: Any) -> Any:
    """A file's bytes as text (S3's Body), all else as it is."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _readable(request: HttpRequest) -> Any:
    """JSON as it is; other text (CSV, multipart, a form) as text; what is compressed or wrapped by its beginning."""
    if not request.body:
        return None
    try:
        return json.loads(request.body)
    except ValueError:
        return request.body.decode("utf-8", "backslashreplace")


def talked(destination: Conversing, talk: Mapping[str, Any], changes: Sequence[Change]) -> list[Turn]:
    """A recorded conversation's turns: each answer to the ask before it, each wait gone by."""
    turn = destination.begins(changes, talk.get("memory", {}))
    assert turn is not None, "a plain request would do, says the destination"
    turns, answers = [turn], iter(talk["answers"])
    while not isinstance(turn, Done):
        state = json.loads(json.dumps(turn.state))  # what is noted is plain JSON
        turn = (
            destination.resumed(changes, state)
            if isinstance(turn, Wait)
            else destination.answered(changes, state, response_of(next(answers)))
        )
        turns.append(turn)
    assert not list(answers), "an answer was never asked for"
    return turns


def shown_turn(turn: Turn) -> dict[str, Any]:
    """A turn as a case records it."""
    match turn:
        case Ask():
            return {"ask": shown(turn.request)}
        case Wait():
            return {"wait": turn.seconds}
        case Done():
            done: dict[str, Any] = {"done": [shown(outcome) for outcome in turn.outcomes]}
            memory = {} if turn.memory is None else {"memory": dict(turn.memory)}
            return done | memory | ({"figures": dict(turn.figures)} if turn.figures else {})


def response_of(answer: Mapping[str, Any]) -> Response:
    """An answer as recorded: `body` is JSON, or text (a CSV of failed rows)."""
    body = answer.get("body")
    content = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    return Response(answer["status"], content, answer.get("headers", {}))


def read_answer(destination: Destination, request: Request, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """The outcomes as delivery would have them."""
    response = response_of(answer)
    common = common_outcomes(request, response, idempotent=destination.terms.idempotent)
    return destination.outcomes(request, response) if common is None else common
