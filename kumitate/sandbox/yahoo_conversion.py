"""Yahoo! JAPAN Ads' stand-in for conversions: 201 for each, counted once by transaction id, none older than 90 days."""

from __future__ import annotations

import time

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

CONVERSIONS = "conversions"
_MOST_SECONDS = 90 * 86_400


def answer(call: Call, store: Store) -> Answer:
    given = call.headers.get("user-agent", "")
    if not given.startswith("Yahoo AppID: "):
        return _refused(401, "Please provide valid credentials.")
    if given != f"Yahoo AppID: {TOKEN}":
        return _refused(403, "Your Request was Forbidden")
    if call.path != "/v1/":
        return _refused(404, "Not Found")
    if call.method != "POST":
        return _refused(405, "Method Not Allowed")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "The body is not JSON.")
    if violations("yahoo_conversion", body):
        return _refused(400, "The inputs are invalid.")
    id_ = body["yahoo_ydn_conv_transaction_id"]
    if store.get(CONVERSIONS, id_) is None and 0 <= time.time() - body["event_time"] <= _MOST_SECONDS:
        store.put(CONVERSIONS, id_, body)
    return Answer(201)


def _refused(status: int, message: str) -> Answer:
    return Answer(status, {"Error": {"Message": message}})
