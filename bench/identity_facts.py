"""What is so of synthetic persons, as numbers: who they are, with whom they live, and what changed between records."""

from __future__ import annotations

from datetime import date

import numpy as np
from identity_names import Lists, foreign
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Facts = dict[str, Integers]
"""A number per record and fact; names, towns and blocks count through the lists."""

DUPLICATES, FOREIGN, IN_FAMILIES = 0.30, 0.03, 0.45
FAMILY_PHONE, FAMILY_EMAIL = 0.25, 0.04
MOVED, MARRIED, NEW_PHONE, NEW_EMAIL = 0.10, 0.04, 0.08, 0.12
"""Between a person's first record and any other."""
SOURCES = ("ec", "store", "crm", "app")
_SOURCE_SHARE = (0.40, 0.30, 0.15, 0.15)
_FIRST_BIRTH, _LAST_BIRTH = date(1940, 1, 1).toordinal(), date(2007, 12, 31).toordinal()
MOBILES, _LANDLINES = 240_000_000, 40_000_000


def facts(records: int, rng: np.random.Generator, names: Lists) -> Facts:
    """A row per record, in random order; about three in ten are a further record of somebody."""
    further = int(records * DUPLICATES)
    people = _people(records - further, rng, names)
    whose = np.concatenate([np.arange(records - further), rng.integers(0, records - further, further)])
    again = np.arange(records) >= records - further
    told = {name: numbers[whose] for name, numbers in people.items()} | {"person": whose}
    _change(told, again, rng, names=names)
    told["source"] = rng.choice(len(SOURCES), records, p=_SOURCE_SHARE)
    order = rng.permutation(records)
    return {name: numbers[order] for name, numbers in told.items()}


def _people(count: int, rng: np.random.Generator, names: Lists) -> Facts:
    """Persons one after another; families share name, home and, some of them, telephone and mail."""
    head = _heads(count, rng)
    woman = rng.random(count) < 0.5
    abroad = (rng.random(count) < FOREIGN)[head]
    told = _at_home(head, rng, names) | {"woman": woman.astype(np.int64), "abroad": abroad.astype(np.int64)}
    told["last"] = np.where(
        abroad,
        len(names.last.written) + rng.integers(0, len(foreign()[0].written), count),
        rng.choice(len(names.last.written), count, p=names.last.share),
    )[head]
    told["first"] = _first_names(woman, abroad, rng, names=names)
    told["birth"] = rng.integers(_FIRST_BIRTH, _LAST_BIRTH, count)
    shares_phone = (rng.random(count) < FAMILY_PHONE) & (head != np.arange(count))
    told["phone"] = np.where(shares_phone, MOBILES + rng.integers(0, _LANDLINES, count)[head], _mobiles(count, rng))
    own_mail = np.arange(count)
    told["email"] = np.where(rng.random(count) < FAMILY_EMAIL, own_mail[head], own_mail)
    return told


def _heads(count: int, rng: np.random.Generator) -> Integers:
    """For each person the first of the family; who lives alone is one's own head."""
    begins = (rng.random(count) >= IN_FAMILIES) | (rng.random(count) < 0.3)
    begins[:1] = True
    return np.maximum.accumulate(np.where(begins, np.arange(count), 0))


def _at_home(head: Integers, rng: np.random.Generator, names: Lists) -> Facts:
    count = len(head)
    return {
        "town": rng.integers(0, len(names.towns), count)[head],
        "block": _blocks(count, rng)[head],
        "room": np.where(rng.random(count) < 0.4, rng.integers(101, 1200, count), 0)[head],
    }


def _blocks(count: int, rng: np.random.Generator) -> Integers:
    """丁目, 番地 and 号 as one number of six digits."""
    return rng.integers(1, 9, count) * 10_000 + rng.integers(1, 40, count) * 100 + rng.integers(1, 30, count)


def _mobiles(count: int, rng: np.random.Generator) -> Integers:
    return rng.integers(0, MOBILES, count)


def _first_names(
    woman: NDArray[np.bool_], abroad: NDArray[np.bool_], rng: np.random.Generator, *, names: Lists
) -> Integers:
    """Numbers through men's, women's and foreign names, in this order."""
    men, women = names.first
    count = len(woman)
    home = np.where(
        woman,
        len(men.written) + rng.choice(len(women.written), count, p=women.share),
        rng.choice(len(men.written), count, p=men.share),
    )
    others = len(men.written) + len(women.written) + rng.integers(0, len(foreign()[1].written), count)
    return np.where(abroad, others, home)


def _change(told: Facts, again: NDArray[np.bool_], rng: np.random.Generator, *, names: Lists) -> None:
    """What happened to people between their records: moved, married, another telephone, another address of mail."""
    count = len(again)
    moved = again & (rng.random(count) < MOVED)
    there = _at_home(np.arange(count), rng, names)
    for name, numbers in there.items():
        told[name] = np.where(moved, numbers, told[name])
    phone = again & (rng.random(count) < NEW_PHONE)
    told["phone"] = np.where(phone, _mobiles(count, rng), told["phone"])
    email = again & (rng.random(count) < NEW_EMAIL)
    told["email"] = np.where(email, count + np.arange(count), told["email"])
    married = again & (told["woman"] > 0) & (told["abroad"] == 0) & (rng.random(count) < MARRIED)
    told["maiden"] = told["last"]
    told["last"] = np.where(married, rng.choice(len(names.last.written), count, p=names.last.share), told["last"])
