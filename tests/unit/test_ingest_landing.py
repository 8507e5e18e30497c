"""A run's input is fixed before anything is read, and a file is recorded once."""

import shutil
from pathlib import Path

import pytest

from harness.reading import local_files, source
from kumitate.config.project import Config
from kumitate.engines.local_files import LocalRawArea
from kumitate.execution.landing import land, stored_deliveries
from kumitate.ingest.delivery import Delivery, known_from


@pytest.fixture
def project(tmp_path: Path) -> Config:
    (tmp_path / "data").mkdir()
    things = source(path="data/things*.csv")
    return Config.model_construct(root=tmp_path, sources={"things": things})


class Runs:
    """Runs of one project, each told what the earlier ones recorded."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = config.root / "lake"
        self.recorded: list[Delivery] = []

    def next(self) -> tuple[Delivery, ...]:
        run_id = f"r{len(list(self.folder.glob('files/*.json'))) + 1:06d}"
        landed = land(self.config, *local_files(self.config), run_id=run_id, known=known_from(self.recorded))
        self.recorded += landed
        return landed

    def write(self, name: str, text: str) -> None:
        (self.config.root / "data" / name).write_text(text)


@pytest.fixture
def runs(project: Config) -> Runs:
    return Runs(project)


def test_a_new_file_is_copied_under_the_run_that_took_it(runs: Runs) -> None:
    runs.write("things-1.csv", "a,b\n")
    (landed,) = runs.next()
    assert (landed.id, landed.source, landed.file) == ("r000001-00001", "things", "data/things-1.csv")
    assert landed.stored == "files/things/r000001-00001-things-1.csv"
    assert (runs.folder / landed.stored).read_text() == "a,b\n"
    assert landed.bytes == 4


def test_a_file_that_has_not_changed_is_not_recorded_again(runs: Runs) -> None:
    runs.write("things.csv", "a,b\n")
    runs.next()
    assert runs.next() == ()
    assert runs.next() == ()


def test_a_changed_file_is_a_new_delivery(runs: Runs) -> None:
    runs.write("things.csv", "a,b\n1,2\n")
    (first,) = runs.next()
    runs.write("things.csv", "a,b\n3,4\n")
    (second,) = runs.next()
    assert (second.file, second.duplicate_of) == (first.file, "")
    assert (runs.folder / first.stored).read_text() == "a,b\n1,2\n"


def test_the_same_content_under_another_name_is_one_duplicate_row(runs: Runs) -> None:
    runs.write("things-1.csv", "a,b\n")
    (first,) = runs.next()
    runs.write("things-2.csv", "a,b\n")
    (second,) = runs.next()
    assert (second.duplicate_of, second.stored) == (first.id, "")
    assert runs.next() == ()


def test_two_files_of_one_content_in_one_run_are_read_once(runs: Runs) -> None:
    runs.write("things-1.csv", "a,b\n")
    runs.write("things-2.csv", "a,b\n")
    first, second = runs.next()
    assert (first.duplicate_of, second.duplicate_of) == ("", first.id)


def test_a_file_that_went_back_to_an_older_content_is_a_duplicate(runs: Runs) -> None:
    for text in ("a,b\n1,1\n", "a,b\n2,2\n", "a,b\n1,1\n"):
        runs.write("things.csv", text)
        landed = runs.next()
    assert landed[0].duplicate_of == "r000001-00001"
    assert runs.next() == ()


def test_an_empty_file_and_a_missing_one_are_problems_told_once(runs: Runs) -> None:
    (missing,) = runs.next()
    assert (missing.file, missing.problem) == ("data/things*.csv", "file.missing")
    runs.write("things.csv", "")
    (empty,) = runs.next()
    assert (empty.problem, empty.stored) == ("file.empty", "")
    assert runs.next() == ()


def test_an_unreadable_file_is_a_problem_and_is_read_once_it_can_be(runs: Runs) -> None:
    link = runs.config.root / "data/things.csv"
    link.symlink_to("nowhere")
    (landed,) = runs.next()
    assert landed.problem == "file.unreadable"
    assert runs.next() == ()
    link.unlink()
    runs.write("things.csv", "a,b\n")
    assert runs.next()[0].problem == ""


def test_a_run_taken_up_again_reads_what_it_landed(runs: Runs) -> None:
    runs.write("things.csv", "a,b\n1,2\n")
    known = known_from([])
    first = land(runs.config, *local_files(runs.config), run_id="r000001", known=known)
    runs.write("things.csv", "changed meanwhile")
    runs.write("things-late.csv", "a,b\n")
    again = land(runs.config, *local_files(runs.config), run_id="r000001", known=known)
    assert again == first
    assert (runs.folder / again[0].stored).read_text() == "a,b\n1,2\n"


def test_a_landing_killed_before_its_manifest_starts_over(runs: Runs) -> None:
    runs.write("things.csv", "a,b\n1,2\n")
    first = runs.next()
    (runs.folder / "files/r000001.json").unlink()
    runs.recorded.clear()
    assert runs.next() == first


def test_files_lie_where_their_name_allows_no_mischief(runs: Runs) -> None:
    runs.write("things $(x) é.csv", "a,b\n")
    (landed,) = runs.next()
    assert landed.stored == "files/things/r000001-00001-things___x__é.csv"
    assert landed.file == "data/things $(x) é.csv"


def test_a_folder_that_matches_is_no_file(runs: Runs) -> None:
    (runs.config.root / "data/things.csv").mkdir()
    assert runs.next()[0].problem == "file.missing"


def test_the_lakes_own_copies_are_no_deliveries(runs: Runs) -> None:
    runs.write("things.csv", "a,b\n")
    everywhere = source(path="**/*things*.csv")
    runs.config = Config.model_construct(root=runs.config.root, sources={"things": everywhere})
    assert len(runs.next()) == 1
    assert runs.next() == ()


def test_stored_deliveries_are_found_by_id(runs: Runs) -> None:
    runs.write("things-1.csv", "a,b\n")
    runs.next()
    shutil.copy(runs.config.root / "data/things-1.csv", runs.config.root / "data/things-2.csv")
    runs.next()
    assert list(stored_deliveries(LocalRawArea(runs.folder))) == ["r000001-00001"]
