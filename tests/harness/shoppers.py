"""A small project of traits and segments over rows that are said in the test: whose they are, and when."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.memory_lake import MemoryLake
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.step import Run
from kumitate.profiles.stage import PROFILES
from kumitate.segments.compile import masks_query
from kumitate.segments.masks import mask_name, place
from kumitate.segments.tables import assign_bits
from kumitate.sql.vocabulary import text

Row = dict[str, Any]
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
RUN = Run("r000001", AS_OF)

SOURCES: Row = {
    "members": {
        "kind": "records",
        "path": "m.csv",
        "key": ["id"],
        "updated_at": "updated",
        "columns": {
            "id": {"type": "id"},
            "city": {},
            "born": {"type": "date"},
            "height": {"type": "decimal"},
            "active": {"type": "boolean"},
            "updated": {"type": "timestamp"},
        },
    },
    "orders": {
        "kind": "events",
        "path": "o.csv",
        "key": "row",
        "time": "at",
        "columns": {
            "amount": {"type": "decimal"},
            "quantity": {"type": "integer"},
            "product": {},
            "paid": {"type": "date"},
            "at": {"type": "timestamp"},
        },
    },
    "visits": {
        "kind": "events",
        "path": "v.jsonl",
        "format": "jsonl",
        "key": "row",
        "time": "at",
        "event": "name",
        "columns": {"name": {}, "page": {}, "seconds": {"type": "integer"}, "at": {"type": "timestamp"}},
    },
    "cards": {
        "kind": "records",
        "path": "c.csv",
        "key": ["no"],
        "columns": {"no": {"type": "id"}, "points": {"type": "integer"}},
    },
    "words": {
        "kind": "events",
        "path": "w.csv",
        "key": "row",
        "time": "at",
        "columns": {"purpose": {}, "channel": {}, "granted": {"type": "boolean"}, "at": {"type": "timestamp"}},
    },
}


def project(**sections: Any) -> Config:
    """The project with these `traits`, `segments`, `priorities` or `lists`."""
    settings = {"project": "shoppers", "consent": {"source": "words"}}
    attributes = {name: {} for name in ("city", "born", "height", "active")}
    person = {"identifiers": {"id": {}}, "attributes": attributes}
    rest = {"settings": settings, "sources": SOURCES, "identity": {"person": person}}
    return Config.model_validate({"root": ".", **rest, **sections})


def ago(**span: float) -> datetime:
    """A time before the run's clock, as the lake keeps it: `ago(days=3)`."""
    return (AS_OF - timedelta(**span)).replace(tzinfo=None)


def row(person: str, **values: Any) -> Row:
    """A clean row of `person`, who has one record of the same name in every source."""
    return {"_record_id": person, **values}


def lake(config: Config, people: Iterable[Row], **rows: Iterable[Row]) -> MemoryLake:
    """A lake as identity leaves it: `people` are golden records, `rows` clean rows by source."""
    made = MemoryLake()
    golden = [{"records": 1, "sources": ["members"], **one} for one in people]
    made.put(golden_table(config), golden)
    names = [one["person_id"] for one in golden]
    records = [
        {"record": f"{source}/{name}", "source": source, "record_id": name, "person_id": name}
        for source in config.sources
        for name in names
    ]
    made.put(PERSON_RECORDS, records)
    for name, source in config.sources.items():
        made.put(clean_table(name, source), ({"_line": n, **one} for n, one in enumerate(rows.get(name, ()), 1)))
    return made


def people(*names: str) -> list[Row]:
    return [{"person_id": name} for name in names]


def traits_of(traits: Row, names: Iterable[str] = ("p",), /, **rows: Iterable[Row]) -> dict[str, Row]:
    """The traits that come of these rows, by person."""
    config = project(traits=traits)
    made = lake(config, people(*names), **rows)
    made.run(PROFILES, config, RUN)
    found = made.table("curated.traits").to_pylist()
    return {one.pop("person_id"): one for one in found}


def trait_of(trait: Row, **rows: Iterable[Row]) -> Any:
    """One trait's value for the person p."""
    return traits_of({"asked": trait}, ("p",), **rows)["p"]["asked"]


def members_of(
    conditions: Row,
    people: Iterable[Row] = (),
    /,
    *,
    config: Config | None = None,
    run: Run = RUN,
    **rows: Iterable[Row],
) -> dict[str, set[str]]:
    """The members of each segment, `{name: condition}`, over these people and rows."""
    config = config or project(segments={name: {"when": when} for name, when in conditions.items()})
    made = lake(config, people, **rows)
    made.run(PROFILES, config, run)
    masks = made.query(text(masks_query(config, run))).to_pylist()
    assert len({row["person_id"] for row in masks}) == len(masks), "one row per person"
    return {name: members_in(masks, bit) for name, bit in assign_bits(config, run).items()}


def members_in(masks: Iterable[Row], bit: int) -> set[str]:
    return {row["person_id"] for row in masks if (row[mask_name(bit)] or 0) & place(bit)}
