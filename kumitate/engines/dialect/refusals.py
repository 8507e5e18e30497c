"""What Athena answers and the laptop cannot, or would answer differently without a word: named before it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from kumitate.engines.dialect import kinds as k
from kumitate.engines.dialect.functions import ALLOWED_NAMES, ALLOWED_NODES, INSTEAD
from kumitate.engines.dialect.kinds import Kinds
from kumitate.engines.dialect.patterns import may_skip_a_group, unsafe_in


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of SQL, why it is refused, and what to write instead."""

    piece: str
    why: str

    def __str__(self) -> str:
        return f"{self.piece}: {self.why}"


Reasons = Iterator[str]
Check = Callable[[exp.Expr, Kinds], Reasons]


def refusals_of(kinds: Kinds) -> Iterator[Refusal]:
    """Every piece of a query that cannot be trusted to give Athena's rows elsewhere."""
    for node in kinds.nodes:
        for check in _checks_of(type(node)):  # type: ignore[arg-type]  # mypy takes the nodes' __hash__ for the class's
            for why in check(node, kinds):
                yield Refusal(shortened(node), why)


@cache
def _checks_of(kind: type[exp.Expr]) -> tuple[Check, ...]:
    """Found once for each of sqlglot's classes: a statement has a thousand nodes of some fifty."""
    return tuple(check for nodes, check in _CHECKS if issubclass(kind, nodes))


def shortened(node: exp.Expr) -> str:
    """A piece as it is shown."""
    sql = node.sql("athena", comments=False)
    return sql if len(sql) <= 60 else sql[:57] + "…"


def _function(node: exp.Expr, _: Kinds) -> Reasons:
    if isinstance(node, ALLOWED_NODES) or (isinstance(node, exp.Anonymous) and node.name.lower() in ALLOWED_NAMES):
        return
    called = re.match(r"\w+", node.sql("athena").lower())
    name = called[0] if called else type(node).__name__
    yield f"engines do not answer {name} alike; {INSTEAD.get(name, 'docs/concepts/sql-dialect.md lists what they do')}"


def _comparison(node: exp.Expr, kinds: Kinds) -> Reasons:
    others = (node.args.get(name) for name in ("expression", "low", "high"))
    compared = [node.this, *(other for other in others if isinstance(other, exp.Expr)), *node.expressions]
    found = {kinds.of(part) for part in compared}
    if k.STRING in found and found & NO_TEXT:
        other = next(iter(sorted(found & NO_TEXT)))
        yield f"Athena does not compare varchar with {other}; cast one of them, write a time as timestamp '…'"


NO_TEXT = {k.INTEGER, k.DECIMAL, k.DOUBLE, k.DATE, k.TIMESTAMP, k.BOOLEAN}


def _division(node: exp.Expr, kinds: Kinds) -> Reasons:
    left, right = kinds.of(node.this), kinds.of(node.expression)
    cannot_tell = k.UNKNOWN in (left, right) and not kinds.complete
    if k.DOUBLE not in (left, right) and {left, right} != {k.INTEGER} and not cannot_tell:
        yield f"{left} / {right} is rounded differently; write cast(… as double) / …"


def _rounding(node: exp.Expr, kinds: Kinds) -> Reasons:
    if node.args.get("decimals") is not None and kinds.of(node.this) == k.UNKNOWN and kinds.complete:
        yield "its type is not clear; write round(cast(… as double), …) or a cast to decimal(18, 4)"


def _average(node: exp.Expr, kinds: Kinds) -> Reasons:
    kind = kinds.of(node.this)
    if kind == k.DECIMAL or (kind == k.UNKNOWN and kinds.complete):
        yield f"the average of {kind} has another scale; write avg(cast(… as double))"


def _cast(node: exp.Expr, kinds: Kinds) -> Reasons:
    wanted, given = node.args["to"], kinds.of(node.this)
    kind = k.of_data_type(wanted)
    if kind == k.UNKNOWN or wanted.this in (exp.DType.FLOAT, exp.DType.CHAR):
        yield "no such type on the laptop; it has boolean, bigint, double, decimal(p, s), varchar, date, timestamp"
    elif kind == k.STRING and wanted.expressions:
        yield "engines do not all cut text to a length in a cast; write substr(…, 1, n)"
    elif given == k.UNKNOWN and kind in (k.INTEGER, k.STRING) and kinds.complete:
        yield "its type is not clear, and casts differ by type; cast it where it is read from a table"
    elif kind == k.STRING and (given == k.DOUBLE or given.startswith(k.ARRAY)):
        yield f"{given} is written differently as text; cast a number to decimal first, join an array with array_join"
    elif (kind == k.BINARY and given != k.NULL) or given == k.BINARY:
        yield "bytes are not cast; write to_utf8, to_hex"


