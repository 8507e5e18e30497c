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
    """The part of a lake that makes tables."""

    def prepare(self, tables: Iterable[Table]) -> None: ...


@dataclass(frozen=True, slots=True)
class Declared:
    """A project's tables, and how many past states of each are kept."""

    project: str
    snapshots_kept: int
    tables: tuple[Table, ...]


def to_json(platform: Platform) -> str:
    """What the function is given beside its code; the same tables are the same text."""
    tables = [asdict(each.table) for each in platform.tables]
    kept = platform.environment.retention.snapshots
    given = {"project": platform.names.project, "snapshots_kept": kept, "tables": tables}
    return json.dumps(given, ensure_ascii=False, indent=1)


def from_json(text: str) -> Declared:
    given = json.loads(text)
    return Declared(given["project"], given["snapshots_kept"], tuple(map(_table, given["tables"])))


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
    """Answer CloudFormation: tables are created or widened; when the stack goes, they and their data stay."""
    answer: dict[str, Any] = {"PhysicalResourceId": names.called("tables")}
    if event["RequestType"] == "Delete":
        return answer
    open_lake().prepare(declared.tables)
    return answer | {"Data": {"Tables": len(declared.tables)}}
