"""Deliveries into the lake: each row once, also when the run is killed; and back again from quarantine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.fake_lake import Answers, FakeLake
from harness.reading import local_files, source
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.engines.local_files import LocalRawArea
from kumitate.errors import FatalError
from kumitate.execution.ingest import ingest
from kumitate.execution.landing import land
from kumitate.execution.replay import Replay, Selection, replay
from kumitate.ingest.delivery import Delivery, known_from
from kumitate.ingest.stage import INGEST
from kumitate.model.step import IngestStep, Run

RUN = Run("r000001", datetime(2026, 3, 1, 9, tzinfo=UTC))
FILES = {
    "things-1.csv": "a,b\n1,2\nx\n3,4\n",
    "things-2.csv": "a,b\n1,2\nx\n3,4\n",
    "things-3.csv": "",
    "things-4.csv": "a,c\n5,6\n",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "data").mkdir()
    for name, text in FILES.items():
        (tmp_path / "data" / name).write_text(text)
    return Config.model_construct(root=tmp_path, sources={"things": source(path="data/things*.csv")})


def take(config: Config, lake: FakeLake, run: Run = RUN) -> tuple[Delivery, ...]:
    earlier = [
        Delivery(str(row["delivery_id"]), "things", str(row["file"]), str(row["sha256"]))
        for row in lake.rows.get("raw.deliveries", [])
    ]
    landed = land(config, *local_files(config), run_id=run.id, known=known_from(earlier))
    for step in INGEST.plan(config, run):
        assert isinstance(step, IngestStep)
        things = config.sources[step.source]
        ingest(step, landed, source=things, writer=lake, raw_area=LocalRawArea(config.root / "lake"), run=run)
    return landed


def test_every_file_is_registered_and_its_rows_add_up(config: Config) -> None:
    lake = FakeLake()
    take(config, lake)
    register = [
        tuple(row[name] for name in ("file", "rows_in", "rows_read", "rows_rejected", "duplicate_of", "problem"))
        for row in lake.rows["raw.deliveries"]
    ]
    assert register == [
        ("data/things-1.csv", 3, 2, 1, None, None),
        ("data/things-2.csv", 0, 0, 0, "r000001-00001", None),
        ("data/things-3.csv", 0, 0, 0, None, "file.empty"),
        ("data/things-4.csv", 1, 1, 0, None, "column.absent:b"),
    ]
    assert [(row["a"], row["_line"]) for row in lake.rows["raw.things"]] == [("1", 2), ("3", 4), ("5", 2)]


def test_a_quarantined_row_tells_file_line_and_reason(config: Config) -> None:
    lake = FakeLake()
    take(config, lake)
    (row,) = lake.rows["quarantine.rows"]
    assert row == {
        "source": "things",
        "delivery_id": "r000001-00001",
        "file": "data/things-1.csv",
        "line": 3,
        "reason": "row.columns",
        "field": None,
        "payload": '{"line": "x"}',
        "run_id": "r000001",
        "found_at": datetime(2026, 3, 1, 9),
    }


@pytest.mark.parametrize("table", ["raw.things", "quarantine.rows", "raw.deliveries"])
def test_a_killed_ingest_taken_up_again_leaves_what_an_unbroken_one_does(config: Config, table: str) -> None:
    unbroken, lake = FakeLake(), FakeLake(die_before=table)
    take(config, unbroken)
    with pytest.raises(InterruptedError):
        take(config, lake)
    lake.die_before = ""
    take(config, lake)
    take(config, lake)
    assert lake.rows == unbroken.rows


def test_a_source_with_nothing_new_writes_nothing(config: Config) -> None:
    lake = FakeLake()
    take(config, lake)
    before = dict(lake.marks)
    later = Run("r000002", RUN.as_of)
    assert take(config, lake, later) == ()
    assert lake.marks == before


def test_a_stored_file_that_is_gone_stops_the_run_and_is_named(config: Config) -> None:
    landed = land(config, *local_files(config), run_id=RUN.id, known=known_from([]))
    (config.root / "lake" / landed[0].stored).unlink()
    with pytest.raises(FatalError, match=r"r000001-00001-things-1\.csv.*restore it"):
        take(config, FakeLake())


def test_rows_come_back_from_quarantine_as_the_source_reads_them_now(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/things.csv").write_bytes("氏名,b,c\n髙橋,1,x\nplain,2,y\n".encode("cp932"))
    columns = {"a": {"from": "氏名", "required": True}, "b": {}}
    wrong = config_with(tmp_path, source(path="data/things.csv", columns=columns))
    lake = FakeLake()
    take(wrong, lake)
    assert "raw.things" not in lake.rows or not lake.rows["raw.things"]
    assert [row["reason"] for row in lake.rows["quarantine.rows"]] == ["encoding.undecodable"] * 2

    mended = config_with(tmp_path, source(path="data/things.csv", columns=columns, encoding="cp932"))
    sent = send_back(mended, lake)
    assert (sent.deliveries, sent.rows, sent.left) == (("replay-000001",), 2, 0)
    assert [(row["line"], row["replay_delivery_id"]) for row in lake.rows["quarantine.replays"]] == [
        (2, "replay-000001"),
        (3, "replay-000001"),
    ]

    (landed,) = take(mended, lake, Run("r000002", RUN.as_of))
    assert landed.id == "replay-000001"
    assert [(row["a"], row["b"], row["_extra"]) for row in lake.rows["raw.things"]] == [
        ("髙橋", "1", '{"c":"x"}'),
        ("plain", "2", '{"c":"y"}'),
    ]
    assert take(mended, lake, Run("r000003", RUN.as_of)) == ()


def test_rows_that_still_cannot_be_read_are_left_where_they_are(config: Config) -> None:
    lake = FakeLake()
    take(config, lake)
    sent = send_back(config, lake)
    assert (sent.deliveries, sent.rows, sent.left) == ((), 0, 1)
    assert not list((config.root / "lake/files/things").glob("replay-*"))


def test_the_rest_of_a_file_comes_back_from_where_it_broke_off(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/things.csv").write_text("a,b\n1,2\n3,4\n")
    wrong = config_with(tmp_path, source(path="data/things.csv", format="parquet"))
    lake = FakeLake()
    take(wrong, lake)
    assert [row["reason"] for row in lake.rows["quarantine.rows"]] == ["file.unreadable"]
    mended = config_with(tmp_path, source(path="data/things.csv"))
    assert send_back(mended, lake).left == 0
    take(mended, lake, Run("r000002", RUN.as_of))
    assert [row["a"] for row in lake.rows["raw.things"]] == ["1", "3"]


def config_with(root: Path, things: Source) -> Config:
    return Config.model_construct(root=root, sources={"things": things})


def send_back(config: Config, lake: FakeLake) -> Replay:
    engine = Answers(lake.rows["quarantine.rows"])
    return replay(
        Selection(),
        config=config,
        engine=engine,
        writer=lake,
        raw_area=LocalRawArea(config.root / "lake"),
        at=RUN.as_of,
    )
