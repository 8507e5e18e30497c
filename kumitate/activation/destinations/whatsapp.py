"""AWS End User Messaging Social: one WhatsApp template message per row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import for_all
from kumitate.activation.destinations.aws_messages import one_by_one, phone, refusal, text
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.usual_fields import PHONE
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_LONGEST = 1_024
"""Characters of one value of a template."""
_BLANKS = re.compile(r"[\n\r\t]+| {5,}")
"""What WhatsApp takes in no value of a template."""
_OF_ROW = frozenset({"InvalidParametersException", "ValidationException", "ParamValidation"})


class Whatsapp(Destination):
    """`to` is the phone number, every other field a value of the template's body.

    Outside the 24 hours after a person's own message WhatsApp takes approved templates alone, so only those are
    sent. Line breaks in a value become blanks: WhatsApp refuses them there.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=0.1,
        needs=frozenset({"to"}),
        most_rows=1,
        erase_by_hand="End User Messaging keeps no list of persons; conversations lie with Meta: delete them in "
        "WhatsApp Manager, and the events that the account's SNS topic wrote elsewhere.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"to": PHONE}

    phone_number_id: str = Field(
        pattern=r"^(phone-number-id-[0-9a-zA-Z]{1,99}|arn:[a-z0-9:-]+:phone-number-id/[0-9a-zA-Z]{1,64})$",
        max_length=115,
    )
    """The sending number: `phone-number-id-…`, or its ARN."""
    template: str = Field(pattern=r"^[a-z0-9_]{1,512}$")
    language: str = Field("ja", pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")
    """The template's language: `ja`, `en_US`."""
    parameters: tuple[str, ...] = ()
    """Fields of the body's `{{1}}`, `{{2}}`, … in turn; without them values go by their fields' names."""
    meta_api_version: str = Field("v20.0", pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of numbers that name none."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        return one_by_one(changes, self._call)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return refusal(request, response, of_row=_OF_ROW) or for_all(request, Verdict.ACCEPTED)

    def _call(self, change: Change) -> AwsCall:
        template: dict[str, Any] = {"name": self.template, "language": {"code": self.language}}
        values = list(self._values(change.fields))
        if values:
            template["components"] = [{"type": "body", "parameters": values}]
        message = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": phone(change.fields, self.country),
            "type": "template",
            "template": template,
        }
        parameters = {
            "originationPhoneNumberId": self.phone_number_id,
            "message": json.dumps(message, ensure_ascii=False),
            "metaApiVersion": self.meta_api_version,
        }
        return AwsCall("socialmessaging", "send_whatsapp_message", parameters, (change.key,))

    def _values(self, fields: Mapping[str, Any]) -> Iterable[dict[str, str]]:
        """A template with an empty value is refused by WhatsApp, so a row without one is not sent."""
        for name in self.parameters or [name for name in fields if name != "to"]:
            said = _BLANKS.sub(" ", text(fields, name, longest=_LONGEST))
            named = {} if self.parameters else {"parameter_name": name}
            yield {"type": "text", **named, "text": said}
