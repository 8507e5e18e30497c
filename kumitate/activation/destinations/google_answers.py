"""Reading Data Manager's answers: refusals that name a row or none, warnings, and what became of a request later.

Sources: the API's ErrorReason and RequestStatusPerDestination, discovery revision 20261106.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from kumitate.activation.destinations.answers import (
    BATCH_REFUSED,
    REQUEST_REFUSED,
    UNCONFIRMED,
    json_of,
    own_answer,
)
from kumitate.activation.destinations.members import spoiled
from kumitate.activation.destinations.talk import FAILED, GOES_AGAIN, REFUSED_ROW
from kumitate.model.request import Outcome, Request, Response, Verdict

_ROW = re.compile(r"(?:audience_?members|events)\[(\d+)\]", re.IGNORECASE)
_BEYOND_ROWS = re.compile(
    r"^(?:destinations|encoding|encryption_?info|terms_?of_?service|validate_?only)", re.IGNORECASE
)
_RATE = re.compile(r"(?:LESS_THAN_(?P<below>\d+)|(?P<low>\d+)_TO_(?P<high>\d+))$")
_REASON = re.compile(r"^(?:PROCESSING_)?(?:ERROR|WARNING)_(?:REASON_)?")
_MOST_NAMED = 2_000
"""Refused rows of one request that are noted one by one: a note of the cloud's memory holds so many."""

NEXT_STEPS: Mapping[str, str] = {
    "TERMS_AND_CONDITIONS_NOT_SIGNED": "accept the customer data terms in the Google product, then run again",
    "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED": (
        "accept the enhanced conversions terms under Goals > Settings in Google Ads, then run again"
    ),
    "DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS": (
        "Google's data policy bars this account from enhanced conversions; ask Google's support"
    ),
    "DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS": (
        "turn on enhanced conversions for leads in Google Ads (Goals > Settings), then run again"
    ),
    "NOT_ALLOWLISTED": "Google has not admitted this account to the feature; ask your Google contact for access",
    "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE": "Google has not admitted this account; ask your Google contact",
    "INVALID_DESTINATION": "check `account`, `login_account` and the list's or conversion action's id",
    "DESTINATION_ACCOUNT_TYPE_MISMATCH": "check the `type` under `account`",
    "INVALID_USER_LIST_ID": "check `audience_id`: the list must belong to `account`",
    "INVALID_USER_LIST_TYPE": "`audience_id` must be a customer list for contact data",
    "INVALID_CONVERSION_ACTION_ID": "check `conversion_action_id`: it must belong to `account`",
    "INVALID_CONVERSION_ACTION_TYPE": "`conversion_action_id` must be an action for uploads from clicks",
    "CONVERSION_ACTION_TOO_RECENTLY_CREATED": "the conversion action is too new; Google takes events some hours later",
    "EVENT_SOURCE_AND_DESTINATION_MISMATCH": "check `event_source` against the conversion action",
    "PERMISSION_DENIED": "give the service account access to the account in the Google product, or check the ids",
    "SERVICE_DISABLED": "turn on the Data Manager API in the Google Cloud project of the service account",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "the secret's sign-in lacks the scope for Data Manager; make a new one",
    "NOT_FOUND": "check `account`, `login_account` and the list's or conversion action's id",
}
"""What the owner does about a refusal that lies with the account, by Google's reason."""


def outcomes_of(request: Request, response: Response) -> tuple[Outcome, ...]:
    """Google takes a request as a whole: rows it warns of carry its words, what it makes of them it says later."""
    if response.status >= 400:
        return refusal(request, response.status, json_of(response).get("error", {}))
    answer = own_answer(response, "requestId")
    warned = dict(_warnings(answer))
    request_id = str(answer["requestId"])
    return tuple(
        Outcome(key, Verdict.ACCEPTED, UNCONFIRMED, f"{request_id}#{number} {warned.get(number, '')}".strip())
        for number, key in enumerate(request.keys)
    )


