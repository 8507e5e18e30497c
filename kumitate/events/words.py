"""Triggers in words: what a step is, what a part asks for, what of it is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kumitate.events.plan import Part, Step, Triggering, Watch, Where
from kumitate.events.recollection import LARGEST_BYTES

ENTRY_BYTES, TEXT_BYTES, FIRINGS_BYTES = 40, 800, 6_000
"""At most: of an event its time and id, of a text 200 characters of four bytes, of what has fired."""
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"))
_SAID = {
    "is": "is", "is_not": "is not", "in": "is one of", "not_in": "is none of", "more_than": "is more than",
    "at_least": "is at least", "less_than": "is less than", "at_most": "is at most", "between": "is between",
    "contains": "contains", "starts_with": "starts with", "within": "is of the last", "before": "is longer ago than",
}  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def span(ms: float) -> str:
    """`7 days`, `90 minutes`, `3 hours`: in the largest unit that leaves nothing, or the largest with a decimal."""
    for size, name in _UNITS:
        if ms >= size and (ms % size == 0 or ms >= 2 * size):
            count = round(ms / size, 1)
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return "no time"


def ordinal(number: int) -> str:
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"{number}th"


def step_words(step: Step) -> str:
    """`Product Added`, `web_events where path is /pricing`."""
    name = step.event or step.source
    return name if step.where is None else f"{name} where {where_words(step.where)}"


def where_words(where: Where) -> str:
    match where:
        case ["all", parts]:
            return " and ".join(where_words(part) for part in parts)
        case ["any", parts]:
            return "(" + " or ".join(where_words(part) for part in parts) + ")"
        case ["not", part]:
            return f"not ({where_words(part)})"
        case ["known", column, operand, _]:
            return f"{column} is {'known' if operand else 'not known'}"
        case ["within" | "before", column, operand, _]:
            return f"{column} {_SAID[where[0]]} {span(operand)}"
    return f"{where[1]} {_SAID[where[0]]} {_shown(where[2])}"


def part_words(triggering: Triggering, part: Part) -> str:
    """`3 times web_events where path is /pricing, within 7 days`."""
    steps = [step_words(triggering.steps[step]) for step in part.steps]
    within = f" within {span(part.within_ms)}" if part.within_ms else ""
    match part.kind:
        case "count":
            return f"{steps[0]}, {part.at_least:g} time{'s' if part.at_least > 1 else ''}{within}"
        case "first":
            return f"{steps[0]} for the first time{within}"
        case "changed":
            change = "".join(f" {word} {value}" for word, value in _change(part) if value is not None)
            return f"{part.column} of {step_words(_but_known(triggering.steps[part.steps[0]]))} changes{change}"
        case "score":
            rules = zip(steps, part.points, strict=True)
            each = ", ".join(
                f"{points} for {step}" + (f" (at most {most})" if most else "") for step, (points, most) in rules
            )
            fading = f", worth half after {span(part.half_life_ms)}" if part.half_life_ms else ""
            return f"at least {part.at_least:g} points{within}{fading}: {each}"
    chain = ", then ".join(steps)
    if part.spoiler is None:
        return f"{chain},{within}"
    return f"{chain}, and for {span(part.span_ms)} no {step_words(triggering.steps[part.spoiler])}; all{within}"


def _but_known(step: Step) -> Step:
    """A step of `changed` without its own part, that the column has a value: it goes without saying."""
    match step.where:
        case ["known", *_]:
            return replace(step, where=None)
        case ["all", [where, ["known", *_]]]:
            return replace(step, where=where)
    return step


def most_bytes(triggering: Triggering, watch: Watch | None = None) -> int:
    """How large a person's state can be at most: of one trigger, or of all together."""
    names = triggering.steps if watch is None else watch.looks_at
    watches = len(triggering.watches) if watch is None else 1
    steps = (triggering.steps[name] for name in names)
    return watches * FIRINGS_BYTES + min(sum(step.most * _entry_bytes(step) for step in steps), LARGEST_BYTES)


def _entry_bytes(step: Step) -> int:
    return ENTRY_BYTES + sum(len(column) + 6 + TEXT_BYTES for column in step.columns)


def _change(part: Part) -> tuple[tuple[str, Any], ...]:
    return ("from", part.from_value), ("to", part.to_value)


def _shown(operand: Any) -> str:
    if isinstance(operand, list):
        return ", ".join(str(each) for each in operand)
    return str(operand).lower() if isinstance(operand, bool) else str(operand)
