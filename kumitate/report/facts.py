"""What a run's report says, as values: every figure, and the sums that must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kumitate.identity.scoring import PairScore
from kumitate.report.answers import PlatformFigure as PlatformFigure
from kumitate.report.answers import Rejection as Rejection
from kumitate.report.cleansed import CleansedColumn


@dataclass(frozen=True, slots=True)
class Balance:
    """A total and the parts that must add up to it."""

    total: int
    parts: tuple[int, ...]

    @property
    def holds(self) -> bool:
        return self.total == sum(self.parts)

    @property
    def missing(self) -> int:
        return self.total - sum(self.parts)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of what: `Tally("date.invalid", 12)`."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took, and how many rows its steps wrote."""

    name: str
    seconds: float
    rows: int = 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the runner knows about a run and the lake does not."""

    run_id: str
    as_of: datetime
    engine: str
    seconds: float
    stages: tuple[StageTime, ...] = ()
    resumed: bool = False
    held_by: tuple[str, ...] = ()
    """Quality rules that kept everybody from being activated, in words."""
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Syncs that did not deliver, and why: `paused`, `cancelled`, `guard.removes`, …"""


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of rows read: each is accepted, a repetition, or in quarantine with its reason."""

    files: int = 0
    rows_in: int = 0
    accepted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: tuple[Tally, ...] = ()
    replayed: int = 0
    """Rows sent back from quarantine, read once more."""
    recleansed: int = 0
    """Rows of earlier runs that changed rules cleansed once more; their fates are counted already."""
    refused_again: int = 0
    """Of these, rows that went to quarantine anew."""

    @property
    def in_quarantine(self) -> int:
        return sum(reason.count for reason in self.quarantined)

    @property
    def balance(self) -> Balance:
        return Balance(
            self.rows_in + self.replayed + self.refused_again,
            (self.accepted, self.duplicate, self.superseded, self.in_quarantine),
        )


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source: since the beginning, and in this run."""

    name: str
    kind: str
    description: str
    ever: Intake
    now: Intake
    file_problems: tuple[Tally, ...] = ()
    """Files that are not as they should be, by what is wrong (`file.empty`, `file.duplicate`)."""
    cleansed: tuple[CleansedColumn, ...] = ()
    """Columns that cleansing did something to."""


@dataclass(frozen=True, slots=True)
class QuarantineSample:
    """One quarantined row: where it stood, and the shape of what it said."""

    source: str
    reason: str
    rows: int
    field: str
    file: str
    line: int
    shape: str


@dataclass(frozen=True, slots=True)
class SharedIdentifier:
    """Values of one kind that merge nobody, for one reason."""

    kind: str
    reason: str
    distinct_values: int
    records: int


_SIZE_GROUPS = {1: "1", 2: "2", 3: "3", 4: "4", 5: "5", 6: "6–9", 10: "10–19", 20: "20+"}
"""The least number of records of each group of persons, and the group's name."""


