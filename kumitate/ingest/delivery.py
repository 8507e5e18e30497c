"""A delivered file as a value, and what becomes of a file that was found: read, skipped, a duplicate, a problem."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

REPLAY_PREFIX = "replay-"

FILE_EMPTY = "file.empty"
FILE_MISSING = "file.missing"
FILE_TRUNCATED = "file.truncated"
FILE_UNREADABLE = "file.unreadable"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file of one source; `stored` is its copy in the lake, empty where there is nothing to read."""

    id: str
    source: str
    file: str
    sha256: str = ""
    bytes: int = 0
    stored: str = ""
    duplicate_of: str = ""
    problem: str = ""

    @property
    def is_replay(self) -> bool:
        """Rows that come back from quarantine, as JSON lines of the declared columns."""
        return self.id.startswith(REPLAY_PREFIX)


@dataclass(slots=True)
class Known:
    """What is known of earlier deliveries: who brought a content first, and what each path held last."""

    first: dict[tuple[str, str], str] = field(default_factory=dict)
    """(source, sha256) -> delivery that was read."""
    latest: dict[tuple[str, str], str] = field(default_factory=dict)
    """(source, file) -> sha256, empty where nothing could be read."""

    def add(self, delivery: Delivery) -> None:
        self.latest[delivery.source, delivery.file] = delivery.sha256
        if delivery.sha256 and not delivery.duplicate_of and not delivery.is_replay:
            self.first.setdefault((delivery.source, delivery.sha256), delivery.id)

    def is_unchanged(self, source: str, file: str, sha256: str) -> bool:
        return self.latest.get((source, file)) == sha256

    def first_of(self, source: str, sha256: str) -> str:
        """The delivery that brought this content, or an empty string."""
        return self.first.get((source, sha256), "")


def known_from(deliveries: Iterable[Delivery]) -> Known:
    """What deliveries, oldest first, leave to be known."""
    known = Known()
    for delivery in deliveries:
        known.add(delivery)
    return known


def manifest(deliveries: Iterable[Delivery]) -> str:
    """A run's fixed input as text, read back by `from_manifest`."""
    return json.dumps({"deliveries": [asdict(delivery) for delivery in deliveries]}, ensure_ascii=False, indent=1)


def from_manifest(text: str) -> tuple[Delivery, ...]:
    return tuple(Delivery(**entry) for entry in json.loads(text)["deliveries"])
