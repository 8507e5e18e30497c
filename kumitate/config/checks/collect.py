"""Can sources take in events over HTTP as they say: keys, origins, allow-lists, webhooks?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from kumitate.config.collect import Collect, Webhook, WriteKey
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot
from kumitate.config.names import name_problem
from kumitate.config.source import Source
from kumitate.model.event import MARKS, MEMBERS, SECTIONS

_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9][a-z0-9.-]*(?::(?:\d{1,5}|\*))?", re.IGNORECASE)
_WRITE_KEY = re.compile(r"[A-Za-z0-9._~-]+")
_ALLOWED = re.compile(r"(?:properties|traits|context)(?:\.[^.*\s]+)*(?:\.\*)?")
_HEADER = "header:"
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")


def check(draft: Draft) -> Iterator[Finding]:
    keys: dict[str, str] = {}
    paths: dict[str, str] = {}
    for name, source in draft.config.sources.items():
        spot = Spot("sources", (name,))
        for what in (each for each in ("collect", "webhook") if getattr(source, each) is not None):
            yield from _source(source, what, spot)
        if source.collect is not None:
            yield from _collect(source, source.collect, spot.below("collect"))
            yield from _unique(keys, name, source.collect, spot=spot.below("collect", "write_keys"))
        if source.webhook is not None:
            yield from _webhook(draft, source.webhook, spot.below("webhook"))
            first = paths.setdefault(source.webhook.path.strip("/"), name)
            if first != name:
                yield spot.below("webhook", "path").wrong(f"source {first!r} is called there already; choose another")


def _source(source: Source, what: str, spot: Spot) -> Iterator[Finding]:
    if source.kind != "events":
        yield spot.below(what).wrong(f"what is called in is events; the source's kind is {source.kind}")
    if source.pull is not None:
        yield spot.below(what).wrong("a source is pulled or called, not both; make two sources of it")
    if source.format != "jsonl":
        yield spot.below("format").wrong(f"events that are called in are kept as jsonl, not {source.format}")
    ids = {name for name, column in source.columns.items() if (column.from_ or name) == "messageId"}
    if source.key == "row" or not ids.intersection(source.key):
        yield spot.below("key").wrong(
            "an event sent twice is one by its messageId; make the key a column with 'from: messageId'"
        )


def _collect(source: Source, collect: Collect, spot: Spot) -> Iterator[Finding]:
    for name, key in collect.write_keys.items():
        at = spot.below("write_keys", name)
        wrong = name_problem(name)
        if wrong:
            yield at.wrong(wrong)
        yield from _key(key, at)
    yield from _allowed(source, collect, spot.below("allow"))


def _key(key: WriteKey, spot: Spot) -> Iterator[Finding]:
    if key.key is not None and not _WRITE_KEY.fullmatch(key.key):
        yield spot.below("key").wrong(
            "SDKs send a key as a user's name and in addresses; write it with letters, digits and . _ ~ -"
        )
    for place, origin in enumerate(key.origins):
        if not _ORIGIN.fullmatch(origin):
            yield spot.below("origins", place).wrong(
                f"{origin!r} is no origin; write https://shop.example.jp, https://*.example.jp or http://localhost:*"
            )
    times = {"valid_from": key.valid_from, "valid_until": key.valid_until}
    for name, time in times.items():
        if time is not None and time.tzinfo is None:
            yield spot.below(name).wrong("a time has an offset; write 2026-12-01T00:00:00+09:00")
            return
    if key.valid_from and key.valid_until and key.valid_until <= key.valid_from:
        yield spot.below("valid_until").wrong("the key ends before it begins")


def _unique(keys: dict[str, str], source: str, collect: Collect, *, spot: Spot) -> Iterator[Finding]:
    """Over all sources: a key says which one an event is for."""
    for name, key in collect.write_keys.items():
        digest = key.sha256 or sha256((key.key or "").encode()).hexdigest()
        first = keys.setdefault(digest, f"{source}.{name}")
        if first != f"{source}.{name}":
            yield spot.below(name).wrong(f"{first!r} is the same key; give each its own")


def _allowed(source: Source, collect: Collect, spot: Spot) -> Iterator[Finding]:
    for place, path in enumerate(collect.allow):
        if not _ALLOWED.fullmatch(path):
            yield spot.below(place).wrong(
                f"{path!r}: write properties.product_id, traits.email or context.page.*; "
                "an event's ids, names and times are kept anyway"
            )
    if not collect.allow:
        return
    kept = tuple(path.removesuffix(".*") for path in collect.allow)
    for name, column in source.columns.items():
        path = column.from_ or name
        member = path.partition(".")[0]
        if not column.is_delivered or member == MARKS:
            continue
        if member not in MEMBERS:
            yield spot.wrong(f"column {name!r} reads {path!r}, which is not kept; send it in properties, and allow it")
        elif member in SECTIONS and not any(_is_within(path, each) or _is_within(each, path) for each in kept):
            yield spot.wrong(f"column {name!r} reads {path!r}, which is not kept; allow it, or leave the column out")


def _is_within(path: str, whole: str) -> bool:
    return path == whole or path.startswith(whole + ".")


def _webhook(draft: Draft, webhook: Webhook, spot: Spot) -> Iterator[Finding]:
    signature = webhook.signature
    wrong = name_problem(signature.secret)
    if wrong:
        yield spot.below("signature", "secret").wrong(wrong)
    elif draft.config.environments and not any(
        signature.secret in environment.secrets for environment in draft.config.environments.values()
    ):
        yield spot.below("signature", "secret").wrong(
            f"no environment says where secret {signature.secret!r} is; name it under 'secrets' in environments/*.yaml"
        )
    if not _HEADER_NAME.fullmatch(signature.header):
        yield spot.below("signature", "header").wrong(f"{signature.header!r} is no header's name")
    if signature.scheme == "stripe" and signature.prefix:
        yield spot.below("signature", "prefix").wrong("stripe's header has its own form; leave the prefix out")
    yield from _paths(webhook, spot)


def _paths(webhook: Webhook, spot: Spot) -> Iterator[Finding]:
    named = {name: getattr(webhook, name) for name in ("event", "id", "time", "user_id", "anonymous_id", "email")}
    for name, path in {**named, **webhook.properties}.items():
        at = spot.below(*(("properties", name) if name in webhook.properties else (name,)))
        if path is not None and path.startswith(_HEADER) and not _HEADER_NAME.fullmatch(path[len(_HEADER) :].strip()):
            yield at.wrong(f"{path!r} names no header; write header:X-Shopify-Topic")
        elif path is not None and (not path or any(not step for step in path.split("."))):
            yield at.wrong(f"{path!r} is no path; write customer.id")
