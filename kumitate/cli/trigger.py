"""`kumitate trigger`: what triggers watch for, what it costs to remember, and when they would have fired."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say
from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.events.plan import Triggering, Watch
    from kumitate.execution.trigger_trial import Trial

_LAKE, _STDIN = "lake", "-"
_GZIP = b"\x1f\x8b"


@click.group(short_help="What happens in real time, and when it would have happened.")
def trigger() -> None:
    """Triggers, decided as events come in: list them, show one in words, try one on events of the past."""


@trigger.command("list", epilog=examples("kumitate trigger list", "kumitate trigger list --json"))
@project_option
@json_option
def list_triggers(*, project: Path | None, as_json: bool) -> None:
    """List the triggers, what they wait for, and the syncs that they start."""
    config, plan = _planned(project)
    rows = [_about(config, plan, name) for name in plan.watches]
    if as_json:
        print_json(rows)
        return
    columns = ("trigger", "when", "once_per", "facts", "syncs")
    print_table(
        columns, [[" · ".join(row["when"]) if name == "when" else row[name] for name in columns] for row in rows]
    )
    if not rows:
        say("no triggers yet; they stand in triggers/*.yaml")


@trigger.command(epilog=examples("kumitate trigger show hot_lead", "kumitate trigger show cart_abandoned_24h --json"))
@click.argument("name")
@project_option
@json_option
def show(name: str, *, project: Path | None, as_json: bool) -> None:
    """Show a trigger in words: when it fires and how often, what it tells, what it remembers of a person."""
    config, plan = _planned(project)
    about = _about(config, plan, _known(name, config))
    if as_json:
        print_json(about)
        return
    click.echo(f"{name}: {about['description']}".rstrip(": "))
    click.echo("fires when " + "\n       and ".join(about["when"]))
    often = "once" if about["once_per"] == "ever" else f"once in {about['once_per']}"
    click.echo(f"at most    {often} for each key {about['key']}")
    click.echo(f"unless     it came true more than {about['fresh']} ago when an event arrives late")
    click.echo(f"tells      {', '.join(about['facts']) or 'no facts'}")
    click.echo(f"starts     {', '.join(about['syncs']) or 'no sync yet; name it in one, under `trigger`'}")
    if about["past"]:
        click.echo(f"past       {about['past']}")
    click.echo(f"timers     {about['timers']}")
    click.echo(f"remembers  {about['events_remembered']} events of a person at most, {about['bytes_at_most']:,} bytes")


@trigger.command(
    epilog=examples(
        "kumitate trigger test hot_lead --events 'data/generated/web_events*.jsonl'",
        "kumitate trigger test cart_abandoned_24h --events lake --limit 5",
        "kumitate trigger test hot_lead --events lake --person M0005025 --json",
    ),
)
@click.argument("name")
@click.option(
    "--events",
    required=True,
    help="JSON Lines of events: a file, a glob, `-` for stdin, or `lake` for what the lake has.",
)
@click.option(
    "--source", default="", help="Whose plain Segment events are, where the trigger looks at several sources."
)
@click.option("--person", default="", help="Tell only of who is called so: a userId, an anonymousId, an address.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(0), help="How many to show of each kind.")
@project_option
@filled_lake_option
@json_option
def test(name: str, *, events: str, limit: int, project: Path | None, as_json: bool, **asked: str) -> None:
    """Play events of the past through a trigger: when it would have fired for whom, and why not for the others.

    People are told apart as in real time, by what the events say; names are masked.
    """
    from kumitate.execution.trigger_trial import Asked, tried

    config, plan = _planned(project)
    _known(name, config)
    if asked["source"] and asked["source"] not in plan.sources:
        raise click.UsageError(f"no trigger looks at source {asked['source']!r}; there are {', '.join(plan.sources)}")
    sources = {plan.steps[step].source for step in plan.watches[name].looks_at}
    lines = _of_lake(find_project(project), sources) if events == _LAKE else _of_files(events)
    how = Asked(**asked, as_of=config.settings.as_of, now=datetime.now(UTC))
    trial = tried(plan, name, lines, asked=how)
    if trial.refused and not trial.events:
        reasons = ", ".join(f"{counted(count, 'lines')} {reason}" for reason, count in trial.refused.most_common())
        raise FatalError(f"no event in {events}: {reasons}; give JSON Lines, one event as a JSON object a line")
    if as_json:
        print_json(_as_json(trial, limit))
    else:
        _print(trial, limit)


def _planned(project: Path | None) -> tuple[Config, Triggering]:
    from kumitate.events.triggering import triggering_of
    from kumitate.project import open_project

    config = open_project(find_project(project)).config
    return config, triggering_of(config)


def _known(name: str, config: Config) -> str:
    from kumitate.cli.plans import known_name

    known_name("trigger", name, config.triggers)
    return name


def _about(config: Config, plan: Triggering, name: str) -> dict[str, Any]:
    from kumitate.events.words import most_bytes, part_words, span

    watch = plan.watches[name]
    return {
        "trigger": name,
        "description": watch.description,
        "when": [part_words(plan, part) for part in watch.parts],
        "key": watch.key,
        "once_per": "ever" if watch.once_ms is None else span(watch.once_ms),
        "fresh": span(watch.fresh_ms),
        "facts": list(watch.facts),
        "syncs": [sync for sync, each in config.syncs.items() if each.trigger == name],
        "past": _past(watch),
        "timers": _timers(watch),
        "events_remembered": sum(plan.steps[step].most for step in watch.looks_at),
        "bytes_at_most": most_bytes(plan, watch),
    }


def _past(watch: Watch) -> str:
    """What else tells that a first time is none; empty where nothing asks."""
    from kumitate.events.words import span

    if [part.kind for part in watch.parts] != ["first"]:
        return ""
    back = span(watch.parts[0].within_ms)
    return f"a sync holds it (not_first) where the lake knew an earlier one, {back} back, at the last run"


def _timers(watch: Watch) -> str:
    from kumitate.events.words import span

    if not watch.waits:
        return "none: it is decided when an event comes in"
    longest = max(part.span_ms for part in watch.parts)
    return f"one a person, {span(longest)} and {span(watch.lateness_ms)} after the last step, moved on as need be"


def _of_files(given: str) -> Iterator[str]:
    import glob

    if given == _STDIN:
        yield from _lines(io.BytesIO(sys.stdin.buffer.read()))
        return
    files = [file for file in sorted(glob.glob(given, recursive=True)) if Path(file).is_file()]
    if not files:
        raise click.UsageError(f"--events {given!r}: no such file; give JSON Lines, a glob in quotes, or `lake`")
    for file in files:
        with Path(file).open("rb") as content:
            yield from _lines(content)


def _lines(content: IO[bytes]) -> Iterator[str]:
    """Also compressed, whatever the file is called; what is no UTF-8 is one line's trouble."""
    import gzip

    is_packed = content.read(2) == _GZIP
    content.seek(0)
    try:
        for number, line in enumerate(gzip.GzipFile(fileobj=content) if is_packed else content):
            text = line.decode("utf-8-sig" if number == 0 else "utf-8", "surrogateescape")
            if text.strip():
                yield text
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FatalError("--events: a compressed file is broken or ends too early; fetch it again") from None


