"""What kind of value an expression has, as far as the SQL and the tables' schemas say it.

Engines differ by type (`5 / 2`, a date plus an interval), so a rewrite has to know it. A column is followed to
the table or subquery it comes from; what has no such origin (an array's elements) is known by its name, when
all that bears the name in the query agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.types as types
from sqlglot import exp

from kumitate.engines.dialect.scopes import Origins

INTEGER: Final = "integer"
DECIMAL: Final = "decimal"
DOUBLE: Final = "double"
STRING: Final = "varchar"
BOOLEAN: Final = "boolean"
DATE: Final = "date"
TIMESTAMP: Final = "timestamp"
BINARY: Final = "varbinary"
INTERVAL: Final = "interval"
ARRAY: Final = "array of "
NULL: Final = "null"
UNKNOWN: Final = "unknown"

_WIDTH = {NULL: 0, INTEGER: 1, DECIMAL: 2, DOUBLE: 3}

_DATA_TYPES: dict[str, frozenset[exp.DType]] = {
    INTEGER: frozenset(exp.DataType.INTEGER_TYPES),
    DECIMAL: frozenset({exp.DType.DECIMAL}),
    DOUBLE: frozenset({exp.DType.DOUBLE, exp.DType.FLOAT}),
    STRING: frozenset({exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR}),
    BOOLEAN: frozenset({exp.DType.BOOLEAN}),
    DATE: frozenset({exp.DType.DATE}),
    TIMESTAMP: frozenset({exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME}),
    BINARY: frozenset({exp.DType.VARBINARY, exp.DType.BINARY}),
}

_ARROW: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (types.is_integer, INTEGER),
    (types.is_decimal, DECIMAL),
    (types.is_floating, DOUBLE),
    (types.is_string, STRING),
    (types.is_boolean, BOOLEAN),
    (types.is_date, DATE),
    (types.is_timestamp, TIMESTAMP),
)

_FIXED: dict[str, tuple[type[exp.Expr], ...]] = {
    INTEGER: (
        exp.ApproxDistinct, exp.ArrayPosition, exp.ArraySize, exp.BitwiseAnd, exp.BitwiseNot, exp.BitwiseOr,
        exp.BitwiseXor, exp.Count, exp.CountIf, exp.DateDiff, exp.Day, exp.DayOfMonth, exp.DayOfWeekIso, exp.DayOfYear,
        exp.DenseRank, exp.Extract, exp.Hour, exp.Length, exp.Minute, exp.Month, exp.Ntile, exp.Quarter, exp.Rank,
        exp.RowNumber, exp.Second, exp.StrPosition, exp.WeekOfYear, exp.Year,
    ),
    DOUBLE: (exp.CumeDist, exp.Exp, exp.Ln, exp.Log, exp.PercentRank, exp.Pow, exp.Sqrt, exp.TimeToUnix),
    STRING: (
        exp.ArrayToString, exp.ConcatWs, exp.Hex, exp.JSONExtractScalar, exp.Lower, exp.Pad, exp.RegexpExtract,
        exp.RegexpReplace, exp.Replace, exp.SplitPart, exp.Substring, exp.TimeToStr, exp.Trim, exp.Upper,
    ),
    BOOLEAN: (
        exp.Boolean, exp.Connector, exp.Escape, exp.IsNan, exp.LogicalAnd, exp.LogicalOr, exp.Not, exp.Predicate,
        exp.StartsWith,
    ),
    DATE: (exp.Date, exp.LastDay),
    BINARY: (exp.Encode, exp.MD5Digest, exp.SHA2Digest, exp.Unhex),
    INTERVAL: (exp.Interval,),
    ARRAY + STRING: (exp.Split,),
}  # fmt: skip
_BY_NODE = {node: kind for kind, nodes in _FIXED.items() for node in nodes}

_AS_ARGUMENT = (
    exp.Abs, exp.Alias, exp.ArgMax, exp.ArgMin, exp.ArrayDistinct, exp.ArrayFilter, exp.ArraySlice, exp.ArraySort,
    exp.Ceil, exp.DateAdd, exp.DateTrunc, exp.Distinct, exp.Filter, exp.FirstValue, exp.Floor, exp.Lag, exp.LastValue,
    exp.Lead, exp.Max, exp.Min, exp.Neg, exp.NthValue, exp.Nullif, exp.Order, exp.Paren, exp.Round, exp.Sum,
    exp.TimestampTrunc, exp.Window,
)  # fmt: skip
"""Nodes of the same kind as their first argument."""

_ARITHMETIC = (exp.Add, exp.Div, exp.Mod, exp.Mul, exp.Sub)
_MERGING = (exp.Case, exp.Coalesce, exp.Concat, exp.DPipe, exp.Greatest, exp.If, exp.Least)


def merged(kinds: Iterable[str]) -> str:
    """The kind that holds values of all `kinds`, e.g. integer and double make double."""
    found = set(kinds) - {NULL}
    if len(found) <= 1:
        return found.pop() if found else NULL
    return max(found, key=_WIDTH.__getitem__) if found <= _WIDTH.keys() else UNKNOWN


def element(kind: str) -> str:
    """The kind of an array's elements."""
    return kind.removeprefix(ARRAY) if kind.startswith(ARRAY) else UNKNOWN


