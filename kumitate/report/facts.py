"""What a run's report says, as values: every figure, and the sums that must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kumitate.activation.gates import UNKNOWN_DELIVERY
from kumitate.identity.scoring import PairScore
from kumitate.report.answers import PlatformFigure as PlatformFigure
from kumitate.report.answers import Rejection as Rejection
from kumitate.report.cleansed import CleansedColumn
from kumitate.report.fired import FiredReport as FiredReport
from kumitate.report.sync_facts import SyncReport as SyncReport
from kumitate.report.tallies import Balance as Balance
from kumitate.report.tallies import Tally as Tally


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
    fired: tuple[FiredReport, ...] = ()

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
    def refused(self) -> int:
        return sum(sync.refused for sync in self.syncs)

    @property
    def unanswered(self) -> int:
        return sum(sync.unanswered for sync in self.syncs)

    @property
    def waits(self) -> tuple[Tally, ...]:
        """Changes that wait, by reason, those that a person has to let go among them; the most first."""
        found: Counter[str] = Counter()
        for sync in self.syncs:
            found.update({each.name: each.count for each in sync.waits})
            found.update({sync.waits_for: sync.stopped} if sync.stopped else {})
        return tuple(Tally(name, count) for name, count in sorted(found.items(), key=lambda each: (-each[1], each[0])))

    @property
    def unsettled(self) -> int:
        """Candidates held because an earlier run sent them and never got an answer."""
        return sum(gate.count for sync in self.syncs for gate in sync.held if gate.name == UNKNOWN_DELIVERY)

    @property
    def is_quiet(self) -> bool:
        """Nothing to bring and nothing that waits for anybody: every destination has what it should have."""
        return not (self.changes or self.unsettled or self.run.held_by)

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
