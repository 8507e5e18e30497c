"""Teams' stand-in: a Workflows webhook that takes cards with 202 and an empty body, and keeps them."""

from __future__ import annotations

from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

CARDS = "cards"
_MOST_BYTES = 28 * 1024


def answer(call: Call, store: Store) -> Answer:
    """There is no token to check: who knows the address may post."""
    if call.method != "POST" or call.path != "/":
        return _refused(404, "WorkflowNotFound", "The workflow could not be found.")
    if len(call.body) > _MOST_BYTES:
        return _refused(413, "RequestEntityTooLarge", "The message is larger than Teams takes.")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "InvalidRequestContent", "The request content is not valid JSON.")
    if violations("teams_message", body):
        return _refused(400, "TriggerInputSchemaMismatch", "The input body did not match the schema.")
    store.put(CARDS, f"{store.next_number():09d}", body["attachments"][0]["content"])
    return Answer(202)


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
