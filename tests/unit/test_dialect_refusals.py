"""What the laptop cannot answer as Athena does is named, with a way out; what it can is left alone."""

from __future__ import annotations

import pytest

from kumitate.engines.dialect import parse, refused, tables_of, translate
from kumitate.engines.dialect.functions import FUNCTIONS
from kumitate.errors import FatalError
from kumitate.model.table import Table, Type, columns
from kumitate.sql import vocabulary

TYPES = {
    "id": Type.STRING,
    "n": Type.BIGINT,
    "x": Type.DOUBLE,
    "price": Type.DECIMAL,
    "at": Type.TIMESTAMP,
    "day": Type.DATE,
    "tags": Type.STRINGS,
}
ORDERS = Table("clean", "orders", columns(**TYPES))
SCHEMAS = {"clean.orders": ORDERS.schema}

REFUSED = {
    "at >= '2020-01-01'": "timestamp '…'",
    "n in ('1', '2')": "cast one of them",
    "day between '2020-01-01' and '2020-02-01'": "timestamp '…'",
    "price / n": "cast(… as double) / …",
    "price / price": "cast(… as double) / …",
    "avg(price)": "avg(cast(… as double))",
    "approx_distinct(id) over (partition by n)": "group in a subquery",
    "approx_percentile(n, 0.5)": "row_number()",
    "arbitrary(id)": "min(x) or max(x)",
    "current_date": "a run's clock is an argument",
    "now()": "a run's clock is an argument",
    "date_trunc('hour', cast(at as date))": "year, quarter, month, week, day for a date",
    "cast(day at time zone 'Asia/Tokyo' as date)": "a date has no zone",
    "date_diff('hour', at, at)": "compare with a bound",
    "date_diff('day', at, at)": "days between two dates",
    "at - at": "to_unixtime",
    "day - day": "date_diff('day', …)",
    "at at time zone 'Asia/Tokyo'": "cast(… as timestamp)",
    "hour(at at time zone id)": "literal name",
    "from_unixtime(n)": "cast(… as timestamp)",
    "date_parse(id, '%Y')": "cleansing reads dates",
    "date_format(at, '%W')": "the format must be a literal",
    "extract(timezone_hour from at)": "extract takes year",
    "date_trunc('century', at)": "the unit must be",
    "cast(x as varchar)": "cast a number to decimal first",
    "cast(tags as varchar)": "array_join",
    "cast(id as varchar(3))": "substr",
    "cast(id as char(3))": "no such type",
    "cast(id as json)": "no such type",
    "cast(at as timestamp with time zone)": "no such type",
    "cast(id as varbinary)": "to_utf8",
    "try(cast(id as bigint))": "try_cast",
    "regexp_like(id, tags[1])": "must be a literal",
    "regexp_like(id, '(?=a)')": "lookaround",
    "regexp_like(id, 'a++')": "possessive",
    "regexp_like(id, '(a)\\1')": "escapes",
    "regexp_extract(id, '(a)|b', 1)": "left out",
    "regexp_replace(id, 'a', '$x')": "$1 to $9",
    "regexp_replace(id, 'a', id)": "must be a literal",
    "array_agg(id)": "array_agg(x order by …)",
    "array_agg(distinct id order by n)": "ordered by themselves",
    "array_agg(id order by id) over ()": "window",
    "array_sort(tags, (a, b) -> 1)": "no comparison",
    "slice(tags, -1, 1)": "from 1 on",
    "any_match(tags, t -> t = 'a')": "cardinality(filter(",
    "json_extract(id, '$.a')": "json_extract_scalar",
    "map_agg(id, n)": "group into rows",
    "listagg(id, ',') within group (order by id)": "array_join(array_agg",
    "max_by(id, n, 2)": "one value at a time",
    "row(id, n)": "breaks ties",
    "rand()": "do not answer rand alike",
    "sum(n) over (order by n range between 1 preceding and current row)": "counted in rows",
    "lag(n) ignore nulls over (order by n)": "filter nulls out",
    "n > all (select n from clean.orders)": "min or max",
    "n = ?": "nothing to bind",
    "split(id, ',', 2)": "no limit",
}


@pytest.mark.parametrize("piece", REFUSED)
def test_what_would_differ_is_refused_with_a_way_out(piece: str) -> None:
    found = refused(f"select {piece} as y from clean.orders", SCHEMAS)
    assert REFUSED[piece] in "; ".join(map(str, found))


@pytest.mark.parametrize(
    "tail",
    [
        "clean.orders tablesample bernoulli (10)",
        "clean.orders for version as of 1",
        "clean.orders cross join unnest(tags) with ordinality as t(tag, i)",
        "clean.orders cross join unnest(tags)",
        "clean.orders left join unnest(tags) as t(tag) on true",
        "clean.orders natural join clean.orders as o",
        "clean.orders cross join lateral (select 1 as y) as t",
        "clean.orders fetch first 1 rows with ties",
    ],
)
def test_shapes_that_differ_are_refused(tail: str) -> None:
    assert refused(f"select n from {tail}", SCHEMAS) != ()


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("from clean.orders", "begin with select"),
        ("select id from (from clean.orders) as t", "begin with select"),
        ("select id, count(*) from clean.orders group by all", "group by 1, 2"),
        ("select id from clean.orders limit 5 offset 1", "offset 1 limit 5"),
        ("select id from clean.orders limit 1 + 1", "a whole number"),
        ("select id || 1 as y from clean.orders", "cast(… as varchar)"),
        ("select concat(id, n) as y from clean.orders", "cast(… as varchar)"),
        ("select id::bigint as y from clean.orders", "cast(… as …)"),
        ("select id from clean.orders where id ilike 'a%'", "lower(…) like"),
    ],
)
def test_what_athena_would_not_read_is_refused(sql: str, why: str) -> None:
    assert [why in str(refusal) for refusal in refused(sql, SCHEMAS)] == [True]


