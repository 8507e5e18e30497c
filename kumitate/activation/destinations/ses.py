"""Amazon SES: one templated e-mail per row, fifty to a call, each with its one-click unsubscribe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import (
    BATCH_SPOILED,
    BUSY,
    QUOTA_SPENT,
    REQUEST_REFUSED,
    THROTTLED,
    UNREADABLE,
    aws_error,
    for_all,
    json_of,
)
from kumitate.activation.destinations.aws_messages import refusal
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.usual_fields import EMAIL
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

if TYPE_CHECKING:  # a delivery function needs no shape of a project's files
    from kumitate.config.sync import NullPolicy

_MAX_ENTRIES = 50
_MAX_DATA = 262_144
_MAX_HEADER = 995
_LONGEST_ADDRESS = 320
_ADDRESS = re.compile(r"[!-?A-~]+@[^@\s.]+(?:\.[^@\s.]+)+")
"""SES takes 7-bit ASCII before the `@`, and Punycode behind it, which we make of what is written in other letters."""
_SPOILED = frozenset({"BadRequestException"})
"""The whole call is refused before any of its mails leaves, for the sake of one."""
_REFUSED = frozenset({"MESSAGE_REJECTED", "INVALID_PARAMETER", "FAILED"})
_NOT_SENT = {
    "ACCOUNT_THROTTLED": THROTTLED,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": QUOTA_SPENT,
    "TRANSIENT_FAILURE": BUSY,
    **dict.fromkeys(
        (
            "ACCOUNT_SUSPENDED",
            "ACCOUNT_SENDING_PAUSED",
            "CONFIGURATION_SET_SENDING_PAUSED",
            "CONFIGURATION_SET_NOT_FOUND",
            "INVALID_SENDING_POOL_NAME",
            "MAIL_FROM_DOMAIN_NOT_VERIFIED",
            "TEMPLATE_NOT_FOUND",
        ),
        REQUEST_REFUSED,
    ),
}
"""Results that lie with the account, not with the mail: it certainly did not leave, and the row waits."""


class Ses(Destination):
    """`to` is the address, every other field a value of the template; what has no value is an empty text there.

    `unsubscribe_url` takes the row's key at `{key}`; mail providers refuse bulk mail without it. SES itself drops
    mail to addresses on the account's suppression list and reports it as a bounce.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"to"}),
        most_rows=_MAX_ENTRIES,
        erase_by_hand="SES keeps addresses on the account's suppression list, where they protect the person, and in "
        "contact lists of your own: aws sesv2 delete-suppressed-destination --email-address ADDRESS, "
        "aws sesv2 delete-contact --contact-list-name LIST --email-address ADDRESS.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"to": EMAIL}
    missing: ClassVar[NullPolicy] = "clear"

    from_address: str = Field(min_length=3)
    template: str = Field(min_length=1)
    unsubscribe_url: str = Field(pattern=r"^https://[!-;=?-~]*\{key\}[!-;=?-~]*$")
    configuration_set: str | None = None
    """Where bounces, complaints and clicks go, and whether the suppression list is heeded; SES heeds it by default."""
    reply_to: tuple[str, ...] = ()
    mails_per_call: int = Field(_MAX_ENTRIES, ge=1, le=_MAX_ENTRIES)
    """Fewer for accounts that may send fewer mails a second than a call holds."""
    tenant: str | None = Field(None, min_length=1)
    """The SES tenant whose reputation and suppression list hold, for accounts that send for several brands."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        entries: dict[str, Mapping[str, Any]] = {}
        for change in changes:
            try:
                entries[change.key] = self._entry(change)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)
        for group in batches([change for change in changes if change.key in entries], self.mails_per_call):
            keys = tuple(change.key for change in group)
            yield AwsCall("sesv2", "send_bulk_email", self._parameters([entries[key] for key in keys]), keys)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if aws_error(response).get("Code") in _SPOILED:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=str(aws_error(response).get("Message", "")))
        refused = refusal(request, response)
        if refused:
            return refused
        results = json_of(response).get("BulkEmailEntryResults", [])
        if len(results) != len(request.keys):
            return for_all(request, Verdict.UNKNOWN, UNREADABLE, message="one result per entry was expected")
        return tuple(_outcome(key, result) for key, result in zip(request.keys, results, strict=True))

    def _parameters(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        optional = {
            "ConfigurationSetName": self.configuration_set,
            "ReplyToAddresses": list(self.reply_to) or None,
            "TenantName": self.tenant,
        }
        return {
            "FromEmailAddress": self.from_address,
            "DefaultContent": {"Template": {"TemplateName": self.template, "TemplateData": "{}"}},
            "BulkEmailEntries": list(entries),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _entry(self, change: Change) -> dict[str, Any]:
        values = {name: "" if value is None else value for name, value in change.fields.items() if name != "to"}
        link = f"<{self.unsubscribe_url.replace('{key}', quote(change.key, safe=''))}>"
        if len(link) > _MAX_HEADER:
            raise RecordError("key.too_long", f"the unsubscribe link has more than {_MAX_HEADER} characters")
        data = json.dumps(values, ensure_ascii=False)
        if len(data) > _MAX_DATA:
            raise RecordError("object.too_large", f"more than {_MAX_DATA} characters of template values")
        headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return {
            "Destination": {"ToAddresses": [_address(change.fields.get("to"))]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
            "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in headers.items()],
        }


def _address(given: Any) -> str:
    """One mailbox; RecordError for what is none, a list of several, or a name around it."""
    address = str(given or "").strip()
    if not address:
        raise RecordError("field.missing", "to")
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise RecordError("email.invalid", "to: SES takes no other letters than a-z before the @")
    try:
        ascii_ = address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise RecordError("email.invalid", "to: the domain is none") from None
    if len(ascii_) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(ascii_) or set(ascii_) & set('<>,;:"()[]\\'):
        raise RecordError("email.invalid", "to")
    return ascii_


def _outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    status = str(result.get("Status", ""))
    if status == "SUCCESS":
        return Outcome(key, Verdict.ACCEPTED)
    message = f"{status}: {result.get('Error', '')}"
    if status in _NOT_SENT:
        return Outcome(key, Verdict.RETRY, _NOT_SENT[status], message)
    if status in _REFUSED:
        return Outcome(key, Verdict.REJECTED, f"vendor.{status.lower()}", message)
    return Outcome(key, Verdict.UNKNOWN, UNREADABLE, message)  # it may have left, and mails are not sent twice
