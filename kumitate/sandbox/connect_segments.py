"""Segments and campaigns of the outbound campaigns' stand-in: who bears a mark is in the segment that asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.aws import Refused
from kumitate.sandbox.store import Store

OBJECTS, SEGMENTS, ESTIMATES, CAMPAIGNS = "objects", "segments", "estimates", "campaigns"
_MODEL = {
    "name": "model",
    "connectInstanceId": "11111111-2222-3333-4444-555555555555",
    "channelSubtypeConfig": {
        "email": {
            "outboundMode": {"agentless": {}},
            "defaultOutboundConfig": {
                "connectSourceEmailAddress": "shop@example.jp",
                "wisdomTemplateArn": "arn:aws:wisdom:ap-northeast-1:000000000000:message-template/a/b:$LATEST",
            },
        }
    },
    "schedule": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-03T00:00:00Z"},
    "tags": {"owner": "arn:aws:connect:ap-northeast-1:000000000000:instance/11111111-2222-3333-4444-555555555555"},
}
_GONE = "gone"
"""A campaign that was deleted."""


def put(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    for item in parameters["Items"]:
        store.put(OBJECTS, item["Id"], json.loads(item["Object"]))
    return {"Successful": [{"Id": each["Id"], "ProfileObjectUniqueKey": each["Id"]} for each in parameters["Items"]]}


def create_segment(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    name = parameters["SegmentDefinitionName"]
    if store.get(SEGMENTS, name) is not None:
        raise Refused(400, "BadRequestException", f"A segment definition {name} exists already")
    store.put(SEGMENTS, name, {"rule": _rule(parameters["SegmentGroups"])})
    return {"SegmentDefinitionName": name, "SegmentDefinitionArn": _arn(parameters["DomainName"], name)}


def get_segment(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    name = parameters["SegmentDefinitionName"]
    if store.get(SEGMENTS, name) is None:
        raise Refused(404, "ResourceNotFoundException", f"There is no segment definition {name}")
    return {"SegmentDefinitionName": name, "SegmentDefinitionArn": _arn(parameters["DomainName"], name)}


def create_estimate(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    mark, token = _rule(parameters["SegmentQuery"])
    people = sum(record.get(mark) == token for record in store.all(OBJECTS).values())
    store.put(ESTIMATES, token, {"people": people})
    return {"EstimateId": token, "StatusCode": 200}


def get_estimate(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    people = (store.get(ESTIMATES, parameters["EstimateId"]) or {}).get("people", 0)
    return {"Status": "SUCCEEDED", "Estimate": str(people), "StatusCode": 200}


def describe_campaign(parameters: Mapping[str, Any], _store: Store) -> Mapping[str, Any]:
    if parameters["id"] == _GONE:
        raise Refused(404, "ResourceNotFoundException", "There is no such campaign")
    return {"campaign": {**_MODEL, "id": parameters["id"], "arn": _campaign_arn(parameters["id"])}}


def create_campaign(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    made = store.all(CAMPAIGNS)
    if any(each["name"] == parameters["name"] for each in made.values()):
        raise Refused(409, "ConflictException", "A campaign of this name exists already")
    id_ = f"campaign-{len(made) + 1}"
    store.put(CAMPAIGNS, id_, {**parameters, "state": "Initialized", "starts": 0})
    return {"id": id_, "arn": _campaign_arn(id_)}


def list_campaigns(_parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    made = store.all(CAMPAIGNS).items()
    about = {"connectInstanceId": _MODEL["connectInstanceId"], "schedule": _MODEL["schedule"]}
    listed = [{"id": id_, "arn": _campaign_arn(id_), "name": each["name"], **about} for id_, each in made]
    return {"campaignSummaryList": listed}


def start_campaign(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    campaign = store.get(CAMPAIGNS, parameters["id"])
    if campaign is None:
        raise Refused(404, "ResourceNotFoundException", "There is no such campaign")
    if campaign["state"] != "Initialized":
        raise Refused(409, "InvalidCampaignStateException", "The campaign has begun", state=campaign["state"])
    store.put(CAMPAIGNS, parameters["id"], {**campaign, "state": "Running", "starts": campaign["starts"] + 1})
    return {}


def campaign_state(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    campaign = store.get(CAMPAIGNS, parameters["id"])
    if campaign is None:
        raise Refused(404, "ResourceNotFoundException", "There is no such campaign")
    return {"state": campaign["state"]}


def _rule(groups: Mapping[str, Any]) -> list[str]:
    """The attribute and its one value that a segment asks for."""
    ((group,),) = (groups["Groups"],)
    ((dimension,),) = (group["Dimensions"],)
    ((mark, asked),) = dimension["ProfileAttributes"]["Attributes"].items()
    (token,) = asked["Values"]
    return [mark, token]


def _arn(domain: str, name: str) -> str:
    return f"arn:aws:profile:ap-northeast-1:000000000000:domains/{domain}/segment-definitions/{name}"


def _campaign_arn(id_: str) -> str:
    return f"arn:aws:connect-campaigns:ap-northeast-1:000000000000:campaign/{id_}"
