"""What is not kept of an event: most of an address, and what a source's allow-list does not name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from kumitate.model.event import MEMBERS, SECTIONS

_OWN = "event"
"""Where members of an event are counted that no API knows."""
_V4_BITS, _V6_BITS = 24, 48
_LONGEST = 64

Tree = dict[str, Any]
"""Name -> what is kept below it; an empty tree keeps everything."""


def address(text: Any, rule: str) -> str | None:
    """`203.0.113.42` as `203.0.113.0`, `2001:db8:1:2::3` as `2001:db8:1::`; None where nothing of it is kept."""
    return None if rule == "drop" or not isinstance(text, str) else _kept_of(text[:_LONGEST], rule)


@lru_cache(maxsize=1_024)
def _kept_of(text: str, rule: str) -> str | None:
    """Events of one sender come together."""
    try:
        ip = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if rule == "keep":
        return str(ip)
    bits = _V4_BITS if ip.version == 4 else _V6_BITS
    return str(ipaddress.ip_network((ip, bits), strict=False).network_address)


def tree_of(paths: Sequence[str]) -> Tree:
    """`context.page.*` and `context.page` keep all of it."""
    tree: Tree = {}
    whole = {path.removesuffix(".*") for path in paths}
    for path in sorted(whole, key=len):
        steps = path.split(".")
        if not any(".".join(steps[:end]) in whole for end in range(1, len(steps))):
            below = tree
            for step in steps:
                below = below.setdefault(step, {})
    return tree


def minimise(event: dict[str, Any], allowed: Tree) -> dict[str, int]:
    """Take out what is not allowed, and members that no API knows; section -> how many members went."""
    own = [name for name in event if name not in MEMBERS]
    for name in own:
        del event[name]
    dropped = {_OWN: len(own)} if own else {}
    for section in SECTIONS:
        found = event.get(section)
        if isinstance(found, Mapping):
            event[section], count = _kept(found, allowed[section]) if section in allowed else ({}, len(found))
            if count:
                dropped[section] = count
    return dropped


def _kept(value: Any, tree: Tree) -> tuple[Any, int]:
    """Lists are gone through: `properties.products.sku` keeps that of each product."""
    if not tree:
        return value, 0
    if isinstance(value, list):
        each = [_kept(item, tree) for item in value]
        return [item for item, _ in each], sum(count for _, count in each)
    if not isinstance(value, dict):
        return None, 1
    inner = {name: _kept(value[name], tree[name]) for name in tree if name in value}
    gone = len(value) - len(inner)
    return {name: item for name, (item, _) in inner.items()}, gone + sum(count for _, count in inner.values())
