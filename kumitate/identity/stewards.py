"""What people decided: records that are one person, or never; it outranks every value and survives every rebuild.

Decisions stand in the project's `stewards/*.csv` and in a table that only grows, so that who decided what, when and
why can be read ever after; a decision holds until one that withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from kumitate.cleanse.rules import cleanser, rules_of
from kumitate.config.project import Config
from kumitate.config.stewards import StewardLink
from kumitate.errors import FatalError, RecordError
from kumitate.identity.statements import bound, statement, union_all
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.model.step import Query
from kumitate.model.table import Column, Table, Type

MUST, CANNOT, WITHDRAWN = "must", "cannot", "withdrawn"

STEWARD_LINKS = Table(
    "curated",
    "steward_links",
    (
        Column("left_record", Type.STRING),
        Column("right_record", Type.STRING),
        Column("link", Type.STRING, meaning="must, cannot, or withdrawn: what was decided before holds no more"),
        Column("author", Type.STRING),
        Column("reason", Type.STRING),
        Column("at", Type.TIMESTAMP),
    ),
    "decisions of stewards, as they were made; each holds until it is withdrawn",
)
_PLACE = Column("place", Type.STRING)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on two records; `place` is where it stands (`stewards/2026.csv:3`), empty for the table."""

    left: str
    right: str
    link: str
    author: str
    reason: str
    at: datetime
    place: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        return (self.left, self.right) if self.left < self.right else (self.right, self.left)

    def __str__(self) -> str:
        where = self.place or "kumitate links"
        return f"{self.link}-link by {self.author} at {self.at:%Y-%m-%d %H:%M} ({where})"


def links_query(config: Config) -> Query:
    """The decisions that hold, by record: left_record, right_record, link, author, reason, at, place.

    A decision may name a record or any value that identifies one; it holds for all records that state the value.
    """
    return statement(
        "steward_links",
        f"""
        with decided as (
            select left_record, right_record, link, author, reason, at, {bound("")} as place from {STEWARD_LINKS}
            union all
            {union_all(_file_rows(config), (*STEWARD_LINKS.columns, _PLACE))}
        ),
        {_NAMED},
        known as (
            select
                left_record, right_record, link, author, reason, at, place,
                max(case when link = 'withdrawn' then at end) over (partition by left_record, right_record) as ended_at
            from pairs
        )
        select distinct left_record, right_record, link, author, reason, at, place
        from known
        where link <> 'withdrawn' and (ended_at is null or at > ended_at)
        """,
    )


_NAMED = f"""
        wanted as (
            select left_record as name from decided
            union
            select right_record as name from decided
        ),
        named as (
            select record as name, record from {IDENTIFIERS}
            union
            select record as name, record from {PERSON_RECORDS}
            union
            select value as name, record from {IDENTIFIERS} where kind not like 'rule:%'
        ),
        sides as (
            select n.name, n.record
            from named as n
            join wanted as w on w.name = n.name
        ),
        pairs as (
            select
                case when l.record < r.record then l.record else r.record end as left_record,
                case when l.record < r.record then r.record else l.record end as right_record,
                d.link, d.author, d.reason, d.at, d.place
            from decided as d
            left join sides as l on l.name = d.left_record
            left join sides as r on r.name = d.right_record
            where l.record <> r.record
        )
"""
"""Every name's records, and each decision on each pair of them, the smaller record at the left.

Left joins, though nothing is left of what joins nothing: of inner ones an engine that knows no sizes may join all names
with all others first, by their not being one record.
"""


def _file_rows(config: Config) -> Iterator[str]:
    for link in config.stewards:
        for left in forms(config, link.left):
            for right in forms(config, link.right):
                yield (
                    f"select {bound(left)} as left_record, {bound(right)} as right_record, {bound(link.link)} as link, "
                    f"{bound(link.author)} as author, {bound(link.reason)} as reason, "
                    f"{bound(link.at.astimezone(UTC), Type.TIMESTAMP)} as at, {bound(link.place)} as place"
                )


def forms(config: Config, name: str) -> tuple[str, ...]:
    """What the lake may call whom a decision names: a record as it is, a value also as cleansing writes it."""
    if name.partition("/")[0] in config.sources:
        return (name,)
    return tuple(dict.fromkeys((name, *clean_forms(config, name))))


def clean_forms(config: Config, identifier: str) -> Iterator[str]:
    """A value as people write it, as each identifying column would have it after cleansing."""
    for source in config.sources.values():
        columns = set(source.identifiers.values())
        for rule in rules_of(source, config.settings):
            if rule.column in columns:
                try:
                    value = cleanser(rule)(identifier)
                except RecordError:
                    continue
                if value is not None:
                    yield str(value)


def of_files(links: Iterable[StewardLink]) -> tuple[Decision, ...]:
    return tuple(
        Decision(link.left, link.right, link.link, link.author, link.reason, link.at, link.place) for link in links
    )


def of_table(links: pa.Table) -> tuple[Decision, ...]:
    """Rows of `curated.steward_links`, or of `links_query`."""
    return tuple(
        Decision(
            row["left_record"],
            row["right_record"],
            row["link"],
            row["author"],
            row["reason"],
            row["at"].replace(tzinfo=UTC),
            row.get("place", ""),
        )
        for row in links.to_pylist()
    )


def holding(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The decisions that were not withdrawn since."""
    known = tuple(decisions)
    ended: dict[tuple[str, str], datetime] = {}
    for decision in known:
        if decision.link == WITHDRAWN:
            ended[decision.pair] = max(decision.at, ended.get(decision.pair, decision.at))
    return tuple(
        decision
        for decision in known
        if decision.link != WITHDRAWN and (decision.pair not in ended or decision.at > ended[decision.pair])
    )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A pair that shall never be one person, and the decisions by which it must be."""

    cannot: Decision
    musts: tuple[Decision, ...]

    def __str__(self) -> str:
        others = " and ".join(map(str, self.musts))
        return f"the {self.cannot} contradicts the {others}; withdraw one of them"


def contradictions(decisions: Iterable[Decision]) -> Iterator[Contradiction]:
    """Each cannot-link whose records are tied by must-links, with the shortest chain of them."""
    held = holding(decisions)
    ties: dict[str, dict[str, Decision]] = {}
    for decision in held:
        if decision.link == MUST:
            ties.setdefault(decision.left, {})[decision.right] = decision
            ties.setdefault(decision.right, {})[decision.left] = decision
    for decision in held:
        if decision.link == CANNOT:
            chain = _chain(ties, decision.left, decision.right)
            if chain:
                yield Contradiction(decision, chain)


def _chain(ties: Mapping[str, Mapping[str, Decision]], start: str, end: str) -> tuple[Decision, ...]:
    """The must-links from one record to another, as few as there can be."""
    seen: dict[str, tuple[Decision, ...]] = {start: ()}
    queue = [start]
    for record in queue:
        for other, decision in sorted(ties.get(record, {}).items()):
            if other not in seen:
                seen[other] = (*seen[record], decision)
                queue.append(other)
    return seen.get(end, ())


def refuse_contradictions(decisions: Iterable[Decision]) -> None:
    """Raise FatalError naming every cannot-link that contradicts must-links, and those."""
    found = tuple(contradictions(decisions))
    if found:
        raise FatalError("\n".join(map(str, found)))
