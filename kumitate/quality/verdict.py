"""What became of a run's quality rules: those that failed, and how each is told. Light: a Lambda function asks, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kumitate.errors import FatalError
from kumitate.model.step import Query

_RUN = re.compile(r"r\d{6,}")


@dataclass(frozen=True, slots=True)
class Failed:
    """A rule that a run did not pass; `found` is None where there was nothing at all (no newest time)."""

    name: str
    table: str
    rule: str
    column: str
    level: str
    threshold: float
    found: float | None

    def __str__(self) -> str:
        found = "nothing" if self.found is None else f"{self.found:g}"
        return f"{self.called} of {self.table} found {found}, limit {self.threshold:g}"

    @property
    def called(self) -> str:
        """`members: nulls (email)`."""
        return f"{self.name}: {self.rule}" + (f" ({self.column})" if self.column else "")


def failed_query(results: str, run_id: str = "") -> Query:
    """The rules of one results table that the run did not pass; of the newest judged run, unless one is named."""
    if run_id and not _RUN.fullmatch(run_id):
        raise FatalError(f"{run_id!r} is no run id, such as r000007")
    run = f"'{run_id}'" if run_id else f"(select max(run_id) from {results})"
    return Query(
        "failed_rules",
        f"""
select name, table_name, rule, column_name, level, threshold, found
from {results}
where run_id = {run} and not passed
order by name, rule, column_name""",
    )


def failed(rows: Iterable[Mapping[str, Any]]) -> tuple[Failed, ...]:
    """Rows of `failed_query`."""
    return tuple(
        Failed(
            name=row["name"],
            table=row["table_name"],
            rule=row["rule"],
            column=row["column_name"],
            level=row["level"],
            threshold=row["threshold"],
            found=row["found"],
        )
        for row in rows
    )


def at_level(found: Iterable[Failed], level: str) -> tuple[Failed, ...]:
    return tuple(each for each in found if each.level == level)


def holds(found: Iterable[Failed]) -> tuple[Failed, ...]:
    """Those that keep a run from activating anybody."""
    return tuple(each for each in found if each.level in ("hold", "stop"))
