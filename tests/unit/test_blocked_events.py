"""Events that a contract blocks lie in quarantine until the contract is changed or they are mended."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.fake_lake import Answers, FakeLake
from harness.intakes import TRACK, Desk
from harness.reading import local_files, source
from kumitate.config.collect import Collect
from kumitate.config.contract import Contract
from kumitate.config.project import Config
from kumitate.engines.local_files import LocalRawArea
from kumitate.events.collecting import intake_of
from kumitate.execution.event_files import delivered_events
from kumitate.execution.ingest import ingest
from kumitate.execution.landing import land
from kumitate.execution.mending import export, mend, mending
from kumitate.execution.replay import Selection, replay
from kumitate.ingest.delivery import Delivery, known_from
from kumitate.ingest.stage import INGEST
from kumitate.model.step import IngestStep, Run

AT = datetime(2026, 11, 22, 13, tzinfo=UTC)
WEB = source(
    kind="events",
    path="data/web*.jsonl",
    format="jsonl",
    key=["message_id"],
    time="happened_at",
    collect=Collect.model_validate({"write_keys": {"pages": {"key": "web-key"}}}),
    columns={
        "message_id": {"from": "messageId", "type": "id"},
        "price": {"from": "properties.price", "type": "decimal"},
        "happened_at": {"from": "timestamp", "type": "timestamp"},
    },
)


def project(root: Path, type_: str) -> Config:
    schema = {"properties": {"price": {"type": type_}}}
    contract = Contract(source="web", event="Order Completed", versions={"1.0": schema}, on_violation="block")
    return Config.model_construct(root=root, sources={"web": WEB}, contracts={"priced": contract})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """One event is taken, one is blocked, and the lines of both lie where the run finds them."""
    config = project(tmp_path, "number")
    desk = Desk(intake_of(config, "web"))
    for id_, price in (("m1", 5), ("m2", "six")):
        desk.track({"messageId": id_, "properties": {"price": price, "coupon": "c"}})
    (tmp_path / "data").mkdir()
    (tmp_path / "data/web.jsonl").write_bytes(b"".join(event.line + b"\n" for event in desk.intake.events))
    return config


def take(config: Config, lake: FakeLake, run_id: str) -> None:
    run = Run(run_id, AT)
    known = known_from(
        Delivery(str(row["delivery_id"]), "web", str(row["file"]), str(row["sha256"]))
        for row in lake.rows.get("raw.deliveries", [])
    )
    landed = land(config, *local_files(config), run_id=run_id, known=known)
    (step,) = (each for each in INGEST.plan(config, run) if isinstance(each, IngestStep))
    ingest(step, landed, source=WEB, writer=lake, raw_area=LocalRawArea(config.root / "lake"), run=run)


def prices(lake: FakeLake) -> dict[str, str]:
    return {row["message_id"]: row["price"] for row in lake.rows["raw.web"]}


def send_back(config: Config, lake: FakeLake) -> tuple[int, int]:
    engine = Answers(lake.rows["quarantine.rows"])
    area = LocalRawArea(config.root / "lake")
    done = replay(Selection(), config=config, engine=engine, writer=lake, raw_area=area, at=AT)
    return done.rows, done.left


def test_a_replay_lets_through_what_the_contract_now_accepts_and_nothing_else(config: Config) -> None:
    lake = FakeLake()
    take(config, lake, "r000001")
    (held,) = lake.rows["quarantine.rows"]
    assert (held["reason"], held["field"], prices(lake)) == ("contract.type", "properties.price", {"m1": "5"})
    assert send_back(config, lake) == (0, 1), "the contract is as it was"
    mended = project(config.root, "string")
    assert send_back(mended, lake) == (1, 0)
    take(mended, lake, "r000002")
    assert prices(lake) == {"m1": "5", "m2": "six"}
    assert '"blocked"' not in lake.rows["raw.web"][1]["_extra"]
    delivered = delivered_events(LocalRawArea(config.root / "lake"), "web")
    assert [event["messageId"] for event in delivered] == ["m1", "m2"], "each once, as its sender wrote it"


def test_a_blocked_event_is_mended_like_any_row_and_keeps_what_else_it_brought(config: Config) -> None:
    lake = FakeLake()
    take(config, lake, "r000001")
    known = [{**row, "is_open": True, "closed_as": None} for row in lake.rows["quarantine.rows"]]
    sheet = export("web", None, config=config, engine=Answers(known))
    edited = mending(repriced(sheet.lines), "rows.csv", config=config, engine=Answers(known))
    assert [row.columns for row in edited.rows] == [("price",)]
    mend(edited, writer=lake, raw_area=LocalRawArea(config.root / "lake"), at=AT, author="a", why="w")
    take(config, lake, "r000002")
    assert prices(lake) == {"m1": "5", "m2": "6"}
    extra = json.loads(lake.rows["raw.web"][1]["_extra"])
    assert (extra["properties"], extra["event"]) == ({"coupon": "c"}, TRACK["event"])
    assert "blocked" not in extra["_kumitate"]


def repriced(lines: tuple[str, ...]) -> bytes:
    rows: list[Mapping[str, Any]] = list(csv.DictReader(io.StringIO("".join(lines))))
    held = io.StringIO()
    sheet = csv.DictWriter(held, list(rows[0]))
    sheet.writeheader()
    sheet.writerows({**row, "price": "6"} for row in rows)
    return held.getvalue().encode()
