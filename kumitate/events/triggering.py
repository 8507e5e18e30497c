"""A project's triggers as a plan that a processor can carry (`triggers.json`)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kumitate.errors import FatalError
from kumitate.events.conditions import columns_of, compiled, operand_of
from kumitate.events.plan import FEW, Field, Named, Part, Step, Told, Triggering, Watch, Watched
from kumitate.events.reading import kept
from kumitate.model.realtime import MOST

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.config.source import Semantic, Source
    from kumitate.config.trigger import Fact, Trigger
    from kumitate.model.expression import EventMatch

REMEMBERED_MS = 365 * 86_400_000
"""For how long a column's last value is known to `changed`."""


def triggering_of(config: Config) -> Triggering:
    """Every trigger, and of each source what they ask for; a project that `check` passes."""
    plan = _Planning(config)
    watches = {name: plan.watch(trigger) for name, trigger in sorted(config.triggers.items())}
    used = {step.source for step in plan.steps.values()}
    sources = {name: _watched(config, source, plan) for name, source in sorted(config.sources.items()) if name in used}
    return Triggering(sources, dict(sorted(plan.steps.items())), watches)


def once_of(trigger: Trigger) -> timedelta | None:
    """How far apart firings of one key are at least; None: it fires once for ever."""
    if trigger.once_per == "ever":
        return None
    remembered = getattr(trigger.when, "remember", timedelta(0))  # a first time is not a first time twice
    return max(trigger.once_per, remembered)


def first_step_of(config: Config, trigger: Trigger) -> str:
    """The step that must not have happened before, of a trigger that waits for a first time; else empty."""
    first = getattr(trigger.when, "first", None)
    return _Planning(config).step(first, 0) if first is not None else ""


