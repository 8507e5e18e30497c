"""Athena as an engine: queries as they are written, over the lake in the account; it reads and never writes.

Loaded without Arrow and without boto3: a function that asks one question needs neither before it asks.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from kumitate.errors import FatalError, RetryableError
from kumitate.model.step import BatchFunction, Query

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_A_PAGE = 1000
_ABOUT_THE_QUERY = (
    "AMBIGUOUS_NAME",
    "COLUMN_NOT_FOUND",
    "EXPRESSION_NOT_",
    "FUNCTION_NOT_FOUND",
    "MISSING_",
    "NOT_SUPPORTED",
    "SCHEMA_NOT_FOUND",
    "SYNTAX_ERROR",
    "TABLE_NOT_FOUND",
    "TYPE_MISMATCH",
    "Bytes scanned limit",
    "Query exhausted resources",
)
"""Messages about the query's own text or size; any other may quote a value from the data."""
_CODE = re.compile(r"^[A-Z][A-Z_]+(?=:)|(?<=\()[A-Za-z]+Exception(?=\))")
_LATER = ("Throttling", "TooManyRequests", "SlowDown", "InternalServer", "ServiceUnavailable")

Connect = Callable[[], Any]


@dataclass(slots=True)
class AthenaEngine:
    """`connect` opens a DB-API connection; `written` gives the text to send, with the account's names of databases."""

    connect: Connect
    written: Callable[[Query], str] = lambda query: query.sql

    def ask(self, query: Query) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries, a page at a time."""
        cursor = self._executed(query)
        names = [column[0] for column in cursor.description]
        for row in _fetched(query, cursor):
            yield dict(zip(names, row, strict=True))

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        """Rows as Arrow, in types that engines share; one empty batch where there are none."""
        from kumitate.engines.athena_types import batch_of

        cursor = self._executed(query)
        rows = _fetched(query, cursor)
        page = list(islice(rows, _ROWS_A_PAGE))
        yield batch_of(cursor.description, page)
        while page := list(islice(rows, _ROWS_A_PAGE)):
            yield batch_of(cursor.description, page)

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        from kumitate.engines.batches import applied, fit

        for batch in self.rows(query):
            yield fit(applied(function, batch, query.name), schema, query.name)

    def _executed(self, query: Query) -> Any:
        with _errors_of(query):
            cursor = self.connect().cursor()
            cursor.execute(self.written(query))
        return cursor


def connection(*, workgroup: str, database: str, region: str | None = None, session: Any = None) -> Any:
    """A connection that leaves results where the workgroup says; `database` is where a query begins to look.

    `session` is boto3's, of whoever asks; the credentials of the environment without one.
    """
    import pyathena

    # It logs every failure with its text, which may quote rows; what may be told is told by the error.
    logging.getLogger(pyathena.__name__).setLevel(logging.CRITICAL + 1)
    return pyathena.connect(
        work_group=workgroup, schema_name=database, region_name=region, session=session, poll_interval=0.5
    )


def _fetched(query: Query, cursor: Any) -> Iterator[Sequence[Any]]:
    while True:
        with _errors_of(query):
            page = cursor.fetchmany(_ROWS_A_PAGE)
        if not page:
            return
        yield from page


@contextmanager
def _errors_of(query: Query) -> Iterator[None]:
    from pyathena.error import Error  # the package costs what a connection costs

    try:
        yield
    except Error as error:
        raise _told(query, error.__cause__ or error) from None


def _told(query: Query, error: BaseException) -> FatalError | RetryableError:
    message, kind = str(error), type(error)
    code = next(iter(_CODE.findall(message)), kind.__name__)
    if any(sign in message for sign in _LATER):
        return RetryableError(f"{query.name}: Athena has no room for the query now ({code}); try later")
    if message.startswith(_ABOUT_THE_QUERY) or kind.__module__.startswith("botocore"):
        return FatalError(f"{query.name}: Athena: {message}")
    return FatalError(f"{query.name}: Athena: {code} (its text may quote rows; see the workgroup's history)")
