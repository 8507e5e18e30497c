"""Queues of deliveries on SQS: sent in tens, put off for a while, set aside with a reason, brought back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.errors import FatalError, RetryableError

_AT_ONCE = 10
_TRIES = 5
_LONGEST_WAIT_SECONDS = 12 * 3600 - 20 * 60
"""SQS hides a message for 12 hours at most, counted from when it was received, and refuses what goes beyond; a function
may have had it for a quarter of an hour by then.
"""
_LOOK_SECONDS = 300
_EXPLANATION_CHARACTERS = 1_000
EXHAUSTED = "receives.exhausted"
"""The reason of messages that SQS itself set aside: they were received too often in vain."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A message in a dead-letter queue; its body names a run, a sync and a page, and nobody's data."""

    body: str
    reason: str
    explanation: str
    receipt: str


class Queues:
    """SQS by url (or by the ARN of the queue that a message came from)."""

    def __init__(self, client: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self._urls: dict[str, str] = {}

    def send(self, url: str, bodies: Sequence[str]) -> None:
        """All messages, those that SQS refuses again; RetryableError where some stay."""
        for start in range(0, len(bodies), _AT_ONCE):
            left = {str(number): body for number, body in enumerate(bodies[start : start + _AT_ONCE])}
            for turn in range(_TRIES):
                entries = [{"Id": id_, "MessageBody": body} for id_, body in left.items()]
                failed = self._client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
                left = {each["Id"]: left[each["Id"]] for each in failed}
                if not left:
                    break
                self._sleep(0.2 * 2**turn)
            if left:
                raise RetryableError(f"{len(left)} messages were not taken by their queue")

    def put_off(self, queue_arn: str, receipt: str, seconds: float) -> None:
        """Hide a received message for a while; nothing happens where it is no longer ours."""
        wait = min(_LONGEST_WAIT_SECONDS, max(0, round(seconds)))
        errors = self._client.exceptions
        try:
            url = self._url_of(queue_arn)
            self._client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=wait)
        except (errors.MessageNotInflight, errors.ReceiptHandleIsInvalid):
            return

    def set_aside(self, url: str, body: str, *, reason: str, explanation: str) -> None:
        """Into the dead-letter queue, saying why."""
        attributes = {
            "reason": {"DataType": "String", "StringValue": reason},
            "explanation": {"DataType": "String", "StringValue": explanation[:_EXPLANATION_CHARACTERS] or reason},
        }
        self._client.send_message(QueueUrl=url, MessageBody=body or "{}", MessageAttributes=attributes)

    def url(self, name: str) -> str:
        """FatalError where there is no such queue."""
        try:
            found: str = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        except self._client.exceptions.QueueDoesNotExist:
            raise FatalError(f"there is no queue {name}; deploy first, or see --env") from None
        return found

    def look(self, url: str, *, at_most: int) -> Iterator[SetAside]:
        """Messages of a dead-letter queue, hidden while they are looked at."""
        seen = 0
        while seen < at_most:
            found = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(_AT_ONCE, at_most - seen),
                VisibilityTimeout=_LOOK_SECONDS,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not found:
                return
            seen += len(found)
            for message in found:
                yield _set_aside(message)

    def show_again(self, url: str, receipts: Sequence[str]) -> None:
        """End the hiding of messages that were looked at."""
        for start in range(0, len(receipts), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + _AT_ONCE])
            ]
            self._client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

    def bring_back(self, source_url: str, target_url: str, messages: Sequence[SetAside]) -> None:
        """Looked-at messages to another queue; killed in between, some are in both, which a delivery bears."""
        for start in range(0, len(messages), _AT_ONCE):
            some = messages[start : start + _AT_ONCE]
            self.send(target_url, [message.body for message in some])
            entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(some)]
            self._client.delete_message_batch(QueueUrl=source_url, Entries=entries)

    def _url_of(self, arn: str) -> str:
        if arn not in self._urls:
            self._urls[arn] = self.url(arn.rpartition(":")[2])
        return self._urls[arn]


def _set_aside(message: Mapping[str, Any]) -> SetAside:
    attributes = message.get("MessageAttributes", {})

    def said(name: str, otherwise: str) -> str:
        return str(attributes.get(name, {}).get("StringValue", otherwise))

    explanation = said("explanation", "received too often in vain; the destination was down or slow")
    return SetAside(message["Body"], said("reason", EXHAUSTED), explanation, message["ReceiptHandle"])
