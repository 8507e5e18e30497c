"""Amazon Pinpoint's stand-in since 2026-10-30: its engagement part answers nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from kumitate.sandbox.aws import Refused, rest_json
from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.store import Store


def answer(call: Call, store: Store) -> Answer:
    return rest_json("pinpoint", call, store, works={"UpdateEndpointsBatch": _ended})


def _ended(_parameters: Mapping[str, Any], _store: Store) -> NoReturn:
    raise Refused(403, "ForbiddenException", "Amazon Pinpoint reached end of support on 2026-10-30")
