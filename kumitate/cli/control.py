"""`kumitate control`: a sync paused, resumed, cancelled, approved or reset, with author, time and reason."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.execution.controls import Controls, Decision
    from kumitate.execution.workspace import Workspace
    from kumitate.ports import Engine

_MOST_NAMED = 5
ACTIONS = ("pause", "resume", "cancel", "approve", "reset", "list")
_SAID = {
    "pause": "nothing of it leaves any more; `kumitate control resume` lets it go on",
    "resume": "it goes on with the next run",
    "cancel": "nothing more of it leaves in run {run}; what is left is a change again in the next",
    "approve": "as many changes as run {run} had may leave with the next run",
    "reset": "what was accepted up to run {run} is forgotten; the next run is a first full sync",
}


@click.command(
    short_help="Pause, resume, cancel, approve or reset a sync.",
    epilog=examples(
        'kumitate control pause vip_campaign --reason "wrong template"',
        'kumitate control approve vip_ads_google --reason "the autumn clean-up, 1,200 leave"',
        "kumitate control reset vip_ads_google --dry-run",
        "kumitate control list vip_ads_google",
    ),
)
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("sync")
@click.option("--reason", help="Why; it is kept with the decision.")
@click.option("--author", metavar="NAME", help="Who decides; by default your name on this machine.")
@click.option("--run", "run_id", help="The run that is cancelled (the one under way) or approved (the newest held).")
@click.option("--env", "environment", help="In this environment's AWS account, instead of on this machine.")
@click.option("--dry-run", is_flag=True, help="Only say what it would mean.")
@click.option("--yes", is_flag=True, help="Do not ask before a reset.")
@project_option
@filled_lake_option
@json_option
def control(action: str, sync: str, *, project: Path | None, as_json: bool, **given: Any) -> None:
    """Decide about a SYNC; every decision is kept, and none changes another.

    \b
    pause    nothing leaves, also of a run under way, until it is resumed
    resume   it goes on; the next run brings the difference as it is then
    cancel   nothing more leaves of one run
    approve  a run that was held (too many changes, or approval: required) may go
    reset    the accepted state is forgotten: everything is sent again
    list     what was decided so far
    """
    from kumitate.cli.plans import known_name

    root = find_project(project)
    if given["environment"]:
        from kumitate.project import open_project

        config = open_project(root).config
        known_name("sync", sync, config.syncs)
        _has_runs(config, sync, action)
        controls, runs = _deployed(root, config, sync, environment=given["environment"])
        _decide(controls, action, sync, runs=runs, as_json=as_json, **given)
        return
    from kumitate.cli.lake import opened
    from kumitate.execution.controls import controls_of

    with opened(root) as (workspace, last):
        known_name("sync", sync, workspace.config.syncs)
        _has_runs(workspace.config, sync, action)
        if action == "reset":
            _show_reset(workspace, sync)
        open_run = None if last.finished_at else last.id
        runs = Runs(sync, last.id, open_run, lambda: _held_runs(workspace.engine, sync))
        _decide(controls_of(workspace.folder), action, sync, runs=runs, as_json=as_json, **given)


def _has_runs(config: Config, sync: str, action: str) -> None:
    """UsageError where runs bring nothing of the sync, so that there is none to approve, cancel or forget."""
    if sync in config.fired_syncs and action in ("approve", "cancel", "reset"):
        raise click.UsageError(f"{sync} goes out when {config.syncs[sync].brings} fires; it can be paused and resumed")


def _deployed(root: Path, config: Config, sync: str, *, environment: str) -> tuple[Controls, Runs]:
    """The decisions kept in the account, and its runs."""
    from kumitate.aws.clients import client
    from kumitate.aws.controls import DynamoControls
    from kumitate.aws.runs import DynamoRunRegister
    from kumitate.blueprint.derive import environment_of
    from kumitate.blueprint.names import Names
    from kumitate.cli.query import deployed_lake

    place = environment_of(config, environment)
    names = Names(config.settings.project, environment, place.account or "", place.region)
    dynamo, table = client("dynamodb", place.region), names.called("ledger")
    entry, lock = DynamoRunRegister(dynamo, table).read()
    if entry is None:
        raise click.UsageError(f"nothing has run yet in environment {environment!r}")
    open_run = lock.run_id if lock else None if entry.ended_at else entry.id
    runs = Runs(sync, entry.id, open_run, lambda: _held_runs(deployed_lake(root, environment, "activation"), sync))
    return DynamoControls(dynamo, table), runs


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs that a decision about a sync may name; `held` are asked for only where an approval needs them."""

    sync: str
    newest: str
    under_way: str | None
    """Also one that was interrupted, and will be taken up."""
    held: Callable[[], Sequence[str]]
    """Those that a person has to look at, newest first."""

    def named(self, action: str, run_id: str | None) -> str:
        """The run that was given, else the one that the action is about; a usage error where it is none of these."""
        if action == "approve":
            return self._to_approve(run_id)
        if action == "cancel":
            return self._to_cancel(run_id)
        return run_id or self.newest

    def _to_approve(self, run_id: str | None) -> str:
        held = self.held()
        ended = [each for each in held if each != self.under_way]
        if run_id is not None and run_id == self.under_way and run_id in held:
            raise click.UsageError(f"run {run_id} is under way; approve it when it has ended{_there(ended)}")
        if not ended:
            raise click.UsageError(f"no run of sync {self.sync!r} was held; there is nothing to approve")
        if run_id is not None and run_id not in ended:
            raise click.UsageError(f"run {run_id} of sync {self.sync!r} was not held{_there(ended)}")
        return run_id or ended[0]

    def _to_cancel(self, run_id: str | None) -> str:
        if self.under_way is None:
            held = _there(self.held()) if run_id is not None else ""
            raise click.UsageError(f"no run is under way; there is nothing to cancel{held}")
        if run_id not in (None, self.under_way):
            raise click.UsageError(f"run {run_id} is not under way; {self.under_way} is{_there(self.held())}")
        return self.under_way


