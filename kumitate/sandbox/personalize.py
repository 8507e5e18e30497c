"""Amazon Personalize's stand-in: users and events, taken or refused a call at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store

USERS, EVENTS = "users", "events"


def answer(call: Call, store: Store) -> Answer:
    return rest_json("personalize-events", call, store, works={"PutUsers": _put_users, "PutEvents": _put_events})


def _put_users(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    records = {user["userId"]: _properties(user.get("properties", "{}")) for user in parameters["users"]}
    for id_, record in records.items():
        store.put(USERS, id_, record)
    return {}


def _put_events(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    for event in parameters["eventList"]:
        _properties(event.get("properties", "{}"))
        store.put(EVENTS, event.get("eventId", str(store.next_number())), {"user": parameters["userId"], **event})
    return {}


def _properties(text: str) -> dict[str, Any]:
    """A schema holds texts, numbers and truth, no lists and objects; one user's mistake refuses them all."""
    found = json.loads(text)
    if any(isinstance(value, dict | list) for value in found.values()):
        raise Refused(400, "InvalidInputException", "properties do not match the schema")
    return dict(found)
