"""Arrays: what Athena answers."""

from __future__ import annotations

from harness.parity.case import Case

CASES = (
    Case(
        "cardinality and element_at",
        "select cardinality(a), element_at(a, 1), element_at(a, -1), element_at(a, 9), "
        "cardinality(cast(null as array(varchar))), a[2] from (values array['x', 'y', 'z']) as t(a)",
        [(3, "x", "z", None, None, "y")],
        "functions/array",
    ),
    Case(
        "contains is null where a null might be it",
        "select contains(array[1, 2], 2), contains(array[1, 2], 3), contains(array[1, null], 3), "
        "contains(array[1, null], 1), contains(array[1], x), contains(cast(null as array(integer)), 1)"
        " from (values cast(null as integer)) as t(x)",
        [(True, False, None, True, None, None)],
        "functions/array",
    ),
    Case(
        "array_sort puts nulls last",
        "select array_sort(array[3, null, 1, 2]), array_sort(array['b', 'ア', 'a'])",
        [([1, 2, 3, None], ["a", "b", "ア"])],
        "functions/array",
    ),
    Case(
        "array_distinct keeps first places and one null",
        "select array_distinct(array['b', 'a', null, 'b', null]), cardinality(array_distinct(array[1, 1]))",
        [(["b", "a", None], 1)],
        "functions/array",
    ),
    Case(
        "array_join skips nulls unless told",
        "select array_join(array['a', null, 'b'], ','), array_join(array['a', null, 'b'], ',', '?'), "
        "array_join(array[1, 2], '-')",
        [("a,b", "a,?,b", "1-2")],
        "functions/array",
    ),
    Case(
        "array_agg has its order and its nulls",
        "select array_agg(x order by k desc), array_agg(x order by x), "
        "array_agg(x order by x desc nulls first, k) filter (where k > 1) from (values (1, 'b'), (2, "
        "null), (3, 'a'), (4, 'b')) as t(k, x)",
        [(["b", "a", None, "b"], ["a", "b", "b", None], [None, "b", "a"])],
        "functions/aggregate",
    ),
    Case(
        "array_agg of distinct values",
        "select array_agg(distinct x order by x) from (values 'b', null, 'a', 'b') as t(x)",
        [(["a", "b", None],)],
        "functions/aggregate",
    ),
    Case(
        "array_agg of nothing is null",
        "select array_agg(x order by x), array_agg(x order by x) filter (where x > 5)"
        " from (values 1) as t(x) where x < 5 and x > 0",
        [([1], None)],
        "functions/aggregate",
    ),
    Case(
        "array_agg over no rows is null",
        "select array_agg(x order by x), count(*), sum(x), max(x) from (values 1) as t(x) where x > 1",
        [(None, 0, None, None)],
        "functions/aggregate",
    ),
    Case(
        "array_agg by group",
        "select g, array_join(array_agg(x order by x), ',') from (values (1, 'b'), (2, 'c'), (1, "
        "'a')) as t(g, x) group by g order by g",
        [(1, "a,b"), (2, "c")],
        "functions/aggregate",
    ),
    Case(
        "sorting what array_agg gathered in any order",
        "select array_sort(array_agg(x)), cardinality(array_agg(x)) from (values 3, 1, 2) as t(x)",
        [([1, 2, 3], 3)],
        "functions/aggregate",
    ),
    Case(
        "slice",
        "select slice(a, 1, 2), slice(a, 3, 5), slice(a, 9, 2), slice(array_sort(a), 1, 1)"
        " from (values array['c', 'b', 'a']) as t(a)",
        [(["c", "b"], ["a"], [], ["a"])],
        "functions/array",
    ),
    Case(
        "transform and filter with lambdas",
        "select transform(a, x -> x * 2), filter(a, x -> x > 1), transform(filter(a, "
        "x -> x is not null), x -> x + 1) from (values array[1, 2, null]) as t(a)",
        [([2, 4, None], [2], [2, 3])],
        "functions/lambda",
    ),
    Case(
        "concatenation of arrays",
        "select array[1] || array[2, 3], concat(array['a'], array['b']), array[1] || cast(null as array(integer))",
        [([1, 2, 3], ["a", "b"], None)],
        "functions/array",
    ),
    Case(
        "array_max, array_min and array_position",
        "select array_max(array[1, 3, 2]), array_min(array[1, 3, 2]), array_max(array[1, null]), "
        "array_position(array['a', 'b'], 'b'), array_position(array['a'], 'x')",
        [(3, 1, None, 2, 0)],
        "functions/array",
    ),
    Case(
        "unnest",
        "select k, x from (values ('a', array[1, 2]), ('b', array[]), ('c', null)) as t(k, a)"
        " cross join unnest(a) as u(x) order by k, x",
        [("a", 1), ("a", 2)],
        "sql/select",
    ),
    Case(
        "sequence of integers",
        "select sequence(1, 3), sequence(2, 0), x from unnest(sequence(2, 3)) as t(x) order by x",
        [([1, 2, 3], [2, 1, 0], 2), ([1, 2, 3], [2, 1, 0], 3)],
        "functions/array",
    ),
)
