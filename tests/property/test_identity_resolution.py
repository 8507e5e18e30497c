"""What a run decides from what the run before decided is what it decides from nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.graphs import BLOCKED_VALUE, KEYS, NAMES, OTHER_RULES, PROBABILITIES, RULES, World
from kumitate.errors import FatalError
from kumitate.identity.aliases import aliases
from kumitate.identity.resolution import Weighing, resolve_records
from kumitate.identity.tables import RESOLVED, STATED

KINDS = ("login", "mail", "phone", "attribute:name", "attribute:born")
CLOCK = datetime(2026, 3, 1)
WORLDS = st.dictionaries(NAMES, KEYS, min_size=5, max_size=10)
CHANGES = st.dictionaries(NAMES, st.none() | KEYS, max_size=2)
"""What a record states now; None where it is deleted."""
LINKS = st.dictionaries(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] < pair[1]), st.booleans(), max_size=2)
PAIRS = st.dictionaries(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] < pair[1]), PROBABILITIES, max_size=4)


def inputs(world: World, before: pa.Table) -> dict[str, pa.Table]:
    stated = {
        (name, kind, value): min(at for k, v, at in keys if (k, v) == (kind, value))
        for name, keys in world.keys.items()
        for kind, value, _ in keys
    }
    rows = [
        {
            "record": name,
            "kind": KINDS[kind],
            "value": f"value {value}",
            "first_seen": CLOCK + timedelta(milliseconds=at),
            "is_blocked": value == BLOCKED_VALUE,
        }
        for (name, kind, value), at in stated.items()
    ]
    links = [
        {"left_record": a, "right_record": b, "link": "must" if must else "cannot", "at": datetime.now(UTC)}
        for (a, b), must in world.links.items()
    ]
    link_schema = pa.schema([*((n, pa.string()) for n in ("left_record", "right_record", "link", "author", "reason"))])
    return {
        "records": pa.table({"record": pa.array(world.keys, pa.string())}),
        "stated": pa.Table.from_pylist(rows, schema=STATED.schema),
        "steward_links": pa.Table.from_pylist(links, schema=link_schema.append(pa.field("at", pa.timestamp("us")))),
        "before": before,
    }


def facts(rows: pa.Table) -> list[str]:
    return sorted({repr(sorted(row.items())) for row in rows.to_pylist()})


RUNS = st.lists(st.tuples(CHANGES, LINKS, PAIRS, st.sampled_from([RULES, RULES, RULES, OTHER_RULES])), max_size=4)


@settings(max_examples=25, deadline=None)
@given(WORLDS, RUNS, st.booleans())
def test_a_run_after_others_decides_what_a_first_run_decides(
    keys: dict[str, Any], told: list[tuple[Any, ...]], modelled: bool
) -> None:
    nothing = RESOLVED.schema.empty_table()
    before = nothing
    for changes, links, pairs, rules in [({}, {}, {}, RULES), *told]:
        keys = {name: said for name, said in sorted((keys | changes).items()) if said is not None}
        world = World(keys, pairs, links)

        def weigh(_: Any, names: pa.Array, world: World = world) -> Weighing | None:
            assert names.to_pylist() == world.names
            said = np.array([hash(tuple(world.keys[name])) for name in world.names], np.int64)
            known = Weighing(world.pairs_of(set(world.names)), world.scorer(), said, "m1")
            return known if modelled else None

        def resolved(past: pa.Table, world: World = world, rules: Any = rules, weigh: Any = weigh) -> pa.Table:
            return resolve_records(inputs(world, past), rules=rules, kinds=KINDS, weigh=weigh)

        try:
            first = resolved(nothing)
        except FatalError:
            world.links.clear()
            first = resolved(nothing)
        before = resolved(before)
        assert facts(before) == facts(first)


def test_contradicting_stewards_are_named_and_nothing_is_merged() -> None:
    world = World({"a": [], "b": [], "c": []}, links={("a", "b"): True, ("b", "c"): True, ("a", "c"): False})
    with pytest.raises(FatalError, match=r"cannot-link .* contradicts the must-link"):
        resolve_records(inputs(world, RESOLVED.schema.empty_table()), rules=RULES, kinds=KINDS)


IDS = st.sampled_from("abcdefg")


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(IDS, IDS), st.data())
def test_an_alias_leads_to_whoever_has_its_records_or_along_the_chain(last: dict[str, str], data: Any) -> None:
    chain = {alias: person for alias, person in last.items() if alias < person}  # who merges later is further on
    followed = data.draw(st.dictionaries(st.sampled_from(sorted(chain)), st.sampled_from("xyz"))) if chain else {}
    tables = [
        pa.table({"alias": pa.array(pairs, pa.string()), "person_id": pa.array(pairs.values(), pa.string())})
        for pairs in (followed, chain)
    ]
    held = {row["alias"]: row["person_id"] for row in aliases({"followed": tables[0], "last": tables[1]}).to_pylist()}
    assert set(held) == set(chain)
    for alias, person in held.items():
        step = alias
        while step in chain and step not in followed:
            step = chain[step]
        assert person == followed.get(step, step)
        assert person not in chain or person in followed
