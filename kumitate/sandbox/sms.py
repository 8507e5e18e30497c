"""End User Messaging SMS's stand-in: one text message a call; `+8190…0000` has opted out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, json_rpc
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store

MESSAGES = "messages"
_OPTED_OUT = "0000"
"""The last digits of numbers that want no messages."""


def answer(call: Call, store: Store) -> Answer:
    return json_rpc("pinpoint-sms-voice-v2", call, store, works={"SendTextMessage": _send})


def _send(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    number = parameters["DestinationPhoneNumber"]
    if number.endswith(_OPTED_OUT):
        reason = "DESTINATION_PHONE_NUMBER_OPTED_OUT"
        raise Refused(400, "ConflictException", f'Conflict Occurred - Reason="{reason}"', Reason=reason)
    id_ = f"message-{store.next_number():06d}"
    if not parameters.get("DryRun"):
        record = {"to": number, "text": parameters["MessageBody"], "from": parameters.get("OriginationIdentity")}
        store.put(MESSAGES, id_, record)
    return {"MessageId": id_}
