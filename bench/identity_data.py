"""Synthetic persons with known truth: Japanese and foreign, as several sources with their own habits write them down.

`python bench/identity_data.py --records 1000000 --seed 7 --to persons.parquet`. Rates are shares of records, set from
what registers are known to show and not from what any method can solve. The same seed gives the same table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from identity_facts import SOURCES, Facts, facts
from identity_names import Lists, lists
from identity_spellings import address, birthdate, email, kana, latin_of, name, phone
from numpy.typing import NDArray

MISTYPED = {"last_kana": 0.02, "first_kana": 0.03, "email": 0.02, "phone": 0.02, "birthdate": 0.02, "address": 0.02}
SWAPPED, PLACEHOLDER = 0.005, 0.004
MISSING = {
    "member_id": (0.05, 1.00, 1.00, 0.40), "last_kana": (0.10, 0.15, 0.50, 0.40), "birthdate": (0.05, 0.15, 0.40, 0.10),
    "email": (0.02, 0.40, 0.10, 0.03), "phone": (0.10, 0.08, 0.15, 0.25), "address": (0.08, 0.15, 0.30, 0.50),
}  # fmt: skip
"""By source, in the order of SOURCES; a store's form has no member number."""
_TOGETHER = {"first_kana": "last_kana", "postal_code": "address"}
"""Columns that are missing where another is."""
_NOTHING = {
    "phone": ("000-0000-0000", "0120-000-000", "090-0000-0000"),
    "email": ("noemail@example.com", "test@test.com", "none@example.jp"),
    "birthdate": ("1900-01-01",),
}
TABLETS, TABLET_RECORDS, CALLED = 20, 5_000, 2_000
CALL_CENTRE = "+81312345678"


def persons(records: int, seed: int, *, delivered: bool = False, hubs: bool = False) -> pa.Table:
    """Records in random order with the column `truth`; `delivered` as people write, else as cleansing leaves it."""
    rng = np.random.default_rng(seed)
    names = lists()
    told = facts(records, rng, names)
    columns = _texts(told, rng, names, delivered=delivered)
    _swap(columns, rng)
    _lose(columns, told, rng)
    if hubs:
        _share(columns, rng)
    days = 1_577_836_800_000 + rng.integers(0, 2_000 * 86_400_000, records)
    return pa.table(
        {
            "record_id": pc.cast(pa.array(np.arange(records)), pa.string()),
            "source": pa.array(SOURCES).take(pa.array(told["source"])),
            **columns,
            "updated_at": pa.array(days, pa.timestamp("ms")),
            "truth": told["person"],
        }
    )


def _texts(told: Facts, rng: np.random.Generator, names: Lists, *, delivered: bool) -> dict[str, pa.Array]:
    latin = latin_of(told, names)
    made = {
        "member_id": pc.binary_join_element_wise(
            "M", pc.utf8_lpad(pc.cast(pa.array(told["person"]), pa.string()), 9, "0"), ""
        ),
        "last_name": name(told["last"], rng, names, delivered=delivered),
        "first_name": name(told["first"], rng, names, given=True, delivered=delivered),
        "last_kana": kana(told["last"], rng, names, wrong=MISTYPED["last_kana"], delivered=delivered),
        "first_kana": kana(told["first"], rng, names, given=True, wrong=MISTYPED["first_kana"], delivered=delivered),
        "gender": pa.array(["male", "female"]).take(pa.array(told["woman"])),
        "birthdate": birthdate(told["birth"], rng, wrong=MISTYPED["birthdate"], delivered=delivered),
        "email": email(told["email"], latin, rng=rng, wrong=MISTYPED["email"], delivered=delivered),
        "phone": phone(told["phone"], rng, wrong=MISTYPED["phone"], delivered=delivered),
    }
    return made | address(told, rng, names, wrong=MISTYPED["address"], delivered=delivered)


def _swap(columns: dict[str, pa.Array], rng: np.random.Generator) -> None:
    """Family and given name in each other's field."""
    swapped = pa.array(rng.random(len(columns["last_name"])) < SWAPPED)
    for last, first in (("last_name", "first_name"), ("last_kana", "first_kana")):
        one, other = columns[last], columns[first]
        columns[last], columns[first] = pc.if_else(swapped, other, one), pc.if_else(swapped, one, other)


def _lose(columns: dict[str, pa.Array], told: Facts, rng: np.random.Generator) -> None:
    """What the source did not ask or was not told is missing, or filled in with what says nothing."""
    count = len(told["source"])
    lost: dict[str, NDArray[np.bool_]] = {}
    for column, by_source in MISSING.items():
        lost[column] = rng.random(count) < np.array(by_source)[told["source"]]
    for column, other in _TOGETHER.items():
        lost[column] = lost[other]
    for column, nothing in _NOTHING.items():
        filled = pa.array(rng.random(count) < PLACEHOLDER)
        said = pa.array(nothing).take(pa.array(rng.integers(0, len(nothing), count)))
        columns[column] = pc.if_else(filled, said, columns[column])
    for column, where in lost.items():
        columns[column] = pc.if_else(pa.array(where), None, columns[column])


def _share(columns: dict[str, pa.Array], rng: np.random.Generator) -> None:
    """A call centre writes its own number into records; tablets in shops are on the records of all who use them."""
    count = len(columns["phone"])
    chosen = rng.permutation(count)
    called, seen = chosen[:CALLED], chosen[CALLED : CALLED + TABLET_RECORDS]
    phone = np.zeros(count, dtype=np.bool_)
    phone[called] = True
    columns["phone"] = pc.if_else(pa.array(phone), CALL_CENTRE, columns["phone"])
    device = np.full(count, -1)
    device[seen] = rng.integers(0, TABLETS, len(seen))
    texts = pc.binary_join_element_wise("tablet", pc.cast(pa.array(device), pa.string()), "-")
    columns["device_id"] = pc.if_else(pa.array(device >= 0), texts, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--delivered", action="store_true", help="as people write, not as cleansing leaves it")
    parser.add_argument("--hubs", action="store_true", help="a call centre's phone and shared tablets")
    options = parser.parse_args()
    table = persons(options.records, options.seed, delivered=options.delivered, hubs=options.hubs)
    pq.write_table(table, options.to)
    print(f"{table.num_rows:,} records, seed {options.seed}, from {lists().origin}: {options.to}")


if __name__ == "__main__":
    main()
