"""Amazon Connect Customer Profiles: one profile object per row, ten to a call."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNREADABLE,
    aws_error,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.activation.destinations.connect_erasure import Erasure, first
from kumitate.activation.destinations.talk import State, Turn, deletions
from kumitate.activation.destinations.usual_fields import BIRTHDATE, EMAIL, FAMILY_NAME, GENDER, GIVEN_NAME, PHONE
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_ITEMS = 10
_MAX_BYTES = 256_000
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ConnectCustomerProfiles(Destination):
    """Puts objects of `object` (an object type of the domain), whose mapping takes `key_field` as unique key.

    An object replaces the one with the same key, so fields without a value are left out. In mode `delete` the
    profiles are deleted, with everything that the domain has of them.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "append", "delete"}),
        is_aws=True,
        seconds_between_requests=0.05,
        most_rows=_MAX_ITEMS,
        talk_rows=1_000,
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "FirstName": GIVEN_NAME,
        "LastName": FAMILY_NAME,
        "EmailAddress": EMAIL,
        "PhoneNumber": PHONE,
        "BirthDate": BIRTHDATE,
        "GenderString": GENDER,
    }

    domain: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    object_type: str = Field(alias="object", pattern=r"^[a-zA-Z_][a-zA-Z_0-9-]{0,254}$")
    key_field: str = "kumitate_key"
    mode: str = "upsert"
    """The sync's mode."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        changes = split(changes)[1]
        objects = {change.key: self._object(change) for change in changes}
        too_large = [key for key, text in objects.items() if len(text.encode()) > _MAX_BYTES]
        for key in too_large:
            yield Outcome(key, Verdict.REJECTED, "object.too_large", f"more than {_MAX_BYTES} bytes")
        for group in batches([change for change in changes if change.key not in too_large], _MAX_ITEMS):
            parameters = {
                "DomainName": self.domain,
                "ObjectTypeName": self.object_type,
                "Items": [{"Id": _item_id(change.key), "Object": objects[change.key]} for change in group],
            }
            keys = tuple(change.key for change in group)
            yield AwsCall("customer-profiles", "batch_put_profile_object", parameters, keys)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        error = aws_error(response)
        if error:
            words = f"{error.get('Code', '')}: {error.get('Message', '')}"
            return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)
        answer = json_of(response)
        accepted = {item["Id"] for item in answer.get("Successful", [])}
        failed = {item["Id"]: item for item in answer.get("Failed", [])}
        return tuple(_outcome(key, accepted, failed) for key in request.keys)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        """Profiles are deleted by the domain's own ids, which are asked for first."""
        return self._erasure(changes).turn(first) if split(changes)[0] else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return self._erasure(changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return self._erasure(changes).turn(state)

    def erased_rows(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Whole profiles: what others brought of the person goes as well."""
        return deletions(changes)

    def _erasure(self, changes: Sequence[Change]) -> Erasure:
        return Erasure(self.domain, self.key_field, split(changes)[0])

    def _object(self, change: Change) -> str:
        given = {name: value for name, value in change.fields.items() if value is not None}
        return json.dumps({**given, self.key_field: change.key}, ensure_ascii=False)


def _item_id(key: str) -> str:
    """The key itself where the service allows its signs, else a hash of it."""
    return key if _ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()


def _outcome(key: str, accepted: set[str], failed: Mapping[str, Mapping[str, Any]]) -> Outcome:
    id_ = _item_id(key)
    if id_ in accepted:
        return Outcome(key, Verdict.ACCEPTED)
    if id_ not in failed:
        return Outcome(key, Verdict.RETRY, UNREADABLE, "no result for this item")
    code = int(failed[id_].get("Code", 0))
    message = f"{code}: {failed[id_].get('Message', '')}"
    if code == 429 or code >= 500:
        return Outcome(key, Verdict.RETRY, THROTTLED if code == 429 else UNAVAILABLE, message)
    return Outcome(key, Verdict.REJECTED, f"vendor.{code}", message)
