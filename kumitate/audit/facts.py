"""What an audit finds, as values: for the screen, for JSON, and for the draft of a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from kumitate.cleanse.recognise import Guess
from kumitate.config.source import Semantic


@dataclass(frozen=True, slots=True)
class Counted:
    """Something met so many times, e.g. a reason code on so many rows."""

    what: str
    rows: int


@dataclass(frozen=True, slots=True)
class EncodingFound:
    """Lines in one encoding; `first_lines` and `columns` are named where it is not that of most lines."""

    encoding: str
    lines: int
    first_lines: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that intake would send to quarantine for one reason."""

    reason: str
    rows: int
    first_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileFound:
    """One file and how it reads."""

    file: str
    format: str
    encoding: str
    delimiter: str
    bytes: int
    rows: int
    encodings: tuple[EncodingFound, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoIdentifier:
    """A value of an identifier column that identifies nobody, masked, and why."""

    value: str
    rows: int
    why: str


@dataclass(frozen=True, slots=True)
class Cleansing:
    """What cleansing would do to a column: rows by what becomes of them; `looked_at` distinct values were cleansed."""

    semantic: Semantic
    looked_at: int
    rows: int
    unchanged: int
    changed: int
    unusable: int
    reasons: tuple[Counted, ...]
    distinct: int
    """Distinct clean values among those looked at."""
    lowest: str | None = None
    highest: str | None = None
    """Of clean values, masked where they are personal."""
    formats: tuple[str, ...] = ()
    """strptime formats that dates need."""


@dataclass(frozen=True, slots=True)
class ColumnFound:
    """One column: `declared` is its type where a source says so, `guess` what it seems to be."""

    name: str
    guess: Guess
    declared: Semantic | None
    is_personal: bool
    rows: int
    filled: int
    distinct: int
    repeated_values: int
    """Distinct values on more than one row."""
    rows_of_repeated: int
    shortest: int
    longest: int
    """In characters."""
    shapes: tuple[Counted, ...]
    """The commonest shapes, by rows."""
    cleansing: Cleansing
    no_identifiers: tuple[NoIdentifier, ...] = ()
    shared: Counted | None = None
    """Values that stand with more than three different persons' names (or birthdates), and their rows."""
    declared_name: str = ""
    """What a source calls the column."""

    @property
    def names_rows(self) -> bool:
        """No value twice, none missing."""
        return self.filled == self.rows and not self.repeated_values

    @property
    def semantic(self) -> Semantic:
        return self.declared or self.guess.semantic

    @property
    def null_share(self) -> float:
        return 1 - self.filled / self.rows if self.rows else 0.0

    @property
    def uniqueness(self) -> float:
        """Distinct values in rows that have one."""
        return self.distinct / self.filled if self.filled else 0.0


@dataclass(frozen=True, slots=True)
class Joined:
    """Of a column's identifiers of one kind, how many the project's lake knows already."""

    kind: str
    column: str
    values: int
    known_values: int
    rows: int
    known_rows: int
    shared_rows: int
    """Known, but of no use: the project holds the value for shared or blocked."""


@dataclass(frozen=True, slots=True)
class Audit:
    """All that was found of a file, or of the files of a source."""

    name: str
    files: tuple[FileFound, ...]
    columns: tuple[ColumnFound, ...]
    declared_key: str = ""
    """The column that a declared source has for its key."""
    country: str = ""
    """Whose phone numbers and postal codes they are."""
    joined: tuple[Joined, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def key(self) -> ColumnFound | None:
        """The column that names the rows, or would but for some of them."""
        ids = [each for each in self.columns if each.name and each.name == self.declared_key]
        ids += [each for each in self.columns if each.guess.role == "record_id"]
        likely = [
            each
            for each in self.columns
            if each.guess.name in ("member_id", "record_id") and each.uniqueness >= _LIKELY_KEY and each.null_share < 1
        ]
        return next(iter([*ids, *likely]), None)


_LIKELY_KEY = 0.5
