"""The golden record: per attribute the best value among a person's records, and which record it came from."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.identity.identifiers import identified_sources
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS, PROVENANCE
from kumitate.identity.versions import Versions, listed, place
from kumitate.model.step import Query
from kumitate.model.table import Column, Type


def golden_query(config: Config) -> Query:
    """One row per person, also one whose records have none of the attributes."""
    persons = f"""
        select person_id, count(*) as records, {_sources(tuple(identified_sources(config)))} as sources
        from {PERSON_RECORDS}
        group by person_id
        """
    return statement("golden_records", _best(Versions(config), persons))


def brands_query(config: Config) -> Query:
    """One row per brand and person who is known to one of its sources, chosen from what those sources say."""
    versions = Versions(config, by_brand=True)
    pairs = ", ".join(f"({bound(brand)}, {bound(source)})" for brand, source in versions.speaking)
    persons = f"""
        select b.brand, r.person_id, count(*) as records,
            {_sources(tuple(sorted({source for _, source in versions.speaking})), "r.")} as sources
        from {PERSON_RECORDS} as r
        join (values {pairs}) as b(brand, source) on b.source = r.source
        group by b.brand, r.person_id
        """
    return statement("brand_profiles", _best(versions, persons))


def provenance_query(config: Config) -> Query:
    """One row per person and attribute that has a value: the record it came from, by which policy, as of when."""
    versions = Versions(config)
    attributes = versions.attributes
    if not attributes:
        return statement("provenance", union_all((), PROVENANCE.columns))
    best = ", ".join(f"min({place(name)}) as {_best_place(name)}" for name in attributes)
    alone = ", ".join(f"{quoted(name)} is not null as {_wins(name)}" for name in attributes)
    among = ", ".join(f"s.{place(name)} = b.{_best_place(name)} as {_wins(name)}" for name in attributes)
    policies = ", ".join(f"({bound(name)}, {bound(spec.policy)})" for name, spec in config.person.attributes.items())
    cases = "\n".join(f"when {bound(name)} then o.{_wins(name)}" for name in attributes)
    return statement(
        "provenance",
        f"""
        with {versions.ranked()},
        {versions.several(*_ORIGIN)},
        best as (select person_id, {best} from several group by person_id),
        origins as (
            select person_id, _record, _at, {alone} from ranked where _rows = 1
            union all
            select s.person_id, s._record, s._at, {among}
            from several as s
            join best as b on b.person_id = s.person_id
        )
        select o.person_id, a.attribute, o._record as record, a.policy, o._at as {quoted("at")}
        from origins as o
        cross join (values {policies}) as a(attribute, policy)
        where case a.attribute {cases} end
        """,
    )


_ORIGIN = (Column("_record", Type.STRING), Column("_at", Type.TIMESTAMP))


def _best(versions: Versions, persons: str) -> str:
    """The statement: `persons` (keys, records, sources) beside the value of the lowest place of each attribute.

    A key's only row needs no choice; most persons have no other, and leaving them out halves the work.
    """
    attributes = tuple(versions.attributes.values())
    head = f"{listed(versions.keys, 'p')}, p.records, p.sources"
    if not attributes:
        return f"with persons as ({persons}) select {head} from persons as p"
    keys = listed(versions.keys)
    chosen = ", ".join(f"min_by({quoted(one.name)}, {place(one.name)}) as {quoted(one.name)}" for one in attributes)
    same = " and ".join(f"b.{quoted(key.name)} = p.{quoted(key.name)}" for key in versions.keys)
    return f"""
        with {versions.ranked()},
        {versions.several(*attributes)},
        best as (
            select {keys}, {listed(attributes)} from ranked where _rows = 1
            union all
            select {keys}, {chosen} from several group by {keys}
        ),
        persons as ({persons})
        select {head}, {listed(attributes, "b")}
        from persons as p
        left join best as b on {same}
        """


def _sources(names: tuple[str, ...], table: str = "") -> str:
    """The distinct sources of a group, sorted: one flag a name is cheaper than gathering and sorting texts."""
    seen = ", ".join(f"max(case when {table}source = {bound(name)} then {bound(name)} end)" for name in names)
    return f"filter(array[{seen}], name -> name is not null)"


def _best_place(attribute: str) -> str:
    return quoted(f"_best_{attribute}")


def _wins(attribute: str) -> str:
    return quoted(f"_wins_{attribute}")
