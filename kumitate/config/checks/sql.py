"""Is a project's own SQL one statement in Athena's dialect, of the kind its place needs?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from kumitate.config.findings import Finding, Spot, unknown

DIALECT = "athena"


def value_statement(sql: str, spot: Spot) -> Iterator[Finding]:
    """Findings on a trait's SQL, which yields `person_id` and `value`."""
    yield from _statement(sql, spot, {"person_id", "value"})


def members_statement(sql: str, spot: Spot) -> Iterator[Finding]:
    """Findings on a segment's SQL, which yields `person_id`."""
    yield from _statement(sql, spot, {"person_id"})


def derived_column(sql: str, columns: Iterable[str], spot: Spot) -> Iterator[Finding]:
    """Findings on a derived column: one expression over delivered columns of the same row."""
    parsed, findings = _parsed(sql, spot)
    yield from findings
    if parsed is None:
        return
    if not isinstance(parsed, exp.Condition) or isinstance(parsed, exp.Query):
        yield spot.wrong("expected one expression over the row's columns, such as quantity * unit_price")
    elif parsed.find(exp.Query, exp.AggFunc, exp.Window):
        yield spot.wrong("a derived column looks at its own row only: no select, no aggregate, no window")
    else:
        for column in parsed.find_all(exp.Column):
            if column.name not in columns:
                yield spot.wrong(unknown("column", column.name, columns))


def _statement(sql: str, spot: Spot, wanted: set[str]) -> Iterator[Finding]:
    parsed, findings = _parsed(sql, spot)
    yield from findings
    if parsed is None:
        return
    if not isinstance(parsed, exp.Query):
        yield spot.wrong(f"expected one select that yields {' and '.join(sorted(wanted))}")
    elif not parsed.is_star and wanted - set(parsed.named_selects):
        missing = ", ".join(sorted(wanted - set(parsed.named_selects)))
        yield spot.wrong(f"the select does not yield {missing}; name it with 'as'")


def _parsed(sql: str, spot: Spot) -> tuple[exp.Expr | None, list[Finding]]:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=DIALECT) if statement is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        near = f" near {first['highlight']!r}" if first.get("highlight") else ""
        what = str(first.get("description") or "it does not parse").rstrip(".")
        what = "something is missing" if what.startswith("Required keyword") else what
        return None, [spot.wrong(f"this is no SQL: {what}{near}", first.get("line"))]
    except SqlglotError:
        return None, [spot.wrong("this is no SQL: a quote or comment is not closed")]
    if len(statements) != 1:
        return None, [spot.wrong(f"expected one SQL statement, found {len(statements)}")]
    return statements[0], []