def _there(held: Sequence[str]) -> str:
    return f"; held were {', '.join(held[:_MOST_NAMED])}" if held else ""


def _held_runs(engine: Engine, sync: str) -> list[str]:
    from kumitate.activation.guard import held_runs

    return [row["run_id"] for batch in engine.rows(held_runs(sync)) for row in batch.to_pylist()]


def _show_reset(workspace: Workspace, sync: str) -> None:
    from kumitate.activation.tables import state_table
    from kumitate.cli.lake import ask

    (row,) = ask(workspace, "state", f"select count(*) as rows from {state_table(sync)}")
    say(f"{counted(row['rows'], 'accepted rows')} would be forgotten; the next run sends every candidate anew")
    if not workspace.project.destinations[sync].terms.idempotent:
        say("what this destination got cannot be taken back: people would get their messages a second time")
    if workspace.config.syncs[sync].mode in ("mirror", "rebuild"):
        say("who has left since is not removed there any more: the destination is no longer known to hold them")


def _decide(controls: Controls, action: str, sync: str, *, runs: Runs, as_json: bool, **given: Any) -> None:
    if action == "list":
        _list([each for each in controls.decisions() if each.sync == sync], as_json=as_json)
        return
    run_id = runs.named(action, given["run_id"])
    if given["dry_run"]:
        _tell_dry(action, sync, run_id, as_json=as_json)
        return
    if not (given["reason"] or "").strip():
        raise click.UsageError("say why with --reason; it is kept with the decision")
    if action == "reset" and not given["yes"]:
        click.confirm(f"Forget what {sync} has accepted?", abort=True, err=True)
    decision = _decision(action, sync, run_id, given=given)
    controls.note(decision)
    if as_json:
        print_json(decision.to_json())
    else:
        click.echo(f"{sync}: {_SAID[action].format(run=decision.run_id)}")


def _tell_dry(action: str, sync: str, run_id: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, "sync": sync, "action": action, "run_id": run_id})
    else:
        click.echo(f"{sync}: {action} would mean: {_SAID[action].format(run=run_id)}")
    say("nothing was decided")


def _decision(action: str, sync: str, run_id: str, *, given: dict[str, Any]) -> Decision:
    from kumitate.execution.controls import Action, Decision

    about_run = action in ("cancel", "approve", "reset")
    author = given["author"] or getpass.getuser()
    return Decision(
        sync=sync,
        action=Action(action),
        author=author,
        at=datetime.now(UTC),
        reason=given["reason"].strip(),
        run_id=run_id if about_run else "",
    )


def _list(decisions: list[Decision], *, as_json: bool) -> None:
    rows = [each.to_json() for each in decisions]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(("at", "action", "run", "author", "reason"), (_row(each) for each in rows))
    else:
        click.echo("nothing was decided about it")


def _row(said: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(said[name]) for name in ("at", "action", "run_id", "author", "reason"))
