"""`kumitate collect`: take in events over HTTP on this machine, as tracking libraries send them."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, find_project, json_option, lake_option, project_option
from kumitate.cli.output import counted, say

if TYPE_CHECKING:
    from types import FrameType

    from kumitate.execution.collect import Collection, Counts

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SAMPLE = '{"anonymousId":"visitor-1","event":"Product Viewed","properties":{"product_id":"22423"}}'


class _Time(click.ParamType[timedelta]):
    """`10s`, `5m`, `1h`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no time; write 10s, 5m or 1h", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command(
    short_help="Take in events over HTTP, as tracking libraries send them.",
    epilog=examples(
        "kumitate collect --port 8080",
        "kumitate collect --project examples/shop --port 8080 --for 10m",
        "kumitate collect --port 8080 --lake /tmp/lake --json",
    ),
)
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="Where to listen; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 lets other machines in.")
@click.option("--land-every", type=_Time(), default="10s", show_default=True, help="How often events become files.")
@click.option("--for", "ends_after", type=_Time(), help="End by itself after so long.")
@project_option
@lake_option
@json_option
def collect(  # noqa: PLR0913 (each is an option of the command line)
    *,
    port: int,
    host: str,
    land_every: timedelta,
    ends_after: timedelta | None,
    project: Path | None,
    lake_folder: Path | None,
    as_json: bool,
) -> None:
    """Take in what the SDKs of Segment and RudderStack send to this machine, and what webhooks call with.

    An event is acknowledged when it is safe on the disk, and counts once however often it is sent. The next `kumitate
    run` takes in what came until then, also while this goes on. The project's triggers watch the events as they come.
    End it with Ctrl-C: calls under way are answered first. A webhook's secret is read from the environment variable
    KUMITATE_SECRET_<NAME>. There is no dry run, for what is acknowledged has to be kept: try events with `kumitate
    contract test` and `kumitate trigger test`, or take them into another --lake.
    """
    from kumitate.execution.collect import Schedule, open_collection
    from kumitate.execution.collect import collect as collect_until
    from kumitate.execution.collect_server import bound

    root = find_project(project)
    told = _AsLines() if as_json else _InWords()
    schedule = Schedule(land_every, ends_after=ends_after)
    opened = open_collection(root, lake_folder=lake_folder, clock=_now, environment=environ, trouble=say)
    with opened as collection, bound(host, port) as listening, _ended_by_signals() as ended:
        told.begins(collection, _address(host, listening.getsockname()[1]))
        counts = collect_until(collection, listening, schedule, ended=ended, tell=told.goes_on)
    told.ends(counts)


def _now() -> datetime:
    return datetime.now(UTC)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C or a service manager's TERM; a second one ends at once, as if nobody listened."""
    ended = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (Python calls it with both)
        ended.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, end)
    try:
        yield ended
    finally:
        restore()


def _keys(collection: Collection) -> Mapping[str, str]:
    """The write keys' names, with the sources that they write to."""
    return {key.name: intake.source for intake in collection.collecting.intakes for key in intake.keys}


def _hooks(collection: Collection) -> Mapping[str, str]:
    return {
        f"/v1/webhooks/{intake.hook.path}": intake.source
        for intake in collection.collecting.intakes
        if intake.hook is not None
    }


def _try_it(collection: Collection, address: str) -> str:
    """A command that sends an event; a secret key is not known here."""
    public = (key.value for intake in collection.collecting.intakes for key in intake.keys if key.value)
    user = next(public, "$WRITE_KEY")
    return f"""curl -u "{user}:" {address}/v1/track -H 'Content-Type: application/json' -d '{_SAMPLE}'"""


@dataclass(frozen=True, slots=True)
class _InWords:
    """Tells people."""

    def begins(self, collection: Collection, address: str) -> None:
        click.echo(f"collecting at {address} into {collection.folder}")
        for kind, named in (("write key", _keys(collection)), ("webhook", _hooks(collection))):
            for name, source in named.items():
                click.echo(f"  {kind} {name} -> {source}")
        for variable in collection.lacking:
            say(f"  set {variable}; until then the webhook's calls are refused")
        if _keys(collection):  # a call of a webhook is its service's alone to sign
            click.echo(f"try it:\n  {_try_it(collection, address)}")

    def goes_on(self, counts: Counts) -> None:
        click.echo(f"{_now().astimezone():%H:%M:%S} {_words(counts)}")
        problems = (counts.problem, *(counts.watched.problems.values() if counts.watched else ()))
        for problem in filter(None, problems):
            say(f"  {problem}")

    def ends(self, counts: Counts) -> None:
        click.echo(f"ended: {_words(counts)}")


@dataclass(frozen=True, slots=True)
class _AsLines:
    """Tells programs: one JSON object a line."""

    def begins(self, collection: Collection, address: str) -> None:
        told = {"keys": _keys(collection), "webhooks": _hooks(collection), "lacking": collection.lacking}
        self._line("began", {"address": address, "lake": str(collection.folder), **told})

    def goes_on(self, counts: Counts) -> None:
        self._line("counts", asdict(counts))

    def ends(self, counts: Counts) -> None:
        self._line("ended", asdict(counts))

    def _line(self, what: str, told: Mapping[str, Any]) -> None:
        click.echo(json.dumps({"what": what, "at": _now().isoformat()} | dict(told)))


def _words(counts: Counts) -> str:
    parts = [counted(counts.kept, "events") + " kept", f"{counts.landed:,} written to files"]
    if counts.known:
        parts.append(f"{counts.known:,} had come before")
    refused = sum(number for status, number in counts.answers.items() if status >= 400)
    if refused:
        told = ", ".join(f"{status}: {number:,}" for status, number in counts.answers.items() if status >= 400)
        parts.append(f"{counted(refused, 'calls')} refused ({told})")
    if counts.watched is not None:
        parts.append(f"{counted(counts.watched.told, 'triggers')} fired")
    return ", ".join(parts)
