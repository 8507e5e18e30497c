"""What a change of the project changes in the account: the deployed platform against the one described now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from kumitate.blueprint.names import ANY_ACCOUNT, Names
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.resources import Resource, resources
from kumitate.errors import FatalError

FORMAT = 1
METADATA = "KumitateBlueprint"
"""Each stack's template tells under this key what it places: so it stands where, and only where, the stack does."""
STACKS = ("storage", "ingest", "query", "pipeline", "activation", "realtime", "messaging", "operations")


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What stands, or is to stand, in one account and region."""

    project: str
    environment: str
    account: str
    region: str
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """`how` is created, changed or removed; `what` says it in words; `data` is what would be lost or left behind."""

    how: str
    kind: str
    name: str
    stack: str
    what: tuple[str, ...] = ()
    data: str = ""


def blueprint_of(platform: Platform) -> Blueprint:
    names = platform.names
    return Blueprint(names.project, names.environment, names.account, names.region, resources(platform))


def blueprint_json(platform: Platform) -> str:
    """The whole platform as text, to be compared with later."""
    return json.dumps(as_data(blueprint_of(platform)), ensure_ascii=False, indent=1) + "\n"


def stack_metadata(platform: Platform, stack: str) -> dict[str, str]:
    """What the template of `stack` says of itself; the account is left open, as a template may not know it."""
    anywhere = replace(platform, names=replace(platform.names, account=ANY_ACCOUNT))
    whole = blueprint_of(anywhere)
    part = replace(whole, resources=tuple(each for each in whole.resources if each.stack == stack))
    return {METADATA: json.dumps(as_data(part), ensure_ascii=False, separators=(",", ":"))}


def joined(parts: Iterable[str], names: Names) -> Blueprint | None:
    """What stands, from the metadata of the stacks that stand; None where none does."""
    found = [read_blueprint(part.replace(ANY_ACCOUNT, names.account), "the stack's template") for part in parts]
    if not found:
        return None
    return replace(found[0], resources=tuple(each for part in found for each in part.resources))


def as_data(blueprint: Blueprint) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(blueprint)}


def read_blueprint(text: str, where: str) -> Blueprint:
    """The other way round; FatalError where the text is no blueprint, or one of a later Kumitate."""
    try:
        held: dict[str, Any] = json.loads(text)
        held = held.get("blueprint", held)  # a whole plan holds one
        if held["format"] != FORMAT:
            raise FatalError(
                f"{where}: a blueprint of format {held['format']}; this Kumitate reads {FORMAT}; update it"
            )
        placed = tuple(Resource(**{**each, "origin": tuple(each["origin"])}) for each in held["resources"])
        return Blueprint(held["project"], held["environment"], held["account"], held["region"], placed)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FatalError(f"{where}: this is no blueprint; `kumitate plan --aws --json` writes one") from None


def changes(before: Blueprint | None, after: Blueprint) -> tuple[Change, ...]:
    """In the order of the stacks: what is created and changed, then what is removed."""
    old, new = _by_name(before.resources if before else ()), _by_name(after.resources)
    found = [change for key, resource in new.items() if (change := _change(old.get(key), resource))]
    found += [_removed(resource) for key, resource in old.items() if key not in new]
    return tuple(found)


def removed_data(before: Blueprint, after: Blueprint) -> Iterator[Resource]:
    """Tables that stand with their rows and are described no more."""
    kept = _by_name(after.resources)
    yield from (each for key, each in _by_name(before.resources).items() if key not in kept and each.kind == "table")


def _by_name(found: Iterable[Resource]) -> dict[tuple[str, str], Resource]:
    return {(resource.kind, resource.name): resource for resource in found}


def _change(old: Resource | None, new: Resource) -> Change | None:
    if old is None:
        return Change("created", new.kind, new.name, new.stack)
    what = tuple(_differences(old.detail, new.detail))
    return Change("changed", new.kind, new.name, new.stack, what) if what else None


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        if key not in old:
            yield f"+ {key}: {new[key]}"
        elif key not in new:
            yield f"- {key}"
        elif old[key] != new[key]:
            yield f"{key}: {_pair(old[key], new[key])}"


def _pair(old: str, new: str) -> str:
    """Two lists by what comes and goes, anything else in full."""
    was, now = set(old.split(", ")), set(new.split(", "))
    if min(len(was), len(now)) < 2:
        return f"{old} -> {new}"
    return ", ".join([*(f"+ {each}" for each in sorted(now - was)), *(f"- {each}" for each in sorted(was - now))])


def _removed(resource: Resource) -> Change:
    return Change("removed", resource.kind, resource.name, resource.stack, data=_left(resource))


def _left(resource: Resource) -> str:
    if not resource.holds_data:
        return ""
    if resource.kind in ("table", "bucket", "database", "key", "key-value table"):
        return "holds data: it stays in the account, and nothing writes it any more"
    return "holds data: what is in it then is lost"
