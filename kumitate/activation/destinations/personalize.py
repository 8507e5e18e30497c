"""Amazon Personalize: users with their properties, ten to a call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kumitate.activation.destinations.answers import BATCH_SPOILED, UNAVAILABLE, aws_error, for_all
from kumitate.activation.destinations.aws_messages import refusal
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

BY_HAND = (
    "Personalize deletes users by a job: write the users' ids to a CSV in S3 and run "
    "aws personalize create-data-deletion-job for the dataset group; then train the models anew."
)
_MAX_USERS = 10
_MAX_PROPERTIES = 24_000
_MAX_ID = 256
_INVALID = frozenset({"InvalidInputException", "ParamValidation"})


class Personalize(Destination):
    """Puts users into the Users dataset: the key is the user's id, fields are the schema's, as `memberRank`.

    The service takes or refuses a call as a whole and does not name the user, so a refused call is halved until
    the row is found.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "append"}),
        is_aws=True,
        seconds_between_requests=0.1,
        most_rows=_MAX_USERS,
        erase_by_hand=BY_HAND,
    )

    object: Literal["users"] = "users"
    """`users`, or `events` for what people did."""
    dataset_arn: str = Field(pattern=r"^arn:[a-z\d-]+:personalize:[^:]*:[^:]*:.+$", max_length=256)
    """The Users dataset."""
    tracking_id: str | None = None
    """Of the event tracker, for syncs of events."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        properties = {change.key: _properties(change.fields) for change in changes}
        wrong = {key: reason for key, text in properties.items() if (reason := _why_not(key, text))}
        for key, reason in wrong.items():
            yield Outcome(key, Verdict.REJECTED, reason)
        for group in batches([change for change in changes if change.key not in wrong], _MAX_USERS):
            users = [{"userId": change.key, "properties": properties[change.key]} for change in group]
            parameters = {"datasetArn": self.dataset_arn, "users": users}
            yield AwsCall("personalize-events", "put_users", parameters, tuple(change.key for change in group))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return taken_or_refused(request, response)


def taken_or_refused(request: Request, response: Response) -> tuple[Outcome, ...]:
    """A call of Personalize is taken as a whole, and says no more than that."""
    error = aws_error(response)
    code, words = error.get("Code", ""), f"{error.get('Code', '')}: {error.get('Message', '')}"
    if code in _INVALID and len(request.keys) > 1:
        return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)
    if code == "ResourceInUseException":
        return for_all(request, Verdict.RETRY, UNAVAILABLE, message=words)
    return refusal(request, response, of_row=_INVALID) or for_all(request, Verdict.ACCEPTED)


def _properties(fields: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)


def _why_not(key: str, properties: str) -> str:
    if len(key) > _MAX_ID:
        return "key.too_long"
    return "object.too_large" if len(properties) > _MAX_PROPERTIES else ""