@dataclass(frozen=True, slots=True)
class PeopleReport:
    """From records to persons."""

    records: int = 0
    persons: int = 0
    anonymous: int = 0
    """Of the persons those who are a device or a browser and nobody yet."""
    golden_records: int = 0
    """Records that the golden records say they are made of."""
    profiles: int = 0
    sizes: tuple[Tally, ...] = ()
    """How many persons have 1, 2, 3 … records."""
    ties: tuple[Tally, ...] = ()
    """Edges by the identifier kind or rule that made them."""
    events: tuple[Tally, ...] = ()
    """This run's created, merged, split, retired."""
    shared: tuple[SharedIdentifier, ...] = ()
    score: PairScore | None = None
    """Pairs of records merged, against a truth file, where one is given."""

    @property
    def size_groups(self) -> tuple[Tally, ...]:
        """Persons by records, the larger sizes together: `6–9`, `10+`."""
        counts = dict.fromkeys(_SIZE_GROUPS.values(), 0)
        for size in self.sizes:
            first = max(least for least in _SIZE_GROUPS if least <= int(size.name))
            counts[_SIZE_GROUPS[first]] += size.count
        return tuple(Tally(name, count) for name, count in counts.items() if count)

    @property
    def record_balance(self) -> Balance:
        """Every record went into one golden record."""
        return Balance(self.records, (self.golden_records,))

    @property
    def profile_balance(self) -> Balance:
        """Every person has one profile."""
        return Balance(self.persons, (self.profiles,))


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """Persons by their newest word on one purpose and channel; whoever is in neither count is unknown."""

    purpose: str
    channel: str
    granted: int
    refused: int


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One segment: its size over the last runs, and who came and went in this one."""

    name: str
    description: str
    members: int
    entered: int = 0
    left: int = 0
    history: tuple[int, ...] = ()
    previous: int = 0
    """Members before this run."""

    @property
    def balance(self) -> Balance:
        return Balance(self.members, (self.previous, self.entered, -self.left))


@dataclass(frozen=True, slots=True)
class SyncReport:
    """One sync in this run: what became of every candidate, and of every row to remove."""

    name: str
    description: str
    destination: str
    type: str
    segment: str
    mode: str
    candidates: int = 0
    unchanged: int = 0
    delivered: int = 0
    rejected: int = 0
    pending: int = 0
    waiting: int = 0
    """Rows of which nothing was sent: the sync is paused, or a person must approve the run first."""
    waits_for: str = ""
    """Why: `guard.adds`, `guard.removes`, `approval`, `paused`, `cancelled`."""
    held: tuple[Tally, ...] = ()
    deletes: int = 0
    deleted: int = 0
    undeleted: int = 0
    waiting_deletes: int = 0
    retried: int = 0
    """Of what was sent, rows that an earlier run had tried in vain."""
    at_destination: int = 0
    rejections: tuple[Rejection, ...] = ()
    figures: tuple[PlatformFigure, ...] = ()

    @property
    def held_back(self) -> int:
        return sum(gate.count for gate in self.held)

    @property
    def balance(self) -> Balance:
        parts = (self.delivered, self.rejected, self.pending, self.held_back, self.unchanged, self.waiting)
        return Balance(self.candidates, parts)

    @property
    def delete_balance(self) -> Balance:
        return Balance(self.deletes, (self.deleted, self.undeleted, self.waiting_deletes))

    @property
    def accepted(self) -> int:
        return self.delivered + self.deleted

    @property
    def sent(self) -> int:
        """Rows that went out, whatever became of them."""
        return self.accepted + self.rejected + self.pending + self.undeleted

    @property
    def changes(self) -> int:
        """Rows that went out for the first time."""
        return self.sent - self.retried


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    project: str
    timezone: str
    run: RunFacts
    sources: tuple[SourceReport, ...]
    samples: tuple[QuarantineSample, ...]
    people: PeopleReport
    traits: int
    consents: tuple[ConsentCount, ...]
    segments: tuple[SegmentReport, ...]
    syncs: tuple[SyncReport, ...]

    @property
    def changes(self) -> int:
        return sum(sync.changes for sync in self.syncs)

    @property
    def retried(self) -> int:
        return sum(sync.retried for sync in self.syncs)

    @property
    def accepted(self) -> int:
        return sum(sync.accepted for sync in self.syncs)

    @property
    def balances(self) -> tuple[Balance, ...]:
        """Every sum the report claims; the page says how many hold."""
        intake = tuple(scope.balance for source in self.sources for scope in (source.ever, source.now))
        syncs = tuple(balance for sync in self.syncs for balance in (sync.balance, sync.delete_balance))
        segments = tuple(segment.balance for segment in self.segments)
        return (*intake, self.people.record_balance, self.people.profile_balance, *segments, *syncs)

    @property
    def broken(self) -> tuple[Balance, ...]:
        return tuple(balance for balance in self.balances if not balance.holds)
