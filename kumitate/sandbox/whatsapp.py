"""End User Messaging Social's stand-in: one WhatsApp message a call, checked as Meta checks a template message."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

MESSAGES = "messages"


def answer(call: Call, store: Store) -> Answer:
    return rest_json("socialmessaging", call, store, works={"SendWhatsAppMessage": _send})


def _send(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    try:
        message = json.loads(base64.b64decode(parameters["message"], validate=True))
    except (ValueError, binascii.Error):
        raise Refused(400, "InvalidParametersException", "the message is not JSON") from None
    broken = violations("whatsapp_message", message)
    if broken:
        places = ", ".join("/".join(map(str, each.path)) or each.rule for each in broken[:3])
        raise Refused(400, "InvalidParametersException", f"(#100) Invalid parameter: {places}")
    id_ = f"message-{store.next_number():06d}"
    store.put(MESSAGES, id_, {"to": message["to"], "template": message["template"]})
    return {"messageId": id_}
