"""End User Messaging Push's stand-in: a hundred devices a call; tokens that end in `-gone` or `-busy` are so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store

MESSAGES = "messages"
_MOST_ADDRESSES = 100
_FAILURES = {"-gone": ("PERMANENT_FAILURE", 410, "the token is not registered"), "-busy": ("THROTTLED", 429, "")}


def answer(call: Call, store: Store) -> Answer:
    return rest_json("pinpoint", call, store, works={"SendMessages": _send})


def _send(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    addresses = parameters["MessageRequest"].get("Addresses", {})
    if not 0 < len(addresses) <= _MOST_ADDRESSES:  # a limit of the service that its model does not state
        raise Refused(400, "BadRequestException", f"1 to {_MOST_ADDRESSES} addresses in one call")
    results = {token: _sent(token, address, store) for token, address in addresses.items()}
    # The reply is the body itself: its one member is the payload.
    return {"ApplicationId": parameters["ApplicationId"], "Result": results}


def _sent(token: str, address: Mapping[str, Any], store: Store) -> dict[str, Any]:
    for ending, (status, code, words) in _FAILURES.items():
        if token.endswith(ending):
            return {"DeliveryStatus": status, "StatusCode": code, "StatusMessage": words}
    try:
        content = json.loads(address["RawContent"])
    except (KeyError, ValueError):
        return {"DeliveryStatus": "PERMANENT_FAILURE", "StatusCode": 400, "StatusMessage": "no JSON as raw content"}
    id_ = f"message-{store.next_number():06d}"
    store.put(MESSAGES, id_, {"to": token, "channel": address.get("ChannelType"), "content": content})
    return {"DeliveryStatus": "SUCCESSFUL", "StatusCode": 200, "MessageId": id_}
