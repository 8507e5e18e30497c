"""Marketo's answers: HTTP 200 whatever happened, and codes in the body for the request and for each record.

https://experienceleague.adobe.com/docs/marketo-developer/marketo/rest/error-codes
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    BUSY,
    QUOTA_SPENT,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNREADABLE,
    for_all,
)
from kumitate.activation.destinations.legs import Known
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_OF_THE_REQUEST = {
    "600": AUTH_REFUSED,
    "601": AUTH_REFUSED,  # the token is none
    "602": AUTH_REFUSED,  # the token has expired
    "603": AUTH_REFUSED,  # the API user's role does not suffice
    "604": UNAVAILABLE,  # timed out
    "606": THROTTLED,
    "607": QUOTA_SPENT,
    "608": UNAVAILABLE,
    "611": UNAVAILABLE,  # Marketo's own error
    "613": BATCH_SPOILED,
    "615": THROTTLED,  # too many calls at once
    "713": UNAVAILABLE,
}
_OF_A_RECORD_LATER = {"1018": BUSY, "1029": BUSY, "611": BUSY, "713": BUSY}


def refusal(request: Request, response: Response, answer: Any) -> tuple[Outcome, ...] | None:
    """The same outcome for every row where the request was not carried out, else None."""
    if response.status == 413:
        return for_all(request, Verdict.RETRY, BATCH_SPOILED, message="the body is larger than Marketo takes")
    if response.status >= 400:
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=f"HTTP {response.status}")
    if answer.get("success"):
        return None
    error = (answer.get("errors") or [{}])[0]
    code = str(error.get("code", ""))
    words = f"{code}: {error.get('message', '')}"
    return for_all(request, Verdict.RETRY, _OF_THE_REQUEST.get(code, REQUEST_REFUSED), message=words)


def record_outcomes(request: Request, results: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """One per row: Marketo's results stand in the order of the records."""
    if len(results) != len(request.keys):
        return for_all(request, Verdict.RETRY, UNREADABLE, message="one result per record was expected")
    return tuple(_record_outcome(key, result) for key, result in zip(request.keys, results, strict=True))


def _record_outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    if result.get("status") != "skipped":
        return Outcome(key, Verdict.ACCEPTED)
    reasons = result.get("reasons") or result.get("reason") or [{}]  # the contract says `reason`, answers `reasons`
    first = reasons[0] if isinstance(reasons, list) else reasons
    code = str(first.get("code", ""))
    words = f"{code}: {first.get('message', '')}"
    if code in _OF_A_RECORD_LATER:
        return Outcome(key, Verdict.RETRY, _OF_A_RECORD_LATER[code], words)
    return Outcome(key, Verdict.REJECTED, f"vendor.{code or 'skipped'}", words)


def json_call(method: str, path: str, body: Mapping[str, Any], *, keys: Sequence[str]) -> HttpRequest:
    return HttpRequest(method, path, compact(body), tuple(keys), {"Content-Type": "application/json"})


def compact(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def lookup(field: str, group: Sequence[Change]) -> HttpRequest:
    """Leads by `field`, as a form: a question with many keys is too long for an address."""
    values = ",".join(change.key for change in group)
    form = urlencode({"filterType": field, "filterValues": values, "fields": f"id,{field}"})
    return HttpRequest(
        "POST",
        "/rest/v1/leads.json?_method=GET",
        form.encode(),
        tuple(change.key for change in group),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )


def found_leads(field: str, group: Sequence[Change], answer: Mapping[str, Any]) -> tuple[Known, list[Outcome]]:
    """`{"ids": {key: id}}` of keys with one lead; several leads with one key are refused, as Marketo refuses them.

    An answer that goes on elsewhere says nothing of the keys it does not name: fewer keys at once are asked for.
    """
    found: dict[str, list[int]] = {}
    for lead in answer.get("result") or []:
        found.setdefault(str(lead.get(field)), []).append(lead["id"])
    is_whole = not answer.get("moreResult", bool(answer.get("nextPageToken")))
    if not is_whole and not (len(group) == 1 and len(found.get(group[0].key, [])) > 1):
        words = "Marketo has more leads for these keys than one answer holds"
        return {"ids": {}}, [Outcome(change.key, Verdict.RETRY, BATCH_SPOILED, words) for change in group]
    ids = {change.key: found[change.key][0] for change in group if len(found.get(change.key, [])) == 1}
    return {"ids": ids}, [
        *(
            Outcome(change.key, Verdict.REJECTED, "vendor.1007", "1007: Multiple lead match lookup criteria")
            for change in group
            if len(found.get(change.key, [])) > 1
        ),
        *(
            # Keys are asked for in a list that commas separate, and a comma cannot be escaped.
            Outcome(change.key, Verdict.REJECTED, "key.comma", "a key with a comma cannot be looked up in Marketo")
            for change in group
            if "," in change.key
        ),
    ]


def by_id(known: Known, results: Sequence[Mapping[str, Any]], *, fine: frozenset[str]) -> list[Outcome]:
    """Outcomes of what was done to ids, in their order; a record's code among `fine` says that nothing was to do."""
    keys = list(known["ids"])
    if len(results) != len(keys):
        return [Outcome(key, Verdict.RETRY, UNREADABLE, "one result per lead was expected") for key in keys]
    outcomes = [_record_outcome(key, result) for key, result in zip(keys, results, strict=True)]
    done = {f"vendor.{code}" for code in fine}
    return [Outcome(o.key, Verdict.ACCEPTED) if o.reason in done else o for o in outcomes]
