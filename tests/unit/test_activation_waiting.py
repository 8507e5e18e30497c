"""A page waits longer each time, and is never set aside while its run still waits for it."""

import pytest

from kumitate.activation.waiting import LONGEST_SECONDS, receives_in, wait_seconds
from kumitate.cloud.delivering import wait_before_next
from kumitate.config.environment import Environment
from kumitate.errors import RetryableError

_LIMITS = Environment.model_fields["delivery_minutes"].metadata
MOST_MINUTES = next(limit.le for limit in _LIMITS if hasattr(limit, "le"))
DEFAULT_MINUTES = Environment.model_fields["delivery_minutes"].default
BEHIND_REMOVALS = RetryableError("another page goes first", 20.0)
ASKED = RetryableError("the account takes no rows now", 15.0)
UNSAID = RetryableError("no answer")


@pytest.mark.parametrize("minutes", [5, DEFAULT_MINUTES, MOST_MINUTES])
@pytest.mark.parametrize("error", [BEHIND_REMOVALS, ASKED, UNSAID], ids=["behind", "asked", "unsaid"])
def test_the_waits_up_to_the_last_receive_are_longer_than_a_run_waits(minutes: int, error: Exception) -> None:
    waits = [wait_before_next(error, receives) for receives in range(1, receives_in(minutes) + 1)]
    assert sum(waits) > minutes * 60
    assert receives_in(minutes) <= 1_000, "SQS takes no more"


def test_a_wait_is_never_shorter_than_the_one_before_nor_than_asked() -> None:
    waits = [wait_seconds(receives) for receives in range(1, 1_001)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (30.0, LONGEST_SECONDS)
    assert [wait_before_next(RetryableError("later", 300.0), receives) for receives in (1, 4, 5)] == [300, 300, 480]


def test_a_run_that_waits_less_lets_go_of_a_broken_message_sooner() -> None:
    assert receives_in(5) < receives_in(DEFAULT_MINUTES) < receives_in(MOST_MINUTES)
