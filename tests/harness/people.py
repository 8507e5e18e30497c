"""A small project about people, resolved in memory: members and cards are records, visits are events."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from harness.memory_lake import MemoryLake
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.stage import IDENTITY
from kumitate.model.step import Run

Row = dict[str, Any]

SOURCES: Row = {
    "members": {
        "kind": "records",
        "path": "members.csv",
        "key": ["member_id"],
        "updated_at": "updated",
        "columns": {
            "member_id": {"type": "id"},
            "email": {"type": "email"},
            "phone": {"type": "phone"},
            "given_name": {"type": "name"},
            "city": {},
            "hobby": {},
            "note": {},
            "born": {"type": "date"},
            "updated": {"type": "timestamp"},
        },
        "identifiers": {"member": "member_id", "email": "email", "phone": "phone"},
    },
    "cards": {
        "kind": "records",
        "path": "cards.csv",
        "key": ["card_no"],
        "columns": {
            "card_no": {"type": "id"},
            "phone": {"type": "phone"},
            "given_name": {"type": "name"},
            "born": {"type": "date"},
        },
        "identifiers": {"card": "card_no", "phone": "phone"},
    },
    "visits": {
        "kind": "events",
        "path": "visits.jsonl",
        "format": "jsonl",
        "key": "row",
        "time": "at",
        "columns": {"device": {"type": "id"}, "member_id": {"type": "id"}, "page": {}, "at": {"type": "timestamp"}},
        "identifiers": {"device": "device", "member": "member_id"},
    },
}

PERSON: Row = {
    "identifiers": {
        "member": {},
        "card": {},
        "email": {"blocked": ["test@.*", r"\d+@example\.com"]},
        "phone": {"max_records": 4, "max_distinct": {"given_name": 1}},
        "device": {"max_distinct": {"member": 1}},
    },
    "rules": {"name_and_birth": {"match": ["given_name", "born"], "max_records": 3}},
}


def project(person: Row | None = None, sources: Row | None = None) -> Config:
    """The project, or another one in its place."""
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "people"},
            "sources": sources or SOURCES,
            "identity": {"person": person or PERSON},
        }
    )


PEOPLE = project()


@cache
def run(number: int) -> Run:
    return Run(f"r{number:06}", datetime(2026, 3, number, tzinfo=UTC))


def member(member_id: str, **values: Any) -> Row:
    return {"_record_id": member_id, "member_id": member_id, **values}


def card(card_no: str, **values: Any) -> Row:
    return {"_record_id": card_no, "card_no": card_no, **values}


def visit(device: str, member_id: str | None = None, **values: Any) -> Row:
    return {"_record_id": f"{device}|{member_id or ''}", "device": device, "member_id": member_id, **values}


class People:
    """A lake whose clean zone is set anew before each run."""

    def __init__(self, config: Config = PEOPLE) -> None:
        self.config = config
        self.lake = MemoryLake()
        self.runs = 0

    def resolve(self, **rows: Iterable[Row]) -> "People":
        """Another run over these rows: `resolve(members=[member("1")], visits=[visit("d")])`."""
        self.runs += 1
        for name, source in self.config.sources.items():
            given = ({"_line": line, **row} for line, row in enumerate(rows.get(name, ()), start=1))
            self.lake.put(clean_table(name, source), given)
        self.lake.run(IDENTITY, self.config, run(self.runs))
        return self

    def person_of(self, record: str) -> str:
        return self.persons()[record]

    def persons(self) -> dict[str, str]:
        """Record -> person id."""
        rows = self.lake.table("curated.person_records").to_pylist()
        return {row["record"]: row["person_id"] for row in rows}

    def groups(self) -> set[frozenset[str]]:
        """The records of each person."""
        return grouped(self.persons())

    def events(self, number: int | None = None) -> list[tuple[str, str, str | None, int]]:
        """The ledger of one run, the last unless told."""
        wanted = run(number or self.runs).id
        rows = self.lake.table("curated.person_events").to_pylist()
        return [
            (row["event"], row["person_id"], row["other_person_id"], row["records"])
            for row in rows
            if row["run_id"] == wanted
        ]

    def shared(self) -> dict[tuple[str, str], str]:
        rows = self.lake.table("curated.shared_identifiers").to_pylist()
        return {(row["kind"], row["value"]): row["reason"] for row in rows}

    def golden(self, record: str) -> Row:
        """The golden record of a record's person."""
        rows = self.lake.table("curated.golden_records").to_pylist()
        return next(row for row in rows if row["person_id"] == self.person_of(record))


def grouped(persons: dict[str, str]) -> set[frozenset[str]]:
    """The records that have each label."""
    groups: dict[str, set[str]] = {}
    for record, person in persons.items():
        groups.setdefault(person, set()).add(record)
    return {frozenset(group) for group in groups.values()}


def with_model(root: Path, text: str) -> Path:
    """A project in files, whose model has this text; returns `root`."""
    person = {**PERSON, "model": {"file": "models/person.json", "merge": 0.9}, "attributes": {"given_name": {}}}
    for folder, value in (("sources", SOURCES), ("identity", {"person": person})):
        (root / folder).mkdir()
        (root / folder / "all.yaml").write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    (root / "kumitate.yaml").write_text("project: people\n", encoding="utf-8")
    (root / "models").mkdir()
    (root / "models/person.json").write_text(text, encoding="utf-8")
    return root