def _of_lake(root: Path, sources: set[str]) -> Iterator[str]:
    import json

    from kumitate.cli.lake import opened
    from kumitate.execution.event_files import delivered_events
    from kumitate.model.event import MARKS

    with opened(root) as (workspace, _):
        for source in sorted(sources):
            for event in delivered_events(workspace.raw_area, source):
                yield json.dumps({**event, MARKS: event.get(MARKS) or {"source": source}})


def _as_json(trial: Trial, limit: int) -> dict[str, Any]:
    return {
        "trigger": trial.trigger,
        "events": trial.events,
        "matching": trial.matching,
        "refused": dict(trial.refused),
        "from": trial.first,
        "to": trial.last,
        "fired": len(trial.fires),
        "people_not": len(trial.missed),
        "fires": [asdict(fire) for fire in trial.fires[:limit]],
        "not": [asdict(missed) for missed in trial.missed[:limit]],
    }


def _print(trial: Trial, limit: int) -> None:
    from kumitate.events.facts import shown

    if trial.fires and limit:
        rows = [
            (f"{fire.at:%Y-%m-%d %H:%M:%S}", fire.who, fire.key, _facts(fire.facts, shown))
            for fire in trial.fires[:limit]
        ]
        print_table(("fired at (UTC)", "for", "key", "facts"), rows)
    if trial.missed and limit:
        title = "Not for these, who came nearest:" if trial.fires else "Not for anybody; who came nearest:"
        print_table(("who", "why not"), [(missed.who, missed.why) for missed in trial.missed[:limit]], title=title)
    between = f", {trial.first:%Y-%m-%d} to {trial.last:%Y-%m-%d}" if trial.first and trial.last else ""
    click.echo(
        f"{counted(trial.events, 'events')}{between}; {trial.matching:,} that {trial.trigger} asks for; fired"
        f" {counted(len(trial.fires), 'times')}; {_people(len(trial.missed))} came near and it did not"
    )
    for reason, count in trial.refused.most_common():
        say(f"{counted(count, 'lines')} could not be used: {reason}")
    if not trial.matching:
        say("no event is one that the trigger asks for; `kumitate trigger show` tells which it does")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _facts(facts: Any, shown: Any) -> str:
    return "; ".join(f"{name}: {shown(value)}" for name, value in facts.items())
