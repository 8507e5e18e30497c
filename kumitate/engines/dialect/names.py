"""Names that Athena would not resolve: unknown columns, and aliases where only a source's columns count."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from kumitate.engines.dialect.kinds import Kinds


def misnamed(column: exp.Expr, kinds: Kinds) -> Iterator[str]:
    """Why no source gives `column`; silent where the columns of a source are not known."""
    if not isinstance(column, exp.Column) or not kinds.complete or isinstance(column.this, exp.Star):
        return
    scopes = list(kinds.origins.seen_by(column))
    if not scopes or _orders_a_result(column, scopes[0]):
        return
    given: dict[str, tuple[str, ...]] = {}
    for label, source in _sources(scopes, column.table):
        columns = kinds.origins.columns_of(source)
        if columns is None or column.name.lower() in columns:
            return
        given[label] = columns
    if column.table and not given:
        known = [name for scope in scopes for name in scope.selected_sources]
        yield f"nothing is called {column.table} here{_closest(column.table, known)}"
    elif any(_is_alias(column, scope) for scope in scopes):
        yield "Athena does not see an alias here, only in order by; repeat its expression, or select from a subquery"
    else:
        close = _closest(column.name, [name for names in given.values() for name in names])
        yield f"no such column{' in ' if given else ''}{', '.join(dict.fromkeys(given))}{close}"


def _sources(scopes: list[Scope], qualifier: str = "") -> Iterator[tuple[str, exp.Table | Scope]]:
    for scope in scopes:
        for name, (_, source) in scope.selected_sources.items():
            if qualifier.lower() in ("", name.lower()):
                yield (f"{source.db}.{source.name}" if isinstance(source, exp.Table) else name), source


def _orders_a_result(column: exp.Column, scope: Scope) -> bool:
    """Whether it stands in the `order by` of a query and names what that query gives."""
    order = _clause(column, exp.Order, scope)
    if order is None or order.parent is not scope.expression:
        return False
    return not isinstance(scope.expression, exp.Select) or _is_alias(column, scope)


def _clause(node: exp.Expr, kind: type[exp.Expr], scope: Scope) -> exp.Expr | None:
    """The outermost `kind` around `node`, within its own scope."""
    found, above = None, node.parent
    while above is not None and above is not scope.expression:
        found = above if isinstance(above, kind) else found
        above = above.parent
    return found


def _is_alias(column: exp.Column, scope: Scope) -> bool:
    query = scope.expression
    items = query.selects if isinstance(query, exp.Select) and not column.table else []
    return any(isinstance(item, exp.Alias) and item.alias.lower() == column.name.lower() for item in items)


def _closest(word: str, names: list[str]) -> str:
    close = difflib.get_close_matches(word.lower(), sorted(set(names)), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
