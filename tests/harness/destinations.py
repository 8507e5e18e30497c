"""Recorded cases of destinations, as JSON: changes in, requests out, answers in, outcomes out."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kumitate.activation.destinations.answers import common_outcomes
from kumitate.activation.destinations.base import Destination
from kumitate.model.request import AwsCall, Change, HttpRequest, Operation, Outcome, Request, Response

CASES = Path(__file__).parents[1] / "contract/cases"


def change_of(row: Mapping[str, Any]) -> Change:
    operation = Operation(row["operation"])
    return Change(row["key"], operation, row["fields"], previous=row.get("previous", {}))


def shown(item: Request | Outcome) -> dict[str, Any]:
    """A request or outcome as a case records it."""
    match item:
        case HttpRequest():
            body = json.loads(item.body) if item.body else None
            return {"method": item.method, "path": item.path, "keys": list(item.keys), "body": body}
        case AwsCall():
            return {
                "service": item.service,
                "operation": item.operation,
                "keys": list(item.keys),
                "parameters": item.parameters,
            }
        case Outcome():
            return {name: str(value) for name, value in asdict(item).items() if value}


def read_answer(destination: Destination, request: Request, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """The outcomes as delivery would have them."""
    response = Response(answer["status"], json.dumps(answer["body"]).encode(), answer.get("headers", {}))
    common = common_outcomes(request, response, idempotent=destination.terms.idempotent)
    return destination.outcomes(request, response) if common is None else common
