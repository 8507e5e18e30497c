"""Amazon Connect Customer Profiles' stand-in: objects by type, a result for every item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store


def answer(call: Call, store: Store) -> Answer:
    return rest_json("customer-profiles", call, store, works={"BatchPutProfileObject": _batch_put})


def _batch_put(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    successful: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for item in parameters["Items"]:
        record = _object(item["Object"])
        if record is None:
            failed.append({"Id": item["Id"], "Code": 400, "Message": "Object is no JSON object"})
            continue
        store.put(parameters["ObjectTypeName"], item["Id"], record)
        successful.append({"Id": item["Id"], "ProfileObjectUniqueKey": item["Id"]})
    return {"Successful": successful, "Failed": failed}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
