"""Whatever is sent, it is answered with a reason, and what is accepted is kept."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzed import checked, desk, fuzzed
from harness.intakes import NOW, basic
from kumitate.model.event import Call

FAST = 300
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(
    ("batch", "type", "event", "userId", "messageId", "context", "properties", "timestamp", "sentAt")
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
)


def test_fuzzed_calls_are_answered_with_a_reason_and_none_is_lost() -> None:
    at = desk()
    for seed in range(FAST):
        checked(at, fuzzed(Random(seed)))
    assert len(at.intake.events) > FAST / 20, "some of them must be good"


@settings(max_examples=40, deadline=None)
@given(content=ANYTHING, path=st.sampled_from(("/v1/batch", "/v1/track", "/v1/identify", "/v1/webhooks/pay")))
def test_any_json_is_answered_with_a_reason(content: object, path: str) -> None:
    body = json.dumps(content).encode()
    checked(desk(), Call("POST", path, {"authorization": basic("web-key"), "x-token": "s"}, body, "::1", NOW))
