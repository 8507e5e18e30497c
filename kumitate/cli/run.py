"""`kumitate run`: from raw files to delivered segments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import click

from kumitate.cli.options import FOLDER, examples, find_project, json_option, lake_option, project_option
from kumitate.cli.output import print_json, print_table, say
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    import pyarrow as pa

    from kumitate.config.project import Config
    from kumitate.execution.closing import Closed
    from kumitate.execution.run import RunSummary
    from kumitate.execution.workspace import Workspace
    from kumitate.report.facts import Report

REPORT_FILE = "report.html"


def _reason(_context: click.Context, parameter: click.Parameter, given: str | None) -> str:
    """What the option says, which must be something; nothing where it is not given."""
    if given is not None and not given.strip():
        raise click.BadParameter("say why, in words for whoever reads the run log", param=parameter)
    return given.strip() if given else ""


@click.command(
    short_help="From raw files to delivered segments.",
    epilog=examples(
        "kumitate run examples/shop",
        "kumitate run --until profiles",
        "kumitate run --as-of 2011-12-10T00:00:00Z --json",
        "kumitate run --dry-run",
    ),
)
@click.argument("folder", type=FOLDER, required=False, metavar="[PROJECT]")
@click.option("--until", metavar="STAGE", help="Stop after this stage (ingest, cleanse, identity, profiles, …).")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
@click.option("--as-of", metavar="TIME", help="The run's clock, ISO 8601; by default the project's as_of, or now.")
@click.option(
    "--release-hold",
    metavar="REASON",
    callback=_reason,
    help="Activate although quality rules hold; for this run only.",
)
@click.option("--dry-run", is_flag=True, help="Print the steps of a run, and do none of them.")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with the columns record and person_id: compare the persons found with it.",
)
@project_option
@lake_option
@json_option
def run(  # noqa: PLR0913 (each is an option of the command line)
    folder: Path | None,
    *,
    until: str | None,
    engine: Literal["duckdb", "spark"],
    as_of: str | None,
    release_hold: str,
    dry_run: bool,
    truth: Path | None,
    project: Path | None,
    lake_folder: Path | None,
    as_json: bool,
) -> None:
    """Run the project: read new files, cleanse, find persons, compute traits and segments, deliver changes.

    A run that was interrupted is taken up where it stopped; one that was interrupted while delivering is closed, and
    a new run plans anew what has not left. Destinations without a url are sandboxes on this
    machine. The report is written to report.html in the project's folder.
    """
    from kumitate.execution.run import execute
    from kumitate.execution.workspace import open_workspace

    root = find_project(folder, project)
    if until is not None:
        _known_stage(until, truth)
    if dry_run:
        _show_plan(root, until, lake_folder=lake_folder, as_json=as_json)
        return
    known = _read_truth(truth) if truth is not None else None
    with open_workspace(root, engine=engine, lake_folder=lake_folder) as workspace:
        _caution(workspace.config)
        clock = _clock(as_of, workspace.config)
        with progress() as tell:
            summary = execute(workspace, until=until, as_of=clock, release=release_hold, progress=tell)
        report = _report(workspace, summary, known) if until is None else None
    _show(summary, report, as_json=as_json)


def _caution(config: Config) -> None:
    """What makes the persons that a run finds doubtful, before it finds them."""
    from kumitate.identity.weighing import model_caution

    told = model_caution(config)
    if told is not None:
        say(f"warning: {told}")


def _known_stage(name: str, truth: Path | None) -> None:
    """UsageError where there is none, or where such a run would pass over the truth that is given."""
    from kumitate.cli.plans import known_name
    from kumitate.pipeline import STAGES

    known_name("stage", name, [stage.name for stage in STAGES])
    if truth is not None:
        raise click.UsageError("--truth is told in the report, which a whole run makes; leave out --until")


def _clock(given: str | None, config: Config) -> datetime | None:
    """A time without an offset is the project's own."""
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.BadParameter("write a time such as 2011-12-10T00:00:00Z", param_hint="--as-of") from None
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(config.settings.timezone))
    return local.astimezone(UTC)


def _report(workspace: Workspace, summary: RunSummary, truth: pa.Table | None) -> Report:
    """Collect the report and write its page beside the project's files."""
    from kumitate.cli.summary import facts_of
    from kumitate.report.collect import collect
    from kumitate.report.render import render

    report = collect(workspace.engine, workspace.config, facts_of(summary), truth=truth)
    path = workspace.config.root / REPORT_FILE
    path.write_text(render(report), encoding="utf-8")
    say(f"report: {path}")
    return report


def _read_truth(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    from kumitate.errors import FatalError

    columns = ["record", "person_id"]
    options = pa.csv.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, pa.string()))
    try:
        return pa.csv.read_csv(path, convert_options=options)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise FatalError(f"{path}: the truth is a CSV with the columns record (source/id) and person_id") from error


def _show(summary: RunSummary, report: Report | None, *, as_json: bool) -> None:
    from kumitate.cli import summary as screen

    if as_json:
        print_json(summary.to_json() | ({"report": screen.as_json(report)} if report else {}))
        return
    again = ", taken up again" if summary.resumed else ""
    click.echo(f"run {summary.run_id} as of {summary.as_of.isoformat()}: {summary.seconds:.1f} s{again}\n")
    if summary.closed is not None:
        click.echo(f"{_told_of(summary.closed)}\n")
    screen.show_quality(summary.failed_rules, released=summary.released)
    if report is None:
        rows = [(stage.name, stage.seconds, sum(stage.rows.values())) for stage in summary.stages]
        print_table(("stage", "seconds", "rows written"), rows)
        return
    screen.show_sources(report, ever=False)
    screen.show_cleansing(report, ever=False)
    screen.show_people(report)
    screen.show_segments(report)
    screen.show_syncs(report.syncs)
    screen.show_verdict(report)


def _told_of(closed: Closed) -> str:
    return (
        f"closed {closed.run_id}, interrupted while delivering: {closed.accepted} rows accepted, {closed.rejected}"
        f" rejected, {closed.unknown} unknown, {closed.left} left for this run"
    )


def _say_if_interrupted(lake_folder: Path) -> None:
    """A dry run says first what a run would do first."""
    from kumitate.execution.runs import RunLog

    path = lake_folder / "runs.db"
    last = RunLog(path).last() if path.exists() else None
    if last is not None and last.finished_at is None:
        how = (
            "is closed by the next run, before these steps" if last.delivering_at else "is gone on with by the next run"
        )
        say(f"{last.id} was interrupted: it {how}")


def _show_plan(root: Path, until: str | None, *, lake_folder: Path | None, as_json: bool) -> None:
    from kumitate.cli.plans import planned_steps
    from kumitate.execution.workspace import lake_folder_of
    from kumitate.project import open_project

    project = open_project(root)
    _caution(project.config)
    _say_if_interrupted(lake_folder_of(project.config, lake_folder))
    steps = planned_steps(project.config, until)
    if as_json:
        print_json(steps)
    else:
        print_table(("stage", "writes", "how", "queries"), [tuple(step.values()) for step in steps])