def of_data_type(type_: exp.DataType) -> str:
    """The kind a cast asks for."""
    if type_.this is exp.DType.ARRAY:
        return ARRAY + (of_data_type(type_.expressions[0]) if type_.expressions else UNKNOWN)
    return next((kind for kind, members in _DATA_TYPES.items() if type_.this in members), UNKNOWN)


def of_arrow(type_: pa.DataType) -> str:
    """The kind of a lake table's column."""
    if types.is_list(type_):
        return ARRAY + of_arrow(type_.value_type)
    return next((kind for holds, kind in _ARROW if holds(type_)), UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Element:
    """What `unnest` and lambdas name: an element of `array`."""

    array: exp.Expr


_Definition = str | exp.Expr | _Element


class Kinds:
    """The kinds of one query's expressions, given the schemas of the tables it reads."""

    def __init__(self, query: exp.Query, schemas: Mapping[str, pa.Schema] | None) -> None:
        self.complete = schemas is not None
        """Whether the schemas are known: then a kind that stays unknown is worth a word."""
        self.nodes = tuple(query.walk())
        """Every piece of the query, walked once for all who look at each."""
        defined: dict[str, list[_Definition]] = {}
        for field in (field for schema in (schemas or {}).values() for field in schema):
            defined.setdefault(field.name.lower(), []).append(of_arrow(field.type))
        for node in self.nodes:
            for name, definition in _DEFINITIONS.get(type(node), _nothing)(node):
                defined.setdefault(name.lower(), []).append(definition)
        self.origins = Origins(query, schemas)
        self._followed: dict[int, str] = {}
        self._names = self._settled(defined)

    def _settled(self, defined: Mapping[str, list[_Definition]]) -> dict[str, str]:
        """The kind of each name: aliases stand on other names, so rounds are made until nothing changes."""
        self._names = dict.fromkeys(defined, NULL)
        for _ in range(len(defined) + 1):
            before = dict(self._names)
            self._followed.clear()
            for name, definitions in defined.items():
                self._names[name] = _agreed(self._of_definition(definition) for definition in definitions)
            if self._names == before:
                self._followed.clear()
                return before
        return {name: kind if kind == before[name] else UNKNOWN for name, kind in self._names.items()}

    def _of_definition(self, definition: _Definition) -> str:
        if isinstance(definition, _Element):
            return element(self.of(definition.array))
        return definition if isinstance(definition, str) else self.of(definition)

    def of(self, node: exp.Expr | None) -> str:
        """The kind of `node`, or `UNKNOWN`."""
        match node:
            case None | exp.Null():
                return NULL
            case exp.Column():
                return self._of_column(node)
            case exp.Identifier():
                return self._names.get(node.name.lower(), UNKNOWN)
            case exp.Literal():
                return STRING if node.is_string else _of_number(node.this.lower())
            case exp.Cast():
                return of_data_type(node.to)
            case exp.Subquery() | exp.Select():
                return self.of(node.selects[0]) if len(node.selects) == 1 else UNKNOWN
        return self._of_operation(node)

    def _of_column(self, column: exp.Column) -> str:
        """By origin; a column that leads back to itself says nothing of its own."""
        known = self._followed.get(id(column))
        if known is None:
            self._followed[id(column)] = NULL
            origins = self.origins.of(column)
            kinds = (self.of(one) if isinstance(one, exp.Expr) else of_arrow(one) for one in origins)
            known = _agreed(kinds) if origins else self._names.get(column.name.lower(), UNKNOWN)
            self._followed[id(column)] = known
        return known

    def _of_operation(self, node: exp.Expr) -> str:
        if isinstance(node, _AS_ARGUMENT):
            return self.of(node.this or next(iter(node.expressions), None))
        if isinstance(node, _ARITHMETIC):
            return self._of_arithmetic(node)
        for base in type(node).__mro__:
            if base in _BY_NODE:
                return _BY_NODE[base]
        if isinstance(node, _MERGING):
            return merged(self.of(part) for part in _parts(node))
        return self._of_array(node)

    def _of_arithmetic(self, node: exp.Binary) -> str:
        left, right = self.of(node.left), self.of(node.right)
        if INTERVAL in (left, right):
            return left if right == INTERVAL else right
        return merged((left, right))

    def _of_array(self, node: exp.Expr) -> str:
        match node:
            case exp.Array():
                return ARRAY + merged(self.of(item) for item in node.expressions)
            case exp.ArrayAgg():
                return ARRAY + self.of(node.this)
            case exp.GenerateSeries():
                return ARRAY + self.of(node.args["start"])
            case exp.Transform():
                return ARRAY + self.of(node.expression.this)
            case exp.Bracket() | exp.ArrayMax() | exp.ArrayMin():
                return element(self.of(node.this))
            case exp.Avg():
                return DOUBLE if self.of(node.this) == INTEGER else self.of(node.this)
        return UNKNOWN


def _agreed(kinds: Iterable[str]) -> str:
    found = set(kinds) - {NULL}
    return NULL if not found else found.pop() if len(found) == 1 else UNKNOWN


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    match node:
        case exp.Case():
            yield from (branch.args["true"] for branch in node.args["ifs"])
        case exp.If():
            yield from (node.args["true"], node.args.get("false") or exp.Null())
        case _:
            yield from (part for part in (node.this, *node.expressions) if part is not None)
    if node.args.get("default") is not None:
        yield node.args["default"]


def _of_number(text: str) -> str:
    if "e" in text:
        return DOUBLE
    return DECIMAL if "." in text else INTEGER


_Defined = Iterator[tuple[str, _Definition]]


def _nothing(_: exp.Expr) -> Iterable[tuple[str, _Definition]]:
    return ()


def _of_alias(node: exp.Expr) -> _Defined:
    yield node.alias, node.this


def _of_rows(node: exp.Expr) -> _Defined:
    for row in node.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        yield from zip(node.alias_column_names, cells, strict=False)


def _of_unnest(node: exp.Expr) -> _Defined:
    yield from zip(node.alias_column_names, map(_Element, node.expressions), strict=False)


def _of_renaming(node: exp.Expr) -> _Defined:
    if isinstance(node.this, exp.Query):
        yield from zip(node.alias_column_names, node.this.selects, strict=False)


def _of_lambda(node: exp.Expr) -> _Defined:
    if isinstance(node.expression, exp.Lambda):
        yield from ((parameter.name, _Element(node.this)) for parameter in node.expression.expressions)


def _of_set_operation(node: exp.Expr) -> _Defined:
    if isinstance(node, exp.SetOperation):
        for left, right in zip(node.left.selects, node.right.selects, strict=False):
            yield left.alias_or_name, right


_DEFINITIONS: dict[type[exp.Expr], Callable[[exp.Expr], Iterable[tuple[str, _Definition]]]] = {
    exp.Alias: _of_alias,
    exp.ArrayFilter: _of_lambda,
    exp.CTE: _of_renaming,
    exp.Except: _of_set_operation,
    exp.Intersect: _of_set_operation,
    exp.Subquery: _of_renaming,
    exp.Transform: _of_lambda,
    exp.Union: _of_set_operation,
    exp.Unnest: _of_unnest,
    exp.Values: _of_rows,
}
"""Where a query gives names to values."""
