"""`kumitate sync`: one sync by itself, for real or only planned, and what became of its rows."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kumitate.execution.matching import Figures
    from kumitate.execution.rehearsal import Rehearsal
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace
    from kumitate.report.facts import SyncReport

_ASKED = ("dry_run", "rejected", "retry", "unknown", "settle", "why", "match_rates")
_REHEARSED = ("retry", "settle")
"""What changes something, and goes together with --dry-run."""


@click.command(
    short_help="Bring one sync up to date, rehearse it, or ask about its rows.",
    epilog=examples(
        "kumitate sync vip_campaign --dry-run",
        "kumitate sync vip_campaign --json",
        "kumitate sync vip_campaign --rejected",
        "kumitate sync vip_campaign --retry --dry-run",
        "kumitate sync vip_campaign --retry",
        "kumitate sync vip_campaign --unknown",
        'kumitate sync vip_campaign --settle M0000017 --as again --reason "not in the sent mails"',
        "kumitate sync vip_campaign --why M0000017",
        "kumitate sync vip_ads_google --match-rates --json | jq '.[0]'",
    ),
)
@click.argument("name")
@click.argument("keys", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Count what would be sent or settled; write and send nothing.")
@click.option("--rejected", is_flag=True, help="Rows that the destination has not taken, in its own words (masked).")
@click.option("--retry", is_flag=True, help="Bring these rows alone again, now: those with KEYS, or all of them.")
@click.option("--unknown", is_flag=True, help="Rows that may have arrived or not: their answer never came.")
@click.option("--settle", is_flag=True, help="Say what became of the rows with KEYS: --as arrived, or --as again.")
@click.option("--as", "fate", type=click.Choice(["arrived", "again"]), help="What --settle says of the rows.")
@click.option("--reason", help="Why --settle says so: noted with the author and the time.")
@click.option("--why", metavar="PERSON", help="Why a person is at the destination, or is not.")
@click.option("--match-rates", is_flag=True, help="What the platform counted of what it took, newest first.")
@click.option("--show", is_flag=True, help="Keys and words as they are: personal data in clear.")
@project_option
@filled_lake_option
@json_option
def sync(name: str, keys: tuple[str, ...], *, project: Path | None, as_json: bool, show: bool, **asked: Any) -> None:
    """Bring one sync up to date with the segments as the last run left them.

    A dry run tells creates, updates and deletes, who is held back and why, rows that the destination's own rules
    refuse, and how many people an ad platform can look for. PERSON of --why is a person id, also one that was
    merged, a record (source/id), or any identifier's value.
    """
    from kumitate.cli.lake import opened
    from kumitate.cli.plans import known_name

    _one_at_a_time(asked)
    if keys and not (asked["retry"] or asked["settle"]):
        raise click.UsageError("KEYS are for --retry and --settle")
    _settles(keys, asked)
    with opened(find_project(project)) as (workspace, last):
        known_name("sync", name, workspace.config.syncs)
        if name in workspace.config.fired_syncs and not asked["why"]:
            raise click.UsageError(
                f"{name} goes out by itself when {workspace.config.syncs[name].brings} fires; `kumitate sync {name}"
                " --why PERSON` tells what became of somebody's firings, `kumitate status` counts them, and"
                " activation.firings has every one (`kumitate query`)"
            )
        if asked["dry_run"] and not asked["settle"]:
            _rehearse(workspace, name, last, retry=keys if asked["retry"] else None, as_json=as_json)
        elif asked["settle"]:
            _settle(workspace, name, keys, asked=asked, as_json=as_json)
        elif _is_question(asked):
            _answer(workspace, name, asked, show=show, as_json=as_json)
        else:
            _bring(workspace, name, keys if asked["retry"] else None, as_json=as_json)


def _one_at_a_time(asked: Mapping[str, Any]) -> None:
    """UsageError for two questions at once; --dry-run may be of --retry or --settle."""
    given = [each for each in _ASKED if asked[each]]
    if len(given) > 1 and not (len(given) == 2 and asked["dry_run"] and any(asked[each] for each in _REHEARSED)):
        raise click.UsageError(
            "one at a time of --dry-run, --rejected, --retry, --unknown, --settle, --why and --match-rates; "
            "--retry and --settle may have --dry-run"
        )


def _is_question(asked: Mapping[str, Any]) -> bool:
    return any(asked[each] for each in ("rejected", "unknown", "why", "match_rates"))


def _answer(workspace: Workspace, name: str, asked: Mapping[str, Any], *, show: bool, as_json: bool) -> None:
    from kumitate.cli import sync_rows

    if asked["rejected"]:
        sync_rows.show_rejected(workspace, name, show=show, as_json=as_json)
    elif asked["unknown"]:
        sync_rows.show_unknown(workspace, name, show=show, as_json=as_json)
    elif asked["why"]:
        _why(workspace, name, asked["why"], show=show, as_json=as_json)
    else:
        _match_rates(workspace, name, as_json=as_json)


def _settles(keys: Sequence[str], asked: Mapping[str, Any]) -> None:
    """UsageError unless --settle has all that it needs, and nothing else has any of it."""
    told = bool(asked["fate"]), bool((asked["reason"] or "").strip())
    if asked["settle"] and not (keys and all(told)):
        raise click.UsageError("--settle needs KEYS, --as arrived|again and --reason, in words for who asks later")
    if any(told) and not asked["settle"]:
        raise click.UsageError("--as and --reason are for --settle")


def _settle(workspace: Workspace, name: str, keys: Sequence[str], *, asked: Mapping[str, Any], as_json: bool) -> None:
    from kumitate.execution.settling import Word, settle, would_settle

    word = Word(fate=asked["fate"], author=getpass.getuser(), reason=asked["reason"].strip())
    if asked["dry_run"]:
        count = would_settle(workspace, name, keys)
        _tell_dry({"sync": name, "would_settle": count, "as": word.fate, "author": word.author}, as_json=as_json)
        return
    count = settle(workspace, name, keys, word=word)
    if as_json:
        print_json({"sync": name, "settled": count, "as": word.fate, "author": word.author})
        return
    what = "count as accepted" if word.fate == "arrived" else "go again with the next run"
    click.echo(f"{counted(count, 'rows')} settled as {word.fate}: they {what}")


def _tell_dry(told: dict[str, Any], *, as_json: bool) -> None:
    """What --retry and --settle would do, which is a number of rows."""
    if as_json:
        print_json(told)
    elif "would_settle" in told:
        click.echo(f"{counted(told['would_settle'], 'rows')} would be settled as {told['as']}; nothing was")
    else:
        click.echo(f"{counted(told['would_retry'], 'rows')} would be brought again; nothing was")


def _bring(workspace: Workspace, name: str, retry: Sequence[str] | None, *, as_json: bool) -> None:
    from kumitate.cli.summary import facts_of
    from kumitate.execution.rejections import retriable
    from kumitate.execution.run import execute_sync
    from kumitate.report.collect import collect

    if retry is not None:
        retry = retriable(workspace.engine, workspace.config, name, keys=retry)
        if not retry:
            print_json({"sync": name, "retried": 0}) if as_json else click.echo("no row waits to be tried again")
            return
    with progress() as tell:
        done = execute_sync(workspace, name, progress=tell, retry=retry)
    report = collect(workspace.engine, workspace.config, facts_of(done))
    _show_sync(next(each for each in report.syncs if each.name == name), as_json=as_json)


def _show_sync(done: SyncReport, *, as_json: bool) -> None:
    from kumitate.cli.summary import show_syncs

    if as_json:
        print_json(asdict(done))
    else:
        show_syncs([done])


def _rehearse(workspace: Workspace, name: str, last: LoggedRun, *, retry: Sequence[str] | None, as_json: bool) -> None:
    from kumitate.execution.candidates import findable
    from kumitate.execution.rehearsal import rehearse
    from kumitate.execution.rejections import retriable

    if retry is not None:
        rows = retriable(workspace.engine, workspace.config, name, keys=retry)
        _tell_dry({"sync": name, "would_retry": len(rows)}, as_json=as_json)
        return
    rehearsal = rehearse(workspace, name, last)
    figures = findable(workspace, name, last)
    if as_json:
        print_json(rehearsal.to_json() | {"match_keys": figures.to_json() if figures else None})
        return
    show_rehearsal(rehearsal)
    if figures is not None:
        _show_findable(name, figures)


def show_rehearsal(rehearsal: Rehearsal) -> None:
    if rehearsal.interrupted:
        click.echo(f"{rehearsal.interrupted} was interrupted while delivering: the next run closes it first")
    print_table(("what becomes of candidates", "rows"), rehearsal.outcomes.items())
    if rehearsal.invalid:
        print_table(("cannot be sent", "rows"), rehearsal.invalid.items())
    if set(rehearsal.outcomes) == {"held:consent_unknown"}:
        click.echo(
            "nobody has said anything of this sync's purpose and channel (to its brand); what people have said: "
            '`kumitate query "select purpose, channel, count(*) as words from curated.consents group by 1, 2"`'
        )
    for hold in rehearsal.holds:
        without = "" if hold.reason == "approval" else f"{hold.limit_rows:,} rows may leave without; "
        click.echo(
            f"a person must approve it first ({hold.reason}): {hold.creates:,} creates, {hold.updates:,} updates and "
            f"{hold.deletes:,} deletes; {without}"
            f"after a run, `kumitate control approve {rehearsal.sync}` lets them go"
        )
    if rehearsal.is_approved:
        click.echo("a person has approved as much: the next run lets it go")
    if rehearsal.is_too_small:
        click.echo(
            f"the audience would hold {rehearsal.people:,} people, and the platform makes no use of fewer "
            f"than {rehearsal.least_rows:,}: widen the segment, or map more match keys"
        )
    if rehearsal.is_paused:
        click.echo("the sync is paused: nothing of it would leave")
    least = "at least " if rehearsal.is_least else ""
    seconds = f", {rehearsal.seconds:,.0f} s at the account's pace" if rehearsal.seconds >= 1 else ""
    click.echo(f"{least}{counted(rehearsal.requests, 'requests')} would be sent{seconds}; nothing was")


def _show_findable(name: str, figures: Figures) -> None:
    click.echo(
        f"{figures.platform} can look for {figures.findable:,} of {figures.people:,} people ({figures.rules}); "
        f"`kumitate matchkeys --sync {name}` says why not for the others"
    )


def _why(workspace: Workspace, name: str, identifier: str, *, show: bool, as_json: bool) -> None:
    from kumitate.cli.people import find_person
    from kumitate.execution.fired_why import fired_sentences, fired_why
    from kumitate.execution.sync_why import sentences, why

    person = find_person(workspace, identifier)
    if name in workspace.config.fired_syncs:
        fired = fired_why(workspace, name, person, unmask=show)
        told, lines = fired.to_json(), fired_sentences(fired)
    else:
        of_runs = why(workspace, name, person, unmask=show)
        told, lines = of_runs.to_json(), sentences(of_runs)
    if as_json:
        print_json(told)
        return
    for line in lines:
        click.echo(line)


def _match_rates(workspace: Workspace, name: str, *, as_json: bool) -> None:
    from kumitate.execution.rejections import match_rates

    rows = match_rates(workspace, name)
    if as_json:
        print_json(rows)
    elif rows:
        names = ("at", "run_id", "receipt", "name", "value")
        print_table(names, ([row[each] for each in names] for row in rows))
        _say_failed(name, rows)
    else:
        click.echo("the platform has reported nothing yet")


def _say_failed(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Requests that the platform failed, as the newest run was told."""
    from kumitate.report.late_failures import failed_later

    newest = max(row["run_id"] for row in rows)
    failed = [row for row in rows if row["name"] == "failed" and row["value"] > 0 and row["run_id"] == newest]
    if failed:
        click.echo(failed_later(name, len(failed)).en)
