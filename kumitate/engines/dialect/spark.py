"""Spark's way to Athena's answers, where sqlglot's differs; the session is ANSI, in UTC, timestamps without zone."""

from __future__ import annotations

from sqlglot import exp

from kumitate.engines.dialect import kinds as k
from kumitate.engines.dialect.patterns import for_java
from kumitate.engines.dialect.rewriting import Piece, Rewrite, is_plain_number, quoted
from kumitate.engines.dialect.shapes import WHITE_SPACE, CastOfText, exact_count


def _lit(text: str) -> str:
    return quoted(text, "spark")


_TEXT = CastOfText(
    "timestamp_ntz",
    "raise_error",
    lambda value, shape: f"({value}) rlike {_lit(f'^(?:{shape})' + chr(92) + 'z')}",
)


def _division(piece: Piece) -> str | None:
    left, right = piece.text(), piece.text("expression")
    if piece.kind() == piece.kind("expression") == k.INTEGER:
        return f"(({left}) div ({right}))"
    if k.DOUBLE not in (piece.kind(), piece.kind("expression")):
        return None
    left, right = f"cast({left} as double)", f"cast({right} as double)"
    if is_plain_number(piece.literal("expression"), least=1):
        return f"({left} / {right})"
    return f"(case when {right} = 0 then {left} * double('Infinity') else {left} / {right} end)"


def _whole(piece: Piece) -> str | None:
    if piece.kind() == k.DOUBLE:
        return f"cast({type(piece.node).key}({piece.text()}) as double)"
    return piece.text() if piece.kind() == k.INTEGER else None


def _round(piece: Piece) -> str | None:
    if piece.kind() == k.DOUBLE and piece.text("decimals"):
        factor = f"power(10D, {piece.text('decimals')})"
        return f"(round({piece.text()} * {factor}) / {factor})"
    return None


def _cast(piece: Piece) -> str | None:
    wanted = k.of_data_type(piece.node.args["to"])
    given, value = piece.kind(), piece.text()
    if wanted == k.INTEGER and given in (k.DOUBLE, k.DECIMAL):
        return _TEXT.as_type(piece, f"round({value})")
    if wanted == k.STRING and given == k.TIMESTAMP:
        return f"date_format({value}, 'yyyy-MM-dd HH:mm:ss.SSS')"
    if given == k.STRING and (piece.literal("this") is None or isinstance(piece.node, exp.TryCast)):
        return _TEXT(piece, wanted)
    return _TEXT.as_type(piece, value) if wanted == k.TIMESTAMP else None


def _extreme(piece: Piece) -> str:
    values = [piece.text(), *map(piece.sql, piece.node.expressions)]
    unclear = " or ".join(f"({value}) is null" for value in values)
    return f"(case when {unclear} then null else {type(piece.node).key}({', '.join(values)}) end)"


def _if(piece: Piece) -> str | None:
    if isinstance(piece.node.parent, exp.Case):  # a branch
        return None
    return f"if({piece.text()}, {piece.text('true')}, {piece.text('false') or 'null'})"


def _trim(piece: Piece) -> str:
    side = str(piece.node.args.get("position") or "BOTH").lower()
    return f"trim({side} {piece.text('expression') or _lit(WHITE_SPACE)} from {piece.text()})"


def _substring(piece: Piece) -> str:
    value, start = piece.text(), piece.text("start")
    rest = f", {piece.text('length')}" if piece.text("length") else ""
    cut = f"substring({value}, {start}{rest})"
    if is_plain_number(piece.literal("start"), least=1):
        return cut
    return f"(case when ({start}) = 0 or abs({start}) > length({value}) then '' else {cut} end)"


def _split_part(piece: Piece) -> str:
    parts = f"split({piece.text()}, concat('\\\\Q', {piece.text('delimiter')}, '\\\\E'))"
    return f"get({parts}, ({piece.text('part_index')}) - 1)"


def _like(piece: Piece) -> str | None:
    """A backslash means itself, unless `escape` names it."""
    if isinstance(piece.node.parent, exp.Escape):
        return None
    pattern = f"replace({piece.text('expression')}, {_lit(chr(92))}, {_lit(chr(92) * 2)})"
    return f"({piece.text()} {'not like' if piece.node.args.get('negate') else 'like'} {pattern})"


def _pattern(piece: Piece) -> str:
    return _lit(for_java(piece.node.args["expression"].name))


def _regexp_like(piece: Piece) -> str:
    return f"({piece.text()} rlike {_pattern(piece)})"


def _regexp_extract(piece: Piece) -> str:
    group = piece.text("group") or "0"
    return f"(case when {_regexp_like(piece)} then regexp_extract({piece.text()}, {_pattern(piece)}, {group}) end)"


def _regexp_replace(piece: Piece) -> str:
    replacement = piece.literal("replacement")
    return f"regexp_replace({piece.text()}, {_pattern(piece)}, {_lit(replacement.name if replacement else '')})"


def _trunc(piece: Piece) -> str:
    result = f"date_trunc('{piece.node.text('unit')}', {piece.text()})"
    return f"cast({result} as {'date' if piece.kind() == k.DATE else 'timestamp_ntz'})"