def test_arrays_are_joined_with_their_like() -> None:
    assert refused("select tags || array['a'] || 'b' as y from clean.orders", SCHEMAS) == ()


def test_a_recursive_query_is_refused() -> None:
    assert refused("with recursive r as (select 1 as n union all select n + 1 from r) select n from r", SCHEMAS) != ()


@pytest.mark.parametrize(
    "piece",
    [
        "n / 2",
        "at >= timestamp '2020-01-01 00:00:00.000' and day = date '2020-01-01' and id in ('1', null) and n > 1.5",
        "x / n",
        "cast(price as double) / n",
        "cast(at as varchar)",
        "cast(price as varchar)",
        "avg(n)",
        "round(x, 2)",
        "cast(at at time zone 'Asia/Tokyo' as date)",
        "date_trunc('month', cast(at at time zone 'Asia/Tokyo' as date)) - interval '1' day",
        "approx_distinct(id)",
        "day - interval '1' day",
        "at - interval '1' hour",
        "tags[1]",
        "date_diff('day', day, cast(at as date))",
        "max_by(id, row(at, id))",
        "regexp_like(id, '^\\d{3}-\\d{4}$')",
        "array_sort(array_agg(id))",
        "cardinality(filter(tags, t -> t = 'a')) > 0",
        "sum(n) filter (where x > 1)",
    ],
)
def test_what_is_the_same_everywhere_is_not_refused(piece: str) -> None:
    assert refused(f"select {piece} as y from clean.orders", SCHEMAS) == ()


def test_kinds_pass_through_subqueries_and_unions() -> None:
    inner = "select n as m from clean.orders union all select n + 1 from clean.orders"
    assert refused(f"select m / 2 as y from ({inner}) as u", SCHEMAS) == ()
    assert refused(f"select m / 2 as y from ({inner} union all select price from clean.orders) as u", SCHEMAS) != ()


def test_without_schemas_only_what_is_sure_is_refused() -> None:
    assert refused("select n / 2 as y, cast(id as bigint) as z from clean.orders") == ()
    assert refused("select arbitrary(id) as y from clean.orders") != ()


def test_everything_is_refused_at_once_and_each_thing_once() -> None:
    found = refused("select now() as a, now() as b, rand() as c from clean.orders", SCHEMAS)
    assert len(found) == 2


def test_translating_what_is_refused_stops_with_its_name() -> None:
    with pytest.raises(FatalError, match=r"^traits.best: the laptop cannot answer this .*min\(x\) or max\(x\)"):
        translate("select arbitrary(id) as y from clean.orders", "duckdb", SCHEMAS, where="traits.best")


@pytest.mark.parametrize(
    "sql",
    [
        "insert into a.b select 1",
        "select 1; select 2",
        "drop table a.b",
        "select from",
        "",
        "select (1",
        "show tables",
        "select 1; show x",
    ],
)
def test_only_one_reading_statement_is_taken(sql: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(FatalError, match="must be one Athena query"):
        parse(sql)
    assert caplog.messages == []


def test_tables_are_found_wherever_they_are_read() -> None:
    sql = """
        with a as (select n from clean.orders)
        select n from a where n in (select n from Raw.Orders) union select n from clean.returns as a
    """
    assert tables_of(parse(sql)) == ("clean.orders", "clean.returns", "raw.orders")


def test_a_table_needs_its_database() -> None:
    with pytest.raises(FatalError, match=r"orders names no database; write database\.table"):
        tables_of(parse("select n from orders"))


@pytest.mark.parametrize("function", ["read_csv", "read_parquet", "glob_files"])
def test_table_functions_are_not_read(function: str) -> None:
    with pytest.raises(FatalError, match=f"^query: {function}: table functions are not read here"):
        tables_of(parse(f"select * from {function}('/etc/passwd')"))


def test_every_function_of_compiled_sql_is_allowed() -> None:
    assert sorted(vocabulary.FUNCTIONS - FUNCTIONS.keys()) == []


def test_columns_without_a_name_are_called_as_athena_calls_them() -> None:
    sql = translate("select count(*), N, sum(n) as Total from clean.orders group by n", "duckdb", SCHEMAS)
    assert sql == "SELECT COUNT(*) AS _col0, n, SUM(n) AS total FROM clean.orders GROUP BY n"


def test_values_stay_bound_when_quotes_are_in_them() -> None:
    sql = "select id from clean.orders where id = 'it''s \\ \"x\"; drop table y'"
    assert translate(sql, "duckdb", SCHEMAS).endswith("""WHERE id = 'it''s \\ "x"; drop table y'""")
    assert translate(sql, "spark", SCHEMAS).endswith("""WHERE id = 'it\\'s \\\\ "x"; drop table y'""")
