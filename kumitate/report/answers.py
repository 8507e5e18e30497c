"""What destinations answered: rows they refuse, in their own words, and what platforms counted of what they took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kumitate.activation.destinations.talk import REFUSED_ROW
from kumitate.activation.statements import string
from kumitate.activation.tables import PLATFORM_FIGURES, REJECTED, candidates_table, changes_table
from kumitate.model.step import Query


@dataclass(frozen=True, slots=True)
class Rejection:
    """Rows a destination refuses, in its own words without what is personal in them."""

    reason: str
    message: str
    rows: int
    attempts: int


@dataclass(frozen=True, slots=True)
class PlatformFigure:
    """What a platform told last under one name (`matched`, `match_rate_low`), and how often it has told it."""

    name: str
    value: float
    at: datetime
    reports: int


def rejections() -> Query:
    """Refused rows per sync and reason, and the first key of each."""
    sql = f"""
select
  sync,
  reason,
  count(*) as rows,
  max(attempts) as attempts,
  min(key) as first_key,
  min_by(coalesce(message, ''), key) as message
from {REJECTED}
group by sync, reason
order by 1, 3 desc, 2"""
    return Query("rejections", sql)


def rejected_fields(sync: str, keys: Iterable[str]) -> Query:
    """What was sent for these keys, so that it can be taken out of what the destination said about them."""
    listed = ", ".join(map(string, keys))
    sql = f"""
select key, fields from {candidates_table(sync)} where key in ({listed})
union all
select key, fields from {changes_table(sync)} where key in ({listed})"""
    return Query("rejected_fields", sql)


def failed_requests(run_id: str) -> Query:
    """Requests that a platform had taken, and of which it told in this run that it could do nothing with them."""
    sql = f"""
select sync, count(*) as requests
from {PLATFORM_FIGURES}
where run_id = {string(run_id)} and name = 'failed' and value > 0
group by sync"""
    return Query("failed_requests", sql)


def platform_figures() -> Query:
    """The newest value under each name, per sync."""
    sql = f"""
select
  sync,
  name,
  max_by(value, at) as value,
  max(at) as at,
  count(*) as reports
from {PLATFORM_FIGURES}
where not starts_with(name, {string(REFUSED_ROW)})
group by sync, name
order by 1, 2"""
    return Query("platform_figures", sql)
