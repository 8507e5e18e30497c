"""Keys to persons at scale: full, and what is new, each in a process of its own, with time and peak memory.

`python bench/identity_scale.py 1000000 10000000` prints one line per size. The records are made of a seed: 70 % of
them are persons, with logins, mail addresses, telephones and devices (2.45 keys a record), some of them shared by
families, and a telephone that every 500th record has. The keys' hashes are given, as the identity stage has them
after `hash64`, whose time is printed beside them.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa
from peak import peak_mib

from kumitate.identity.graph.hashing import hash64
from kumitate.identity.graph.incremental import Delta, apply, start
from kumitate.identity.graph.model import GraphRules, Hashes, Integers, Keys, KindRule, no_links, no_pairs
from kumitate.identity.graph.resolve import resolve
from kumitate.identity.person_changes import assign_among
from kumitate.identity.persons import mint_each

LOGIN, MAIL, PHONE, DEVICE = range(4)
RULES = GraphRules(
    (
        KindRule("login", most_per_person=1, priority=1),
        KindRule("mail", priority=2, told_by=(LOGIN,)),
        KindRule("phone", priority=3, told_by=(LOGIN, MAIL)),
        KindRule("device", priority=4, told_by=(LOGIN, MAIL)),
    )
)
SHARES = {LOGIN: 0.5, MAIL: 0.8, PHONE: 0.75, DEVICE: 0.4}
"""How many of the records state each kind."""
SPREAD = {LOGIN: 1, MAIL: 2, PHONE: 2, DEVICE: 3}
"""How many values of each kind a person has."""
SEED = 20260301
NEW = 10_000


def records(count: int) -> Keys:
    """The keys of `count` records."""
    random = np.random.default_rng(SEED)
    persons = int(count * 0.7)
    person = np.append(np.arange(persons), random.integers(0, persons, count - persons))
    random.shuffle(person)
    parts = []
    for kind, share in SHARES.items():
        rows = np.flatnonzero(random.random(count) < share)
        families = np.where(random.random(len(rows)) < 0.02, 2, 1) if kind == PHONE else 1
        number = person[rows] // families * SPREAD[kind] + random.integers(0, SPREAD[kind], len(rows))
        parts.append((rows, np.full(len(rows), kind), number))
    hub = random.integers(0, count, count // 500)
    parts.append((hub, np.full(len(hub), PHONE), np.full(len(hub), -1)))
    record, kind, number = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Keys(record, kind, scattered(number, kind), np.zeros(len(record), np.int64), np.zeros(len(record), np.bool_))


def scattered(number: Integers, kind: Integers) -> Hashes:
    """Numbers as spread out as hashes are."""
    value = (number + (kind << 40)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return value ^ (value >> np.uint64(29))


def named(count: int) -> pa.Array:
    return pa.array(np.char.add("s/", np.arange(count).astype("U9")), pa.large_string())


def timed(measured: dict[str, Any], what: str, started: tuple[float, float]) -> None:
    measured[what] = round(time.perf_counter() - started[0], 2)
    measured[f"{what}_cpu"] = round(time.process_time() - started[1], 2)


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def full(count: int) -> dict[str, Any]:
    """Keys to persons with ids: resolve, then mint."""
    keys = records(count)
    measured: dict[str, Any] = {"records": count, "keys": len(keys.record), "given_mb": peak_mb()}
    names = named(count)
    begun = now()
    found = resolve(count, keys, RULES, pairs=no_pairs(), links=no_links())
    timed(measured, "resolve_s", begun)
    persons = np.flatnonzero(found.component == np.arange(count))
    begun = now()
    mint_each("r000001", names.take(pa.array(persons)), taken=pa.array([], pa.large_string()))
    timed(measured, "ids_s", begun)
    sizes = np.bincount(found.component, minlength=1)
    measured |= {"persons": len(persons), "largest": int(sizes.max()), "peak_mb": peak_mb()}
    return measured


def new(count: int) -> dict[str, Any]:
    """`NEW` records on `count` that are resolved already: half of them hang together with somebody, some with two."""
    keys = records(count)
    state = start(count, keys, RULES, pairs=no_pairs(), links=no_links())
    random = np.random.default_rng(SEED + 1)
    known = random.integers(0, len(keys.record), 2 * NEW)
    fresh = scattered(np.arange(2 * NEW), np.full(2 * NEW, 9))
    value = np.where(random.random(2 * NEW) < 0.3, keys.value[known], fresh)
    record = np.repeat(np.arange(count, count + NEW), 2)
    added = Keys(record, keys.kind[known], value, np.zeros(2 * NEW, np.int64), np.zeros(2 * NEW, np.bool_))
    delta = Delta(count + NEW, np.arange(count), np.unique(record), added, no_pairs(), no_links())
    person = np.append(state.resolution.component, np.full(NEW, -1))
    names = named(count + NEW)
    taken = mint_each("r000001", names[:count], taken=pa.array([], pa.large_string()))
    measured: dict[str, Any] = {"records": count, "new": NEW, "given_mb": peak_mb()}
    begun = now()
    after, affected = apply(state, delta)
    timed(measured, "resolve_s", begun)
    change = assign_among(affected, after.resolution.component, person, age=np.zeros(count, np.int64))
    mint_each("r000002", names.take(pa.array(change.founders)), taken=taken)
    timed(measured, "with_ids_and_events_s", begun)
    whole = resolve(count + NEW, both(keys, added), RULES, pairs=no_pairs(), links=no_links())
    measured |= {
        "affected": len(affected),
        "merged": len(change.merged),
        "split": len(change.split),
        "equals_full": bool(np.array_equal(whole.component, after.resolution.component)),
        "peak_mb": peak_mb(),
    }
    return measured


def both(keys: Keys, added: Keys) -> Keys:
    names = ("record", "kind", "value", "at", "blocked")
    return Keys(*(np.append(getattr(keys, name), getattr(added, name)) for name in names))


def hashing(count: int) -> dict[str, Any]:
    values = pa.array(np.char.add(np.arange(int(count * 2.45)).astype("U9"), "@example.com"))
    begun = now()
    hash64(values)
    measured: dict[str, Any] = {"values": len(values)}
    timed(measured, "hash64_s", begun)
    return measured


def peak_mb() -> int:
    return round(peak_mib())


PARTS = {"hashing": hashing, "full": full, "new": new}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--part", choices=PARTS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(PARTS[given.part](given.sizes[0])))
        return
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    for size in given.sizes:
        for part in PARTS:
            command = [sys.executable, __file__, "--part", part, str(size)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(part, told.strip(), flush=True)


if __name__ == "__main__":
    main()
