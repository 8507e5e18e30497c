"""How this run's rows are held against those of the runs before: the SQL of volume and of drift.

A run without new rows finds nothing. What the last delivery was found to be then stands, or a held run would be let
go by merely running again.
"""

from __future__ import annotations

RATIO = """
select
    case
        when max(now_rows) > 0 and max(before_rows) > 0
            then cast(max(now_rows) as double) * cast(max(runs) as double) / cast(max(before_rows) as double)
    end as found
from volume_rows
cross join (select count(*) as runs from volume_past) as earlier"""
"""This run's rows in units of the mean of the runs before; null where either has none."""

DISTANCE = """
select
    case
        when sum(distance) > sum(chance) then sum(distance) - sum(chance)
        when count(*) > 0 then 0.0e0
    end as found
from (
    select
        abs(now_rows / now_total - before_rows / before_total) / 2.0e0 as distance,
        0.3989e0 * power(pooled * (1.0e0 - pooled) * (1.0e0 / now_total + 1.0e0 / before_total), 0.5e0) as chance
    from (
        select
            cast(r.now_rows as double) as now_rows,
            cast(r.before_rows as double) as before_rows,
            cast(t.now_total as double) as now_total,
            cast(t.before_total as double) as before_total,
            cast(r.now_rows + r.before_rows as double) / cast(t.now_total + t.before_total as double) as pooled
        from {rows} as r
        cross join (select sum(now_rows) as now_total, sum(before_rows) as before_total from {rows}) as t
        where t.now_total > 0 and t.before_total > 0
    ) as shares
) as distances"""
"""Half the sum of how far each value's share is from before (total variation), less what chance explains: two draws
of n and m rows differ in a share p by sqrt(2 / pi * p * (1 - p) * (1 / n + 1 / m)) on average; half of sqrt(2 / pi)
is 0.3989. Null where there is nothing now, or was nothing before.
"""


STANDING = """
select coalesce(this_run.found, standing.found) as found
from ({found}) as this_run
cross join (
    select max(found) as found
    from {results}
    where {rule} and {stands} and run_id in (select max(run_id) from {results} where {rule} and run_id < {run})
) as standing"""
"""What this run finds; where that is nothing, what the newest verdict before it found, where that stands."""
