"""Amazon SES's stand-in: bulk mail by template, a result for every entry."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, refused, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store

_MOST_ENTRIES = 50
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MESSAGES = "messages"


def answer(call: Call, store: Store) -> Answer:
    entries = _entries(call)
    if entries > _MOST_ENTRIES:  # a limit of the service that its model does not state
        return refused(400, "BadRequestException", f"at most {_MOST_ENTRIES} destinations in one call")
    return rest_json("sesv2", call, store, works={"SendBulkEmail": _send_bulk_email})


def _entries(call: Call) -> int:
    try:
        return len(call.json().get("BulkEmailEntries", ()))
    except (ValueError, AttributeError, TypeError):
        return 0


def _send_bulk_email(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    """A malformed address refuses the whole call, the harder of the two ways in which SES may take it."""
    for entry in parameters["BulkEmailEntries"]:
        addresses = entry["Destination"].get("ToAddresses", [])
        if not addresses or not all(_ADDRESS.fullmatch(address) for address in addresses):
            raise Refused(400, "BadRequestException", "Local address or domain contains illegal character")
    return {"BulkEmailEntryResults": [_send(parameters, entry, store) for entry in parameters["BulkEmailEntries"]]}


def _send(parameters: Mapping[str, Any], entry: Mapping[str, Any], store: Store) -> dict[str, str]:
    template = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {})
    try:
        values = json.loads(template.get("ReplacementTemplateData", "{}"))
    except ValueError:
        return {"Status": "INVALID_PARAMETER", "Error": "the template data is not JSON"}
    id_ = f"message-{store.next_number():06d}"
    record = {
        "to": entry["Destination"]["ToAddresses"],
        "from": parameters.get("FromEmailAddress"),
        "template": parameters["DefaultContent"].get("Template", {}).get("TemplateName"),
        "values": values,
        "headers": {header["Name"]: header["Value"] for header in entry.get("ReplacementHeaders", [])},
    }
    store.put(MESSAGES, id_, record)
    return {"Status": "SUCCESS", "MessageId": id_}
