"""DuckDB's way to Athena's answers, where sqlglot's differs."""

from __future__ import annotations

from sqlglot import exp

from kumitate.engines.dialect import kinds as k
from kumitate.engines.dialect.patterns import for_re2, never_empty, replacement_for_re2
from kumitate.engines.dialect.rewriting import Piece, Rewrite, is_plain_number, quoted
from kumitate.engines.dialect.shapes import WHITE_SPACE, CastOfText, exact_count


def _lit(text: str) -> str:
    return quoted(text, "duckdb")


_TEXT = CastOfText("timestamp", "error", lambda value, shape: f"regexp_full_match({value}, {_lit(shape)})")


def _division(piece: Piece) -> str | None:
    left, right = piece.text(), piece.text("expression")
    if piece.kind() == piece.kind("expression") == k.INTEGER:
        return _unless_zero(piece, f"({left}) // ({right})")
    if k.DOUBLE in (piece.kind(), piece.kind("expression")):
        return f"(cast({left} as double) / cast({right} as double))"
    return None


def _remainder(piece: Piece) -> str | None:
    if k.DOUBLE in (piece.kind(), piece.kind("expression")):
        return None
    return _unless_zero(piece, f"({piece.text()}) % ({piece.text('expression')})")


def _unless_zero(piece: Piece, result: str) -> str:
    if is_plain_number(piece.literal("expression"), least=1):
        return f"({result})"
    return f"(case when ({piece.text('expression')}) = 0 then error('division by zero') else {result} end)"


def _whole(piece: Piece) -> str | None:
    return piece.text() if piece.kind() == k.INTEGER else None  # else DuckDB makes a double of it


def _cast(piece: Piece) -> str | None:
    wanted = k.of_data_type(piece.node.args["to"])
    given, value = piece.kind(), piece.text()
    if wanted == k.INTEGER and given == k.DOUBLE:
        return _TEXT.as_type(piece, f"round({value})")
    if wanted == k.STRING and given == k.TIMESTAMP:
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S.%g')"
    if wanted == k.TIMESTAMP and given != k.STRING:
        return f"cast({value} as timestamp)"
    if given == k.STRING and (piece.literal("this") is None or isinstance(piece.node, exp.TryCast)):
        return _TEXT(piece, wanted)
    if wanted == k.TIMESTAMP:
        return f"cast({value} as timestamp)"
    return None


def _trim(piece: Piece) -> str:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(piece.node.args.get("position")), "trim")
    return f"{name}({piece.text()}, {piece.text('expression') or _lit(WHITE_SPACE)})"


def _substring(piece: Piece) -> str:
    value, start = piece.text(), piece.text("start")
    length = piece.text("length")
    if length and not is_plain_number(piece.literal("length"), least=0):
        length = f"case when ({length}) < 0 then 0 else ({length}) end"
    cut = f"substring({value}, {start}, {length})" if length else f"substring({value}, {start})"
    if is_plain_number(piece.literal("start"), least=1):
        return cut
    return f"(case when ({start}) = 0 or abs({start}) > length({value}) then '' else {cut} end)"


def _split_part(piece: Piece) -> str:
    return f"list_extract(str_split({piece.text()}, {piece.text('delimiter')}), {piece.text('part_index')})"


def _pattern(piece: Piece) -> str:
    return _lit(for_re2(piece.node.args["expression"].name))


def _regexp_like(piece: Piece) -> str:
    return f"regexp_matches({piece.text()}, {_pattern(piece)})"


def _regexp_extract(piece: Piece) -> str:
    group = piece.text("group") or "0"
    if group == "0" and never_empty(piece.node.args["expression"].name):
        return f"nullif(regexp_extract({piece.text()}, {_pattern(piece)}, 0), '')"
    return f"(case when {_regexp_like(piece)} then regexp_extract({piece.text()}, {_pattern(piece)}, {group}) end)"


def _regexp_replace(piece: Piece) -> str:
    replacement = piece.literal("replacement")
    text = replacement_for_re2(replacement.name) if replacement is not None else ""
    return f"regexp_replace({piece.text()}, {_pattern(piece)}, {_lit(text)}, 'g')"


def _trunc(piece: Piece) -> str:
    return _kept_as_date(piece, f"date_trunc('{piece.node.text('unit').lower()}', {piece.text()})")


def _kept_as_date(piece: Piece, result: str) -> str:
    return f"cast({result} as date)" if piece.kind() == k.DATE else result


