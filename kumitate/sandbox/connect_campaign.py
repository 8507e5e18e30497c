"""Outbound campaigns' stand-in, and its domain's search: whoever is looked for is there, but `nobody…` and `twins…`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox import connect_segments
from kumitate.sandbox.aws import Work, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store

REQUESTS = "requests"
_GONE = "0" * 32
"""A profile that the domain does not hold."""


def answer(call: Call, store: Store) -> Answer:
    if call.path.startswith("/v2/"):
        return rest_json("connectcampaignsv2", call, store, works=_CAMPAIGNS)
    return rest_json("customer-profiles", call, store, works=_PROFILES)


def _put(parameters: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    taken: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number, request in enumerate(parameters["profileOutboundRequests"]):
        token, id_ = request["clientToken"], str(number)
        if request["profileId"] == _GONE:
            failed.append({"clientToken": token, "id": id_, "failureCode": "ResourceNotFound"})
            continue
        if store.get(REQUESTS, token) is None:  # a token counts once
            store.put(REQUESTS, token, {"campaign": parameters["id"], **request})
        taken.append({"clientToken": token, "id": id_})
    return {"successfulRequests": taken, "failedRequests": failed}


def _search(parameters: Mapping[str, Any], _store: Store) -> Mapping[str, Any]:
    (value,) = parameters["Values"]
    count = 0 if value.startswith("nobody") else 2 if value.startswith("twins") else 1
    return {"Items": [{"ProfileId": profile_id(value, place)} for place in range(count)]}


def profile_id(value: str, place: int = 0) -> str:
    """The id that the sandbox's domain gives whoever has this value."""
    return hashlib.sha256(f"{value}/{place}".encode()).hexdigest()[:32]


_CAMPAIGNS: Mapping[str, Work] = {
    "PutProfileOutboundRequestBatch": _put,
    "DescribeCampaign": connect_segments.describe_campaign,
    "CreateCampaign": connect_segments.create_campaign,
    "ListCampaigns": connect_segments.list_campaigns,
    "StartCampaign": connect_segments.start_campaign,
    "GetCampaignState": connect_segments.campaign_state,
}
_PROFILES: Mapping[str, Work] = {
    "SearchProfiles": _search,
    "BatchPutProfileObject": connect_segments.put,
    "CreateSegmentDefinition": connect_segments.create_segment,
    "GetSegmentDefinition": connect_segments.get_segment,
    "CreateSegmentEstimate": connect_segments.create_estimate,
    "GetSegmentEstimate": connect_segments.get_estimate,
}
