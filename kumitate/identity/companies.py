"""Company accounts: records that name one company, by the rules of `identity/company.yaml`.

Three facts have a meaning of their own: `corporate_number` (法人番号; one whose check digit is wrong says nothing),
`domain` (of a mail address or a web site; a free mail service's says nothing) and `name` (blanks and marks do not
matter). All other facts are compared as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.corporate_numbers import corporate_number
from kumitate.cleanse.tables import RECORD_ID, clean_column, clean_table
from kumitate.cleanse.values import on_distinct
from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.components import Integers
from kumitate.identity.entities import Past, facts_of, grouped, lasting, members_before
from kumitate.identity.entity_tables import COMPANIES, COMPANY, COMPANY_MEMBERS
from kumitate.identity.households import with_limits
from kumitate.identity.identifiers import identified_sources
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.step import GraphStep, Query, QueryStep, Run, Step
from kumitate.model.table import Column, Type

NUMBER, DOMAIN, NAME = "corporate_number", "domain", "name"
TOLD = (NUMBER, NAME, DOMAIN)
"""What a row of `curated.companies` shows, whether or not a rule looks at it."""

UNLIMITED = 1_000_000_000
"""A company has as many records as it has; a project may set limits of its own."""

_NODE = (
    Column("node", Type.STRING),
    Column("record", Type.STRING),
    Column("person_id", Type.STRING),
    Column("at", Type.TIMESTAMP),
)


def company_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """Members, then a row per company; nothing where the project declares none."""
    entity = config.identity.get(COMPANY)
    if entity is None:
        return ()
    members = partial(company_members, entity=with_limits(entity, UNLIMITED), run_id=run.id)
    return (
        GraphStep(COMPANY_MEMBERS, (_nodes(config, entity), _PREVIOUS, _GROUPS), members),
        QueryStep(COMPANIES, _companies(run)),
    )


def company_members(inputs: Mapping[str, pa.Table], *, entity: Entity, run_id: str) -> pa.Table:
    """`company_nodes` (node, record, person_id, at and facts) as members of companies.

    What hangs together is a company where any of it has a corporate number or a name: a mail domain alone is none.
    """
    nodes = _one_each(inputs["company_nodes"])
    cleansed = _cleansed(nodes)
    component = grouped(_comparable(cleansed), entity)
    told = pc.or_(pc.is_valid(cleansed[NUMBER]), pc.is_valid(cleansed[NAME])).to_numpy().astype(np.bool_)
    named = np.zeros(len(component), np.bool_)
    named[component[told]] = True
    names = nodes["node"].cast(pa.large_string()).combine_chunks()
    past = Past(inputs["company_members_before"], inputs["companies_before"])
    found = lasting(names, component, counts=named[component], past=past, run_id=run_id, prefix="c")
    rows = cleansed.take(pa.array(found.member))
    columns = {name: rows[name] for name in ("record", "person_id", *TOLD, "at")}
    columns |= {"company_id": found.group_id, "since_run_id": found.since_run_id}
    columns["is_current"] = pa.array(_newest_of_each(rows))
    return pa.table({name: columns[name] for name in COMPANY_MEMBERS.schema.names}).cast(COMPANY_MEMBERS.schema)


def _one_each(nodes: pa.Table) -> pa.Table:
    """The nodes in the order of their names; of several rows of one the newest."""
    rest = [(name, "ascending") for name in nodes.column_names if name not in ("node", "at")]
    nodes = nodes.sort_by([("node", "ascending"), ("at", "descending"), *rest]).combine_chunks()
    names = nodes["node"].combine_chunks().dictionary_encode().indices.to_numpy()
    return nodes.take(pa.array(np.unique(names, return_index=True)[1])).combine_chunks()


def _newest_of_each(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a row is the newest of its person; of equally new ones the smallest node."""
    at = pc.fill_null(rows["at"].cast(pa.timestamp("ms")).cast(pa.int64()), np.iinfo(np.int64).min).to_numpy()
    person = rows["person_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order: Integers = np.lexsort((np.arange(len(at)), -at.astype(np.float64), person))
    newest = np.zeros(len(at), np.bool_)
    newest[order[np.append(True, np.diff(person[order]) != 0)[: len(order)]]] = True
    return newest


def _cleansed(nodes: pa.Table) -> pa.Table:
    """The nodes with the facts that have a meaning; null where a value cannot be used."""
    for fact, reading in ((NUMBER, corporate_number), (DOMAIN, company_domain)):
        values, _ = on_distinct(nodes[fact].combine_chunks(), _of_null(reading), pa.string())
        nodes = nodes.set_column(nodes.schema.get_field_index(fact), fact, values)
    return nodes


def _of_null(reading: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
    return lambda value: None if value is None else reading(value)


def _comparable(nodes: pa.Table) -> pa.Table:
    """Names without what only writes them differently."""
    plain = pc.replace_substring_regex(nodes[NAME], r"[\s\p{P}\p{S}]+", "")
    return nodes.set_column(nodes.schema.get_field_index(NAME), NAME, plain)


_END_OF_HOST = re.compile("[/?#]")


def company_domain(value: str) -> str | None:
    """`taro@mail.example.co.jp` and `https://www.example.co.jp/?q=1` say `mail.example.co.jp` and `example.co.jp`.

    None for domains of free mail services and those below them, and for what has no domain or a mere address (an IP).
    """
    plain = value.strip().lower()
    before, is_address, behind = plain.partition("//")
    host = _END_OF_HOST.split(behind if is_address else before.rpartition("@")[2], maxsplit=1)[0]
    host = host.rpartition("@")[2].partition(":")[0].removeprefix("www.").strip(".")
    labels = host.split(".")
    endings = (".".join(labels[place:]) for place in range(len(labels)))
    if len(labels) < 2 or labels[-1].isdigit() or any(each in free_mail_domains() for each in endings):
        return None
    return host


@cache
def free_mail_domains() -> frozenset[str]:
    """The domains in free_mail_domains.txt, which says where they come from."""
    lines = files("kumitate.identity").joinpath("free_mail_domains.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _nodes(config: Config, entity: Entity) -> Query:
    """One row per record, or person, that tells any of the facts a company is known by."""
    facts = {fact: entity.columns.get(fact, fact) for fact in dict.fromkeys((*TOLD, *facts_of(entity)))}
    if entity.of == "persons":
        selects: Iterator[str] = iter((_person_nodes(config, facts),))
    else:
        selects = _record_nodes(config, facts)
    columns = (*_NODE, *(Column(fact, Type.STRING) for fact in facts))
    kept = ", ".join(quoted(column.name) for column in columns)
    telling = " or ".join(f"{quoted(fact)} is not null" for fact in (*TOLD, *entity.identifiers))
    return statement(
        "company_nodes",
        f"""
        with told as ({union_all(selects, columns)})
        select {kept}
        from told
        where {telling}
        """,
    )


def _record_nodes(config: Config, facts: Mapping[str, str]) -> Iterator[str]:
    """The records of each source that has a column of those; an event describes nobody."""
    for name, source in identified_sources(config).items():
        if source.kind == "records" and any(column in source.columns for column in facts.values()):
            table = clean_table(name, source)
            told = (
                f"{_text(f'c.{quoted(column)}') if table.column(column) else bound(None)} as {quoted(fact)}"
                for fact, column in facts.items()
            )
            yield f"""
                select
                    r.record as node,
                    r.record,
                    r.person_id,
                    {_changed(source)} as {quoted("at")},
                    {", ".join(told)}
                from {table} as c
                join {PERSON_RECORDS} as r on r.record_id = c.{quoted(RECORD_ID.name)} and r.source = {bound(name)}
                """


def _person_nodes(config: Config, facts: Mapping[str, str]) -> str:
    golden = golden_table(config)
    told = (
        f"{_text(quoted(column)) if golden.column(column) else bound(None)} as {quoted(fact)}"
        for fact, column in facts.items()
    )
    none = f"{bound(None)} as record, person_id, {bound(None, Type.TIMESTAMP)} as {quoted('at')}"
    return f"select person_id as node, {none}, {', '.join(told)} from {golden}"


def _changed(source: Source) -> str:
    """The column that tells the newest version, as a time."""
    column = clean_column(source, source.updated_at) if source.updated_at else None
    if column is None or column.type not in (Type.DATE, Type.TIMESTAMP):
        return bound(None, Type.TIMESTAMP)
    return f"cast(c.{quoted(column.name)} as timestamp)"


def _text(column: str) -> str:
    return f"nullif(cast({column} as varchar), '')"


def _companies(run: Run) -> Query:
    """What most records say, of values said as often the smallest; a domain that other companies have tells none."""
    facts = "\nunion all\n".join(
        f"select company_id, {bound(fact)} as fact, {quoted(fact)} as value from {COMPANY_MEMBERS}" for fact in TOLD
    )
    shown = ", ".join(f"max(case when fact = {bound(fact)} then value end) as {quoted(fact)}" for fact in TOLD)
    return statement(
        "companies",
        f"""
        with facts as ({facts}),
        counted as ({_COUNTED}),
        told as (select company_id, {shown} from counted where place = 1 group by company_id),
        sizes as (
            select company_id, count(record) as records, count(distinct person_id) as persons
            from {COMPANY_MEMBERS}
            group by company_id
        )
        select s.company_id, {", ".join(f"t.{quoted(fact)}" for fact in TOLD)}, s.records, s.persons,
            coalesce(c.minted_run_id, {bound(run.id)}) as minted_run_id
        from sizes as s
        left join told as t on t.company_id = s.company_id
        left join {COMPANIES} as c on c.company_id = s.company_id
        """,
    )


_COUNTED = f"""
    select f.company_id, f.fact, f.value,
        row_number() over (partition by f.company_id, f.fact order by count(*) desc, f.value) as place
    from facts as f
    left join (
        select domain
        from {COMPANY_MEMBERS}
        group by domain
        having min(company_id) <> max(company_id)
    ) as others on f.fact = {bound(DOMAIN)} and others.domain = f.value
    where f.value is not null and others.domain is null
    group by f.company_id, f.fact, f.value
"""
_PREVIOUS: Query = statement(
    "company_members_before",
    members_before(f"""
    select coalesce(record, person_id) as member, company_id as group_id, since_run_id
    from {COMPANY_MEMBERS}
    """),
)
_GROUPS: Query = statement("companies_before", f"select company_id as group_id, minted_run_id from {COMPANIES}")
