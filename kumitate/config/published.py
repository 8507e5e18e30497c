"""`contracts/published.json`: what was promised to senders, so that nobody changes it in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from kumitate.config.contract import Contract
from kumitate.errors import Problem

CONTRACTS = "contracts"
PUBLISHED_FILE = "published.json"
OF = "of"
Published = dict[str, dict[str, str]]
"""Contract -> version -> the fingerprint that it was published with; `of` -> the events that it was published for."""


def events_of(contract: Contract) -> str:
    """`web_events track Order Completed`."""
    return " ".join(filter(None, (contract.source, contract.call, contract.event)))


def schema_fingerprint(schema: Mapping[str, Any]) -> str:
    """The same for the same schema, however it is laid out: 64 hexadecimal digits."""
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()


def read_published(folder: Path, problems: list[Problem]) -> Published:
    """What `kumitate contract publish` has written, if anything."""
    path = folder / PUBLISHED_FILE
    if not path.is_file():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        found = {str(name): {str(v): str(digest) for v, digest in each.items()} for name, each in read.items()}
    except (ValueError, AttributeError):
        what = "this is not what `kumitate contract publish` writes; take the file back from Git"
        problems.append(Problem(f"{folder.name}/{PUBLISHED_FILE}", 1, "", what))
        return {}
    return found
