"""Can the environments be what they say: schedules, addresses, secrets' names, days that data is kept?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kumitate.config.checks.schedules import schedule_findings
from kumitate.config.draft import Draft
from kumitate.config.environment import Environment
from kumitate.config.findings import Finding, Spot
from kumitate.config.names import name_problem
from kumitate.config.schedules import timing

_ADDRESS = re.compile(r"[^\s@<>,;]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}", re.IGNORECASE)
_SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_TAG_KEY, _TAG_VALUE = (re.compile(rf"[\w\s.:/=+@-]{{{least},{most}}}") for least, most in ((1, 128), (0, 256)))


def check(draft: Draft) -> Iterator[Finding]:
    for name, environment in draft.config.environments.items():
        spot = Spot("environments", (name,))
        yield from schedule_findings(environment.schedule, spot.below("schedule"))
        yield from _notified(environment, spot)
        yield from _secrets(environment, spot.below("secrets"))
        yield from _tags(environment, spot.below("tags"))
        yield from _kept(draft, environment, spot.below("retention"))
        yield from _retired(draft, environment, spot.below("retired"))


def _notified(environment: Environment, spot: Spot) -> Iterator[Finding]:
    for place, address in enumerate(environment.notify):
        if not _ADDRESS.fullmatch(address):
            yield spot.below("notify", place).wrong("this is no e-mail address; write it as team@example.com")
    if environment.budget_usd is not None and not environment.notify:
        yield spot.below("budget_usd").wrong("nobody would hear of it; give an e-mail address under 'notify'")


def _secrets(environment: Environment, spot: Spot) -> Iterator[Finding]:
    for name, secret in environment.secrets.items():
        at = spot.below(name)
        wrong = name_problem(name)
        if wrong:
            yield at.wrong(wrong)
        if not _SECRET.fullmatch(secret):
            yield at.wrong(f"{secret!r} is no name in Secrets Manager: letters, digits and /_+=.@- only, at most 512")
        elif secret.startswith("aws/"):
            yield at.wrong(f"{secret!r}: names that begin with aws/ are AWS's own; choose another")
        elif re.search(r"-[A-Za-z0-9]{6}$", secret):
            yield at.wrong(f"{secret!r} ends like an ARN (-abc123), and AWS would take it for one; choose another")


def _tags(environment: Environment, spot: Spot) -> Iterator[Finding]:
    for key, value in environment.tags.items():
        at = spot.below(key)
        if key.lower().startswith("aws:"):
            yield at.wrong("tags that begin with aws: are AWS's own; choose another name")
        elif not _TAG_KEY.fullmatch(key):
            yield at.wrong("a tag's name has 1 to 128 letters, digits, spaces and _.:/=+-@")
        if not _TAG_VALUE.fullmatch(value):
            yield at.wrong("a tag's value has at most 256 letters, digits, spaces and _.:/=+-@")


def _kept(draft: Draft, environment: Environment, spot: Spot) -> Iterator[Finding]:
    """Files must outlast what still reads them."""
    kept = environment.retention
    if kept.results * 1440 < environment.delivery_minutes + 1440:
        yield spot.below("results").wrong("deliveries may wait for a day: pages are kept at least 2 days")
    try:
        silence = timing(environment.schedule).longest_days
    except ValueError:
        return
    least = int(silence) + 2
    fed = sorted(name for name, source in draft.config.sources.items() if source.inflow or source.pull)
    if fed and kept.raw_files is not None and kept.raw_files < least:
        yield spot.below("raw_files").wrong(
            f"what {fed[0]!r} brings in waits up to {silence:g} days for the next run; keep files at least {least} days"
        )


def _retired(draft: Draft, environment: Environment, spot: Spot) -> Iterator[Finding]:
    for place, source in enumerate(environment.retired):
        if source in draft.names["sources"]:
            yield spot.below(place).wrong(f"source {source!r} is in the project; take it out of one of the two")
