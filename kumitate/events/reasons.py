"""Why a call or an event was not taken: stable codes, what they mean, and the HTTP status of a call that fails so."""

from __future__ import annotations

MAX_EVENT_BYTES = 32 * 1024
MAX_BODY_BYTES = 500 * 1024
"""Unpacked."""
MAX_BATCH_EVENTS = 2_500
MAX_SHARED_BYTES = 4 * 1024
"""Of a batch's context, which each of its events is given."""
MAX_DEPTH = 32
"""Of an event's JSON."""

_REFUSED = 400
_NO_KEY = 401
_NOT_HERE = 403

REASONS: dict[str, tuple[int, str]] = {
    "route.unknown": (404, "nothing is taken here; events go to /v1/batch, /v1/track and their like"),
    "method.not_allowed": (405, "this route takes another method"),
    "write_key.missing": (_NO_KEY, "name a write key: Basic authorisation, or writeKey in the body"),
    "write_key.unknown": (_NO_KEY, "no source has this write key"),
    "write_key.not_yet_valid": (_NO_KEY, "the write key is not valid yet"),
    "write_key.expired": (_NO_KEY, "the write key is no longer valid"),
    "origin.not_allowed": (_NOT_HERE, "this page may not send with this write key"),
    "signature.missing": (_NO_KEY, "the call is not signed"),
    "signature.wrong": (_NO_KEY, "the signature does not fit the body"),
    "signature.too_old": (_NO_KEY, "the call was signed too long ago, or in the future"),
    "http.invalid": (_REFUSED, "this is no HTTP request, or its headers are too long"),
    "body.too_slow": (408, "the body did not come to its end in time; send it again"),
    "body.empty": (_REFUSED, "the body is empty"),
    "body.too_large": (_REFUSED, f"a body has at most {MAX_BODY_BYTES:,} bytes, unpacked; send fewer events at a time"),
    "body.broken_gzip": (_REFUSED, "the body is no whole gzip file"),
    "body.unknown_encoding": (_REFUSED, "a body is sent as it is, or packed with gzip"),
    "body.not_json": (_REFUSED, "the body is no JSON"),
    "body.no_object": (_REFUSED, "the body is no JSON object"),
    "batch.missing": (_REFUSED, "the body has no list of events at that place"),
    "batch.too_many": (_REFUSED, f"a batch has at most {MAX_BATCH_EVENTS:,} events"),
    "batch.context_too_large": (_REFUSED, f"a batch's context has at most {MAX_SHARED_BYTES:,} bytes"),
    "event.not_json": (_REFUSED, "the event is no JSON"),
    "event.no_object": (_REFUSED, "the event is no JSON object"),
    "event.too_large": (_REFUSED, f"an event has at most {MAX_EVENT_BYTES:,} bytes"),
    "event.too_deep": (_REFUSED, f"an event is nested at most {MAX_DEPTH} deep"),
    "event.undecodable": (_REFUSED, "the event is not UTF-8"),
    "event.half_character": (_REFUSED, "a text holds half of a surrogate pair"),
    "event.number": (_REFUSED, "a number is beyond what a double holds, or none"),
    "event.bot": (_REFUSED, "the source takes no events of bots"),
    "type.missing": (_REFUSED, "type says which call the event is"),
    "type.unknown": (_REFUSED, "type is track, identify, page, screen, group, alias or merge"),
    "name.missing": (_REFUSED, "a track call names its event"),
    "person.missing": (_REFUSED, "an event has a userId or an anonymousId"),
    "group.missing": (_REFUSED, "a group call has a groupId"),
    "previous.missing": (_REFUSED, "an alias call has a previousId"),
    "merge.missing": (_REFUSED, "a merge call has a list mergeProperties"),
    "field.no_text": (_REFUSED, "the field should be text"),
    "field.no_object": (_REFUSED, "the field should be an object"),
    "contract.unknown_event": (_REFUSED, "no contract of the source knows the event; it is in quarantine"),
    "rate.limited": (429, "more events than agreed; send them again later"),
    "intake.busy": (429, "not all events could be kept; send the same batch again"),
    "intake.unavailable": (503, "events cannot be kept at the moment; send them again"),
    "internal": (500, "the collector failed; send the events again"),
}
_BROKEN_CONTRACT = (_REFUSED, "the event breaks its contract; it is in quarantine")


def status_of(reason: str) -> int:
    return REASONS.get(reason, _BROKEN_CONTRACT)[0]


def meaning_of(reason: str) -> str:
    return REASONS.get(reason, _BROKEN_CONTRACT)[1]
