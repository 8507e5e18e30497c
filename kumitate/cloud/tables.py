"""The lake's tables as a deployment makes them: written down at synthesis, created and widened in the account.

What is written down is all that the function needs, so that it carries neither the project's files nor what reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kumitate.blueprint.names import ZONES, Names
from kumitate.errors import FatalError
from kumitate.model.table import Column, Table, Type

if TYPE_CHECKING:
    from kumitate.blueprint.platform import Platform


class Preparing(Protocol):
    """The part of a lake that makes tables, and tells which are there."""

    def prepare(self, tables: Iterable[Table]) -> None: ...
    def tables(self) -> tuple[str, ...]: ...
    def holds_rows(self, table: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Declared:
    """A project's tables, and how many past states of each are kept."""

    project: str
    snapshots_kept: int
    tables: tuple[Table, ...]
    retired: tuple[str, ...] = ()
    """Sources taken out of the project on purpose."""


def to_json(platform: Platform) -> str:
    """What the function is given beside its code; the same tables are the same text."""
    tables = [asdict(each.table) for each in platform.tables]
    kept = platform.environment.retention.snapshots
    retired = platform.environment.retired
    given = {"project": platform.names.project, "snapshots_kept": kept, "tables": tables, "retired": retired}
    return json.dumps(given, ensure_ascii=False, indent=1)


def from_json(text: str) -> Declared:
    given = json.loads(text)
    return Declared(
        given["project"], given["snapshots_kept"], tuple(map(_table, given["tables"])), tuple(given.get("retired", ()))
    )


def _table(given: Mapping[str, Any]) -> Table:
    columns = tuple(Column(**{**column, "type": Type(column["type"])}) for column in given["columns"])
    return Table(**{**given, "columns": columns})


def names_in(declared: Declared, environment: str, function_arn: str) -> Names:
    """Names in the account and region that the function runs in."""
    parts = function_arn.split(":")
    if len(parts) < 5:
        raise FatalError(f"{function_arn!r} is no function's ARN; account and region are read from it")
    return Names(declared.project, environment, account=parts[4], region=parts[3])


def databases(names: Names) -> dict[str, str]:
    """Database of the lake -> its name in the account."""
    return {database: names.database(database) for database in ZONES}


def keep_tables(
    event: Mapping[str, Any], declared: Declared, *, names: Names, open_lake: Callable[[], Preparing]
) -> dict[str, Any]:
    """Answer CloudFormation: tables are created or widened; when the stack goes, they and their data stay.

    FatalError, before anything is made, where a source with rows is no longer in the project: the deployment of the
    first stack ends there, and nothing has changed.
    """
    answer: dict[str, Any] = {"PhysicalResourceId": names.called("tables")}
    if event["RequestType"] == "Delete":
        return answer
    lake = open_lake()
    _require_sources(lake, declared)
    lake.prepare(declared.tables)
    return answer | {"Data": {"Tables": len(declared.tables)}}


def _require_sources(lake: Preparing, declared: Declared) -> None:
    """A source's raw rows are its history: it leaves the project by a word, not by an oversight."""
    wanted = {str(table) for table in declared.tables}
    kept = {f"raw.{source}" for source in declared.retired}
    gone = [
        name.removeprefix("raw.")
        for name in lake.tables()
        if name.startswith("raw.") and name not in wanted | kept and lake.holds_rows(name)
    ]
    if gone:
        raise FatalError(
            f"no longer in the project, but with rows in the lake: {', '.join(gone)}; put the sources back, or name"
            " them in the environment's `retired` to leave their tables as they are"
        )
