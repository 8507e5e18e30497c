"""Work as values: a stage plans steps, every step writes exactly one table, an engine runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a query is a light value: a function that only asks one loads no Arrow
    import pyarrow as pa

    from kumitate.config.project import Config
    from kumitate.model.table import Table

BatchFunction = Callable[["pa.RecordBatch"], "pa.RecordBatch"]
"""Pure and picklable: input rows as Arrow in, rows of the written table's schema out."""

GraphFunction = Callable[[Mapping[str, "pa.Table"]], "pa.Table"]
"""Pure, on the driver: the named inputs of a GraphStep in, rows of the written table out."""


class Mode(StrEnum):
    """How a step's rows meet the table: in place of all rows, or after them."""

    REPLACE = "replace"
    APPEND = "append"


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL statement in Athena's dialect; what it says is its documentation."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class QueryStep:
    """`table` becomes (or grows by) the rows of `query`."""

    table: Table
    query: Query
    mode: Mode = Mode.REPLACE


@dataclass(frozen=True, slots=True)
class BatchStep:
    """`table` becomes (or grows by) `function` of every record batch of `query`."""

    table: Table
    query: Query
    function: BatchFunction
    mode: Mode = Mode.REPLACE


@dataclass(frozen=True, slots=True)
class GraphStep:
    """`table` becomes (or grows by) `function` of whole inputs, on integer arrays on the driver."""

    table: Table
    queries: tuple[Query, ...]
    function: GraphFunction
    mode: Mode = Mode.REPLACE


@dataclass(frozen=True, slots=True)
class IngestStep:
    """New files of `source` are read into `table` (raw rows, as strings) by the edge."""

    table: Table
    source: str


@dataclass(frozen=True, slots=True)
class DeliverStep:
    """The changes of `sync` go to its destination; outcomes and the new accepted state come back."""

    table: Table
    sync: str


class Live(StrEnum):
    """What is done between the lake and what real time keeps."""

    GATHER = "gather"
    """`table` becomes what became of every firing that the lake has not yet for good."""
    PUBLISH = "publish"
    """The state store gets the rows of `table`: `key`, and `data` as JSON, or null to delete; done twice it is the
    same."""
    SETTLE = "settle"
    """The firings of `table` that have come to their end are in the lake: they may be forgotten."""
    FIGURES = "figures"
    """`table` takes in what platforms have told meanwhile of what triggers fired."""


@dataclass(frozen=True, slots=True)
class LiveStep:
    """Work of the edge for syncs that a trigger fires; `gather` and `figures` write to the lake."""

    table: Table
    work: Live


Step = QueryStep | BatchStep | GraphStep | IngestStep | DeliverStep | LiveStep


@dataclass(frozen=True, slots=True)
class Run:
    """One run's fixed points: every stage takes clock and ids from here.

    `id` sorts by time (`r000007`). `through` names, per table, the last run whose rows a step
    has consumed (e.g. {"staging.orders": "r000006"}), so that an incremental step reads what is new.
    `bits` are the segments' places in the mask, as the lake has them; new segments take free places.
    `forgotten` names, per sync that was reset, the run up to which its accepted state no longer counts.
    `released` are the runs that a person let go although quality rules held them.
    """

    id: str
    as_of: datetime
    through: Mapping[str, str] = field(default_factory=dict)
    bits: Mapping[str, int] = field(default_factory=dict)
    forgotten: Mapping[str, str] = field(default_factory=dict)
    released: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stage:
    """A named piece of the pipeline: which tables it reads and writes, and its plan.

    `reads` and `writes` are declared, not derived: a test holds each step's SQL to them, and
    roles, order and lineage come from them.
    """

    name: str
    reads: Callable[[Config], tuple[Table, ...]]
    writes: Callable[[Config], tuple[Table, ...]]
    plan: Callable[[Config, Run], tuple[Step, ...]]
