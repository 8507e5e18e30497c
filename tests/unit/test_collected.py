"""What a collector has acknowledged on this machine is safe, counted once, and in one file once."""

import gzip
import json
import resource
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from harness.collectors import HandClock
from kumitate.engines.local_files import LocalInbox
from kumitate.errors import FatalError, RetryableError
from kumitate.execution.collected import Collected, RateOfOneProcess, SqliteIntake
from kumitate.execution.collected_files import PROCESSOR, land_collected
from kumitate.execution.collected_states import Backlog
from kumitate.model.event import Event


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def collected(tmp_path: Path, clock: HandClock) -> Iterator[Collected]:
    opened = Collected(tmp_path / "lake", clock=clock)
    yield opened
    opened.close()


def event(number: int | str, source: str = "web", size: int = 0) -> Event:
    line = json.dumps({"messageId": f"m{number}", "pad": "x" * size}).encode()
    return Event(source, f"m{number}", "someone", line)


def in_files(lake: Path, source: str = "web") -> list[str]:
    """The ids that lie in the source's files, in the order of names and lines."""
    files = sorted((lake / "streamed" / source).glob("**/*.jsonl.gz"))
    return [json.loads(line)["messageId"] for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def waiting(collected: Collected) -> int:
    with collected.reading() as connection:
        return int(connection.execute("select count(*) from events").fetchone()[0])


def test_an_event_that_comes_again_within_a_day_is_kept_once(collected: Collected, clock: HandClock) -> None:
    intake = SqliteIntake(collected)
    assert intake.take([event(1), event(1), event(2)]) == frozenset()
    clock.now += timedelta(hours=23)
    intake.take([event(2), event(3)])
    land_collected(collected)
    assert in_files(collected.folder) == ["m1", "m2", "m3"]


def test_the_same_id_of_another_source_or_another_day_is_another_event(collected: Collected, clock: HandClock) -> None:
    intake = SqliteIntake(collected)
    intake.take([event(1), event(1, "app")])
    clock.now += timedelta(hours=25)
    intake.take([event(1)])
    land_collected(collected)
    assert (in_files(collected.folder), in_files(collected.folder, "app")) == (["m1", "m1"], ["m1"])


def test_ids_are_forgotten_after_a_day(collected: Collected, clock: HandClock) -> None:
    intake = SqliteIntake(collected)
    intake.take([event(number) for number in range(7)])
    clock.now += timedelta(hours=12)
    intake.take([event(8)])
    clock.now += timedelta(hours=12)
    assert collected.forget_old() == 7
    assert collected.forget_old() == 0


def test_calls_at_the_same_time_keep_each_event_once(collected: Collected) -> None:
    intake = SqliteIntake(collected)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda call: intake.take([event(n) for n in range(call % 10, call % 10 + 20)]), range(60)))
    land_collected(collected)
    assert sorted(in_files(collected.folder)) == sorted({f"m{number}" for number in range(29)})


@pytest.mark.parametrize("odd", ["\ud800", "a\0b", ""])
def test_ids_may_be_anything(collected: Collected, odd: str) -> None:
    intake = SqliteIntake(collected)
    for _ in range(2):
        intake.take([Event("web", odd, odd, b"{}"), Event("web", odd + "b", odd, b"{}")])
    assert waiting(collected) == 2


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file may grow beyond this, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_is_acknowledged_and_later_all_of_it_is_taken(collected: Collected) -> None:
    intake = SqliteIntake(collected)
    intake.take([event(0)])
    many = [event(number, size=1000) for number in range(1, 500)]
    with full_disk(200_000), pytest.raises(RetryableError, match="space on the disk"):
        intake.take(many)
    assert waiting(collected) == 1
    intake.take(many)
    assert waiting(collected) == 500


def test_on_a_full_disk_events_stay_in_the_database_until_their_file_can_be_written(collected: Collected) -> None:
    SqliteIntake(collected).take([event(Random(number).randbytes(100).hex()) for number in range(2000)])
    collected.close()  # its log begins anew, far from the limit
    with full_disk(200_000), pytest.raises(RetryableError, match="the events are safe"):
        land_collected(collected)
    assert not list((collected.folder / "streamed").glob("**/*.part"))
    assert land_collected(collected) == 2000
    assert len(set(in_files(collected.folder))) == len(in_files(collected.folder)) == 2000


class Killed(BaseException):
    """What a kill looks like from inside."""


