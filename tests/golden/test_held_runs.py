"""A run whose rows break a quality rule is told of, held back or stopped; mended, it delivers everything."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, rows, run, silent
from kumitate.cli.main import main
from kumitate.errors import FatalError
from kumitate.execution.run import RunSummary, execute_sync
from kumitate.execution.workspace import open_workspace

RULE = "clients:\n  level: {level}\n  ranges: {{points: {{max: {most}}}}}\n"
"""The bakery's best client has 120 points."""


def bakery_with(to: Path, *, level: str, most: int = 100) -> Path:
    root = copy_of(BAKERY, to / "boulangerie")
    rule(root, level=level, most=most)
    return root


def rule(root: Path, *, level: str, most: int) -> None:
    (root / "quality").mkdir(exist_ok=True)
    (root / "quality/clients.yaml").write_text(RULE.format(level=level, most=most), encoding="utf-8")


def delivered(root: Path) -> list[tuple[str, str]]:
    return rows(
        root, "select distinct sync, key from activation.outcomes where verdict = 'accepted' order by sync, key"
    )


def stages(summary: RunSummary) -> list[str]:
    return [stage.name for stage in summary.stages]


@pytest.mark.slow
def test_a_held_run_computes_segments_and_activates_nobody_until_the_data_is_mended(tmp_path: Path) -> None:
    root = bakery_with(tmp_path, level="hold")
    held = run(root)
    assert held.is_held
    assert stages(held)[-1] == "profile_quality"
    assert rows(root, "select count(*) from curated.profiles")[0][0] > 0
    assert rows(root, "select count(*) from activation.outcomes") == [(0,)]
    told = CliRunner().invoke(main, ["status", "--project", str(root)])
    assert "HELD: nobody was activated" in told.stdout
    with open_workspace(root) as workspace, pytest.raises(FatalError, match="held by quality rules: clients: ranges"):
        execute_sync(workspace, next(iter(workspace.config.syncs)), progress=silent)
    again = run(root)
    assert again.is_held, "what held one run holds the next, until it is mended"
    mended = (
        "numero;prenom;nom;courriel;telephone;points;modifie\n4;Chloé;Le Gall;chloe@example.com;;99;20/02/2026 08:00\n"
    )
    (root / "data/clients-2.csv").write_text(mended, encoding="utf-8")
    free = run(root)
    assert not free.is_held
    assert stages(free)[-1] == "delivery"
    unheld = copy_of(BAKERY, tmp_path / "unheld")
    (unheld / "data/clients-2.csv").write_text(mended, encoding="utf-8")
    run(unheld)
    assert delivered(root) == delivered(unheld)


@pytest.mark.slow
def test_a_hold_is_released_for_one_run_with_its_reason_on_record(tmp_path: Path) -> None:
    root = bakery_with(tmp_path, level="hold")
    released = CliRunner().invoke(main, ["run", str(root), "--release-hold", "the owner's own card, asked Ito"])
    assert released.exit_code == 0, released.output
    assert "released, so that people were activated: the owner's own card, asked Ito" in released.stdout
    assert "nobody was activated: quality rules" not in (root / "report.html").read_text(encoding="utf-8")
    run(copy_of(BAKERY, tmp_path / "free"))
    assert delivered(root) == delivered(tmp_path / "free") != []
    told = CliRunner().invoke(main, ["status", "--json", "--project", str(root)])
    assert [each["released"] for each in json.loads(told.stdout)["runs"]] == ["the owner's own card, asked Ito"]
    with open_workspace(root) as workspace, pytest.raises(FatalError, match="held by quality rules"):
        execute_sync(workspace, next(iter(workspace.config.syncs)), progress=silent)
    assert run(root).is_held, "the next run judges anew"


@pytest.mark.slow
def test_what_stops_a_run_cannot_be_released_and_a_release_wants_a_reason(tmp_path: Path) -> None:
    root = bakery_with(tmp_path, level="stop")
    with pytest.raises(FatalError, match="stopped by quality rules"):
        run(root, release="checked")
    told = CliRunner().invoke(main, ["status", "--json", "--project", str(root)])
    assert [each["released"] for each in json.loads(told.stdout)["runs"]] == [""], "nobody was let go"
    blank = CliRunner().invoke(main, ["run", str(root), "--release-hold", " "])
    assert (blank.exit_code, "say why" in blank.output) == (2, True)


@pytest.mark.slow
def test_a_stopped_run_looks_for_no_person_and_the_next_one_judges_anew(tmp_path: Path) -> None:
    root = bakery_with(tmp_path, level="stop")
    with pytest.raises(FatalError, match=r"clients: ranges \(points\) of clean.clients found 1, limit 0.*run again"):
        run(root)
    assert rows(root, "select count(*) from curated.person_records") == [(0,)]
    assert rows(root, "select rule, level, passed from curated.quality_results") == [("ranges", "stop", False)]
    rule(root, level="stop", most=120)
    free = run(root)
    assert (free.run_id, free.resumed, stages(free)[-1]) == ("r000002", False, "delivery")
    assert rows(root, "select count(*) from curated.person_records")[0][0] > 0


@pytest.mark.slow
def test_a_warning_is_told_and_holds_nothing(tmp_path: Path) -> None:
    root = bakery_with(tmp_path, level="warn")
    result = CliRunner().invoke(main, ["run", str(root), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["held"], [each["level"] for each in found["failed_rules"]]) == (False, ["warn"])
    assert [stage["name"] for stage in found["stages"]][-1] == "delivery"
