"""Push notifications through AWS End User Messaging Push: a hundred devices to a call, a result for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kumitate.activation.destinations.answers import BUSY, THROTTLED, UNREADABLE, json_of
from kumitate.activation.destinations.aws_messages import OPTED_OUT, refusal, text, vendor_reason
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_ADDRESSES = 100
"""https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-messages.html"""
_MAX_BYTES = 4_000
"""Apple and Google take 4,096 bytes, with what is wrapped around a notification."""
_OWN = frozenset({"to", "title", "body"})
_READ: Mapping[str, tuple[Verdict, str]] = {
    "SUCCESSFUL": (Verdict.ACCEPTED, ""),
    "THROTTLED": (Verdict.RETRY, THROTTLED),
    "TEMPORARY_FAILURE": (Verdict.RETRY, BUSY),
    "OPT_OUT": (Verdict.REJECTED, OPTED_OUT),
    "PERMANENT_FAILURE": (Verdict.REJECTED, "vendor.permanent_failure"),
    "DUPLICATE": (Verdict.REJECTED, "vendor.duplicate"),
    "UNKNOWN_FAILURE": (Verdict.UNKNOWN, "vendor.unknown_failure"),
}
_BEST_FIRST = (Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.RETRY, Verdict.REJECTED)


class Push(Destination):
    """`to` is the device's token, or the list of a person's tokens; `title` and `body` are shown; every other field
    goes to the app as data.

    A row with several devices is accepted where one of them has it.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=0.1,
        needs=frozenset({"to", "body"}),
        most_rows=_MAX_ADDRESSES,
        erase_by_hand="End User Messaging Push keeps no tokens of messages that name them. Delete the person's tokens "
        "where the app registers them, and endpoints that an old Pinpoint project may still hold.",
    )

    application_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    """The push application's id."""
    channel: Literal["GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX"] = "GCM"
    """`GCM` is Firebase Cloud Messaging (Android, and iOS apps built on it), `APNS` Apple's own service."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        ready: dict[str, str] = {}
        for change in changes:
            try:
                ready[change.key] = self._content(change.fields)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)
        for group in _groups([change for change in changes if change.key in ready]):
            yield self._call(group, ready)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        refused = refusal(request, response)
        if refused:
            return refused
        results = json_of(response)["MessageResponse"].get("Result", {})
        tokens: dict[str, list[str]] = {}
        if isinstance(request, AwsCall):
            for token, address in request.parameters["MessageRequest"]["Addresses"].items():
                tokens.setdefault(address["Context"]["row"], []).append(token)
        return tuple(_best(key, [results.get(token) for token in tokens.get(key, ())]) for key in request.keys)

    def _call(self, group: Sequence[Change], content: Mapping[str, str]) -> AwsCall:
        addresses = {
            token: {"ChannelType": self.channel, "RawContent": content[change.key], "Context": {"row": change.key}}
            for change in group
            for token in _tokens(change.fields)
        }
        message = {"Addresses": addresses, "MessageConfiguration": {"DefaultPushNotificationMessage": {}}}
        parameters = {"ApplicationId": self.application_id, "MessageRequest": message}
        return AwsCall("pinpoint", "send_messages", parameters, tuple(change.key for change in group))

    def _content(self, fields: Mapping[str, Any]) -> str:
        """The notification in the platform's own form; RecordError where it cannot be sent."""
        tokens = _tokens(fields)
        if not tokens:
            raise RecordError("field.missing", "to")
        if len(tokens) > _MAX_ADDRESSES:
            raise RecordError("address.too_many", f"to: more than {_MAX_ADDRESSES} devices")
        shown = {"body": text(fields, "body", longest=_MAX_BYTES)}
        if fields.get("title"):
            shown = {"title": str(fields["title"]), **shown}
        data = {name: _plain(value) for name, value in fields.items() if name not in _OWN and value is not None}
        message: dict[str, Any] = {"notification": shown, "data": data} if data else {"notification": shown}
        whole = {"fcmV1Message": {"message": message}} if self.channel == "GCM" else {"aps": {"alert": shown}, **data}
        content = json.dumps(whole, ensure_ascii=False)
        if len(content.encode()) > _MAX_BYTES:
            raise RecordError("object.too_large", f"more than {_MAX_BYTES} bytes")
        return content


def _tokens(fields: Mapping[str, Any]) -> tuple[str, ...]:
    given = fields.get("to")
    several = given if isinstance(given, list) else [given]
    return tuple(dict.fromkeys(str(token).strip() for token in several if token is not None and str(token).strip()))


def _groups(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Rows of at most a hundred tokens together, none of which is in a group twice."""
    group: list[Change] = []
    held: set[str] = set()
    for change in changes:
        tokens = set(_tokens(change.fields))
        if group and (tokens & held or len(tokens) + len(held) > _MAX_ADDRESSES):
            yield group
            group, held = [], set()
        group.append(change)
        held |= tokens
    if group:
        yield group


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _best(key: str, results: Sequence[Mapping[str, Any] | None]) -> Outcome:
    """A person has it as soon as one device does."""
    outcomes = [_outcome(key, result) for result in results] or [_outcome(key, None)]
    return min(outcomes, key=lambda outcome: _BEST_FIRST.index(outcome.verdict))


def _outcome(key: str, result: Mapping[str, Any] | None) -> Outcome:
    if result is None:
        return Outcome(key, Verdict.UNKNOWN, UNREADABLE, "no result for this device")
    status = str(result.get("DeliveryStatus", ""))
    verdict, reason = _READ.get(status, (Verdict.UNKNOWN, vendor_reason(status)))
    message = f"{result.get('StatusCode', '')} {status}: {result.get('StatusMessage', '')}"
    return Outcome(key, verdict, reason, "" if verdict is Verdict.ACCEPTED else message)
