"""AWS End User Messaging: one text message per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kumitate.activation.destinations.answers import aws_error, for_all
from kumitate.activation.destinations.aws_messages import OPTED_OUT, one_by_one, phone, refusal, text
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.usual_fields import PHONE
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_LONGEST = 1_600
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("^{}\\[~]|€\f")
"""Written with two signs (3GPP TS 23.038)."""
_NOT_OF_ROW = frozenset({"NO_ORIGINATION_IDENTITIES_FOUND", "RESOURCE_NOT_ACTIVE", "MESSAGE_TYPE_MISMATCH"})
"""Conflicts of the account's own set-up."""


class Sms(Destination):
    """`to` is the phone number, `text` the message; nothing else is sent.

    A number is brought to E.164 by `country` where it has no country of its own.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"to", "text"}),
        accepts=frozenset({"to", "text"}),
        most_rows=1,
        erase_by_hand="End User Messaging keeps a person's number on opt-out lists alone, where it protects them. "
        "To erase it all the same: aws pinpoint-sms-voice-v2 delete-opted-out-number --opt-out-list-name LIST "
        "--opted-out-number NUMBER.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"to": PHONE}

    origination_identity: str | None = Field(None, pattern=r"^[A-Za-z0-9_:/+-]{1,256}$")
    """Phone number, sender id or pool that messages come from, or its ARN; the account's own choice, unless given."""
    message_type: Literal["TRANSACTIONAL", "PROMOTIONAL"] = "PROMOTIONAL"
    configuration_set: str | None = Field(None, pattern=r"^[A-Za-z0-9_:/-]{1,256}$")
    """Where delivery events go."""
    protect_configuration: str | None = Field(None, pattern=r"^[A-Za-z0-9_:/-]{1,256}$")
    """The countries that messages may go to."""
    max_price: str | None = Field(None, pattern=r"^[0-9]{0,2}\.[0-9]{1,5}$")
    """US dollars that one part of a message may cost: `0.10`."""
    time_to_live: int | None = Field(None, ge=5, le=259_200)
    """Seconds in which a message must be on its way."""
    most_parts: int | None = Field(None, ge=1, le=40)
    """Messages that would be sent, and paid for, in more parts are refused."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of numbers that name none."""
    dry_run: bool = False
    """The service checks every message and sends none; rows are refused with the reason `dry_run`, and come again."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        return one_by_one(changes, self._call)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        error = aws_error(response)
        if error.get("Code") == "ConflictException":
            return _conflict(request, response, error)
        refused = refusal(request, response, of_row=frozenset({"ValidationException", "ParamValidation"}))
        if refused:
            return refused
        if self.dry_run:
            return for_all(request, Verdict.REJECTED, "dry_run", message="valid, and not sent")
        return for_all(request, Verdict.ACCEPTED)

    def _call(self, change: Change) -> AwsCall:
        body = text(change.fields, "text", longest=_LONGEST)
        parts = parts_of(body)
        if self.most_parts is not None and parts > self.most_parts:
            raise RecordError("text.too_long", f"text: {parts} parts, at most {self.most_parts}")
        optional = {
            "OriginationIdentity": self.origination_identity,
            "ConfigurationSetName": self.configuration_set,
            "ProtectConfigurationId": self.protect_configuration,
            "MaxPrice": self.max_price,
            "TimeToLive": self.time_to_live,
            "DryRun": self.dry_run or None,
        }
        parameters: dict[str, Any] = {
            "DestinationPhoneNumber": phone(change.fields, self.country),
            "MessageBody": body,
            "MessageType": self.message_type,
            **{name: value for name, value in optional.items() if value is not None},
        }
        return AwsCall("pinpoint-sms-voice-v2", "send_text_message", parameters, (change.key,))


def parts_of(body: str) -> int:
    """So many messages a text is sent and paid as: 160 signs of GSM 03.38 or 70 of UTF-16, 153 or 67 where several."""
    if all(sign in _GSM or sign in _GSM_ESCAPED for sign in body):
        size, alone, each = len(body) + sum(sign in _GSM_ESCAPED for sign in body), 160, 153
    else:
        size, alone, each = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if size <= alone else -(-size // each)


def _conflict(request: Request, response: Response, error: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """The person's number is in the way, or the account's set-up; the reason stands in its own field, or in words."""
    said = f"{error.get('Reason', '')} {error.get('Message', '')}"
    words = f"ConflictException: {said.strip()}"
    if "DESTINATION_PHONE_NUMBER_OPTED_OUT" in said:
        return for_all(request, Verdict.REJECTED, OPTED_OUT, message=words)
    if any(each in said for each in _NOT_OF_ROW):
        return refusal(request, response)
    return refusal(request, response, of_row=frozenset({"ConflictException"}))
