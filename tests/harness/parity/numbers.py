"""Numbers, casts and nulls: what Athena answers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from harness.parity.case import Case

CASES = (
    Case(
        "division of integers cuts toward zero",
        "select a / b from (values (5, 2), (-5, 2), (5, -2), (0, 3)) as t(a, b) order by a desc, b desc",
        [(2,), (-2,), (0,), (-2,)],
        "functions/math",
    ),
    Case(
        "division of doubles keeps the fraction",
        "select cast(5 as double) / 2, 5 / 2e0",
        [(2.5, 2.5)],
        "functions/math",
    ),
    Case(
        "division of a double by zero is infinite",
        "select 1e0 / x, -1e0 / x, is_nan(0e0 / x) from (values 0e0) as t(x)",
        [(float("inf"), -float("inf"), True)],
        "functions/math",
    ),
    Case(
        "the remainder has the sign of the dividend",
        "select 7 % 3, -7 % 3, 7 % -3, mod(-7, 3)",
        [(1, -1, 1, -1)],
        "functions/math",
    ),
    Case(
        "decimals add and multiply exactly",
        "select sum(x), sum(x) * 3, max(x) + 1 from (values cast(0.1 as decimal(18, 4)), "
        "cast(0.2 as decimal(18, 4))) as t(x)",
        [(Decimal("0.3000"), Decimal("0.9000"), Decimal("1.2000"))],
        "functions/decimal",
    ),
    Case(
        "round goes away from zero at the half",
        "select round(2.5), round(-2.5), round(2.5e0), round(-0.5e0), round(3.5e0)",
        [(Decimal("3"), Decimal("-3"), 3.0, -1.0, 4.0)],
        "functions/math",
    ),
    Case(
        "round keeps decimals",
        "select round(cast(1.2345 as decimal(18, 4)), 2), round(cast(-1.235 as decimal(18, 4)), 2)",
        [(Decimal("1.2300"), Decimal("-1.2400"))],
        "functions/math",
    ),
    Case(
        "round of a double to digits",
        "select round(1.2345e0, 2), round(-1.255e1, 1)",
        [(1.23, -12.6)],
        "functions/math",
    ),
    Case(
        "floor and ceil",
        "select floor(-1.5e0), ceil(-1.5e0), ceiling(1.2e0), floor(7), floor(cast(-1.5 as decimal(18, 4)))",
        [(-2.0, -1.0, 2.0, 7, Decimal("-2"))],
        "functions/math",
    ),
    Case(
        "abs and sign",
        "select abs(-3), abs(-1.5e0), abs(cast(-2.5 as decimal(18, 4)))",
        [(3, 1.5, Decimal("2.5000"))],
        "functions/math",
    ),
    Case(
        "power, sqrt, exp and logarithms are doubles",
        "select power(2, 10), pow(2, -1), sqrt(16), exp(0), ln(1), log10(1000)",
        [(1024.0, 0.5, 4.0, 1.0, 0.0, 3.0)],
        "functions/math",
    ),
    Case(
        "greatest and least are null when an argument is",
        "select greatest(1, 2), least(1, 2), greatest(1, x), least(1, x) from (values cast(null as integer)) as t(x)",
        [(2, 1, None, None)],
        "functions/comparison",
    ),
    Case(
        "bitwise functions",
        "select bitwise_and(12, 10), bitwise_or(12, 10), bitwise_xor(12, 10), bitwise_not(0)",
        [(8, 14, 6, -1)],
        "functions/bitwise",
    ),
    Case(
        "bitwise_and on the widest mask",
        "select bitwise_and(x, 2305843009213693952), bitwise_and(x, 1) from (values 4611686018427387903) as t(x)",
        [(2305843009213693952, 1)],
        "functions/bitwise",
    ),
    Case(
        "sum of integers is a bigint",
        "select sum(x) from (values 2147483647, 2147483647) as t(x)",
        [(4294967294,)],
        "functions/aggregate",
    ),
    Case(
        "avg of integers is a double",
        "select avg(x) from (values 1, 2) as t(x)",
        [(1.5,)],
        "functions/aggregate",
    ),
    Case(
        "a fraction cast to an integer rounds away from zero at the half",
        "select cast(2.5e0 as bigint), cast(-2.5e0 as bigint), cast(1.4e0 as integer), "
        "cast(cast(2.5 as decimal(18, 4)) as bigint)",
        [(3, -3, 1, 3)],
        "functions/conversion",
    ),
    Case(
        "try_cast of text that is no integer is null",
        "select try_cast(x as bigint) from (values ('a', '12'), ('b', '1.5'), ('c', '1e3'), ('d', 'x'), "
        "('e', ''), ('f', '-7'), ('g', '１２'), ('h', '99999999999999999999')) as t(k, x) order by k",
        [(12,), (None,), (None,), (None,), (None,), (-7,), (None,), (None,)],
        "functions/conversion",
    ),
    Case(
        "try_cast of text to other types",
        "select try_cast('1.5' as double), try_cast('x' as double), try_cast('1.25' as decimal(18, 4)), "
        "try_cast('x' as decimal(18, 4)), try_cast('2020-02-30' as date), "
        "try_cast('2020-02-29' as date), try_cast('true' as boolean), try_cast('maybe' as boolean)",
        [(1.5, None, Decimal("1.2500"), None, None, date(2020, 2, 29), True, None)],
        "functions/conversion",
    ),
    Case(
        "cast to text",
        "select cast(42 as varchar), cast(true as varchar), cast(date '2020-01-05' as varchar), "
        "cast(cast(1.5 as decimal(18, 4)) as varchar), cast(cast(0 as decimal(18, 4)) as varchar)",
        [("42", "true", "2020-01-05", "1.5000", "0.0000")],
        "functions/conversion",
    ),
    Case(
        "a timestamp as text always has milliseconds",
        "select cast(timestamp '2020-01-05 00:00:00.000' as varchar), "
        "cast(timestamp '1969-12-31 23:59:59.120' as varchar)",
        [("2020-01-05 00:00:00.000", "1969-12-31 23:59:59.120")],
        "functions/conversion",
    ),
    Case(
        "cast between numbers",
        "select cast(3 as double), cast(1.25e0 as decimal(18, 4)), cast(7 as decimal(18, 4)), "
        "cast(true as bigint), cast(0 as boolean)",
        [(3.0, Decimal("1.2500"), Decimal("7.0000"), 1, False)],
        "functions/conversion",
    ),
    Case(
        "a cast to decimal rounds away from zero at the half",
        "select cast(0.00005 as decimal(18, 4)), cast(-0.00005 as decimal(18, 4)), "
        "cast(cast(2.5 as decimal(18, 4)) as decimal(18, 0))",
        [(Decimal("0.0001"), Decimal("-0.0001"), Decimal("3"))],
        "functions/decimal",
    ),
    Case(
        "cast between dates and timestamps",
        "select cast(timestamp '2020-01-05 23:59:59.999' as date), cast(date '2020-01-05' as timestamp), "
        "date(timestamp '1969-12-31 23:00:00.000')",
        [(date(2020, 1, 5), datetime(2020, 1, 5, 0, 0), date(1969, 12, 31))],
        "functions/conversion",
    ),
    Case(
        "nulls come last in both directions",
        "select x from (values 2, null, 1) as t(x) order by x",
        [(1,), (2,), (None,)],
        "sql/select",
    ),
    Case(
        "nulls come last also when descending",
        "select x from (values 2, null, 1) as t(x) order by x desc",
        [(2,), (1,), (None,)],
        "sql/select",
    ),
    Case(
        "nulls come first when asked",
        "select x from (values 2, null, 1) as t(x) order by x desc nulls first",
        [(None,), (2,), (1,)],
        "sql/select",
    ),
    Case(
        "nulls come last in windows",
        "select x, row_number() over (order by x), row_number() over (order by x desc) from (values 2, "
        "null, 1) as t(x) order by 2",
        [(1, 1, 2), (2, 2, 1), (None, 3, 3)],
        "functions/window",
    ),
    Case(
        "is distinct from treats null as a value",
        "select a is distinct from b, a is not distinct from b from (values (1, null), (null, null), (1, "
        "1)) as t(a, b) order by 1 desc, a",
        [(True, False), (False, True), (False, True)],
        "functions/comparison",
    ),
    Case(
        "three-valued logic",
        "select x = 1, x in (1, 2), x not in (1, null), not (x = 1), coalesce(x, 5), nullif(x, 1)"
        " from (values cast(null as integer)) as t(x)",
        [(None, None, None, None, 5, None)],
        "functions/logical",
    ),
    Case(
        "if and case",
        "select if(x > 1, 'many', 'one'), if(x > 1, 'many'), case x when 1 then 'a' else 'b' end"
        " from (values 1) as t(x)",
        [("one", None, "a")],
        "functions/conditional",
    ),
)