def _pattern(node: exp.Expr, _: Kinds) -> Reasons:
    pattern = node.args["expression"]
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        yield "the pattern must be a literal, so that it can be seen to mean the same everywhere"
        return
    unsafe = ", ".join(unsafe_in(pattern.name))
    if unsafe:
        yield f"engines read patterns differently in: {unsafe}"
    group = node.args.get("group")
    if group is not None and group.name != "0" and may_skip_a_group(pattern.name):
        yield "a group that may be left out gives null in Athena and '' elsewhere; write a pattern without ( )? and |"


def _replacement(node: exp.Expr, _: Kinds) -> Reasons:
    replacement = node.args.get("replacement")
    if replacement is None:
        return
    if not (isinstance(replacement, exp.Literal) and replacement.is_string):
        yield "the replacement must be a literal, so that $1 can be carried over"
    elif re.search(r"\$[^0-9]|\$[0-9]{2}|\$$", replacement.name.replace("\\$", "")):
        yield "groups are written $1 to $9, a dollar sign \\$"


def _time_zone(node: exp.Expr, kinds: Kinds) -> Reasons:
    if kinds.of(node.this) == k.DATE:
        yield "a date has no zone; write cast(… as timestamp) at time zone …"
    used_by = node.parent.parent if isinstance(node.parent, exp.Paren) else node.parent
    if not isinstance(used_by, _LOCAL_TIME):
        yield "times with a zone are not kept; wrap it: cast(… as timestamp), cast(… as date), hour(…), date_format(…)"
    zone = node.args.get("zone")
    if zone is not None and not ((isinstance(zone, exp.Literal) and "/" in zone.name) or zone.name.upper() == "UTC"):
        yield "the zone must be a literal name such as 'Asia/Tokyo' or 'UTC'"


_LOCAL_TIME = (
    exp.Cast, exp.Date, exp.Day, exp.DayOfMonth, exp.DayOfWeekIso, exp.DayOfYear, exp.Extract, exp.Hour, exp.Minute,
    exp.Month, exp.Quarter, exp.Second, exp.TimeToStr, exp.WeekOfYear, exp.Year,
)  # fmt: skip


def _difference(node: exp.Expr, kinds: Kinds) -> Reasons:
    both_dates = kinds.of(node.this) == kinds.of(node.args["expression"]) == k.DATE
    if node.text("unit").upper() != "DAY" or not both_dates:
        yield "engines count boundaries or whole units; take days between two dates, or compare with a bound"


def _subtraction(node: exp.Expr, kinds: Kinds) -> Reasons:
    if {kinds.of(node.this), kinds.of(node.expression)} <= {k.DATE, k.TIMESTAMP}:
        yield "engines give an interval or a number; write date_diff('day', …) on dates, or subtract to_unixtime"


def _unit(node: exp.Expr, kinds: Kinds) -> Reasons:
    on_date = not isinstance(node, exp.Interval) and kinds.of(node.this) == k.DATE
    units = _UNITS[:5] if on_date else _UNITS
    if node.text("unit").upper() not in units:
        yield f"the unit must be one of {', '.join(units).lower()}{' for a date' if on_date else ''}"


def _estimate(node: exp.Expr, _: Kinds) -> Reasons:
    if node.find_ancestor(exp.Window, exp.Select) is not node.find_ancestor(exp.Select):
        yield "distinct values are not counted in a window; group in a subquery"


_UNITS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND")


def _part(node: exp.Expr, _: Kinds) -> Reasons:
    if node.name.upper() not in ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
        yield "extract takes year, quarter, month, day, hour, minute or second; write week(…), day_of_week(…)"


def _date_format(node: exp.Expr, _: Kinds) -> Reasons:
    pattern = node.args["format"]
    plain = isinstance(pattern, exp.Literal) and re.fullmatch(r"(%[YmdHMSyj]|[^%A-Za-z])*", pattern.name)
    if not plain:
        yield "the format must be a literal of %Y %y %m %d %j %H %i %s and signs"


def _gathering(node: exp.Expr, _: Kinds) -> Reasons:
    if isinstance(node.parent, exp.Window) or isinstance(node.parent.parent if node.parent else None, exp.Window):
        yield "array_agg is not used as a window function; group instead"
    elif not isinstance(node.this, exp.Order) and not isinstance(node.parent, exp.ArraySort | exp.ArraySize):
        yield "its order is left open; write array_agg(x order by …), or array_sort(array_agg(x))"
    elif isinstance(node.this, exp.Order) and isinstance(node.this.this, exp.Distinct):
        values, order = node.this.this.expressions, node.this.expressions
        if [item.this for item in order] != values:
            yield "distinct values are ordered by themselves: array_agg(distinct x order by x)"