def test_a_kill_at_any_commit_of_a_landing_neither_loses_nor_doubles_an_event(tmp_path: Path, clock: HandClock) -> None:
    for killed_at in range(1, 30):
        lake = tmp_path / f"{killed_at}"
        collected = Collected(lake, clock=clock)
        intake = SqliteIntake(collected)
        intake.take([event(number) for number in range(40)])
        dying = Dying(lake, clock=clock)
        dying.left = killed_at
        died = False
        try:
            land_collected(dying)
        except Killed:
            died = True
        clock.now += timedelta(hours=1)
        intake.take([event(number) for number in range(20, 60)])
        land_collected(collected)
        assert in_files(lake) == [f"m{number}" for number in range(60)]
        assert waiting(collected) == 0
        dying.close()
        collected.close()
        if not died:
            return
    raise AssertionError("a landing has more commits than expected")


class Dying(Collected):
    """Dies before or after its n-th transaction is over."""

    left = 1000

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self._burn()
        with super().writing() as connection:
            yield connection
        self._burn()

    def _burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def test_two_that_land_at_the_same_time_write_the_same_files(collected: Collected, clock: HandClock) -> None:
    SqliteIntake(collected).take([event(number, f"s{number % 3}") for number in range(300)])
    other = Collected(collected.folder, clock=clock)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(land_collected, (collected, other)))
    other.close()
    for source in range(3):
        assert in_files(collected.folder, f"s{source}") == [f"m{number}" for number in range(source, 300, 3)]


def test_events_stay_until_the_processor_has_seen_them(collected: Collected) -> None:
    backlog, intake = Backlog(collected, PROCESSOR), SqliteIntake(collected)
    backlog.begin()
    intake.take([event(1), event(2, "app")])
    land_collected(collected)
    seen = backlog.next(10)
    assert [json.loads(line)["messageId"] for _, line in seen] == ["m1", "m2"]
    assert backlog.next(10) == seen
    backlog.seen(seen[0][0])
    land_collected(collected)
    assert backlog.next(10) == seen[1:]
    assert waiting(collected) == 1
    backlog.end()
    land_collected(collected)
    assert waiting(collected) == 0
    assert in_files(collected.folder) == ["m1"]


def test_a_file_made_anew_never_gives_a_number_again(tmp_path: Path, clock: HandClock) -> None:
    lake = tmp_path / "lake"
    for day in range(2):
        clock.now += timedelta(seconds=day)
        collected = Collected(lake, clock=clock)
        SqliteIntake(collected).take([event(day)])
        land_collected(collected)
        collected.close()
        for file in lake.glob("collected.db*"):
            file.unlink()
    assert in_files(lake) == ["m0", "m1"]


def test_what_was_collected_is_for_its_owner_alone(collected: Collected) -> None:
    SqliteIntake(collected).take([event(1)])
    land_collected(collected)
    files = [path for path in collected.folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert any(path.suffix == ".gz" for path in files)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_lake_that_cannot_hold_the_file_is_told_of_where_it_lies(
    tmp_path: Path, clock: HandClock, is_folder: bool
) -> None:
    if is_folder:
        (tmp_path / "collected.db").mkdir()
    else:
        (tmp_path / "collected.db").write_bytes(b"nothing of SQLite's" * 500)
    with pytest.raises(FatalError, match=r"collected\.db: ") as told:
        Collected(tmp_path, clock=clock)
    assert ("the folder's rights" if is_folder else "is damaged") in str(told.value)


def test_landed_files_are_deliveries_of_their_source(collected: Collected, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/web.jsonl").write_text("{}\n")
    SqliteIntake(collected).take([event(1), event(2, "app")])
    land_collected(collected)
    found = list(LocalInbox(tmp_path, collected.folder).delivered("web", "data/*.jsonl"))
    assert [each.file.split("/")[:2] for each in found] == [["data", "web.jsonl"], ["streamed", "web"]]
    assert found[1].file.startswith("streamed/web/2026/03/01/09/")
    kept = LocalInbox(tmp_path, collected.folder).keep(found[1], "files/web/r1-web.jsonl.gz")
    assert kept.sha256 == found[1].sha256 != ""


def test_a_rate_lets_a_second_through_at_once_and_then_asks_to_wait(clock: HandClock) -> None:
    gate = RateOfOneProcess()
    assert [gate.wait("k", 10, per_second=10, now=clock.now) for _ in range(3)] == [0, 0, 1]
    assert gate.wait("other", 10, per_second=10, now=clock.now) == 0
    clock.now += timedelta(seconds=1)
    assert gate.wait("k", 1, per_second=10, now=clock.now) == 0
    assert gate.wait("k", 1, per_second=10, now=clock.now) == pytest.approx(0.1)
