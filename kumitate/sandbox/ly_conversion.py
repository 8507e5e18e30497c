"""LY Ads' stand-in for conversions by a tag's token: taken as a whole, counted once, none older than 90 days."""

from __future__ import annotations

import time

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

CONVERSIONS = "conversions"
_MOST_SECONDS = 90 * 86_400


def answer(call: Call, store: Store) -> Answer:
    if call.headers.get("x-tagaccesstoken") != TOKEN:
        return Answer(401, {"error": "invalid access token"})
    if call.path != "/v1/" or call.method != "POST":
        return Answer(404, {"error": "not found"})
    try:
        body = call.json()
    except ValueError:
        return Answer(400, {"error": "not JSON"})
    users_need_a_channel = any("line_uid" in row.get("user", {}) for row in body.get("data", []))
    if violations("ly_conversion", body) or (users_need_a_channel and "channel_id" not in body):
        return Answer(400, {"error": "invalid parameter"})
    for row in body["data"]:
        event = row["event"]
        counts = not event.get("test_flag") and 0 <= time.time() - event["event_time"] <= _MOST_SECONDS
        if counts and store.get(CONVERSIONS, event["transaction_id"]) is None:
            store.put(CONVERSIONS, event["transaction_id"], row)
    return Answer(202)
