"""Can a deployment fetch or take in what its sources say: connectors, formats, schedules, one limit per account?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kumitate.config.checks.schedules import schedule_findings
from kumitate.config.connectors import APPFLOW, GLUE, WITH_INSTANCE, glue_settings
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, did_you_mean, unknown
from kumitate.config.names import name_problem
from kumitate.config.source import Pull, Source, Stream
from kumitate.config.sync import Destination


def check(draft: Draft) -> Iterator[Finding]:
    for name, source in draft.config.sources.items():
        spot = Spot("sources", (name,))
        if source.pull is not None and source.stream is not None:
            yield spot.below("stream").wrong("a source is pulled or streamed, not both; make two sources of it")
        if source.pull is not None:
            yield from _pull(source.pull, spot.below("pull"))
            yield from _fetched(source, spot)
        if source.stream is not None:
            yield from _streamed(source, spot)
            yield from _inflow(draft, name, source.stream, spot=spot.below("stream"))
    for name, sync in draft.config.syncs.items():
        if sync.schedule is not None:
            yield from schedule_findings(sync.schedule, Spot("syncs", (name, "schedule")))
    yield from _one_limit(draft.config.destinations)


def _pull(pull: Pull, spot: Spot) -> Iterator[Finding]:
    known = APPFLOW | GLUE
    if pull.connector not in known:
        hint = did_you_mean(pull.connector, known) or (
            f"; AppFlow has {', '.join(sorted(APPFLOW))}; Glue has {', '.join(sorted(GLUE))}"
        )
        yield spot.below("connector").wrong(f"unknown connector {pull.connector!r}{hint}")
    wrong = name_problem(pull.secret) if pull.secret is not None else ""
    if wrong:
        yield spot.below("secret").wrong(wrong)
    yield from _signing_in(pull, spot)
    yield from _settings(pull, spot.below("settings"))
    yield from schedule_findings(pull.schedule, spot.below("schedule"))
    if pull.connector in APPFLOW and not pull.schedule.startswith("rate("):
        yield spot.below("schedule").wrong("AppFlow takes rates only; write rate(1 day) or rate(15 minutes)")
    if pull.incremental is not None and pull.connector == "s3":
        yield spot.below("incremental").wrong("a bucket tells by itself which files are new; leave it out")


def _signing_in(pull: Pull, spot: Spot) -> Iterator[Finding]:
    """AppFlow keeps a profile's credentials to itself; a job of Glue reads the token of its connection's secret."""
    if pull.connector in GLUE and pull.connection is not None:
        if pull.secret is None:
            yield spot.wrong("missing key 'secret': the job reads the token that the connection keeps in its secret")
    elif pull.secret is not None and pull.connection is not None:
        yield spot.below("connection").wrong("a pull signs in with 'secret' or through 'connection', not with both")
    elif pull.secret is None and pull.connection is None and pull.connector != "s3":
        yield spot.wrong("missing key 'secret' (credentials), or 'connection' where the account has one already")


def _settings(pull: Pull, spot: Spot) -> Iterator[Finding]:
    if pull.secret is not None and pull.connector in WITH_INSTANCE and "instance_url" not in pull.settings:
        yield spot.wrong(f"{pull.connector} needs 'instance_url', its address for your company")
    if pull.connector == "s3" and "bucket" not in pull.settings:
        yield spot.wrong("s3 needs 'bucket', where the files lie; 'object' is the prefix in it")
    if pull.connector in GLUE:
        yield from _options(pull, spot)


def _options(pull: Pull, spot: Spot) -> Iterator[Finding]:
    """Glue wants a version with every read; a job would fail on the first that lacks it."""
    known = glue_settings(pull.connector)
    for key in pull.settings:
        if key not in known:
            yield spot.below(key).wrong(unknown("setting", key, known, place=pull.connector))
    if not pull.settings.get("api_version"):
        yield spot.wrong(f"{pull.connector} needs 'api_version', the version of its API that Glue reads")
    if pull.incremental is not None and "filter_predicate" in pull.settings:
        yield spot.below("filter_predicate").wrong("'incremental' is the filter already; leave one of the two out")


def _fetched(source: Source, spot: Spot) -> Iterator[Finding]:
    """AppFlow and the Glue job write CSV, JSON lines and Parquet, text in UTF-8."""
    if source.format == "excel":
        yield spot.below("format").wrong("what is pulled is written as csv, jsonl or parquet; no service writes excel")
    yield from _plain_text(source, spot, verb="pulled")


def _streamed(source: Source, spot: Spot) -> Iterator[Finding]:
    if source.format != "jsonl":
        yield spot.below("format").wrong(f"a streamed source holds one JSON object a line: jsonl, not {source.format}")
    yield from _plain_text(source, spot, verb="streamed")


def _inflow(draft: Draft, name: str, stream: Stream, *, spot: Spot) -> Iterator[Finding]:
    """Messages have one stream for all who read them, where an environment sends any."""
    if stream.of is None:
        if name == "messages":
            yield spot.wrong("'messages' is the stream of what became of messages; call the source otherwise")
        return
    for key in sorted(stream.model_fields_set - {"of"}):
        yield spot.below(key).wrong("messages come by the platform's own stream; leave it out")
    services = [each.messaging for each in draft.config.environments.values()]
    if services and not any(each.email or each.sms for each in services):
        yield spot.below("of").wrong("no environment sends messages; switch on messaging.email or messaging.sms in one")


def _plain_text(source: Source, spot: Spot, *, verb: str) -> Iterator[Finding]:
    if source.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        yield spot.below("encoding").wrong(f"what is {verb} is written in utf-8, not {source.encoding}")
    if source.delimiter != "," and source.format == "csv":
        yield spot.below("delimiter").wrong(f"what is {verb} is separated by commas, not {source.delimiter!r}")


def _one_limit(destinations: dict[str, Destination]) -> Iterator[Finding]:
    """Entries that sign in as one account share its limit, so they say the same about it."""
    accounts: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
    for name, destination in destinations.items():
        accounts[destination.type, destination.secret, destination.url].append(name)
    for first, *others in accounts.values():
        for other in others:
            limits = [destinations[name].requests_per_second for name in (first, other)]
            if limits[0] != limits[1]:
                yield Spot("destinations", (other, "requests_per_second")).wrong(
                    f"{first!r} and {other!r} are one account (type, secret and url are equal) with two limits:"
                    f" {_said(limits[0])} and {_said(limits[1])}; give both the same, or bring the syncs to one of them"
                )


def _said(limit: float | None) -> str:
    return "the vendor's own" if limit is None else f"{limit:g} a second"
