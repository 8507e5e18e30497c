"""Collected events into Kinesis: known ids are passed over, events of one person keep their order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kumitate.aws.items import Items
from kumitate.errors import RetryableError

if TYPE_CHECKING:
    from kumitate.model.event import Event

_RECORD_BYTES = 1_000_000
"""Kinesis takes a record of 1 MiB, Firehose one of 1,000 KiB; a partition key counts."""
_RECORDS_A_CALL = 500
_BYTES_A_CALL = 5_000_000
"""Kinesis takes 10 MiB, keys included; half of it is answered sooner."""
_LONGEST_SECONDS = 8.0
_KNOWN_SECONDS = 24 * 3600


@dataclass(slots=True)
class _Record:
    """Lines of one person, and the places of their events in what was given."""

    stream: str
    key: str
    lines: list[bytes] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    bytes: int = 0

    def put(self) -> dict[str, Any]:
        return {"Data": b"\n".join(self.lines), "PartitionKey": self.key}


class KinesisIntake:
    """An EventIntake: a stream a source, and the ids of 24 hours in the state table.

    Several events of one person are one record, their lines joined by a line break. An id is noted after its event
    was put: whoever is killed in between, or takes the same event twice at the same moment, leaves it twice in the
    stream, never not at all; the lake and the triggers count an id once. Where the table does not keep up, events
    are taken without asking it, for the same reason.
    """

    def __init__(
        self,
        client: Any,
        known: KnownIds,
        *,
        stream: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._known = known
        self._stream = stream
        self._clock = clock
        self._sleep = sleep

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        """Tried for 8 seconds; the places of those that the streams did not take until then."""
        ids = [known_key(event.source, event.id) for event in events]
        first = {id_: place for place, id_ in reversed(list(enumerate(ids)))}
        known = self._known.of(first)
        new = [place for id_, place in first.items() if id_ not in known]
        refused = self._put(list(self._records(events, new)))
        if new and len(refused) == len(new):
            raise RetryableError("the stream takes nothing now", retry_after_seconds=5, never_left=True)
        self._known.note([ids[place] for place in new if place not in refused])
        lost = {ids[place] for place in refused}
        return frozenset(place for place, id_ in enumerate(ids) if id_ in lost)

    def _records(self, events: Sequence[Event], places: Iterable[int]) -> Iterator[_Record]:
        """In the order of the events, as far as it matters: within a person."""
        open_: dict[tuple[str, str], _Record] = {}
        for place in sorted(places):
            event = events[place]
            whose = (self._stream(event.source), partition_key(event.person))
            record = open_.get(whose)
            if record is None or record.bytes + len(event.line) >= _RECORD_BYTES:
                if record is not None:
                    yield record
                record = open_[whose] = _Record(*whose, bytes=len(whose[1]))
            record.lines.append(event.line)
            record.places.append(place)
            record.bytes += len(event.line) + 1
        yield from open_.values()

    def _put(self, records: list[_Record]) -> frozenset[int]:
        """The places of events that were not taken in time."""
        ends, wait_seconds = self._clock() + _LONGEST_SECONDS, 0.05
        while True:
            records = [refused for call in _calls(records) for refused in self._refused(call)]
            if not records or self._clock() + wait_seconds > ends:
                return frozenset(place for record in records for place in record.places)
            self._sleep(wait_seconds)
            wait_seconds *= 2

    def _refused(self, records: Sequence[_Record]) -> list[_Record]:
        """What the stream does not take now, in the same order."""
        try:
            answer = self._client.put_records(
                StreamName=records[0].stream, Records=[record.put() for record in records]
            )
        except self._busy():
            return list(records)
        told = answer["Records"]
        return [record for record, of in zip(records, told, strict=True) if of.get("ErrorCode")]

    def _busy(self) -> tuple[type[Exception], ...]:
        errors = self._client.exceptions
        return (
            errors.InternalFailureException,
            errors.KMSThrottlingException,
            errors.LimitExceededException,
            errors.ProvisionedThroughputExceededException,
            errors.ThrottlingException,
        )


class KnownIds:
    """Ids of events that were taken, in the state table under `seen#…`, for 24 hours."""

    def __init__(self, items: Items, *, clock: Callable[[], float] = time.time) -> None:
        self._items = items
        self._clock = clock

    def of(self, keys: Iterable[str]) -> frozenset[str]:
        """Those that are known; none, where the table cannot tell in time."""
        try:
            found: Mapping[str, Any] = self._items.read(keys)
        except RetryableError:
            return frozenset()
        now = self._clock()
        # DynamoDB takes its time to delete what has expired.
        return frozenset(key for key, item in found.items() if int(item["expires_at"]["N"]) > now)

    def note(self, keys: Iterable[str]) -> None:
        """As far as the table keeps up: an id that is not noted costs a double, which the lake drops."""
        item = {"expires_at": {"N": str(int(self._clock()) + _KNOWN_SECONDS)}}
        try:
            self._items.write((key, item) for key in keys)
        except RetryableError:
            return


def known_key(source: str, id_: str) -> str:
    return f"seen#{source}#{sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def partition_key(person: str) -> str:
    """Stable for a person, and not telling who: partition keys are written where nobody looks for people."""
    return sha256(person.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _calls(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    """Records as one call can put them: of one stream, not too many, not too large."""
    by_stream: dict[str, list[_Record]] = {}
    for record in records:
        some = by_stream.setdefault(record.stream, [])
        if some and (len(some) == _RECORDS_A_CALL or sum(r.bytes for r in some) + record.bytes > _BYTES_A_CALL):
            yield some
            some = by_stream[record.stream] = []
        some.append(record)
    yield from by_stream.values()
