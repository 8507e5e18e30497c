"""Amazon SES: one templated e-mail per row, fifty to a call, each with its one-click unsubscribe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import (
    REQUEST_REFUSED,
    THROTTLED,
    UNREADABLE,
    aws_error,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_ENTRIES = 50
_NOT_SENT = {
    "ACCOUNT_THROTTLED": THROTTLED,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": REQUEST_REFUSED,
    "ACCOUNT_SUSPENDED": REQUEST_REFUSED,
    "ACCOUNT_SENDING_PAUSED": REQUEST_REFUSED,
    "CONFIGURATION_SET_SENDING_PAUSED": REQUEST_REFUSED,
    "TRANSIENT_FAILURE": THROTTLED,
}


class Ses(Destination):
    """`to` is the address, every other field a value of the template.

    `unsubscribe_url` takes the row's key at `{key}`; mail providers refuse bulk mail without it.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"to"}),
        most_rows=_MAX_ENTRIES,
    )

    from_address: str = Field(min_length=3)
    template: str = Field(min_length=1)
    unsubscribe_url: str = Field(pattern=r"^https://[!-;=?-~]*\{key\}[!-;=?-~]*$")
    configuration_set: str | None = None
    reply_to: tuple[str, ...] = ()

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        addressed = [change for change in changes if change.fields.get("to")]
        for change in changes:
            if not change.fields.get("to"):
                yield Outcome(change.key, Verdict.REJECTED, "field.missing", "to")
        for group in batches(addressed, _MAX_ENTRIES):
            yield AwsCall("sesv2", "send_bulk_email", self._parameters(group), tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        error = aws_error(response)
        if error:
            words = f"{error.get('Code', '')}: {error.get('Message', '')}"
            return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)
        results = json_of(response).get("BulkEmailEntryResults", [])
        if len(results) != len(request.keys):
            return for_all(request, Verdict.UNKNOWN, UNREADABLE, message="one result per entry was expected")
        return tuple(_outcome(key, result) for key, result in zip(request.keys, results, strict=True))

    def _parameters(self, group: Sequence[Change]) -> dict[str, Any]:
        optional: dict[str, Any] = {}
        if self.configuration_set is not None:
            optional["ConfigurationSetName"] = self.configuration_set
        if self.reply_to:
            optional["ReplyToAddresses"] = list(self.reply_to)
        return {
            "FromEmailAddress": self.from_address,
            "DefaultContent": {"Template": {"TemplateName": self.template, "TemplateData": "{}"}},
            "BulkEmailEntries": [self._entry(change) for change in group],
            **optional,
        }

    def _entry(self, change: Change) -> dict[str, Any]:
        values = {name: value for name, value in change.fields.items() if name != "to"}
        link = self.unsubscribe_url.replace("{key}", quote(change.key, safe=""))
        headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        data = json.dumps(values, ensure_ascii=False)
        return {
            "Destination": {"ToAddresses": [str(change.fields["to"])]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
            "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in headers.items()],
        }


def _outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    status = str(result.get("Status", ""))
    if status == "SUCCESS":
        return Outcome(key, Verdict.ACCEPTED)
    message = f"{status}: {result.get('Error', '')}"
    if status in _NOT_SENT:
        return Outcome(key, Verdict.RETRY, _NOT_SENT[status], message)
    return Outcome(key, Verdict.REJECTED, f"vendor.{status.lower()}", message)
