"""Where a column of a query comes from: the table or the subquery that gives it, not only its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope, traverse_scope

Origin: TypeAlias = pa.DataType | exp.Expr
"""A lake column's type, or the expression of a subquery that a column stands for."""


class Origins:
    """Looks up columns by scope; what it does not find (elements of arrays, values) is found by name elsewhere."""

    def __init__(self, query: exp.Query, schemas: Mapping[str, pa.Schema] | None) -> None:
        self._schemas = schemas or {}
        try:
            self._scopes = {id(scope.expression): scope for scope in traverse_scope(query)}
        except OptimizeError:
            self._scopes = {}

    def seen_by(self, column: exp.Column) -> Iterator[Scope]:
        """The scopes where Athena looks for a column, innermost first: a subquery in `from` sees none around it."""
        scope = self.scope_of(column)
        while scope is not None:
            yield scope
            hidden = scope.is_derived_table or scope.is_cte
            scope = scope.parent.parent if hidden and scope.parent is not None else scope.parent

    def columns_of(self, source: exp.Table | Scope) -> tuple[str, ...] | None:
        """The names that a source gives, or None where they are not known."""
        if isinstance(source, exp.Table):
            schema = self._schemas.get(f"{source.db}.{source.name}".lower())
            given = tuple(name.lower() for name in source.alias_column_names)
            return given or (None if schema is None else tuple(schema.names))
        if source.outer_columns:
            return tuple(name.lower() for name in source.outer_columns)
        branch = next(_branches(source.expression), None)
        return None if branch is None else self._selected(branch)

    def _selected(self, select: exp.Select) -> tuple[str, ...] | None:
        names: list[str] = []
        for item in select.selects:
            if not item.is_star:
                names.append(item.alias_or_name.lower())
                continue
            scope = self._scopes.get(id(select))
            starred = item.table.lower() if isinstance(item, exp.Column) else ""
            for name, (_, source) in (scope.selected_sources if scope else {}).items():
                found = self.columns_of(source) if starred in ("", name.lower()) else ()
                if found is None:
                    return None
                names.extend(found)
        return tuple(names)

    def of(self, column: exp.Column) -> tuple[Origin, ...]:
        """All that the column may stand for: one origin, or one per branch of a union; none where it is not known."""
        scope = self.scope_of(column)
        while scope is not None:
            found = tuple(self._in_scope(scope, column))
            if found:
                return found
            scope = scope.parent
        return ()

    def scope_of(self, node: exp.Expr) -> Scope | None:
        """The innermost scope around `node`."""
        above = node.parent
        while above is not None and id(above) not in self._scopes:
            above = above.parent
        return None if above is None else self._scopes[id(above)]

    def _in_scope(self, scope: Scope, column: exp.Column) -> Iterator[Origin]:
        for name, (_, source) in scope.selected_sources.items():
            if not column.table or name.lower() == column.table.lower():
                yield from self._in_source(source, column.name.lower())

    def _in_source(self, source: exp.Table | Scope, name: str) -> Iterator[Origin]:
        if isinstance(source, exp.Table):
            schema = self._schemas.get(f"{source.db}.{source.name}".lower())
            if schema is not None and name in schema.names:
                yield schema.field(name).type
        elif isinstance(source, Scope) and isinstance(source.expression, exp.Query):
            yield from self._projected(source, name)

    def _projected(self, source: Scope, name: str) -> Iterator[Origin]:
        query = source.expression
        named = query.selects if isinstance(query, exp.Query) else []
        outer = [given.lower() for given in source.outer_columns] or [one.alias_or_name.lower() for one in named]
        if name not in outer:
            stars = any(isinstance(one, exp.Star) for one in named)
            if stars:
                for _, inner in source.selected_sources.values():
                    yield from self._in_source(inner, name)
            return
        place = outer.index(name)
        for select in _branches(query):
            if place < len(select.selects):
                yield select.selects[place]


def _branches(query: exp.Expr) -> Iterator[exp.Select]:
    """The selects of a union, or the one select."""
    match query:
        case exp.SetOperation():
            yield from _branches(query.left)
            yield from _branches(query.right)
        case exp.Subquery():
            yield from _branches(query.this)
        case exp.Select():
            yield query
