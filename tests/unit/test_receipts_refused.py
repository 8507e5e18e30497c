"""A platform that refuses to be asked what became of a request has said nothing of it: it is asked again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.deliveries import Clock, NotedMemory
from kumitate.activation.destinations.google_data_manager import GoogleDataManager
from kumitate.execution.figures import noted_figures
from kumitate.execution.receipts import UNREPORTED, Receipts
from kumitate.execution.sending import Sender
from kumitate.model.request import HttpRequest, Request, Response

TOOK = Response(200, b'{"requestId": "r-1"}', {})
REFUSED = Response(403, b'{"error": {"status": "PERMISSION_DENIED", "message": "no access"}}', {})
FAILED = Response(200, b'{"requestStatusPerDestination": [{"requestStatus": "FAILED"}]}', {})
LIST = GoogleDataManager.model_validate(
    {"account": {"type": "GOOGLE_ADS", "id": "1"}, "audience_id": "1", "terms_of_service": "accepted"}
)


@dataclass
class Google:
    """Takes a request, and answers questions about it one after the other; the last answer stays."""

    answers: list[Response]
    clock: Clock = field(default_factory=Clock)
    memory: NotedMemory = field(default_factory=NotedMemory)

    def __post_init__(self) -> None:
        self.receipts = Receipts(
            sender=Sender(connect=lambda: self, clock=self.clock, sleep=self.clock.sleep),
            destination=LIST,
            memory=self.memory,
            sync="s",
            run_id="r000002",
            may_go_on=lambda: None,
        )
        self.receipts.taken(HttpRequest("POST", "/v1/audienceMembers:ingest", b"", ("p1",)), TOOK)

    def send(self, _request: Request) -> Response:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def figures_after(self, *hours: float) -> list[Mapping[str, Any]]:
        for each in hours:
            self.clock.sleep(each * 3600)
            self.receipts.ask()
        return [note["figures"] for note in noted_figures(self.memory, "s").values()]


def test_what_failed_is_learnt_although_the_first_question_was_refused() -> None:
    google = Google([REFUSED, FAILED])
    assert google.figures_after(1) == []
    assert google.figures_after(2) == [{"failed": 1.0}]


def test_who_refuses_to_say_for_a_week_is_asked_no_more() -> None:
    google = Google([REFUSED])
    assert google.figures_after(*[24] * 7) == []
    assert google.figures_after(25) == [{UNREPORTED: 1.0}]
    assert not any(name.startswith("receipt.") for name in google.memory.recall("s"))