def to_json(triggering: Triggering) -> str:
    """What `from_json` reads."""
    return json.dumps(asdict(triggering), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Triggering:
    """FatalError where `text` is none of ours."""
    try:
        found = json.loads(text)
        return Triggering(
            {name: _watched_from(each) for name, each in found["sources"].items()},
            {name: Step(**_tuples(each, "columns")) for name, each in found["steps"].items()},
            {name: _watch_from(each) for name, each in found["watches"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise FatalError("triggers.json cannot be read; deploy again") from None


@dataclass(slots=True)
class _Planning:
    """Gathers steps: each once, however many triggers ask for it, with all that they want to know of it."""

    config: Config
    steps: dict[str, Step] = field(default_factory=dict)

    def watch(self, trigger: Trigger) -> Watch:
        fresh, lateness = _ms(trigger.fresh), _ms(trigger.lateness)
        after = fresh + lateness
        conditions: tuple[Any, ...] = getattr(trigger.when, "all_", (trigger.when,))
        parts = tuple(self.part(each, after) for each in conditions)
        back = max(part.within_ms for part in parts)
        own = frozenset(step for part in parts for step in part.steps)
        facts = {name: self.told(fact, back, after=after) for name, fact in trigger.facts.items()}
        for name, told in facts.items():
            if told.step is not None:
                self._note(own, (told.same,))
            else:
                self._note(own, (told.column, *told.columns, told.by), most=_remembered(trigger.facts[name]))
        once = once_of(trigger)
        return Watch(
            parts=parts,
            key=trigger.key,
            once_ms=None if once is None else _ms(once),
            fresh_ms=fresh,
            lateness_ms=lateness,
            facts=facts,
            description=trigger.description,
        )

    def part(self, asked: Any, after: int) -> Part:
        """`asked` is any condition of a trigger but `all`; `after` is how late it may still be decided."""
        if hasattr(asked, "score"):
            return self._score(asked, after)
        if hasattr(asked, "sequence"):
            return self._sequence(asked.sequence, after)
        if hasattr(asked, "changed"):
            return self._changed(asked, after)
        if hasattr(asked, "first"):
            within = _ms(asked.remember)
            step = self.step(asked.first, within + after)
            return Part(kind="first", steps=(step,), within_ms=within)
        within = _ms(asked.within) if asked.within else 0
        times = asked.at_least or 1
        step = self.step(asked.event, within + after, most=times)
        return Part(kind="count", steps=(step,), within_ms=within, at_least=times)

    def _sequence(self, asked: Any, after: int) -> Part:
        within, span = _ms(asked.within), _ms(asked.then_not.span) if asked.then_not else 0
        keep = within + span + after
        steps = tuple(self.step(step, keep, most=MOST) for step in asked.steps)
        spoiler = self.step(asked.then_not.event, keep, most=MOST) if asked.then_not else None
        return Part(kind="sequence", steps=steps, within_ms=within, spoiler=spoiler, span_ms=span)

    def _changed(self, asked: Any, after: int) -> Part:
        """Events that tell no value are none of its step: they would push out the last one that does."""
        step = self.step(asked.of, REMEMBERED_MS + after, known=asked.changed)
        self._note(frozenset({step}), (asked.changed,))
        semantic = self.config.sources[asked.of.source].columns[asked.changed].type
        values = [None if value is None else _kept_operand(value, semantic) for value in (asked.from_, asked.to)]
        return Part(
            kind="changed",
            steps=(step,),
            within_ms=REMEMBERED_MS,
            column=asked.changed,
            from_value=values[0],
            to_value=values[1],
        )

    def _score(self, asked: Any, after: int) -> Part:
        within = _ms(asked.within)
        steps = tuple(self.step(rule, within + after, most=rule.most or MOST) for rule in asked.score)
        return Part(
            kind="score",
            steps=steps,
            within_ms=within,
            at_least=asked.at_least,
            points=tuple((rule.points, rule.most) for rule in asked.score),
            half_life_ms=_ms(asked.half_life) if asked.half_life else 0,
        )

    def told(self, fact: Fact, back: int, *, after: int) -> Told:
        within = _ms(fact.within) if fact.within else back
        columns = tuple(name for name in (fact.column, *fact.columns, fact.by, fact.same) if name)
        step = without = None
        if fact.of is not None:
            step = self.step(fact.of, within + after, most=_remembered(fact))
            self._note(frozenset({step}), columns)
        if fact.without is not None:
            without = self.step(fact.without, within + after, most=MOST)
            self._note(frozenset({without}), tuple(name for name in (fact.by, fact.same) if name))
        return Told(
            step=step,
            column=fact.column or "",
            columns=fact.columns,
            take=fact.take,
            within_ms=within,
            most=fact.most,
            same=fact.same or "",
            without=without,
            by=fact.by or "",
        )

    def step(self, match: EventMatch | Any, keep: int, *, most: int = FEW, known: str = "") -> str:
        """Its name; `known` is a column without which an event is none of it."""
        source = self.config.sources[match.source]
        types = {name: spec.type.type.value for name, spec in source.columns.items()}
        where = None if match.where is None else compiled(match.where, types)
        if known:
            tells = ["known", known, True, types[known]]
            where = tells if where is None else ["all", [where, tells]]
        name = _step_name(match.source, match.event, where)
        found = self.steps.get(name) or Step(source=match.source, event=match.event, where=where, most=FEW)
        self.steps[name] = replace(found, keep_ms=max(found.keep_ms, keep), most=max(found.most, most))
        return name

    def _note(self, steps: frozenset[str], columns: tuple[str, ...], *, most: int = FEW) -> None:
        """What is to be remembered of events, and of how many: of a source that has such a column."""
        for name in steps:
            step = self.steps[name]
            known = self.config.sources[step.source].columns
            more = {column for column in columns if column in known}
            kept_columns = tuple(sorted({*step.columns, *more}))
            self.steps[name] = replace(step, columns=kept_columns, most=max(step.most, most))


def _watched(config: Config, source: Source, plan: _Planning) -> Watched:
    """The source with the columns that its steps ask for, its time and event, and who its events are of."""
    steps = [step for step in plan.steps.values() if config.sources[step.source] is source]
    asked = {column for step in steps for column in (*step.columns, *columns_of(step.where))}
    asked |= {source.time or "", source.event or "", *source.identifiers.values()}
    return Watched(
        fields={
            name: Field(spec.from_ or name, spec.type.value, spec.formats)
            for name, spec in sorted(source.columns.items())
            if name in asked and spec.is_delivered
        },
        time=source.time or "",
        event=source.event,
        names=_names(config, source),
        zone=config.settings.timezone,
    )


def _names(config: Config, source: Source) -> tuple[Named, ...]:
    """Who events are of: kinds that tell a person first, in the order in which the identity declares them."""
    known = config.person.identifiers
    order = [kind for kind in known if kind in source.identifiers]
    order.sort(key=lambda kind: known[kind].within is not None)
    columns = source.columns
    return tuple(
        Named(
            kind,
            column := source.identifiers[kind],
            within_ms=None if (within := known[kind].within) is None else _ms(within),
            blocked=known[kind].blocked,
            country=_country(columns[column].country, config),
        )
        for kind in order
        if columns[source.identifiers[kind]].is_delivered
    )


def _remembered(fact: Fact) -> int:
    """Of how many events it is told: all that are remembered, but for the newest of a plain list, and the last one."""
    is_plain = fact.take in ("last", "list") and fact.same is None and fact.without is None
    return fact.most if is_plain else max(fact.most, MOST)


def _country(given: str | None, config: Config) -> str:
    return given if given and len(given) == 2 else config.settings.country


def _kept_operand(value: Any, semantic: Semantic) -> Any:
    """As a state keeps the column's values, so that they compare."""
    type_ = semantic.type.value
    operand = operand_of(value, type_)
    return kept(Decimal(operand) if type_.startswith("decimal") else operand, semantic.value)


def _step_name(source: str, event: str | None, where: Any) -> str:
    """The same in every version of a project in which it means the same: states outlive deployments."""
    meaning = json.dumps([source, event, where], ensure_ascii=False, sort_keys=True)
    return sha256(meaning.encode()).hexdigest()[:8]


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _tuples(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**given, **{name: tuple(given[name]) for name in names}}


def _watched_from(given: dict[str, Any]) -> Watched:
    fields = {name: Field(**_tuples(each, "formats")) for name, each in given["fields"].items()}
    names = tuple(Named(**_tuples(each, "blocked")) for each in given["names"])
    return Watched(**{**given, "fields": fields, "names": names})


def _watch_from(given: dict[str, Any]) -> Watch:
    parts = tuple(_part_from(each) for each in given["parts"])
    facts = {name: Told(**_tuples(each, "columns")) for name, each in given["facts"].items()}
    return Watch(**{**given, "parts": parts, "facts": facts})


def _part_from(given: dict[str, Any]) -> Part:
    points = tuple((each, most) for each, most in given["points"])
    return Part(**{**_tuples(given, "steps"), "points": points})
