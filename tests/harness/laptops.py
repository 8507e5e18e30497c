"""Runs of one sync whose rows belong together, with what stays between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from harness.deliveries import RUN, Clock, Lists, MemoryLedger, NotedMemory, SentPages, bring
from kumitate.activation.destinations.base import Destination
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change
from kumitate.model.step import Run
from kumitate.ports import Transport


@dataclass
class Laptop:
    """What stays between runs of one sync, all of whose rows belong together."""

    to: Destination
    connect: Callable[[], Transport]
    clock: Clock = field(default_factory=Clock)
    memory: NotedMemory = field(default_factory=NotedMemory)
    sent: SentPages = field(default_factory=SentPages)
    number: int = 0
    name: str = "s"
    verdicts: dict[str, str] = field(default_factory=dict)
    """Of the last run."""

    def run(self, *changes: Change, talk_seconds: float = 300) -> dict[str, str]:
        self.number += 1
        lists = Lists({self.name: list(changes)})
        sender = Sender(
            connect=self.connect,
            clock=self.clock,
            sleep=self.clock.sleep,
            patience=Patience(talk_seconds=talk_seconds),
        )
        run = Run(f"r{self.number:06d}", RUN.as_of + timedelta(days=self.number))
        route = Route(sender, {self.name: self.to}, frozenset({self.name}))
        bring(lists, MemoryLedger(self.clock), route, run=run, memory=self.memory, sent=lambda _: self.sent)
        self.verdicts = {outcome["key"]: outcome["verdict"] for outcome in lists.written}
        return {outcome["key"]: outcome["reason"] or outcome["verdict"] for outcome in lists.written}
