"""The calls by which outbound campaigns begin with a segment: profiles are marked, the mark is the segment's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Response

_COPIED = (
    "connectInstanceId",
    "channelSubtypeConfig",
    "type",
    "connectCampaignFlowArn",
    "entryLimitsConfig",
    "communicationTimeConfig",
    "communicationLimitsOverride",
)
"""What a campaign has of the one it is made after, beside its tags; source, name and times are its own."""
_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The people of one run: `token` is the value of the profile's attribute `mark` that nobody else has."""

    domain: str
    mark: str
    name: str
    token: str
    keys: tuple[str, ...]

    def segment(self) -> AwsCall:
        given = {
            "SegmentDefinitionName": self.name,
            "DisplayName": self.name,
            "SegmentGroups": {**self._rule, "Include": "ALL"},
        }
        return self._profiles("create_segment_definition", given)

    def named_segment(self) -> AwsCall:
        return self._profiles("get_segment_definition", {"SegmentDefinitionName": self.name})

    def estimate(self) -> AwsCall:
        return self._profiles("create_segment_estimate", {"SegmentQuery": {**self._rule, "Include": "ALL"}})

    def estimated(self, estimate: str) -> AwsCall:
        return self._profiles("get_segment_estimate", {"EstimateId": estimate})

    def model_campaign(self, campaign: str) -> AwsCall:
        return self._campaigns("describe_campaign", {"id": campaign})

    def campaign(self, model: Mapping[str, Any], *, segment_arn: str, begins: datetime) -> AwsCall:
        """A campaign like `model` for this segment, for as long as `model` lasts."""
        copied = {name: model[name] for name in _COPIED if model.get(name)}
        tags = {name: value for name, value in (model.get("tags") or {}).items() if not name.startswith("aws:")}
        copied |= {"tags": tags} if tags else {}
        lasts = _duration(model.get("schedule") or {})
        schedule = {"startTime": _moment(begins), "endTime": _moment(begins + lasts)}
        source = {"customerProfilesSegmentArn": segment_arn}
        return self._campaigns("create_campaign", {**copied, "name": self.name, "source": source, "schedule": schedule})

    def campaigns(self, page: str) -> AwsCall:
        return self._campaigns("list_campaigns", {"maxResults": _PAGE, **({"nextToken": page} if page else {})})

    def start(self, campaign: str) -> AwsCall:
        return self._campaigns("start_campaign", {"id": campaign})

    def state(self, campaign: str) -> AwsCall:
        return self._campaigns("get_campaign_state", {"id": campaign})

    @property
    def _rule(self) -> Mapping[str, Any]:
        attributes = {self.mark: {"DimensionType": "INCLUSIVE", "Values": [self.token]}}
        return {"Groups": [{"Dimensions": [{"ProfileAttributes": {"Attributes": attributes}}], "Type": "ALL"}]}

    def _profiles(self, operation: str, given: Mapping[str, Any]) -> AwsCall:
        return AwsCall("customer-profiles", operation, {"DomainName": self.domain, **given}, self.keys)

    def _campaigns(self, operation: str, given: Mapping[str, Any]) -> AwsCall:
        return AwsCall("connectcampaignsv2", operation, given, self.keys)


def of_name(answer: Mapping[str, Any], name: str) -> str:
    """The id of the campaign of this name, among those of a page; empty where it is not among them."""
    listed: Sequence[Mapping[str, Any]] = answer.get("campaignSummaryList", [])
    return next((str(each["id"]) for each in listed if each.get("name") == name), "")


def service_time(response: Response) -> datetime:
    """The service's own clock; RecordError where the answer does not tell it."""
    told = next((value for name, value in response.headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(told).astimezone(UTC)
    except (TypeError, ValueError):
        raise RecordError("answer.unreadable") from None


def _duration(schedule: Mapping[str, Any]) -> timedelta:
    """As long as the model lasts; a day where it does not say, or not as a time."""
    try:
        ends, begins = (datetime.fromisoformat(str(schedule[name])) for name in ("endTime", "startTime"))
    except (KeyError, ValueError):
        return timedelta(days=1)
    return max(ends - begins, timedelta(hours=1))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