def _array_sort(node: exp.Expr, _: Kinds) -> Reasons:
    if node.args.get("expression") is not None:
        yield "array_sort takes no comparison on the laptop; order in array_agg(x order by …)"


def _bounds(node: exp.Expr, _: Kinds) -> Reasons:
    start = node.args["start"]
    if not (isinstance(start, exp.Literal) and start.name.isdigit() and int(start.name) > 0):
        yield "the start must be a literal from 1 on"


def _unnest(node: exp.Expr, _: Kinds) -> Reasons:
    if node.args.get("offset"):
        yield "with ordinality counts from 0 in Spark; number the rows with row_number() over (order by …)"
    if len(node.expressions) != 1:
        yield "one array at a time"
    if not node.alias_column_names:
        yield "name its column: unnest(a) as t(x)"
    join = node.find_ancestor(exp.Join)
    if join is not None and join.this is node and join.kind != "CROSS":
        yield "only cross join unnest(…) is the same everywhere"


def _row(node: exp.Expr, _: Kinds) -> Reasons:
    if not isinstance(node.parent, exp.ArgMax | exp.ArgMin):
        yield "a row only breaks ties here: max_by(x, row(at, id))"


def _window(node: exp.Expr, _: Kinds) -> Reasons:
    spec = node.args.get("spec")
    if spec is None:
        return
    offset = any(isinstance(spec.args.get(side), exp.Expr) for side in ("start", "end"))
    if str(spec.args.get("kind")).upper() == "GROUPS" or (str(spec.args.get("kind")).upper() == "RANGE" and offset):
        yield "frames are counted in rows: rows between n preceding and current row"


def _always(why: str) -> Check:
    def check(_node: exp.Expr, _kinds: Kinds) -> Reasons:
        yield why

    return check


def _when(argument: str, why: str) -> Check:
    def check(node: exp.Expr, _: Kinds) -> Reasons:
        if node.args.get(argument):
            yield why

    return check


_CHECKS: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], Check], ...] = (
    (exp.Func, _function),
    ((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In), _comparison),
    (exp.Div, _division),
    (exp.Round, _rounding),
    (exp.ApproxDistinct, _estimate),
    (exp.Avg, _average),
    (exp.Cast, _cast),
    ((exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace), _pattern),
    (exp.RegexpReplace, _replacement),
    ((exp.AtTimeZone, exp.UnixToTime), _time_zone),
    (exp.DateDiff, _difference),
    (exp.Sub, _subtraction),
    ((exp.DateAdd, exp.DateTrunc, exp.TimestampTrunc, exp.Interval), _unit),
    (exp.Extract, _part),
    (exp.TimeToStr, _date_format),
    (exp.ArrayAgg, _gathering),
    (exp.ArraySort, _array_sort),
    (exp.ArraySlice, _bounds),
    (exp.Unnest, _unnest),
    (exp.Window, _window),
    (exp.Struct, _row),
    (exp.Split, _when("limit", "split takes no limit on the laptop; take parts with split_part")),
    (exp.StrPosition, _when("occurrence", "strpos finds the first place only")),
    ((exp.ArgMax, exp.ArgMin), _when("count", "one value at a time; rank rows with row_number() for more")),
    (exp.With, _when("recursive", "recursive queries are not run on the laptop")),
    (exp.Table, _when("version", "a table's past is read with the lake's history, not in SQL")),
    (exp.Table, _when("sample", "a sample differs from run to run; take rows by a condition")),
    (exp.Table, _when("pivots", "not Athena's SQL")),
    (exp.Join, _when("method", "name the columns of the join: join … using (…)")),
    (exp.Distinct, _when("on", "not Athena's SQL; pick rows with row_number()")),
    (exp.Star, _when("except_", "not Athena's SQL; name the columns")),
    (exp.Lateral, _always("lateral joins are not the same everywhere; use a join, or cross join unnest(…)")),
    (exp.Fetch, _always("write limit n; rank rows with rank() to keep ties")),
    ((exp.Any, exp.All), _always("write in (…), exists (…), or compare with a min or max")),
    ((exp.IgnoreNulls, exp.RespectNulls), _always("filter nulls out before the window")),
    (exp.Placeholder, _always("there is nothing to bind; write the value")),
)
