"""What addresses have in common is read once: for which addresses that holds, what is remembered, and what is equal."""

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.heads import UNTOLD, KnownHeads, read_head
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.plain_notations import settle
from kumitate.cleanse.addresses.reading import PARTS, read_address

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data"))


def geolonia(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from (row["住所"] for row in csv.DictReader(lines))


def abr(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["input"] for line in lines)


def settled(addresses: list[str], known: KnownHeads | None = None) -> list[str | None]:
    """What kernels make of unified addresses; None of those that they leave."""
    mask, found = settle(pa.array(addresses), (), KnownHeads() if known is None else known)
    values = iter(found.values.to_pylist())
    return [next(values) if is_settled else None for is_settled in mask.to_pylist()]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("東京都千代田区紀尾井町1-3", "東京都千代田区紀尾井町1-3"),
        ("千代田区紀尾井町1番地の3", "東京都千代田区紀尾井町1-3"),
        ("東京都 千代田区 紀尾井町 1丁目3番5号サンハイツ101号室", "東京都千代田区紀尾井町1-3-5 サンハイツ101号室"),
        ("東京都中央区銀座四丁目1番2号 GINZA SIX", "東京都中央区銀座4-1-2 GINZA SIX"),
        ("東京都中央区銀座4-1-2-405", "東京都中央区銀座4-1-2 405"),
        ("東京都中央区銀座4-1-2-100", "東京都中央区銀座4-1-2-100"),
        ("宮城県黒川郡大和町大字吉岡12番地", "宮城県黒川郡大和町吉岡12"),
        ("京都府京都市中京区一之舟入町537-50 コーポ鴨川", "京都府京都市中京区一之船入町537-50 コーポ鴨川"),
    ],
)
def test_plain_addresses_are_written_as_they_are_one_by_one(address: str, expected: str) -> None:
    assert settled([address]) == [expected] == [read_address(address, country="JP").value]


@pytest.mark.parametrize(
    "address",
    [
        "北海道札幌市北区北24条西5丁目1-2",  # the number is the town's
        "岩手県花巻市12丁目704",
        "新潟県十日町市本町2丁目3-4",
        "岩手県和賀郡西和賀町湯本3-2",
        "岩手県和賀郡西和賀町湯本三1-2",
        "京都府京都市中京区一之船入町537-50 二条通亀屋町ビル",  # a street behind
        "京都府京都市中京区河原町二条下ル一之船入町537-50",
        "大阪市北山町1-2",  # a ward is left out: the town decides
        "東京都千代田区紀尾井町字宮下1-2",
        "東京都千代田区紀尾井町1番2号 東3",  # more of the number
        "東京都千代田区紀尾井町1-2ノ東3",
        "東京都千代田区紀尾井町1-2 森タワー 三階",  # blanks between Japanese characters
        "東京都千代田区紀尾井町01-2",
        "東京都千代田区紀尾井町123456789",
        "東京都千代田区1-2",
        "トウキョウトチヨダクキオイチョウ1-2",
        "〒102-0094 東京都千代田区紀尾井町1-2",
        "東京都千代田区紀尾井町" * 8 + "1-2",
    ],
)
def test_what_other_rules_have_a_say_in_is_left_to_be_read_by_itself(address: str) -> None:
    assert settled([address]) == [None]


def test_a_head_is_told_only_if_no_number_makes_it_another_town() -> None:
    assert read_head("東京都千代田区紀尾井町").town == "紀尾井町"
    assert read_head("東京都中央区銀座四丁目").lead == "4-"
    for head in ("新潟県十日町市本町", "岩手県花巻市", "東京都千代田区", "東京都千代田区ほげ", "ほげ", "一"):
        assert read_head(head) == UNTOLD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "read"),
    [("jp_address_geolonia/addresses_dev.csv.gz", geolonia), ("jp_address_abr/abr_dev.jsonl.gz", abr)],
)
def test_public_addresses_are_the_same_in_a_column(name: str, read: Callable[[Path], Iterator[str]]) -> None:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not beside the project (KUMITATE_ORACLES names the folder)")
    addresses = sorted(set(read(DATA / name)))
    # With so many others that they are not read one by one.
    others = [f"東京都千代田区紀尾井町{number}" for number in range(1, 1_100)]
    found = address_cleanser("JP", tuple(PARTS))(pa.array([*addresses, *others]))
    columns = [found.values, found.reasons, *(found.parts[part] for part in PARTS)]
    for address, *told in zip(addresses, *(column.to_pylist() for column in columns), strict=False):
        reading = read_address(address, country="JP")
        assert told == [reading.value, " ".join(reading.codes) or None, *map(reading.parts.get, PARTS)], address


def test_heads_are_remembered_up_to_a_bound_and_told_all_the_same_beyond_it() -> None:
    towns = ("紀尾井町", "一番町", "二番町", "三番町", "四番町")
    addresses = [f"東京都千代田区{town}1-2" for town in towns]
    known = KnownHeads(most=2)
    for batch in (addresses, addresses[::-1], addresses[1:3], addresses):
        assert settled(batch, known) == [read_address(address, country="JP").value for address in batch]
        assert len(known) == 2


def test_threads_may_share_what_is_known() -> None:
    known = KnownHeads(most=50)
    wrong: list[tuple[str | None, str | None]] = []
    cities = [city for city in master().cities if city.prefecture == "東京都"][:20]
    addresses = [f"東京都{city.name}{town}1-2" for city in cities for town in list(city.spelt)[:6]]
    expected = [read_address(address, country="JP").value for address in addresses]

    def read(start: int) -> None:
        for begin in range(start, len(addresses), 10):
            part = slice(begin, begin + 30)
            found = settled(addresses[part], known)
            wrong.extend(pair for pair in zip(found, expected[part], strict=True) if pair[0] not in {None, pair[1]})

    threads = [Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("short", "town", "block"),
    [
        ("札幌市中央区北1西2", "北一条西", "2"),
        ("札幌市中央区北１西２−５−３", "北一条西", "2-5-3"),
        ("札幌市北区北24西5", "北二十四条西", "5"),
        ("帯広市西5南13", "西五条南", "13"),
        ("岩見沢市4西3", "四条西", "3"),
    ],
)
def test_a_jo_that_is_left_out_is_read(short: str, town: str, block: str) -> None:
    parts = read_address(short, country="JP").parts
    assert (parts["town"], parts["block"]) == (town, block)
    assert parts["key"].endswith(f"|{town}|{block}")


def test_a_number_that_goes_on_unread_gives_no_key_to_share_with_other_places() -> None:
    unread = ["札幌市白石区本通1北1-1", "東京都千代田区紀尾井町1 東1号棟", "札幌市中央区大通1西99"]
    whole = ["東京都千代田区紀尾井町1-2 東1号棟", "東京都千代田区紀尾井町1 東棟"]
    others = [f"東京都千代田区紀尾井町{number}" for number in range(1, 1_100)]
    keys = address_cleanser("JP", ("key",))(pa.array([*unread, *whole, *others])).parts["key"].to_pylist()
    assert keys[: len(unread)] == [None] * len(unread)
    assert None not in keys[len(unread) :]
    assert [read_address(each, country="JP").parts["key"] for each in (*unread, *whole)] == keys[:5]