def refusal(request: Request, status: int, error: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """One bad row spoils Google's whole request: the named ones are refused, the others go again."""
    bad = {number: words for number, words in _violations(error) if number < len(request.keys)}
    if bad:
        return tuple(
            Outcome(key, Verdict.REJECTED, "vendor.invalid_argument", bad[number])
            if number in bad
            else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
            for number, key in enumerate(request.keys)
        )
    words, step = refusal_words(error), _next_step(error)
    lies_with_a_row = status in (400, 413) and not step and not _names_the_request(error)
    if lies_with_a_row:
        return spoiled(request, words)
    return tuple(Outcome(key, Verdict.RETRY, REQUEST_REFUSED, words) for key in request.keys)


def refusal_words(error: Mapping[str, Any]) -> str:
    """Google's words, and what to do about it where that is known."""
    step = _next_step(error)
    said = f"{error.get('status', '')}: {error.get('message', '')}"
    return f"{said} ({step})" if step else said


def _next_step(error: Mapping[str, Any]) -> str:
    named = (NEXT_STEPS[reason] for reason in _reasons(error) if reason in NEXT_STEPS)
    return next(named, "")


def _reasons(error: Mapping[str, Any]) -> Iterator[str]:
    """The most telling first: a violation's, the ErrorInfo's, the status."""
    details = error.get("details", [])
    for violation in chain.from_iterable(detail.get("fieldViolations", []) for detail in details):
        yield str(violation.get("reason", ""))
        yield str(violation.get("description", ""))
    for detail in details:
        yield str(detail.get("reason", ""))
    yield str(error.get("status", ""))


def _names_the_request(error: Mapping[str, Any]) -> bool:
    violations = chain.from_iterable(detail.get("fieldViolations", []) for detail in error.get("details", []))
    return any(_BEYOND_ROWS.match(str(violation.get("field", ""))) for violation in violations)


def _violations(error: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for detail in error.get("details", []):
        for violation in detail.get("fieldViolations", []):
            found = _ROW.search(str(violation.get("field", "")))
            if found is not None:
                yield int(found[1]), str(violation.get("reason") or violation.get("description", ""))


def _warnings(answer: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for warning in answer.get("fieldWarnings", []):
        found = _ROW.search(str(warning.get("field", "")))
        if found is not None:
            yield int(found[1]), f"warning {_short(str(warning.get('reason', '')))}: {warning.get('description', '')}"


def figures_of(answer: Mapping[str, Any]) -> dict[str, float] | None:
    """A request's fate in numbers, None while Google is at work: `received`, `identifiers`, `removed`,
    `match_rate_low` and `match_rate_high` (shares), `rejected`, `rejected.<reason>`, `warned.<reason>`, `failed`.
    """
    places = answer.get("requestStatusPerDestination", [])
    if not places or any(place.get("requestStatus") == "PROCESSING" for place in places):
        return None
    figures: dict[str, float] = {FAILED: float(any(place.get("requestStatus") == "FAILED" for place in places))}
    for place in places:
        for name, value in _figures(place):
            figures[name] = figures.get(name, 0.0) + value
    return figures if figures[FAILED] else figures | _refused_rows(places)


def _refused_rows(places: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Rows that Google names by their places; of very many the whole request goes again, which does no harm.

    What Google has from before (a second conversion of one transaction) is no row that it lacks.
    """
    counts = chain.from_iterable(place.get("errorInfo", {}).get("errorCounts", []) for place in places)
    refused = {
        f"{REFUSED_ROW}{row}.{reason}": float(row)
        for count in counts
        if not (reason := _short(str(count.get("reason", "")))).startswith("duplicate_")
        for row in count.get("recordIndices", [])
    }
    return refused if len(refused) <= _MOST_NAMED else {GOES_AGAIN: 1.0}


def _figures(place: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    ingested = place.get("audienceMembersIngestionStatus", {}).get("userDataIngestionStatus", {})
    for counted in (ingested, place.get("eventsIngestionStatus", {})):
        if "recordCount" in counted:
            yield "received", float(counted["recordCount"])
    if "userIdentifierCount" in ingested:
        yield "identifiers", float(ingested["userIdentifierCount"])
    removed = place.get("audienceMembersRemovalStatus", {}).get("userDataRemovalStatus", {})
    if "recordCount" in removed:
        yield "removed", float(removed["recordCount"])
    yield from _match_rate(str(ingested.get("uploadMatchRateRange", "")))
    for counts, kind, total in (("errorInfo", "errorCounts", "rejected"), ("warningInfo", "warningCounts", "warned")):
        for count in place.get(counts, {}).get(kind, []):
            rows = float(count.get("recordCount", 0))
            yield total, rows
            yield f"{total}.{_short(str(count.get('reason', '')))}", rows


def _match_rate(told: str) -> Iterator[tuple[str, float]]:
    found = _RATE.search(told)
    if found is not None:
        yield "match_rate_low", int(found["low"] or 0) / 100
        yield "match_rate_high", int(found["high"] or found["below"]) / 100


def _short(reason: str) -> str:
    """`event_too_old` for `PROCESSING_ERROR_REASON_EVENT_TOO_OLD`."""
    return _REASON.sub("", reason).lower()
