"""Every row that speaks for a person, with its values in the golden record's types and its place by each policy.

Every policy becomes one number per row and attribute, lower is better, unique within the person; the value with the
lowest number wins. So one pass over the rows decides all attributes, and ties cannot occur.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kumitate.cleanse.tables import RECORD_ID, clean_column, clean_table
from kumitate.config.identity import Attribute
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.identity.identifiers import identified_sources
from kumitate.identity.statements import bound, quoted, union_all
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.table import Column, Type

_STEP = 1_000_000_000
"""More than any person has rows: a better class beats every recency within a worse one."""

_BRAND = Column("brand", Type.STRING)
_PERSON = Column("person_id", Type.STRING)
_ROW = (
    Column("_record", Type.STRING),
    Column("_source", Type.STRING),
    Column("_at", Type.TIMESTAMP),
    Column("_delivery_id", Type.STRING),
    Column("_line", Type.BIGINT),
)


@dataclass(frozen=True, slots=True)
class Versions:
    """The rows that golden records are chosen from: all of a person's, or apart for each brand they are known to."""

    config: Config
    by_brand: bool = False

    @property
    def keys(self) -> tuple[Column, ...]:
        """What has one golden record."""
        return (_BRAND, _PERSON) if self.by_brand else (_PERSON,)

    @property
    def attributes(self) -> Mapping[str, Column]:
        """The golden columns by name, without those that say how many records and sources there are."""
        head = len(golden_table(self.config).columns) - len(self.config.person.attributes)
        return {column.name: column for column in golden_table(self.config).columns[head:]}

    @property
    def speaking(self) -> tuple[tuple[str | None, str], ...]:
        """Brand (None where brands do not matter) and source, for each source that speaks."""
        known = identified_sources(self.config)
        if not self.by_brand:
            return tuple((None, name) for name in known)
        brands = sorted(self.config.person.brands.items())
        return tuple((brand, name) for brand, spec in brands for name in sorted(set(spec.sources)) if name in known)

    def ranked(self) -> str:
        """CTEs `versions` and `ranked`: each row with how recent it is among those of its key, and how many there are.

        Of equally recent rows the smallest record comes first, then the delivery and the line.
        """
        checked = tuple(Column(_checked(name), Type.BOOLEAN) for name, _ in self._verified())
        columns = (*self.keys, *_ROW, *self.attributes.values(), *checked)
        kept = (*self.keys, *_ROW[:3], *self.attributes.values(), *checked)
        return f"""
            versions as ({union_all(self._rows(), columns)}),
            ranked as (
                select
                    {listed(kept)},
                    cast(row_number() over (
                        partition by {listed(self.keys)}
                        order by _at desc nulls last, _record, _delivery_id, _line
                    ) as bigint) as _recency,
                    count(*) over (partition by {listed(self.keys)}) as _rows
                from versions
            )
            """

    def several(self, *columns: Column) -> str:
        """The CTE `several`: `columns` and the places of rows that are not alone."""
        places = ",\n".join(
            f"case when {quoted(name)} is not null then {self._order(name, spec)} end as {place(name)}"
            for name, spec in self.config.person.attributes.items()
        )
        return f"several as (select {listed((*self.keys, *columns))}, {places} from ranked where _rows > 1)"

    def _verified(self) -> Iterator[tuple[str, str]]:
        """Attributes whose values may be verified, with the column that tells."""
        for name, spec in self.config.person.attributes.items():
            if spec.verified_by is not None:
                yield name, spec.verified_by

    def _order(self, name: str, attribute: Attribute) -> str:
        match attribute.policy:
            case "most_recent":
                return "_recency"
            case "source_priority":
                return f"{_rank(attribute.sources)} * {_STEP} + _recency"
            case "most_frequent":
                among = f"{listed(self.keys)}, {quoted(name)}"
                return f"_recency - {_STEP} * count(*) over (partition by {among})"
            case "longest":
                return f"_recency - {_STEP} * cast(length(cast({quoted(name)} as varchar)) as bigint)"
            case "verified":
                return f"case when {quoted(_checked(name))} then 0 else {_STEP} end + _recency"

    def _rows(self) -> Iterator[str]:
        for brand, name in self.speaking:
            counted = {a for a in self.config.person.attributes if name in self._contributing(a, brand)}
            if counted:
                yield self._rows_of(name, brand, counted)

    def _contributing(self, attribute: str, brand: str | None) -> frozenset[str]:
        among = frozenset(name for of, name in self.speaking if of == brand)
        return contributing_sources(self.config, attribute, among=among)

    def _rows_of(self, name: str, brand: str | None, counted: set[str]) -> str:
        table = clean_table(name, self.config.sources[name])
        values = [
            f"{_converted(table.column(attribute) if attribute in counted else None, golden)} as {quoted(attribute)}"
            for attribute, golden in self.attributes.items()
        ]
        for attribute, column in self._verified():
            told = table.column(column) if attribute in counted else None
            values.append(f"{_converted(told, Column(column, Type.BOOLEAN))} as {quoted(_checked(attribute))}")
        return f"""
            select
                {f"{bound(brand)} as brand," if self.by_brand else ""}
                p.person_id,
                p.record as _record,
                p.source as _source,
                {_moment(self.config.sources[name])} as _at,
                c._delivery_id,
                c._line,
                {", ".join(values)}
            from {table} as c
            join {PERSON_RECORDS} as p on p.record_id = c.{quoted(RECORD_ID.name)} and p.source = {bound(name)}
            """


def contributing_sources(config: Config, attribute: str, *, among: frozenset[str] | None = None) -> frozenset[str]:
    """The sources whose values count: those the attribute names, else all records that have it, else events.

    `among` narrows them beforehand, as a brand does.
    """
    having = {
        name: source
        for name, source in identified_sources(config).items()
        if (among is None or name in among) and clean_column(source, attribute) is not None
    }
    named = config.person.attributes[attribute].sources
    if named:
        return frozenset(having) & frozenset(named)
    return frozenset(name for name, source in having.items() if source.kind == "records") or frozenset(having)


def place(attribute: str) -> str:
    """The column of an attribute's place."""
    return quoted(f"_place_{attribute}")


def listed(columns: tuple[Column, ...], table: str = "") -> str:
    """Columns with commas between, those of `table` where it is given."""
    return ", ".join(f"{table}.{quoted(column.name)}" if table else quoted(column.name) for column in columns)


def _checked(attribute: str) -> str:
    return f"_verified_{attribute}"


def _moment(source: Source) -> str:
    """The column that tells the newest version."""
    column = source.updated_at if source.kind == "records" else source.time
    at = clean_column(source, column) if column else None
    return _converted(at, Column("_at", Type.TIMESTAMP))


def _converted(column: Column | None, golden: Column) -> str:
    """A source's column in the golden column's type: null where it has none, or does not convert."""
    if column is None:
        return bound(None, golden.type)
    value = f"c.{quoted(column.name)}"
    if column.type is golden.type:
        return value
    return f"try_cast({value} as {_SQL_TYPES.get(golden.type, golden.type)})"


_SQL_TYPES = {Type.STRING: "varchar"}


def _rank(sources: tuple[str, ...]) -> str:
    if not sources:
        return "cast(0 as bigint)"
    ranks = "\n".join(f"when {bound(source)} then {rank}" for rank, source in enumerate(sources))
    return f"cast(case _source {ranks} end as bigint)"
