"""Amazon Pinpoint's endpoints, for accounts that still have them: its engagement part ended on 2026-10-30."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from kumitate.activation.destinations.answers import UNCONFIRMED, for_all
from kumitate.activation.destinations.aws_messages import refusal
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.one_value import texts
from kumitate.activation.destinations.usual_fields import EMAIL
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_ITEMS = 100
_MAX_VALUES = 50
_MAX_VALUE = 100
"""https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-endpoints.html"""
_FACT = "Amazon Pinpoint's segments, campaigns and endpoints reached end of support on 2026-10-30"
_INSTEAD = "connect_customer_profiles with connect_campaign, ses, sms or push"
_ENDED = f"{_FACT}; use {_INSTEAD}. For an account that AWS still serves, write acknowledge_end_of_support: true"


class Pinpoint(Destination):
    """One endpoint a row, a hundred to a call: `to` is its address, numbers become metrics, all else attributes.

    Segments and campaigns of Pinpoint choose by these. `kumitate check` refuses this destination unless its end is
    acknowledged; the service tells nothing of single endpoints.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert"}),
        is_aws=True,
        seconds_between_requests=0.2,
        needs=frozenset({"to"}),
        most_rows=_MAX_ITEMS,
        erase_by_hand="aws pinpoint delete-user-endpoints --application-id ID --user-id KEY, as long as AWS answers "
        "it; after that, ask AWS Support for the deletion of the project.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"to": EMAIL}
    caution: ClassVar[str] = f"{_FACT}; move to {_INSTEAD} while AWS still serves this account"

    application_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    channel: Literal["EMAIL", "SMS", "GCM", "APNS", "APNS_SANDBOX", "CUSTOM"] = "EMAIL"
    acknowledge_end_of_support: bool = Field(False, validate_default=True)
    """That the account's owner knows the service's end, and that AWS still serves this account."""

    @field_validator("acknowledge_end_of_support")
    @classmethod
    def _is_acknowledged(cls, acknowledged: bool) -> bool:
        if not acknowledged:
            raise ValueError(_ENDED)
        return acknowledged

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        addressed = [change for change in changes if change.fields.get("to")]
        for change in changes:
            if not change.fields.get("to"):
                yield Outcome(change.key, Verdict.REJECTED, "field.missing", "to")
        for group in batches(addressed, _MAX_ITEMS):
            items = {"Item": [self._endpoint(change) for change in group]}
            parameters = {"ApplicationId": self.application_id, "EndpointBatchRequest": items}
            yield AwsCall("pinpoint", "update_endpoints_batch", parameters, tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return refusal(request, response) or for_all(request, Verdict.ACCEPTED, UNCONFIRMED)

    def _endpoint(self, change: Change) -> dict[str, Any]:
        values = {name: value for name, value in change.fields.items() if name != "to"}
        numbers = {name: value for name, value in values.items() if _is_number(value)}
        return {
            "Id": change.key,
            "Address": str(change.fields["to"]),
            "ChannelType": self.channel,
            "User": {"UserId": change.key},
            "Metrics": {name: float(value) for name, value in numbers.items()},
            "Attributes": {name: _texts(value) for name, value in values.items() if name not in numbers},
        }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _texts(value: Any) -> list[str]:
    """An attribute's values; none takes the attribute away."""
    return [text[:_MAX_VALUE] for text in texts(value)[:_MAX_VALUES]]
