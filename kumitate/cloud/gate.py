"""The quality gate: whether a run may be activated, judged by what the lake says of it.

Everything is counted since the last run that was activated, not since the run before: a fault that held one run holds
the next ones too, until the data or the limits are mended. Where nothing has arrived and nobody was known, as on
the day of the first deployment, there is nothing to judge: such a run ends without being activated or held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kumitate.errors import FatalError
from kumitate.ingest.delivery import REPLAY_PREFIX
from kumitate.model.step import Query
from kumitate.quality.verdict import failed, failed_query

_RUN = re.compile(r"r\d{6,}")
DATABASES = {each: each for each in ("activation", "curated", "quarantine", "raw")}
"""Database of the lake -> its name; the account has names of its own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`gate:` of the environment."""

    max_quarantined_percent: float
    max_profile_drop_percent: float
    min_profiles: int

    @classmethod
    def from_json(cls, text: str) -> Limits:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the lake says: rows since the last activated run, profiles now and after that run."""

    rows_in: int
    quarantined: int
    profiles: int
    profiles_before: int


_NOTHING = Figures(rows_in=0, quarantined=0, profiles=0, profiles_before=0)


@dataclass(frozen=True, slots=True)
class Finding:
    """A limit that the run is beyond: of the environment's gate, or a quality rule of the project."""

    rule: str
    limit: float
    found: float


class Asking(Protocol):
    """Answers a query with rows."""

    def ask(self, query: Query) -> Iterator[Mapping[str, Any]]: ...


def verdict(
    run_id: str,
    engine: Asking,
    limits: Limits,
    *,
    databases: Mapping[str, str] = DATABASES,
    results: Sequence[str] = (),
) -> dict[str, Any]:
    """`{"verdict": "pass" | "hold" | "empty", "findings": […]}`, as the state machine takes it; `results` are the
    tables in which quality rules left their verdicts.
    """
    row = next(iter(engine.ask(figures_query(run_id, databases))))
    figures = Figures(**{name: int(value) for name, value in row.items()})
    if figures == _NOTHING:
        return {"verdict": "empty", "findings": []}
    return _answer((*judged(figures, limits), *rules_failed(engine, results, databases=databases)))


def stopped(engine: Asking, results: Sequence[str], *, databases: Mapping[str, str] = DATABASES) -> dict[str, Any]:
    """The same before persons are looked for: only what quality rules of level `stop` found."""
    return _answer(rules_failed(engine, results, databases=databases, levels=("stop",)))


def rules_failed(
    engine: Asking,
    results: Sequence[str],
    *,
    databases: Mapping[str, str] = DATABASES,
    levels: Sequence[str] = ("hold", "stop"),
) -> tuple[Finding, ...]:
    """Quality rules that the newest judged run did not pass: what held a run holds a sync's own schedule, too."""
    found = []
    for table in results:
        database, _, name = table.partition(".")
        rows = engine.ask(failed_query(f"{databases[database]}.{name}"))
        found += [each for each in failed(rows) if each.level in levels]
    return tuple(Finding(each.called, each.threshold, each.found or 0.0) for each in found)


def _answer(found: Sequence[Finding]) -> dict[str, Any]:
    return {"verdict": "hold" if found else "pass", "findings": [asdict(finding) for finding in found]}


def judged(figures: Figures, limits: Limits) -> tuple[Finding, ...]:
    """Only what is beyond its limit; a limit that is met exactly is kept."""
    quarantined = _percent(figures.quarantined, figures.rows_in)
    fewer = _percent(figures.profiles_before - figures.profiles, figures.profiles_before)
    found = []
    if quarantined > limits.max_quarantined_percent:
        found.append(Finding("max_quarantined_percent", limits.max_quarantined_percent, quarantined))
    if fewer > limits.max_profile_drop_percent:
        found.append(Finding("max_profile_drop_percent", limits.max_profile_drop_percent, fewer))
    if figures.profiles < limits.min_profiles:
        found.append(Finding("min_profiles", limits.min_profiles, figures.profiles))
    return tuple(found)


def _percent(part: int, whole: int) -> float:
    """Two digits; a part of nothing is all of it."""
    if part <= 0:
        return 0.0
    return round(100 * part / whole, 2) if whole else 100.0


_FIGURES = """
with activated as (
  select coalesce(max(run_id), '') as run_id
  from {activation}.sync_counts
  where run_id < '{run}'
),
delivered as (
  select cast(coalesce(sum(d.rows_in), 0) as bigint) as rows_in
  from {raw}.deliveries as d
  cross join activated as a
  where d.run_id > a.run_id
    and d.run_id <= '{run}'
    and d.duplicate_of is null
    and d.delivery_id not like '{replay}%'
),
set_aside as (
  select cast(count(*) as bigint) as quarantined
  from {quarantine}.rows as q
  cross join activated as a
  left join {quarantine}.replays as p on p.delivery_id = q.delivery_id and p.line = q.line
  where q.run_id > a.run_id
    and q.run_id <= '{run}'
    and p.delivery_id is null
),
profiles_now as (
  select cast(count(*) as bigint) as profiles
  from {curated}.profiles
),
minted as (
  select
    person_id,
    min(run_id) as run_id
  from {curated}.person_events
  where event in ('created', 'split')
  group by person_id
),
gone as (
  select
    case when event = 'merged' then other_person_id else person_id end as person_id,
    min(run_id) as run_id
  from {curated}.person_events
  where event in ('merged', 'retired')
  group by case when event = 'merged' then other_person_id else person_id end
),
profiles_then as (
  select cast(count(*) as bigint) as profiles_before
  from minted as m
  cross join activated as a
  left join gone as g on g.person_id = m.person_id
  where m.run_id <= a.run_id
    and (g.run_id is null or g.run_id > a.run_id)
)
select
  d.rows_in,
  s.quarantined,
  n.profiles,
  t.profiles_before
from delivered as d
cross join set_aside as s
cross join profiles_now as n
cross join profiles_then as t"""
"""One row with the fields of Figures. Rows that were sent back from quarantine count where they came to rest."""


def figures_query(run_id: str, databases: Mapping[str, str] = DATABASES) -> Query:
    """The figures of a run, over databases by their names in the account."""
    if not _RUN.fullmatch(run_id):
        raise FatalError(f"{run_id!r} is no run id, such as r000007")
    named = {each: databases[each] for each in DATABASES}
    return Query("quality_gate", _FIGURES.format(run=run_id, replay=REPLAY_PREFIX, **named))
