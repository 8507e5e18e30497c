"""Files read in memory: what a reader makes of some bytes, as plain Python."""

import io
from dataclasses import dataclass, field
from typing import Any

from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.engines.local_files import LocalInbox, LocalRawArea
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.portion import Rejection
from kumitate.ingest.reader import read


@dataclass
class Read:
    """Rows as dictionaries, rejections, and what was said about the whole file."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def values(self) -> list[tuple[Any, ...]]:
        """The declared columns' values, row by row."""
        return [tuple(value for name, value in row.items() if not name.startswith("_")) for row in self.rows]

    @property
    def lines(self) -> list[int]:
        return [row["_line"] for row in self.rows]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(rejection.line, rejection.reason) for rejection in self.rejections]


def source(**settings: Any) -> Source:
    """A source of records with two columns of text, `a` and `b`, unless said otherwise."""
    usual = {"kind": "records", "path": "x", "key": "row", "columns": {"a": {}, "b": {}}}
    return Source.model_validate(usual | settings)


def read_bytes(data: bytes, source: Source, file: str = "data/x.csv") -> Read:
    found = Read()
    for portion in read(io.BytesIO(data), Delivery("r000001-00001", "things", file), source, run_id="r000001"):
        found.rows += [] if portion.rows is None else portion.rows.to_pylist()
        found.rejections += portion.rejections
        found.problems += [portion.problem] if portion.problem else []
    return found


def local_files(config: Config) -> tuple[LocalInbox, LocalRawArea]:
    """What lies in the project's folder, and the raw area of a lake in it."""
    return LocalInbox(config.root, config.root / "lake"), LocalRawArea(config.root / "lake")