def _date_add(piece: Piece) -> str:
    unit = piece.node.text("unit").lower()
    return _kept_as_date(piece, f"({piece.text()} + interval ({piece.text('expression')}) {unit})")


def _with_interval(piece: Piece) -> str | None:
    if piece.kind() == k.DATE and piece.kind("expression") == k.INTERVAL:
        sign = "+" if isinstance(piece.node, exp.Add) else "-"
        return f"cast(({piece.text()} {sign} {piece.text('expression')}) as date)"
    return None


def _at_time_zone(piece: Piece) -> str:
    return f"((cast({piece.text()} as timestamp) at time zone 'UTC') at time zone {piece.text('zone')})"


def _from_unixtime(piece: Piece) -> str:
    return f"make_timestamp(cast(round(({piece.text()}) * 1000) as bigint) * 1000)"


def _to_unixtime(piece: Piece) -> str:
    return f"epoch(cast({piece.text()} as timestamp))"


def _json_scalar(piece: Piece) -> str:
    path = piece.text("expression")
    value = f"case when json_valid({piece.text()}) then {piece.text()} end"
    scalars = "('VARCHAR', 'BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE', 'BOOLEAN')"
    return f"(case when json_type({value}, {path}) in {scalars} then json_extract_string({value}, {path}) end)"


def _contains(piece: Piece) -> str:
    array, value = piece.text(), piece.text("expression")
    unclear = f"({array}) is null or ({value}) is null or {_has_null(array)}"
    return f"(case when list_contains({array}, {value}) then true when {unclear} then null else false end)"


def _has_null(array: str) -> str:
    return f"len(list_filter({array}, lambda _e: _e is null)) > 0"


def _array_distinct(piece: Piece) -> str:
    array = piece.text()
    return f"list_filter({array}, lambda _e, _i: list_position({array}, _e) = _i)"


def _array_extreme(piece: Piece) -> str:
    name = "list_max" if isinstance(piece.node, exp.ArrayMax) else "list_min"
    return f"(case when {_has_null(piece.text())} then null else {name}({piece.text()}) end)"


def _array_position(piece: Piece) -> str:
    array, value = piece.text(), piece.text("expression")
    found = f"coalesce(list_position({array}, {value}), 0)"
    return f"(case when ({array}) is null or ({value}) is null then null else {found} end)"


def _slice(piece: Piece) -> str:
    start = piece.text("start")
    return f"list_slice({piece.text()}, {start}, {start} + ({piece.text('end')}) - 1)"


def _sequence(piece: Piece) -> str:
    start, end = piece.text("start"), piece.text("end")
    return f"generate_series({start}, {end}, case when ({start}) <= ({end}) then 1 else -1 end)"


def _by_name(piece: Piece) -> str | None:
    if piece.node.name.lower() == "every":
        return f"bool_and({', '.join(piece.sql(argument) for argument in piece.node.expressions)})"
    return None


REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.ApproxDistinct: exact_count,
    exp.Add: _with_interval,
    exp.Anonymous: _by_name,
    exp.ArgMax: lambda piece: f"arg_max_null({piece.text()}, {piece.text('expression')})",
    exp.ArgMin: lambda piece: f"arg_min_null({piece.text()}, {piece.text('expression')})",
    exp.ArrayContains: _contains,
    exp.ArrayDistinct: _array_distinct,
    exp.ArrayMax: _array_extreme,
    exp.ArrayMin: _array_extreme,
    exp.ArrayPosition: _array_position,
    exp.ArraySlice: _slice,
    exp.ArraySort: lambda piece: f"list_sort({piece.text()}, 'ASC', 'NULLS LAST')",
    exp.AtTimeZone: _at_time_zone,
    exp.Cast: _cast,
    exp.Ceil: _whole,
    exp.DateAdd: _date_add,
    exp.DateTrunc: _trunc,  # of a cast to date
    exp.Div: _division,
    exp.Floor: _whole,
    exp.GenerateSeries: _sequence,
    exp.JSONExtractScalar: _json_scalar,
    exp.Mod: _remainder,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpLike: _regexp_like,
    exp.RegexpReplace: _regexp_replace,
    exp.SplitPart: _split_part,
    exp.Sub: _with_interval,
    exp.Substring: _substring,
    exp.TimeToUnix: _to_unixtime,
    exp.TimestampTrunc: _trunc,
    exp.Trim: _trim,
    exp.TryCast: _cast,
    exp.UnixToTime: _from_unixtime,
}
