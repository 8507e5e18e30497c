"""`kumitate contract`: what events must look like: seen beside what came in, drafted from it, tried, and promised."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import chosen_lake, examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.execution.contract_trial import Trial

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_CALLS = click.Choice(["track", "identify", "page", "screen", "group", "alias"])


@click.group(short_help="What events must look like.")
def contract() -> None:
    """What events must look like: list contracts, see which events none describes, draft one, try them, publish.

    A published version is a promise to senders: `kumitate check` refuses to have it changed.
    """


@contract.command("list", epilog=examples("kumitate contract list", "kumitate contract list --json"))
@project_option
@json_option
def list_contracts(*, project: Path | None, as_json: bool) -> None:
    """List the contracts, their versions, and what is done about an event that breaks one."""
    from kumitate.config.published import OF

    config = _config(project)
    rows = [
        {
            "contract": name,
            "source": each.source,
            "call": each.call,
            "event": each.event,
            "versions": list(each.versions),
            "published": sorted(config.published.get(name, {}).keys() - {OF}),
            "on_violation": each.on_violation,
            "violations": dict(each.violations),
            "owner": each.owner,
        }
        for name, each in config.contracts.items()
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("contract", "source", "call", "event", "versions", "published", "on_violation")
    print_table(columns, [[_cell(row[name]) for name in columns] for row in rows])
    if not rows:
        say("no contracts yet; `kumitate contract seen` lists events, `kumitate contract adopt` drafts one")


@contract.command(epilog=examples("kumitate contract seen", "kumitate contract seen --unknown --json"))
@click.option("--source", help="Events of this source only.")
@click.option("--unknown", is_flag=True, help="Only events that no contract describes.")
@project_option
@filled_lake_option
@json_option
def seen(*, source: str | None, unknown: bool, project: Path | None, as_json: bool) -> None:
    """List the events that came in, how many and when, how many of them lie blocked in quarantine, and the contract
    of each; `-` is one that none describes.
    """
    from kumitate.cli.lake import opened
    from kumitate.execution.contracts import seen_events, unknown_only

    with opened(find_project(project)) as (workspace, _):
        config = workspace.config
        sources = {name: config.sources[name] for name in _collected(config, source)}
        found = seen_events(workspace.engine, sources, config.contracts)
    shown = list(unknown_only(found)) if unknown else found
    if as_json:
        print_json([{name: getattr(each, name) for name in each.__slots__} for each in shown])
        return
    columns = ("source", "call", "event", "events", "blocked", "first_at", "last_at", "contract")
    print_table(columns, [[getattr(each, name) or "-" for name in columns] for each in shown])
    lacking = next(unknown_only(shown), None)
    if lacking is not None:
        say(
            f"draft a contract: kumitate contract adopt {_asked(lacking.call, lacking.event)} --source {lacking.source}"
        )


@contract.command(
    epilog=examples(
        "kumitate contract adopt 'Product Added' --source web_events",
        "kumitate contract adopt 'Product Added' --source web_events --events data/generated/web_events.jsonl --write",
        "kumitate contract adopt --call identify --source web_events",
    )
)
@click.argument("event", required=False)
@click.option("--source", required=True, help="The source that takes the event in.")
@click.option("--call", type=_CALLS, default="track", show_default=True)
@click.option("--events", type=FILE, multiple=True, help="JSON Lines to draft from, instead of what the lake has.")
@click.option("--write", is_flag=True, help="Write contracts/<name>.yaml; without it the draft is printed.")
@project_option
@filled_lake_option
def adopt(**asked: Any) -> None:
    """Draft a contract for EVENT from events as they came: their fields and types, and what all of them have.

    Look it over before it is published: required is what every event had, which may be more than was meant. Without
    --write nothing is written.
    """
    from kumitate.execution.contracts import drafted
    from kumitate.execution.event_files import delivered_events, events_in
    from kumitate.execution.workspace import open_workspace

    root = find_project(asked["project"])
    with open_workspace(root, lake_folder=chosen_lake()) as workspace:
        _collected(workspace.config, asked["source"])
        given = asked["events"]
        events = events_in(given) if given else delivered_events(workspace.raw_area, asked["source"])
        schema, count = drafted(events, call=asked["call"], event=asked["event"])
    name = _name(asked["event"] or asked["call"])
    text = _yaml(name, asked, schema)
    say(f"drafted from {counted(count, 'events')}")
    if not asked["write"]:
        click.echo(text, nl=False)
        return
    path = root / "contracts" / f"{name}.yaml"
    if path.exists():
        raise click.UsageError(f"{path} is there already; put the new version into it by hand")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    say(f"written to contracts/{path.name}; look it over, then: kumitate check, kumitate contract publish")


@contract.command(
    epilog=examples(
        "kumitate contract test --source web_events",
        "kumitate contract test --source web_events --json",
    )
)
@click.option("--source", required=True, help="The source whose contracts are tried.")
@click.option("--events", type=FILE, multiple=True, help="JSON Lines to try them on, instead of what the lake has.")
@project_option
@filled_lake_option
@json_option
def test(*, source: str, events: tuple[Path, ...], project: Path | None, as_json: bool) -> None:
    """Try the contracts on events: how many keep them, which rules the others break. Ends with 1 where any does.

    Values are never shown: fields and rules tell what to look for.
    """
    from kumitate.events.collecting import collecting_of
    from kumitate.execution.contract_trial import tried
    from kumitate.execution.event_files import delivered_events, events_in
    from kumitate.execution.workspace import open_workspace

    with open_workspace(find_project(project), lake_folder=chosen_lake()) as workspace:
        _collected(workspace.config, source)
        intake = next(each for each in collecting_of(workspace.config).intakes if each.source == source)
        given = events_in(events) if events else delivered_events(workspace.raw_area, source)
        trial = tried(given, intake)
    if as_json:
        print_json(trial.to_json())
    else:
        _show_trial(trial)
    if not trial.is_clean:
        raise SystemExit(1)


@contract.command(epilog=examples("kumitate contract publish --dry-run", "kumitate contract publish"))
@click.option("--dry-run", is_flag=True, help="Only say what would be published.")
@project_option
@json_option
def publish(*, dry_run: bool, project: Path | None, as_json: bool) -> None:
    """Promise the contracts as they stand: from here on `kumitate check` refuses to have these versions changed."""
    from kumitate.execution.contracts import publish as note

    root = find_project(project)
    new = note(root, _config(root).contracts, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "published": [{"contract": name, "version": each} for name, each in new]})
        return
    for name, version in new:
        click.echo(f"{name} {version}")
    say(f"{'would publish' if dry_run else 'published'} {counted(len(new), 'versions')}")
    if new and not dry_run:
        say("commit contracts/published.json")


@contract.command(
    epilog=examples(
        "kumitate contract retire product_added 1.0 --dry-run",
        "kumitate contract retire product_added",
    )
)
@click.argument("name")
@click.argument("version", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken back.")
@project_option
@json_option
def retire(*, name: str, version: str | None, dry_run: bool, project: Path | None, as_json: bool) -> None:
    """Take the promise of NAME (or of one VERSION) back, once no sender keeps to it: it may be changed or removed."""
    from kumitate.execution.contracts import retire as forget

    gone = forget(find_project(project), name, version, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "retired": [{"contract": name, "version": each} for each in gone]})
        return
    say(f"{'would take back' if dry_run else 'taken back'}: {name} {', '.join(gone)}")


def _config(project: Path | None) -> Config:
    from kumitate.project import open_project

    return open_project(find_project(project)).config


def _collected(config: Config, source: str | None) -> list[str]:
    """Sources that take events in over HTTP, or the one that is named."""
    from kumitate.config.findings import did_you_mean

    known = [name for name, each in config.sources.items() if each.collect is not None or each.webhook is not None]
    if source is None:
        return known
    if source not in known:
        raise click.UsageError(
            f"source {source!r} takes in no events over HTTP{did_you_mean(source, known)}; "
            f"these do: {', '.join(known) or 'none; give one `collect`'}"
        )
    return [source]


def _show_trial(trial: Trial) -> None:
    told = trial.to_json()
    for rows, columns in (
        (told["contracts"], ["contract", "kept", "broken", "blocked"]),
        (told["violations"], ["contract", "field", "rule", "action", "events"]),
    ):
        if rows:
            print_table(columns, [[row[name] for name in columns] for row in rows])
    unknown = f"{sum(trial.unknown.values()):,} that no contract describes"
    say(f"{counted(trial.events, 'events')}; {unknown}, {trial.no_calls:,} that are no call")


def _asked(call: str, event: str) -> str:
    """How an event is named on the command line."""
    return " ".join(([repr(event)] if event else []) + ([f"--call {call}"] if call != "track" else []))


def _name(event: str) -> str:
    """`Order Completed` is order_completed; `購入` is event_ and a few digits, which no other name shares."""
    plain = re.sub(r"[^a-z0-9]+", "_", event.lower()).strip("_")
    if event.isascii() and plain and plain[0].isalpha():
        return plain
    return f"{plain if plain[:1].isalpha() else 'event'}_{sha256(event.encode()).hexdigest()[:6]}"


def _yaml(name: str, asked: dict[str, Any], schema: dict[str, Any]) -> str:
    import yaml

    described: dict[str, Any] = {"source": asked["source"]}
    if asked["call"] != "track":
        described["call"] = asked["call"]
    if asked["event"]:
        described["event"] = asked["event"]
    described["versions"] = {"1.0": schema}
    return yaml.safe_dump({name: described}, allow_unicode=True, sort_keys=False)


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
