"""Aggregates, windows and the shapes of queries: what Athena answers."""

from __future__ import annotations

from harness.parity.case import Case

CASES = (
    Case(
        "count leaves out nulls",
        "select count(*), count(x), count(distinct x), count_if(x > 1), count(*) filter (where x = 1)"
        " from (values 1, 2, 2, null) as t(x)",
        [(4, 3, 2, 2, 1)],
        "functions/aggregate",
    ),
    Case(
        "approx_distinct is exact here",
        "select approx_distinct(x), approx_distinct(x, 0.01), approx_distinct(x) filter (where x > 1)"
        " from (values 1, 2, 2, 3, null) as t(x)",
        [(3, 3, 2)],
        "functions/aggregate",
    ),
    Case(
        "sums with filter over nothing are null",
        "select sum(x) filter (where x > 9), count(x) filter (where x > 9), max(x) filter (where x > 9), "
        "sum(distinct x) from (values 1, 2, 2) as t(x)",
        [(None, 0, None, 3)],
        "functions/aggregate",
    ),
    Case(
        "bool_and, bool_or and every",
        "select bool_and(x), bool_or(x), every(x), bool_or(x) filter (where x is null)"
        " from (values true, false, null) as t(x)",
        [(False, True, False, None)],
        "functions/aggregate",
    ),
    Case(
        "max_by and min_by take the row even where its value is null",
        "select max_by(x, y), min_by(x, y), max_by(y, x) from (values (null, 9), ('a', 1), ('b', null)) as t(x, y)",
        [(None, "a", None)],
        "functions/aggregate",
    ),
    Case(
        "a row breaks ties",
        "select max_by(x, row(y, x)), min_by(x, row(y, x)) from (values ('a', 1), ('b', 2), ('c', 2), "
        "('d', 1)) as t(x, y)",
        [("c", "a")],
        "functions/aggregate",
    ),
    Case(
        "grouping sets and rollup",
        "select a, b, sum(x) from (values ('p', 'q', 1), ('p', 'r', 2)) as t(a, b, x)"
        " group by rollup (a, b) order by a, b",
        [("p", "q", 1), ("p", "r", 2), ("p", None, 3), (None, None, 3)],
        "sql/select",
    ),
    Case(
        "nulls form one group",
        "select x, count(*) from (values null, 1, null) as t(x) group by x order by x",
        [(1, 1), (None, 2)],
        "sql/select",
    ),
    Case(
        "having",
        "select g, count(*) from (values 'a', 'a', 'b') as t(g) group by g having count(*) > 1",
        [("a", 2)],
        "sql/select",
    ),
    Case(
        "ranks",
        "select x, rank() over (order by x), dense_rank() over (order by x), "
        "row_number() over (order by x, k), ntile(2) over (order by x, k), "
        "percent_rank() over (order by x), cume_dist() over (order by x) from (values (1, 10), (2, 10), "
        "(3, 20)) as t(k, x) order by k",
        [(10, 1, 1, 1, 1, 0.0, 2 / 3), (10, 1, 1, 2, 1, 0.0, 2 / 3), (20, 3, 2, 3, 2, 1.0, 1.0)],
        "functions/window",
    ),
    Case(
        "lag and lead",
        "select lag(x) over (order by x), lead(x) over (order by x), lag(x, 2, 0) over (order by x)"
        " from (values 1, 2, 3) as t(x) order by x",
        [(None, 2, 0), (1, 3, 0), (2, None, 1)],
        "functions/window",
    ),
    Case(
        "a frame of rows",
        "select sum(x) over (order by x rows between 1 preceding and current row), count(*) over (), "
        "first_value(x) over (order by x), "
        "last_value(x) over (order by x rows between unbounded preceding and unbounded following)"
        " from (values 1, 2, 3) as t(x) order by x",
        [(1, 3, 1, 3), (3, 3, 1, 3), (5, 3, 1, 3)],
        "functions/window",
    ),
    Case(
        "nth_value counts within the frame",
        "select nth_value(x, 2) over (order by x rows between unbounded preceding and unbounded following), "
        "nth_value(x, 2) over (order by x) from (values 1, 2) as t(x) order by x",
        [(2, None), (2, 2)],
        "functions/window",
    ),
    Case(
        "the default frame takes in peers",
        "select sum(x) over (order by k) from (values (1, 1), (1, 2), (2, 4)) as t(k, x) order by k, x",
        [(3,), (3,), (7,)],
        "functions/window",
    ),
    Case(
        "set operations",
        "(select 1 as x union select 1 union all select 2) except select 3 intersect select 3 order by x",
        [(1,), (2,)],
        "sql/select",
    ),
    Case(
        "common table expressions and joins",
        "with a as (select * from (values 1, 2) as t(x)), b as (select x, 'b' as s from a"
        " where x > 1) select a.x, b.s from a left join b on a.x = b.x order by a.x",
        [(1, None), (2, "b")],
        "sql/select",
    ),
    Case(
        "a left join on a right side's null finds who has no such row",
        "with a as (select * from (values 1, 2, 3) as t(x)),"
        " b as (select * from (values (1, 'p'), (2, null)) as t(x, y)),"
        " c as (select x, max(y) as y from b group by x)"
        " select a.x from a left join c on c.x = a.x and c.y is null where c.x is null order by a.x",
        [(1,), (3,)],
        "sql/select",
    ),
    Case(
        "a left join on a window's null finds who has no such row",
        "with a as (select * from (values 1, 2, 3) as t(x)),"
        " b as (select * from (values (1, 'p'), (2, null)) as t(x, y)),"
        " c as (select x, y, row_number() over (partition by x order by y) as place from b)"
        " select a.x from a left join c on c.x = a.x and c.place = 1 and c.y is null where c.x is null order by a.x",
        [(1,), (3,)],
        "sql/select",
    ),
    Case(
        "a full join with using",
        "select x, a.y, b.z from (values (1, 'p')) as a(x, y) full join (values (2, 'q')) as b(x, "
        "z) using (x) order by x",
        [(1, "p", None), (2, None, "q")],
        "sql/select",
    ),
    Case(
        "subqueries",
        "select x from (values 1, 2, 3) as t(x) where x in (select y from (values 2, 3) as u(y))"
        " and not exists (select 1 from (values 3) as v(z) where v.z = t.x) and x > (select min(w)"
        " from (values 0) as w(w))",
        [(2,)],
        "sql/select",
    ),
    Case(
        "offset and limit",
        "select x from (values 1, 2, 3, 4) as t(x) order by x offset 1 limit 2",
        [(2,), (3,)],
        "sql/select",
    ),
    Case(
        "group by ordinal",
        "select x + 1, count(*) from (values 1, 1) as t(x) group by 1",
        [(2, 2)],
        "sql/select",
    ),
    Case(
        "quotes and backslashes stay as they are",
        "select 'it''s', 'a\\nb', '%', '\"'",
        [("it's", "a\\nb", "%", '"')],
        "language/types",
    ),
    Case(
        "between, in and not",
        "select 2 between 1 and 3, 4 not between 1 and 3, 'a' in ('a', 'b'), not true",
        [(True, True, True, False)],
        "functions/comparison",
    ),
)
