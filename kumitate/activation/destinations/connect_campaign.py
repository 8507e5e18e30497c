"""Amazon Connect outbound campaigns v2: a request to contact a profile per row, twenty to a call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import BUSY, REQUEST_REFUSED, UNAVAILABLE, UNREADABLE, aws_error, json_of
from kumitate.activation.destinations.aws_messages import refusal, vendor_reason
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.connect_erasure import LONGEST_SEARCH
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_REQUESTS = 20
_LATER = frozenset({"RequestThrottled", "UnknownError"})
"""Failures of one request that another try may mend; its token makes sure that it counts once."""
_REMEMBERED_SECONDS = 8 * 3600.0
"""How long we take the service to know a `clientToken` again: an assumption, for AWS does not say."""
_UNKNOWN_PROFILE = "profile.unknown"

_FORGOTTEN = "Connect may have taken it, and may not know it again; a contact is not asked for twice"


class ConnectCampaign(Destination):
    """Asks a running campaign to contact profiles: `profile_id` is Connect's own, or `search` finds it in `domain`.

    Each row's token is made of sync and key: the campaign takes a row once, however often it is sent while Connect
    knows the token. After that, a row whose answer got lost is held. `expires_at` is when a contact is of no use.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        repeatable_seconds=_REMEMBERED_SECONDS,
        seconds_between_requests=0.1,
        accepts=frozenset({"profile_id", "search", "expires_at"}),
        most_rows=_MAX_REQUESTS,
        talk_rows=200,
        erase_by_hand="Campaigns hold profiles of the Customer Profiles domain: delete the person there "
        "(aws customer-profiles delete-profile), and their contacts in Amazon Connect's contact search.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"search": ("{person_id}",)}

    campaign_id: str = Field(pattern=r"^[-:/a-zA-Z0-9]{1,256}$")
    domain: str | None = Field(None, pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    """The Customer Profiles domain in which `search` finds profiles."""
    search_key: str = Field("kumitate_key", pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    """The key by which it finds them: that of an object type (`key_field` of connect_customer_profiles), `_email`, …"""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        ready: dict[str, Mapping[str, str]] = {}
        for change in changes:
            try:
                ready[change.key] = self._row(change, change.fields.get("profile_id"))
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)
        for group in batches([change for change in changes if change.key in ready], _MAX_REQUESTS):
            yield self._put([change.key for change in group], ready)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        refused = refusal(request, response)
        if refused:
            return refused
        answer = json_of(response)
        taken = {each.get("clientToken") for each in answer.get("successfulRequests", [])}
        failed = {
            each.get("clientToken"): str(each.get("failureCode", "")) for each in answer.get("failedRequests", [])
        }
        return tuple(self._outcome(key, taken, failed) for key in request.keys)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        """A conversation where profiles have to be found first."""
        if self.domain is None or not any(map(_is_searched, changes)):
            return None
        return self._turn(changes, {"ids": {}, "told": {}})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if state.get("asked"):
            return self._found(changes, state, response)
        call = self._next_put(changes, state)
        if call is None:
            return self._turn(changes, state)
        told = {outcome.key: _noted(outcome) for outcome in self.outcomes(call, response)}
        return self._turn(changes, {**state, "told": {**state["told"], **told}})

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """A search changes nothing, and a request is known by its token: both may be made again."""
        return self._turn(changes, state)

    def lapsed(self, changes: Sequence[Change], state: State) -> Done:
        """Rows of a request that Connect may have taken and knows no more are held; those not asked for go again."""
        call = None if state.get("asked") else self._next_put(changes, state)
        held = {} if call is None else {key: [Verdict.UNKNOWN.value, UNAVAILABLE, _FORGOTTEN] for key in call.keys}
        told: dict[str, list[str]] = {**held, **state["told"]}
        later = [Verdict.RETRY.value, UNAVAILABLE, "its campaign was not asked yet"]
        by_key = {change.key: told.get(change.key, later) for change in changes}
        return Done(tuple(Outcome(key, Verdict(verdict), *words) for key, (verdict, *words) in by_key.items()))

    def _turn(self, changes: Sequence[Change], state: State) -> Turn:
        for change in changes:
            if _is_searched(change) and change.key not in state["ids"] and change.key not in state["told"]:
                return Ask(self._search(change), {**state, "asked": change.key})
        call = self._next_put(changes, state)
        if call is not None:
            return Ask(call, {**state, "asked": ""})
        refused = [item for item in self.requests(self._named(changes, state)) if isinstance(item, Outcome)]
        told = [Outcome(key, Verdict(verdict), *words) for key, (verdict, *words) in state["told"].items()]
        return Done((*told, *refused))

    def _found(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        error, key = aws_error(response), str(state["asked"])
        if error:  # the domain is wrong, not the row: nobody can be found
            words = f"{error.get('Code', '')}: {error.get('Message', '')}"
            left = [change for change in changes if change.key not in state["told"]]
            told = {change.key: [Verdict.RETRY.value, REQUEST_REFUSED, words] for change in left}
            return self._turn(changes, {**state, "told": {**state["told"], **told}})
        found = [str(item["ProfileId"]) for item in json_of(response).get("Items", [])]
        if len(found) == 1:
            return self._turn(changes, {**state, "ids": {**state["ids"], key: found[0]}})
        reason = "profile.ambiguous" if found else _UNKNOWN_PROFILE
        told = {key: [Verdict.REJECTED.value, reason, f"{len(found)} profiles by {self.search_key}"]}
        return self._turn(changes, {**state, "told": {**state["told"], **told}})

    def _next_put(self, changes: Sequence[Change], state: State) -> AwsCall | None:
        items = self.requests(self._named(changes, state))
        return next((item for item in items if isinstance(item, AwsCall)), None)

    def _named(self, changes: Sequence[Change], state: State) -> list[Change]:
        """Rows that nothing was told of yet, with the profile that was found."""
        ids = state["ids"]
        return [
            Change(
                each.key,
                each.operation,
                {**each.fields, "profile_id": ids.get(each.key, each.fields.get("profile_id"))},
            )
            for each in changes
            if each.key not in state["told"]
        ]

    def _search(self, change: Change) -> AwsCall:
        parameters = {
            "DomainName": self.domain or "",
            "KeyName": self.search_key,
            "Values": [str(change.fields["search"])],
        }
        return AwsCall("customer-profiles", "search_profiles", parameters, (change.key,))

    def _row(self, change: Change, profile_id: Any) -> Mapping[str, str]:
        if not profile_id and len(str(change.fields.get("search") or "")) > LONGEST_SEARCH:
            raise RecordError("text.too_long", f"search: more than {LONGEST_SEARCH} characters")
        if not profile_id:
            raise RecordError("field.missing", "profile_id")
        row = {"clientToken": self._token(change.key), "profileId": _profile_id(str(profile_id))}
        expires = change.fields.get("expires_at")
        return row if expires is None else {**row, "expirationTime": _moment(str(expires))}

    def _put(self, keys: Sequence[str], rows: Mapping[str, Mapping[str, str]]) -> AwsCall:
        parameters = {"id": self.campaign_id, "profileOutboundRequests": [rows[key] for key in keys]}
        return AwsCall("connectcampaignsv2", "put_profile_outbound_request_batch", parameters, tuple(keys))

    def _token(self, key: str) -> str:
        return hashlib.sha256(f"{self.sync}\n{key}".encode()).hexdigest()

    def _outcome(self, key: str, taken: set[Any], failed: Mapping[Any, str]) -> Outcome:
        token = self._token(key)
        if token in taken:
            return Outcome(key, Verdict.ACCEPTED)
        code = failed.get(token, "")
        if not code:
            return Outcome(key, Verdict.UNKNOWN, UNREADABLE, "no result for this request")
        if code in _LATER:
            return Outcome(key, Verdict.RETRY, BUSY, code)
        return Outcome(
            key, Verdict.REJECTED, _UNKNOWN_PROFILE if code == "ResourceNotFound" else vendor_reason(code), code
        )


def _is_searched(change: Change) -> bool:
    return 0 < len(str(change.fields.get("search") or "")) <= LONGEST_SEARCH and not change.fields.get("profile_id")


def _profile_id(given: str) -> str:
    if len(given) != 32 or not set(given) <= set("0123456789abcdef"):
        raise RecordError("profile.invalid", "profile_id: 32 signs of 0-9 and a-f")
    return given


def _moment(given: str) -> str:
    try:
        datetime.fromisoformat(given)
    except ValueError:
        raise RecordError("time.invalid", "expires_at") from None
    return given


def _noted(outcome: Outcome) -> list[str]:
    return [outcome.verdict.value, outcome.reason, outcome.message]
