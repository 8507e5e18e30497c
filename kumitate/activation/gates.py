"""What holds a candidate back: gates in one order, of which the first that applies is the person's one reason.

1. `no_consent`, `consent_unknown`: the purpose is not granted on the channel, to the brand.
2. `excluded:<name>`: a segment or list that the sync leaves out, then the lists for all syncs.
3. `key.empty`: the key has a missing part.
4. `field.null:<field>`, `field.unmatched`: a value that the sync asks for is missing.
5. `outranked:<sync>`: a sync that goes before this one would send the person, or holds them out.
6. `holdout:<name>`: the person is in a control group.
7. `key.duplicate`: another person has the same key.
8. `frequency:<budget>`: the person got enough messages, and this one is not among them.
9. `delivery.unknown`: a row that must not go twice was sent, and its answer never came.

So `holdout` stands only on people who would be sent but for it: with those who are, they are the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kumitate.activation.frequency import budget_of, sent_messages
from kumitate.activation.holdouts import held_out, holdouts_of
from kumitate.activation.statements import ONCE, accepted_rows, brought_rows, last_outcomes, string
from kumitate.activation.tables import candidates_table, keys_table
from kumitate.config.project import Config
from kumitate.config.sync import Sync
from kumitate.model.expression import Consent
from kumitate.model.step import Run
from kumitate.profiles.tables import CONSENTS
from kumitate.segments.masks import is_member
from kumitate.sql.vocabulary import text

NO_CONSENT, CONSENT_UNKNOWN = "no_consent", "consent_unknown"
KEY_EMPTY, KEY_DUPLICATE = "key.empty", "key.duplicate"
UNKNOWN_DELIVERY = "delivery.unknown"


def first_gate(config: Config, run: Run, sync: Sync) -> str:
    """An expression over `m`, the person's masks, and `k`, their consent: gates 1 and 2."""
    cases = []
    if isinstance(sync.consent, Consent):
        cases += [f"when k.granted = false then '{NO_CONSENT}'", f"when k.granted is null then '{CONSENT_UNKNOWN}'"]
    for name, segments in _exclusions(config, sync):
        members = " or ".join(text(is_member(config, run, segment, alias="m")) for segment in segments)
        cases.append(f"when {members} then {string(f'excluded:{name}')}")
    return f"case {' '.join(cases)} end" if cases else "cast(null as varchar)"


def _exclusions(config: Config, sync: Sync) -> Iterator[tuple[str, Sequence[str]]]:
    """The sync's own in its order, then the lists for all syncs by name."""
    for name in sync.exclude:
        yield name, config.exclusions[name].segments if name in config.exclusions else (name,)
    if isinstance(sync.consent, Consent) and sync.mode != "delete":
        for name, listed in sorted(config.exclusions.items()):
            if listed.all_syncs and name not in sync.exclude:
                yield name, listed.segments


def consent_join(consent: Consent, person_id: str) -> str:
    """Joins the person's newest word as `k`; nothing is joined where they have not said.

    Who has said nothing to a brand, and refused without naming one, has refused it, too.
    """
    about = f"k.purpose = {string(consent.purpose)} and k.channel = {string(consent.channel)}"
    if consent.brand is None:
        return f"left join {CONSENTS} as k on k.person_id = {person_id}\n  and {about} and k.brand is null\n"
    return _BRAND_WORDS.format(brand=string(consent.brand), consents=CONSENTS, about=about, person_id=person_id)


_BRAND_WORDS = """left join (
  select
    k.person_id,
    coalesce(max(case when k.brand = {brand} then cast(k.granted as integer) end), 0) = 1 as granted
  from {consents} as k
  where {about} and (k.brand = {brand} or (k.brand is null and not k.granted))
  group by k.person_id
) as k on k.person_id = {person_id}
"""


def goes_before(config: Config, name: str) -> tuple[str, ...]:
    """Syncs that a person of theirs is left to, in order; none that a trigger fires, which goes before nobody."""
    rankings = (config.rankings[each].syncs for each in sorted(config.rankings))
    before = (sync for syncs in rankings if name in syncs for sync in syncs[: syncs.index(name)])
    return tuple(dict.fromkeys(sync for sync in before if sync not in config.fired_syncs))


def in_order(config: Config) -> tuple[str, ...]:
    """Every sync after those that go before it, else by name."""
    graph: Mapping[str, frozenset[str]] = {name: frozenset(goes_before(config, name)) for name in config.syncs}
    done: list[str] = []
    while len(done) < len(graph):
        free = (name for name in sorted(graph) if name not in done and graph[name] & graph.keys() <= {*done})
        done.append(next(free, min(graph.keys() - {*done})))  # `check` refuses circles
    return tuple(done)


