"""Amazon Connect Customer Profiles' stand-in: objects by type, a result for every item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused, Work, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store


def answer(call: Call, store: Store) -> Answer:
    return rest_json("customer-profiles", call, store, works=_WORKS)


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


def _search(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    """The profile of each value that some object has, noted so that it is known by its id."""
    name, found = parameters["KeyName"], []
    for value in parameters["Values"]:
        if any(record.get(name) == value for kind in _kinds(store) for record in store.all(kind).values()):
            id_ = hashlib.sha256(f"{name}/{value}".encode()).hexdigest()[:32]
            store.put(_PROFILES, id_, {"name": name, "value": value})
            found.append({"ProfileId": id_})
    return {"Items": found}


def _delete(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    profile = store.get(_PROFILES, parameters["ProfileId"])
    if profile is None:
        raise Refused(404, "ResourceNotFoundException", "There is no such profile")
    for kind in _kinds(store):
        for key, record in store.all(kind).items():
            if record.get(profile["name"]) == profile["value"]:
                store.remove(kind, key)
    store.remove(_PROFILES, parameters["ProfileId"])
    return {"Message": "OK"}


def _kinds(store: Store) -> list[str]:
    return [kind for kind in store.kinds() if kind != _PROFILES]


_PROFILES = "profiles of a search"
_WORKS: Mapping[str, Work] = {
    "BatchPutProfileObject": _batch_put,
    "SearchProfiles": _search,
    "DeleteProfile": _delete,
}
