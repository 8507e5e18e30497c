"""The stage `profiles`: consents, traits, and both beside the golden record in one row per person."""

from __future__ import annotations

from sqlglot import exp

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.config.trait import Aggregate, Points, SqlTrait
from kumitate.identity.entity_tables import COMPANY, COMPANY_MEMBERS, HOUSEHOLD, HOUSEHOLD_MEMBERS, OWNERS
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.step import Query, QueryStep, Run, Stage, Step
from kumitate.model.table import Table, Type
from kumitate.profiles.consents import consents_query
from kumitate.profiles.readable import tables_for_traits
from kumitate.profiles.tables import CONSENTS, group_columns, profiles_table, traits_table
from kumitate.profiles.traits import starts_at_zero, traits_query
from kumitate.sql.vocabulary import call, column, literal, table_ref, text
from kumitate.sql.written import tables_named, written_query


def plan(config: Config, run: Run) -> tuple[Step, ...]:
    traits, profiles = traits_table(config), profiles_table(config)
    return (
        QueryStep(CONSENTS, Query("consents", text(consents_query(config, run), copy=False))),
        QueryStep(traits, Query("traits", text(traits_query(config, run), copy=False))),
        QueryStep(profiles, Query("profiles", text(profiles_query(config), copy=False))),
    )


def profiles_query(config: Config) -> exp.Select:
    """`curated.profiles`: every golden record beside its groups and traits."""
    golden = [column(one.name, "g") for one in golden_table(config).columns]
    traits = [_trait(config, one.name, one.type) for one in traits_table(config).columns[1:]]
    groups = [column(one.name, _GROUP_ALIASES[one.name]) for one in group_columns(config)]
    query = exp.select(*golden, *groups, *traits).from_(table_ref(golden_table(config), "g"))
    query = query.join(table_ref(traits_table(config), "t"), on=_same_person("t"), join_type="left")
    if HOUSEHOLD in config.identity:
        query = query.join(table_ref(HOUSEHOLD_MEMBERS, "h"), on=_same_person("h"), join_type="left")
    if COMPANY in config.identity:
        is_current = exp.and_(_same_person("c"), column("is_current", "c"))
        query = query.join(table_ref(COMPANY_MEMBERS, "c"), on=is_current, join_type="left")
    return query


_GROUP_ALIASES = {"household_id": "h", "company_id": "c"}


def _same_person(table: str) -> exp.Condition:
    return column("person_id", table).eq(column("person_id", "g"))


def _trait(config: Config, name: str, type_: Type) -> exp.Expr:
    value = column(name, "t")
    if not starts_at_zero(config.traits[name]):
        return value
    return exp.alias_(call("coalesce", value, literal(0, type_)), name)


def reads(config: Config) -> tuple[Table, ...]:
    sources = {said.source for said in (config.settings.consent,) if said is not None}
    written: set[str] = set()
    for trait in config.traits.values():
        match trait:
            case Aggregate(source=source):
                sources.add(source)
            case Points(rules=rules):
                sources.update(rule.source for rule in rules)
            case SqlTrait(sql=sql):
                written |= tables_named(written_query(sql, yields=(), readable=tables_for_traits(config)))
    named = {str(clean_table(name, config.sources[name])) for name in sources} | written
    readable = tables_for_traits(config)
    always = {
        str(table) for table in (PERSON_RECORDS, OWNERS, HOUSEHOLD_MEMBERS, COMPANY_MEMBERS, golden_table(config))
    }
    return tuple(readable[name] for name in sorted((named | always) & readable.keys()))


def writes(config: Config) -> tuple[Table, ...]:
    return CONSENTS, traits_table(config), profiles_table(config)


PROFILES = Stage("profiles", reads=reads, writes=writes, plan=plan)
