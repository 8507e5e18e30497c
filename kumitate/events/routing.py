"""Which path takes what: the routes of the HTTP APIs of Segment, RudderStack and Jitsu."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

CALLS = ("track", "identify", "page", "screen", "group", "alias", "merge")
_SHORT = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
"""What analytics-next posts to."""
_BATCHES = frozenset({"/v1/batch", "/v1/b", "/b", "/v1/import", "/beacon/v1/batch", "/api/s/batch"})
_NAMED = re.compile(r"/v1/(?P<v1>[a-z]+)|/(?P<bare>[a-z])|/api/s/(?:s2s/)?(?P<jitsu>[a-z]+)")
_PIXEL = re.compile(r"(?:/pixel/v1|/v1/pixel)/(?P<call>[a-z]+)")
_HOOK = re.compile(r"/v1/webhooks/(?P<path>[a-z0-9][a-z0-9_/-]{0,80})")
_SETTINGS = re.compile(r"/v1/projects/(?P<key>[^/]{1,128})/settings")
_OTHERS = {
    "/health": "health",
    "/": "health",
    "/version": "version",
    "/sourceConfig": "source_config",
    "/v1/m": "measures",
    "/m": "measures",
}
_GOTTEN = frozenset({"health", "version", "source_config", "settings"})


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes: `batch`, `single` (one event, whose `call` the path names), `pixel`, `hook`, …"""

    kind: str
    call: str = ""
    name: str = ""
    """Of a webhook, its path; of settings, the write key."""

    @property
    def methods(self) -> tuple[str, ...]:
        if self.kind == "pixel":
            return ("GET",)
        return ("GET", "HEAD") if self.kind in _GOTTEN else ("POST",)


@lru_cache(maxsize=1_024)
def route_of(path: str) -> Route | None:
    """`/v1/t` is a single track call; None for what is none of ours."""
    plain = path.rstrip("/") or "/"
    if plain in _BATCHES:
        return Route("batch")
    if plain in _OTHERS:
        return Route(_OTHERS[plain])
    return _single(plain) or _pixel(plain) or _hook(plain) or _settings(plain)


def _single(path: str) -> Route | None:
    found = _NAMED.fullmatch(path)
    if found is None:
        return None
    name = found["v1"] or found["bare"] or found["jitsu"]
    if found["jitsu"] == "event":
        return Route("single")
    call = _SHORT.get(name, name)
    return Route("single", call) if call in CALLS else None


def _pixel(path: str) -> Route | None:
    found = _PIXEL.fullmatch(path)
    return Route("pixel", found["call"]) if found and found["call"] in CALLS else None


def _hook(path: str) -> Route | None:
    found = _HOOK.fullmatch(path)
    return Route("hook", name=found["path"]) if found else None


def _settings(path: str) -> Route | None:
    found = _SETTINGS.fullmatch(path)
    return Route("settings", name=found["key"]) if found else None
