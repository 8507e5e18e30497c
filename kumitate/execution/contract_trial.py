"""Contracts tried on events: how many keep them, and which rules the others break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from kumitate.events.collecting import Intake
from kumitate.events.contracts import Contracts

_CALLS = frozenset({"track", "identify", "page", "screen", "group", "alias"})


@dataclass(slots=True)
class Trial:
    """What would have become of them: by contract version, and by what is broken in which field, with what is done."""

    events: int = 0
    no_calls: int = 0
    """Objects that are no call of a tracking API."""
    kept: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Call and name of those that no contract describes."""
    violations: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Contract version, field, rule, action."""

    @property
    def is_clean(self) -> bool:
        return not self.broken and not self.blocked

    def to_json(self) -> dict[str, Any]:
        names = sorted({*self.kept, *self.broken, *self.blocked})
        contracts = [
            {"contract": name, "kept": self.kept[name], "broken": self.broken[name], "blocked": self.blocked[name]}
            for name in names
        ]
        return {
            "events": self.events,
            "no_calls": self.no_calls,
            "contracts": contracts,
            "violations": [
                dict(zip(("contract", "field", "rule", "action"), what, strict=True)) | {"events": count}
                for what, count in self.violations.most_common()
            ],
            "unknown": [
                {"call": call, "event": name, "events": count} for (call, name), count in self.unknown.most_common()
            ],
        }


def tried(events: Iterable[Mapping[str, Any]], intake: Intake) -> Trial:
    """Each event held to the source's contracts, as the collector would; the events stay as they are."""
    contracts, trial = Contracts(intake), Trial()
    for given in events:
        trial.events += 1
        event = deepcopy({**given, "type": given.get("type", "track")})
        if not isinstance(event["type"], str) or event["type"] not in _CALLS:
            trial.no_calls += 1
            continue
        _judge(event, contracts, trial)
    return trial


def _judge(event: dict[str, Any], contracts: Contracts, trial: Trial) -> None:
    verdict = contracts.judge(event)
    if not verdict.contract:
        trial.unknown[(event["type"], str(event.get("event") or event.get("name") or ""))] += 1
        return
    if verdict.blocked:
        trial.blocked[verdict.contract] += 1
    elif verdict.violations:
        trial.broken[verdict.contract] += 1
    else:
        trial.kept[verdict.contract] += 1
    for each in verdict.violations:
        trial.violations[(verdict.contract, each.field, each.rule, each.action)] += 1
