"""The stage from raw tables to clean ones: what is kept, what is set aside, and that the counts add up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from harness.reading import source
from kumitate.cleanse.changes import changes_step
from kumitate.cleanse.stage import CLEANSE
from kumitate.cleanse.tables import staging_table
from kumitate.config.project import Config
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, raw_table
from kumitate.model.step import Run

CLOCK = datetime(2026, 3, 1, tzinfo=UTC)

MEMBERS = source(
    key=["no"],
    updated_at="changed",
    columns={
        "no": {"type": "id"},
        "name": {"required": True},
        "changed": {"type": "timestamp"},
        "greeting": {"sql": "'Dear ' || name"},
    },
)
ORDERS = source(
    kind="events",
    time="at",
    columns={
        "at": {"type": "timestamp"},
        "item": {},
        "pieces": {"type": "integer"},
        "price": {"type": "decimal"},
        "amount": {"type": "decimal", "sql": "pieces * price"},
        "buyer": {"type": "id", "sql": "'B' || item"},
    },
    identifiers={"buyer": "buyer"},
)
CLICKS = source(kind="events", time="at", key=["id"], columns={"id": {"type": "id"}, "at": {"type": "timestamp"}})


class Shop:
    """One source's raw rows, run after run."""

    def __init__(self, name: str, declared: Source) -> None:
        self.name = name
        self.source = declared
        self.lake = MemoryLake()
        self.config = Config.model_construct(root=Path(), settings=Settings(project="test"), sources={name: declared})
        self._raw: list[dict[str, Any]] = []
        self._rejected: list[dict[str, Any]] = []

    def receive(self, run_id: str, *rows: dict[str, Any], rejected: int = 0) -> None:
        origin = {"_delivery_id": f"{run_id}-00001", "_run_id": run_id}
        self._raw += [{**origin, "_line": line, **row} for line, row in enumerate(rows, 2)]
        self.lake.put(raw_table(self.name, self.source), self._raw)
        self.lake.put(DELIVERIES, [{"delivery_id": row["_delivery_id"], "file": "data/x.csv"} for row in self._raw[:1]])
        if rejected:
            held = self.lake.rows("select source, run_id, reason from quarantine.rows") if self._rejected else []
            self._rejected = [dict(zip(("source", "run_id", "reason"), row, strict=True)) for row in held]
            self._rejected += [{"source": self.name, "run_id": run_id, "reason": "row.columns"}] * rejected
            self.lake.put(QUARANTINE, self._rejected)

    def cleanse(self, run_id: str, after: str = "") -> None:
        self.lake.run(CLEANSE, self.config, Run(run_id, CLOCK, {f"staging.{self.name}": after}))

    def counts(self, run_id: str) -> dict[str, int]:
        sql = f"select outcome, reason, rows from clean.source_counts where run_id = '{run_id}'"
        return {f"{outcome}:{reason}" if reason else outcome: rows for outcome, reason, rows in self.lake.rows(sql)}


@pytest.fixture
def members() -> Shop:
    return Shop("members", MEMBERS)


def test_the_newest_version_of_a_record_is_kept_whenever_it_came(members: Shop) -> None:
    members.receive("r000001", {"no": "1", "name": "New", "changed": "2026-01-02"}, {"no": "1", "name": "Old"})
    members.cleanse("r000001")
    members.receive("r000002", {"no": "1", "name": "Older", "changed": "2026-01-01"}, {"no": "2", "name": "Two"})
    members.cleanse("r000002", "r000001")
    rows = members.lake.rows("select no, name, greeting, _record_id, _run_id from clean.members order by no")
    assert rows == [("1", "New", "Dear New", "1", "r000001"), ("2", "Two", "Dear Two", "2", "r000002")]


@pytest.mark.slow
def test_between_equally_new_versions_the_later_delivery_wins(members: Shop) -> None:
    members.receive("r000001", {"no": "1", "name": "First"}, {"no": "1", "name": "Second"})
    members.cleanse("r000001")
    assert members.lake.rows("select name from clean.members") == [("Second",)]
    members.receive("r000002", {"no": "1", "name": "Third"})
    members.cleanse("r000002", "r000001")
    assert members.lake.rows("select name from clean.members") == [("Third",)]


def test_a_records_fates_add_up_to_the_rows_that_came(members: Shop) -> None:
    new, same, bad = {"no": "1", "name": "New"}, {"no": "1", "name": "New"}, {"no": "1"}
    members.receive("r000001", {"no": "1", "name": "Old"}, new, same, bad, {"name": "x"}, rejected=2)
    members.cleanse("r000001")
    assert members.counts("r000001") == {
        "accepted": 1,
        "duplicate": 1,
        "superseded": 1,
        "quarantined:required.missing": 2,
        "quarantined:row.columns": 2,
    }


@pytest.mark.slow
def test_rows_refused_in_a_run_without_cleansing_are_counted_in_the_next(members: Shop) -> None:
    members.receive("r000001", {"no": "1", "name": "One"}, rejected=1)
    members.receive("r000002", {"no": "2", "name": "Two"}, rejected=1)
    members.cleanse("r000002")
    assert members.counts("r000002") == {"accepted": 2, "quarantined:row.columns": 2}
    members.receive("r000003", {"no": "3", "name": "Three"})
    members.cleanse("r000003", "r000002")
    assert members.counts("r000003") == {"accepted": 1}


