"""A message waits in its queue as long as it should, and as long as SQS lets it."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from kumitate.aws.queues import Queues

_LONGEST = 12 * 3600


class GoneError(Exception): ...


class TooLongError(Exception): ...


@dataclass
class Hiding:
    """Refuses, as SQS does, what hides a message beyond 12 hours from when it was received, `held` seconds ago."""

    held: int
    hidden: list[int] = field(default_factory=list)
    exceptions = SimpleNamespace(MessageNotInflight=GoneError, ReceiptHandleIsInvalid=GoneError)

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "q"}

    def change_message_visibility(self, *, VisibilityTimeout: int, **_: str) -> None:  # noqa: N803 -- boto3's name
        if self.held + VisibilityTimeout > _LONGEST:
            raise TooLongError
        self.hidden.append(VisibilityTimeout)


@pytest.mark.parametrize("held", [0, 1, 900])
def test_a_destination_that_asks_for_a_day_is_left_alone_as_long_as_its_queue_can(held: int) -> None:
    queue = Hiding(held)
    Queues(queue).put_off("arn:aws:sqs:r:1:q", "receipt", 86_400)
    assert queue.hidden[0] > 11 * 3600


def test_a_short_wait_is_what_was_asked_for() -> None:
    queue = Hiding(900)
    Queues(queue).put_off("arn:aws:sqs:r:1:q", "receipt", 90.4)
    Queues(queue).put_off("arn:aws:sqs:r:1:q", "receipt", -1)
    assert queue.hidden == [90, 0]