def held(config: Config, run: Run, name: str, *, planned: Sequence[str] = ()) -> str:
    """CTEs, the last of which is `held`: every member by key with the gate that holds them, also gates 5 to 9.

    Those need all members, other syncs, or the past. Of several people with one key the smallest person id goes.
    `planned` are syncs whose changes this run has made already: their messages count, too.
    """
    sync = config.syncs[name]
    early = by_person(config, name)
    unknown = f"unknown_rows as (\n  {_unknown_rows(sync, run, name)}\n)"
    budgets = budget_of(config, sync)
    sent = [sent_messages(config, run, each, planned=planned) for each in budgets]
    brought = [brought_rows(sync, run, name)] if budgets else []
    late = [_too_many(budget, config.budgets[budget].most) for budget in budgets]
    gated = _GATED.format(
        gate=early.gate,
        table=keys_table(name),
        early_joins=_lines("\n  ", early.joins),
        late=_lines("\n      ", late),
        late_joins=_lines("\n  ", _late_joins(budgets)),
        duplicate=KEY_DUPLICATE,
        unknown=UNKNOWN_DELIVERY,
    )
    return ",\n".join((last_outcomes(sync, run, name), unknown, *early.ctes, *sent, *brought, gated))


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Pieces of the statement over `c`, the members by key, that ask who is outranked or held out."""

    ctes: Sequence[str]
    whens: Sequence[str]
    joins: Sequence[str]

    @property
    def gate(self) -> str:
        return f"coalesce(c.gate, case {' '.join(self.whens)} end)" if self.whens else "c.gate"


def by_person(config: Config, name: str) -> ByPerson:
    """Gates 5 and 6."""
    ctes, whens, joins = [], [], []
    before = goes_before(config, name)
    if before:
        ctes.append(outranking(before))
        whens += [f"when x.place = {n} then {string(f'outranked:{each}')}" for n, each in enumerate(before, 1)]
        joins.append("left join outranking as x on x.person_id = c.person_id")
    holdouts = holdouts_of(config, config.syncs[name])
    if holdouts:
        ctes.append(held_out(holdouts))
        whens.append("when o.person_id is not null then concat('holdout:', o.holdout)")
        joins.append("left join held_out as o on o.person_id = c.person_id")
    return ByPerson(ctes, whens, joins)


def _lines(indent: str, parts: Sequence[str]) -> str:
    return "".join(f"{indent}{part}" for part in parts)


def _late_joins(budgets: Sequence[str]) -> list[str]:
    sent = [f"left join sent_{b} as f_{b} on f_{b}.person_id = g.person_id" for b in budgets]
    return [*sent, "left join brought_rows as b on b.key = g.key"] if budgets else []


def _too_many(budget: str, most: int) -> str:
    """Whoever has got the message is not held back from it."""
    return f"when f_{budget}.messages >= {most} and b.key is null then {string(f'frequency:{budget}')}"


def _unknown_rows(sync: Sync, run: Run, name: str) -> str:
    unknown = "select l.key\n  from last_outcomes as l\n"
    if sync.mode not in ONCE:
        return f"{unknown}  where l.verdict = 'unknown'"
    return (
        f"{unknown}  left join {accepted_rows(name, run)} as s on s.key = l.key\n"
        "  where l.verdict = 'unknown' and s.key is null"
    )


_GATED = """gated as (
  select
    c.person_id,
    c.key,
    {gate} as gate
  from {table} as c{early_joins}
),
repeated_keys as (
  select key
  from gated
  where gate is null
  group by key
  having count(*) > 1
),
shared_keys as (
  select g.key, min(g.person_id) as person_id
  from gated as g
  join repeated_keys as r on r.key = g.key
  where g.gate is null
  group by g.key
),
held as (
  select
    g.person_id,
    g.key,
    case
      when g.gate is not null then g.gate
      when d.person_id <> g.person_id then '{duplicate}'{late}
      when u.key is not null then '{unknown}'
    end as gate
  from gated as g
  left join shared_keys as d on d.key = g.key
  left join unknown_rows as u on u.key = g.key{late_joins}
)"""


def outranking(before: Sequence[str]) -> str:
    """Who is a person of a sync that goes before: it sends them, has perhaps sent them, or holds them out."""
    own = f"gate is null or gate = '{UNKNOWN_DELIVERY}' or starts_with(gate, 'holdout:')"
    parts = "\n    union all\n".join(
        f"    select person_id, {place} as place from {candidates_table(each)} where {own}"
        for place, each in enumerate(before, 1)
    )
    return f"""outranking as (
  select person_id, min(place) as place
  from (
{parts}
  ) as people
  group by person_id
)"""
