"""A name is resolved as Athena resolves it: by the sources of its query, and by aliases only in order by."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from kumitate.cli.plans import every_query, laptop_refusals
from kumitate.engines.dialect import refused, translate
from kumitate.errors import FatalError
from kumitate.project import open_project

SCHEMAS = {
    "clean.orders": pa.schema([("id", pa.string()), ("n", pa.int64()), ("tags", pa.list_(pa.string()))]),
    "clean.people": pa.schema([("id", pa.string()), ("name", pa.string())]),
}
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "sql",
    [
        "select n as q from clean.orders where q > 5",
        "select n as q, q + 1 as r from clean.orders",
        "select n + 1 as q, count(*) from clean.orders group by q",
        "select id, count(*) as q from clean.orders group by id having q > 1",
        "select n as q, row_number() over (order by q) from clean.orders",
        "select n as q from clean.orders where exists (select 1 from clean.people where name = cast(q as varchar))",
    ],
)
def test_an_alias_is_seen_in_order_by_only(sql: str) -> None:
    assert [str(refusal).split(";")[0] for refusal in refused(sql, SCHEMAS)] == [
        "q: Athena does not see an alias here, only in order by"
    ]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select nam from clean.people", "nam: no such column in clean.people; did you mean name?"),
        ("select o.name from clean.orders as o", "o.name: no such column in clean.orders"),
        (
            "select nme from clean.orders join clean.people using (id)",
            "nme: no such column in clean.orders, clean.people; did you mean name?",
        ),
        ("select orders.id from clean.orders as o", "orders.id: nothing is called orders here"),
        ("select m from (select n from clean.orders) as t", "m: no such column in t"),
        ("select t.x from clean.orders, (select orders.id as x) as t", "orders.id: nothing is called orders here"),
        ("select id from clean.orders union select n from clean.people", "n: no such column in clean.people"),
    ],
)
def test_an_unknown_column_is_named_with_where_it_could_be(sql: str, message: str) -> None:
    assert list(map(str, refused(sql, SCHEMAS))) == [message]


def test_a_misspelt_column_stops_before_an_engine_is_asked() -> None:
    with pytest.raises(
        FatalError, match=r"^query: Athena would not take this\. nam: no such column in clean\.people; did"
    ):
        translate("select nam from clean.people", "duckdb", SCHEMAS)


@pytest.mark.parametrize(
    "sql",
    [
        "select n as q from clean.orders order by q + 1, q desc",
        "select 'x' as id from clean.orders where id = 'a'",
        "select id, count(*) from clean.orders group by 1 order by count(*)",
        "select transform(tags, t -> upper(t)) as x from clean.orders",
        "select o.id, tag from clean.orders as o cross join unnest(o.tags) as t(tag) where t.tag > 'a'",
        "select id from clean.orders as o where exists (select 1 from clean.people as p where p.id = o.id and n > 1)",
        "select id, name, n from clean.orders join clean.people using (id)",
        "with r as (select * from clean.orders) select n from r as s where S.N > 1",
        "with a(k) as (select id from clean.orders), b as (select k from a) select k from b",
        "select clean.orders.id from clean.orders",
        "select a.x, y from (values (1, 2)) as a(x, y)",
        "(select id as z from clean.orders) union all (select name from clean.people) order by z",
        "select z, n from (select o.*, 1 as z from clean.orders as o) as t where n = z order by id",
        "select u.k from (select id as k from clean.orders union select name from clean.people) as u where k > 'a'",
        "select anything from clean.unheard_of, clean.orders",
    ],
)
def test_names_that_resolve_are_left_alone(sql: str) -> None:
    assert refused(sql, SCHEMAS) == ()


def test_without_schemas_no_name_is_judged() -> None:
    assert refused("select n as q from clean.orders where q > 5") == ()


@pytest.mark.parametrize("project", ["tests/golden/boulangerie", "tests/projects/tea_shop"])
def test_every_query_of_a_project_is_accepted(project: str) -> None:
    config = open_project(ROOT / project).config
    assert laptop_refusals(config, every_query(config)) == ()