def test_a_rejected_row_is_quarantined_with_its_file_and_line(members: Shop) -> None:
    members.receive("r000001", {"no": "1", "name": "One"}, {"no": "2"})
    members.cleanse("r000001")
    columns = "source, file, line, reason, field, payload, run_id, found_at"
    assert members.lake.rows(f"select {columns} from quarantine.rows") == [
        ("members", "data/x.csv", 3, "required.missing", "name", '{"no": "2"}', "r000001", CLOCK.replace(tzinfo=None))
    ]


@pytest.mark.slow
def test_exact_duplicates_count_once_within_and_across_runs() -> None:
    orders = Shop("orders", ORDERS)
    line, other = {"at": "2011-01-01", "item": "tea", "pieces": "2", "price": "1.5"}, {"at": "2011-01-01"}
    orders.receive("r000001", line, line, other)
    orders.cleanse("r000001")
    orders.receive("r000002", line, other, {**line, "pieces": "3"})
    orders.cleanse("r000002", "r000001")
    assert orders.counts("r000001") == {"accepted": 2, "duplicate": 1}
    assert orders.counts("r000002") == {"accepted": 1, "duplicate": 2}
    rows = orders.lake.rows("select pieces, cast(amount as double), _line from clean.orders order by pieces nulls last")
    assert rows == [(2, 3.0, 2), (3, 4.5, 4), (None, None, 4)]


def test_a_derived_identifier_names_the_event() -> None:
    orders = Shop("orders", ORDERS)
    orders.receive("r000001", {"item": "tea"}, {"pieces": "1"})
    orders.cleanse("r000001")
    assert orders.lake.rows("select _record_id from clean.orders order by 1 nulls last") == [("Btea",), (None,)]


@pytest.mark.slow
def test_an_event_with_a_known_key_is_not_taken_twice() -> None:
    clicks = Shop("clicks", CLICKS)
    clicks.receive("r000001", {"id": "a", "at": "2011-01-01"}, {"id": "a", "at": "2011-01-02"}, {"at": "2011-01-03"})
    clicks.cleanse("r000001")
    clicks.receive("r000002", {"id": "a", "at": "2011-01-04"}, {"id": "b", "at": "2011-01-05"})
    clicks.cleanse("r000002", "r000001")
    assert clicks.lake.rows("select id, _line from clean.clicks order by id") == [("a", 2), ("b", 3)]
    assert clicks.counts("r000001") == {"accepted": 1, "duplicate": 1, "quarantined:required.missing": 1}
    assert clicks.counts("r000002") == {"accepted": 1, "duplicate": 1}


@pytest.mark.slow
def test_a_run_with_nothing_new_changes_and_counts_nothing(members: Shop) -> None:
    members.receive("r000001", {"no": "1", "name": "One"}, {"no": "2"})
    members.cleanse("r000001")
    before = members.lake.rows("select * from clean.members")
    members.cleanse("r000002", "r000001")
    assert members.lake.rows("select * from clean.members") == before
    assert members.counts("r000002") == {}
    assert members.lake.rows("select count(*) from quarantine.rows") == [(1,)]


def test_what_was_done_to_values_is_counted_by_column_and_reason_with_shapes() -> None:
    visits = Shop(
        "visits",
        source(
            key=["no"],
            columns={"no": {"type": "id"}, "phone": {"type": "phone"}, "at": {"type": "date", "required": True}},
        ),
    )
    bad = {"phone": "tel 12-34", "at": "2026-01-01"}
    visits.receive("r000001", {"no": "1", **bad}, {"no": "2", **bad}, {"no": "3", **bad, "at": "令和99年1月1日"})
    visits.cleanse("r000001")
    columns = "run_id, source, column_name, semantic, code, kind, rows, samples"
    found = visits.lake.rows(f"select {columns} from clean.changes where kind <> 'changed' order by column_name")
    head = ("r000001", "visits")
    assert found == [
        (*head, "at", "date", "date.invalid", "rejected", 1, ["令和99年9月9日"]),
        (*head, "phone", "phone", "phone.invalid", "unusable", 2, ["aaa 99-99"]),
    ]
    visits.cleanse("r000002", "r000001")
    assert visits.lake.rows("select count(*) from clean.changes where run_id = 'r000002'") == [(0,)]


def test_a_row_with_several_changes_in_one_column_is_one_changed_row() -> None:
    declared = source(columns={"a": {}, "b": {"type": "name"}})
    entries = [["a:width", "a:blanks"], ["a:width", "b:honorific"], None, ["a:integer.invalid"]]
    originals = ['{"a":"Ｂ Ｂ"}', '{"a":"Ｃ","b":"\\"a\\":"}', None, '{"a":"many"}']
    rows = [{"_changes": each, "_originals": text} for each, text in zip(entries, originals, strict=True)]
    lake = MemoryLake()
    lake.put(staging_table("x", declared), rows)
    step = changes_step("x", declared, "r000001")
    told = step.function({query.name: lake.query(query) for query in step.queries}).to_pylist()
    assert [(row["column_name"], row["kind"], row["code"], row["rows"]) for row in told] == [
        ("a", "changed", None, 2),
        ("a", "changed", "blanks", 1),
        ("a", "changed", "width", 2),
        ("a", "unusable", "integer.invalid", 1),
        ("b", "changed", None, 1),
        ("b", "changed", "honorific", 1),
    ]
    assert told[2]["samples"] == ["Ａ", "Ａ Ａ"]
