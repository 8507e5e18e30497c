"""What a collector needs to know of a project, as plain values: a function carries it as `collect.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.config.collect import Collect, Webhook, WriteKey
    from kumitate.config.contract import Contract
    from kumitate.config.project import Config
    from kumitate.model.expression import Consent

_REPLAYED_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Key:
    """A write key: given as it is (`value`, public) or by its `sha256`; valid from and until seconds since 1970."""

    name: str
    value: str = field(default="", repr=False)
    sha256: str = ""
    origins: tuple[str, ...] = ()
    events_per_second: float | None = None
    valid_from: float | None = None
    valid_until: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an event of some source must look like: `versions` are JSON Schemas by `major.minor`."""

    name: str
    call: str
    event: str | None
    """None: every event of the call."""
    versions: Mapping[str, Mapping[str, Any]]
    on_violation: str
    violations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A service that calls us at `/v1/webhooks/<path>`; paths are into the body or `header:NAME`."""

    path: str
    scheme: str
    header: str
    secret: str
    prefix: str
    tolerance_seconds: float
    each: str | None
    event: str
    id: str
    time: str | None
    user_id: str | None
    anonymous_id: str | None
    email: str | None
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One source that takes in events over HTTP."""

    source: str
    keys: tuple[Key, ...] = ()
    hook: Hook | None = None
    contracts: tuple[Terms, ...] = ()
    consent: Mapping[str, str] = field(default_factory=dict)
    """Category -> `marketing/email`, or `marketing/email/<brand>`."""
    allow: tuple[str, ...] = ()
    ip: str = "truncate"
    bots: str = "mark"
    replayed_after_seconds: float = _REPLAYED_AFTER.total_seconds()
    unknown_events: str = "allow"


@dataclass(frozen=True, slots=True)
class Collecting:
    """Every source of a project that takes in events over HTTP, by name."""

    intakes: tuple[Intake, ...] = ()


def collecting_of(config: Config) -> Collecting:
    """The sources with `collect` or `webhook`, with their contracts."""
    return Collecting(
        tuple(
            intake_of(config, name)
            for name, source in sorted(config.sources.items())
            if source.collect is not None or source.webhook is not None
        )
    )


def intake_of(config: Config, name: str) -> Intake:
    """One source, whether or not it takes in events over HTTP."""
    source = config.sources[name]
    return replace(_taken_in(name, source.collect), hook=_hook(source.webhook), contracts=_terms(config, name))


def to_json(collecting: Collecting) -> str:
    """What `from_json` reads."""
    return json.dumps(asdict(collecting), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Collecting:
    """FatalError where `text` is none of ours."""
    try:
        return Collecting(tuple(_read(each) for each in json.loads(text)["intakes"]))
    except (ValueError, TypeError, KeyError):
        raise FatalError("collect.json cannot be read; deploy again") from None


def _read(each: dict[str, Any]) -> Intake:
    hook = each.pop("hook")
    keys = tuple(Key(**{**key, "origins": tuple(key["origins"])}) for key in each.pop("keys"))
    contracts = tuple(Terms(**terms) for terms in each.pop("contracts"))
    allow = tuple(each.pop("allow"))
    return Intake(**each, keys=keys, allow=allow, contracts=contracts, hook=Hook(**hook) if hook else None)


def _taken_in(name: str, collect: Collect | None) -> Intake:
    if collect is None:
        return Intake(source=name)
    return Intake(
        source=name,
        keys=tuple(_key(each, key) for each, key in sorted(collect.write_keys.items())),
        consent={category: purpose_of(consent) for category, consent in sorted(collect.consent.items())},
        allow=collect.allow,
        ip=collect.ip,
        bots=collect.bots,
        replayed_after_seconds=collect.replayed_after.total_seconds(),
        unknown_events=collect.unknown_events,
    )


def purpose_of(consent: Consent) -> str:
    """`marketing/email`, as the marks of an event name it."""
    return "/".join(part for part in (consent.purpose, consent.channel, consent.brand) if part)


def _key(name: str, key: WriteKey) -> Key:
    return Key(
        name,
        key.key or "",
        key.sha256 or "",
        origins=key.origins,
        events_per_second=key.events_per_second,
        valid_from=_seconds(key.valid_from),
        valid_until=_seconds(key.valid_until),
    )


def _seconds(time: datetime | None) -> float | None:
    """A time without an offset is UTC."""
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _hook(webhook: Webhook | None) -> Hook | None:
    if webhook is None:
        return None
    signature = webhook.signature
    return Hook(
        path=webhook.path.strip("/"),
        scheme=signature.scheme,
        header=signature.header.lower(),
        secret=signature.secret,
        prefix=signature.prefix,
        tolerance_seconds=signature.tolerance.total_seconds(),
        each=webhook.each,
        event=webhook.event,
        id=webhook.id,
        time=webhook.time,
        user_id=webhook.user_id,
        anonymous_id=webhook.anonymous_id,
        email=webhook.email,
        properties=webhook.properties,
    )


def _terms(config: Config, source: str) -> tuple[Terms, ...]:
    return tuple(_terms_of(name, each) for name, each in sorted(config.contracts.items()) if each.source == source)


def _terms_of(name: str, contract: Contract) -> Terms:
    return Terms(
        name,
        contract.call,
        contract.event,
        versions=json.loads(json.dumps(contract.versions, default=str)),  # YAML reads dates where JSON has text
        on_violation=contract.on_violation,
        violations=contract.violations,
    )
