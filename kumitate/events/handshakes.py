"""What SDKs in a browser ask before they send: settings that name this collector and no other destination."""

from __future__ import annotations

import re
from typing import Any

from kumitate.model.event import Answer, Call

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9a-fA-F:]{2,39}\](?::\d{1,5})?")
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
_NAMES = re.compile(r"[A-Za-z0-9, _-]{1,1000}")
_TWO_HOURS = "7200"
_USUAL_HEADERS = "authorization, content-type, anonymousid, sentat, x-retry-count, x-write-key"


def segment_settings(call: Call, write_key: str) -> dict[str, Any]:
    """What analytics-next reads from `<cdnURL>/v1/projects/<writeKey>/settings`; it measures nothing of itself."""
    host = call.headers.get("host", "")
    here = {"apiHost": f"{host}/v1", "protocol": _protocol(call, host)} if _HOST.fullmatch(host) else {}
    every = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                **here,
            }
        },
        "plan": {"track": every, "identify": every, "group": every},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _protocol(call: Call, host: str) -> str:
    forwarded = call.headers.get("x-forwarded-proto", "")
    if forwarded in ("http", "https"):
        return forwarded
    return "http" if _LOOPBACK.fullmatch(host) else "https"


def rudder_source_config(source: str, write_key: str) -> dict[str, Any]:
    """What @rudderstack/analytics-js reads from `/sourceConfig/`: enabled, no destinations, nothing reported."""
    silent = {"enabled": False}
    return {
        "source": {
            "id": source,
            "name": source,
            "writeKey": write_key,
            "enabled": True,
            "workspaceId": "kumitate",
            "config": {"statsCollection": {"errors": silent, "metrics": silent}},
            "connections": [],
            "destinations": [],
            "dataplanes": {},
        }
    }


def version() -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of  # asked for by people only: a cold start does without it

    try:
        return of("kumitate")
    except PackageNotFoundError:  # a function carries the package without its metadata
        return "unknown"


def preflight(call: Call) -> Answer:
    """May a page send: what it asks for is granted, for two hours; its origin is judged by whoever adds that."""
    asked = call.headers.get("access-control-request-headers", "")
    headers = {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": asked if _NAMES.fullmatch(asked) else _USUAL_HEADERS,
        "access-control-max-age": _TWO_HOURS,
    }
    return Answer(204, b"", headers)


def for_page(answer: Answer, origin: str) -> Answer:
    """The answer as a page of the origin may read it, with cookies or without."""
    readable = {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "retry-after, x-ratelimit-reset",
        "vary": "Origin",
    }
    return Answer(answer.status, answer.body, {**answer.headers, **readable})
