"""A column's kind is that of the table or subquery it comes from, whatever else bears its name."""

import pyarrow as pa
import pytest
from sqlglot import exp

from kumitate.engines.dialect.kinds import Kinds
from kumitate.engines.dialect.translation import parse

SCHEMAS = {
    "clean.a": pa.schema([("value", pa.int64()), ("born", pa.date32())]),
    "clean.b": pa.schema([("value", pa.string())]),
}


def kind_of_first(sql: str) -> str:
    query = parse(sql)
    return Kinds(query, SCHEMAS).of(query.selects[0])


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select a.value from clean.a as a join clean.b as b on b.value = 'x'", "integer"),
        ("select b.value from clean.a as a join clean.b as b on b.value = 'x'", "varchar"),
        ("select value from clean.b where exists (select 1 from clean.a where value = 1)", "varchar"),
        ("with x as (select born as value from clean.a) select value from x join clean.b as b on true", "unknown"),
        ("with x as (select born as value from clean.a) select x.value from x join clean.b as b on true", "date"),
        ("select x.value from (select max(value) as value from clean.a) as x", "integer"),
        ("select x.n from (select value from clean.b) as x(n)", "varchar"),
        ("with x as (select value from clean.a union all select 2.5 as value) select value from x", "unknown"),
        ("with x as (select value from clean.a union all select 2 as v) select value from x", "integer"),
        ("with x as (select * from clean.b) select value from x", "varchar"),
        ("select (select born from clean.a where a.value = length(b.value)) from clean.b as b", "date"),
        ("select element from clean.b cross join unnest(array[1, 2]) as t(element)", "integer"),
    ],
)
def test_the_kind_follows_the_column(sql: str, kind: str) -> None:
    assert kind_of_first(sql) == kind


def test_every_column_of_a_query_has_an_origin_in_its_own_scope() -> None:
    query = parse(
        "with x as (select value, count(*) as n from clean.b group by value) select value, n from x order by n"
    )
    kinds = Kinds(query, SCHEMAS)
    assert {column.name: kinds.of(column) for column in query.find_all(exp.Column)} == {
        "value": "varchar",
        "n": "integer",
    }
