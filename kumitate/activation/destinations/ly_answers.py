"""Reading LY Ads' answers: HTTP 200 with errors inside, for the request and for each of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumitate.activation.destinations.answers import REQUEST_REFUSED, json_of
from kumitate.model.request import Response

ATTACHED = "audience.attached"
"""The list is in use by an ad group, and LY does not remove it before somebody detaches it."""
INVALID_FILE = "vendor.invalid_file"
INSUFFICIENT = "audience.insufficient"
"""Fewer people than the vendor takes."""
_ATTACHED_CODES = frozenset({"211005", "211008"})
_GONE_CODES = frozenset({"110005", "I0001"})
_MAX_WORDS = 300


def errors_of(response: Response) -> list[Mapping[str, Any]]:
    """Every error of the answer: its own, those of its values, and a refusal that names none."""
    answer = json_of(response)
    found = list(_errors(answer)) if isinstance(answer, dict) else []
    is_refused = response.status >= 300 or not isinstance(answer, dict)
    return found or ([{"code": response.status}] if is_refused else [])


def values_of(response: Response) -> Sequence[Mapping[str, Any]]:
    found = (json_of(response).get("rval") or {}).get("values") or []
    return [value for value in found if isinstance(value, dict)]


def words(response: Response) -> str:
    """LY's own words with the fields they name, `211008: Cannot remove … (operand[0])`; never a value that was sent."""
    found = (f"{error.get('code', '')}: {error.get('message', '')}{_fields(error)}" for error in errors_of(response))
    return ("; ".join(found) or f"HTTP {response.status}")[:_MAX_WORDS]


def reason_of(response: Response) -> str:
    attached = any(str(error.get("code")) in _ATTACHED_CODES for error in errors_of(response))
    return ATTACHED if attached else REQUEST_REFUSED


def is_gone(response: Response) -> bool:
    """Whether a list that was to be removed is there no more."""
    return all(str(error.get("code")) in _GONE_CODES for error in errors_of(response))


def _errors(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from answer.get("errors") or []
    for value in (answer.get("rval") or {}).get("values") or []:
        yield from value.get("errors") or []
        if value.get("operationSucceeded") is False and not value.get("errors"):
            yield {"code": "operation", "message": "the operation did not succeed"}


def _fields(error: Mapping[str, Any]) -> str:
    named = [str(detail["requestKey"]) for detail in error.get("details") or [] if detail.get("requestKey")]
    return f" ({', '.join(named)})" if named else ""
