"""Braze: attributes of users by external id, at most 75 objects a call; errors name the place of an object.

https://www.braze.com/docs/api/endpoints/user_data/post_user_track
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    REQUEST_REFUSED,
    for_all,
    json_of,
    own_answer,
)
from kumitate.activation.destinations.base import Destination, Terms, batches, packed, split
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict

_MAX_OBJECTS = 75
"""Of attributes, events and purchases together."""
_MAX_DELETIONS = 50
_MAX_BYTES = 4_000_000 - 1_000
_ID = "external_id"
_OF_A_STATUS = {403: AUTH_REFUSED, 404: REQUEST_REFUSED, 413: BATCH_SPOILED}


class Braze(Destination):
    """Sets attributes; the sync's key is the `external_id`, and null unsets an attribute.

    Events and purchases are not sent: Braze would count a repeated one twice.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "update", "mirror", "append", "delete"}),
        seconds_between_requests=0.02,
        most_rows=_MAX_OBJECTS,
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "first_name": GIVEN_NAME,
        "last_name": FAMILY_NAME,
    }

    removal: Literal["unset", "delete"] = "unset"
    """What becomes of who leaves the segment: the mapped attributes are unset, or the user is deleted with all
    that Braze knows of it. In mode `delete` users are deleted."""
    mode: str = "upsert"
    """The sync's; in `update` no user is created."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        removals, records = split(changes)
        if self.removal == "delete" or self.mode == "delete":
            yield from _deletions(removals)
        else:
            yield from self._tracks(removals)
        yield from self._tracks(records)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status >= 400:
            return _refusal(request, response, json_of(response))
        answer = own_answer(response, "message")
        spoiled = {
            error["index"]: str(error.get("type", ""))
            for error in answer.get("errors") or []
            if isinstance(error, dict) and error.get("input_array") == "attributes"
        }
        return tuple(
            Outcome(key, Verdict.REJECTED, "vendor.refused", spoiled[place])
            if place in spoiled
            else Outcome(key, Verdict.ACCEPTED)
            for place, key in enumerate(request.keys)
        )

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Users are deleted with their history; Braze cannot bring them back."""
        return list(_deletions(changes))

    def _tracks(self, changes: Sequence[Change]) -> Iterable[HttpRequest]:
        def size(change: Change) -> int:
            return len(json.dumps(self._attributes(change), ensure_ascii=False).encode()) + 2

        for group in packed(changes, most=_MAX_OBJECTS, most_bytes=_MAX_BYTES, size=size):
            yield _call("/users/track", {"attributes": [self._attributes(change) for change in group]}, group=group)

    def _attributes(self, change: Change) -> dict[str, Any]:
        is_removal = change.operation is Operation.DELETE
        fields = dict.fromkeys([*change.previous, *change.fields]) if is_removal else dict(change.fields)
        # Nobody is created to have an attribute unset.
        only_known = {"_update_existing_only": True} if is_removal or self.mode == "update" else {}
        return {**fields, **only_known, _ID: change.key}


def _deletions(changes: Sequence[Change]) -> Iterable[HttpRequest]:
    for group in batches(changes, _MAX_DELETIONS):
        yield _call("/users/delete", {"external_ids": [change.key for change in group]}, group=group)


def _refusal(request: Request, response: Response, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """A fatal error: nothing was taken."""
    words = str(answer.get("message", ""))
    if response.status in _OF_A_STATUS:
        return for_all(request, Verdict.RETRY, _OF_A_STATUS[response.status], message=words)
    if len(request.keys) > 1:
        return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)
    return for_all(request, Verdict.REJECTED, "vendor.refused", message=words)


def _call(path: str, body: Mapping[str, Any], *, group: Sequence[Change]) -> HttpRequest:
    content = json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest("POST", path, content, tuple(c.key for c in group), {"Content-Type": "application/json"})