_DAYS = {"DAY": 1, "WEEK": 7}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _date_add(piece: Piece) -> str:
    unit, value, count = piece.node.text("unit").upper(), piece.text(), f"cast({piece.text('expression')} as int)"
    if piece.kind() == k.DATE and unit in _DAYS:
        return f"date_add({value}, {count} * {_DAYS[unit]})"
    if piece.kind() == k.DATE and unit in _MONTHS:
        return f"add_months({value}, {count} * {_MONTHS[unit]})"
    return f"timestampadd({unit}, {count}, {value})"


def _at_time_zone(piece: Piece) -> str:
    return f"convert_timezone('UTC', {piece.text('zone')}, cast({piece.text()} as timestamp_ntz))"


def _from_unixtime(piece: Piece) -> str:
    return f"cast(timestamp_millis(cast(round(({piece.text()}) * 1000) as bigint)) as timestamp_ntz)"


def _to_unixtime(piece: Piece) -> str:
    return f"(cast(unix_micros(cast({piece.text()} as timestamp_ltz)) as double) / 1000000)"


def _json_scalar(piece: Piece) -> str:
    value, path = piece.text(), piece.text("expression")
    kind = f"schema_of_variant(variant_get(try_parse_json({value}), {path}, 'variant'))"
    return f"(case when {kind} not rlike '^(OBJECT|ARRAY|VOID)' then get_json_object({value}, {path}) end)"


def _array_extreme(piece: Piece) -> str:
    name = "array_max" if isinstance(piece.node, exp.ArrayMax) else "array_min"
    return f"(case when exists({piece.text()}, _e -> _e is null) then null else {name}({piece.text()}) end)"


def _array_join(piece: Piece) -> str:
    array = piece.text() if k.element(piece.kind()) == k.STRING else f"cast({piece.text()} as array<string>)"
    null = f", {piece.text('null')}" if piece.text("null") else ""
    return f"array_join({array}, {piece.text('expression')}{null})"


def _array_agg(piece: Piece) -> str | None:
    return None if isinstance(piece.node.parent, exp.Filter) else _gathered(piece, piece.node, "")


def _filtered(piece: Piece) -> str | None:
    if not isinstance(piece.node.this, exp.ArrayAgg):
        return None
    return _gathered(piece, piece.node.this, f" filter ({piece.text('expression')})")


def _gathered(piece: Piece, node: exp.Expr, condition: str) -> str:
    """`array_agg`, which keeps nulls and its order and is null for no rows; `collect_list` does none of it."""
    ordered = node.this if isinstance(node.this, exp.Order) else None
    value = ordered.this if ordered is not None else node.this
    distinct = isinstance(value, exp.Distinct)
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    keys = ordered.expressions if ordered is not None else []
    fields = [f"{piece.sql(value)} as v", *(f"{piece.sql(key.this)} as k{n}" for n, key in enumerate(keys))]
    items = f"{'collect_set' if distinct else 'collect_list'}(struct({', '.join(fields)})){condition}"
    sorted_items = f"array_sort({items}, (l, r) -> {_comparison(keys)})" if keys else items
    return f"(case when size({items}) > 0 then transform({sorted_items}, _e -> _e.v) end)"


def _comparison(keys: list[exp.Expr], number: int = 0) -> str:
    if number == len(keys):
        return "0"
    key = keys[number]
    left, right = f"l.k{number}", f"r.k{number}"
    first, last = ("-1", "1") if not key.args.get("desc") else ("1", "-1")
    null_left, null_right = ("-1", "1") if key.args.get("nulls_first") else ("1", "-1")
    return (
        f"case when {left} <=> {right} then {_comparison(keys, number + 1)} "
        f"when {left} is null then {null_left} when {right} is null then {null_right} "
        f"when {left} < {right} then {first} else {last} end"
    )


REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.ApproxDistinct: exact_count,
    exp.ArrayAgg: _array_agg,
    exp.ArrayMax: _array_extreme,
    exp.ArrayMin: _array_extreme,
    exp.ArraySort: lambda piece: f"array_sort({piece.text()})",
    exp.ArrayToString: _array_join,
    exp.AtTimeZone: _at_time_zone,
    exp.Cast: _cast,
    exp.Ceil: _whole,
    exp.DateAdd: _date_add,
    exp.DateTrunc: _trunc,  # of a cast to date
    exp.DayOfWeekIso: lambda piece: f"(weekday({piece.text()}) + 1)",
    exp.Div: _division,
    exp.Filter: _filtered,
    exp.Floor: _whole,
    exp.Greatest: _extreme,
    exp.If: _if,
    exp.JSONExtractScalar: _json_scalar,
    exp.Least: _extreme,
    exp.Like: _like,
    exp.Log: lambda piece: f"log10({piece.text('expression')})" if piece.text() == "10" else None,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpLike: _regexp_like,
    exp.RegexpReplace: _regexp_replace,
    exp.Round: _round,
    exp.SHA2Digest: lambda piece: f"unhex(sha2({piece.text()}, 256))",
    exp.SplitPart: _split_part,
    exp.Substring: _substring,
    exp.TimeToUnix: _to_unixtime,
    exp.TimestampTrunc: _trunc,
    exp.Trim: _trim,
    exp.TryCast: _cast,
    exp.UnixToTime: _from_unixtime,
}
