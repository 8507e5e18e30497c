"""Every town that the postal master lists, in a column as by itself."""

import pyarrow as pa
import pytest

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.heads import KnownHeads
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.plain_notations import settle
from kumitate.cleanse.addresses.reading import PARTS, read_address

pytestmark = pytest.mark.slow

SHAPES = (
    "{prefecture}{city}{town}1-2-3",
    "{prefecture}{city}{town}１丁目２番３号　サンハイツ１０１号室",
    "{city}{town}2-13 三井ビル3F",
    "{prefecture} {city} {town} 12番地の3",
    "{prefecture}{city}大字{town}三丁目4-5-106",
    "{prefecture}{city}{town}3-4-5-106",
    "{city}{town}5丁目6番 上通ビル",
)
BATCH = 20_000


def every_town() -> list[str]:
    """Each in one notation, but in all of them where a number is part of a town's name in its city."""
    addresses = []
    towns = [(city, town) for city in master().cities for town in city.spelt]
    for place, (city, town) in enumerate(towns):
        shapes = SHAPES if city.before_numbers else (SHAPES[place % len(SHAPES)],)
        addresses += [shape.format(prefecture=city.prefecture, city=city.name, town=town) for shape in shapes]
    return addresses


def test_every_town_of_the_master_is_told_in_a_column_as_by_itself() -> None:
    addresses, wrong = every_town(), []
    for start in range(0, len(addresses), BATCH):
        batch = addresses[start : start + BATCH]
        found = address_cleanser("JP", tuple(PARTS))(pa.array(batch))
        columns = [found.values, found.reasons, *(found.parts[part] for part in PARTS)]
        for address, *told in zip(batch, *(column.to_pylist() for column in columns), strict=True):
            reading = read_address(address, country="JP")
            expected = [reading.value, " ".join(reading.codes) or None, *map(reading.parts.get, PARTS)]
            if told != expected:
                wrong.append((address, told, expected))
    assert wrong == []


def test_nearly_all_towns_are_told_by_their_heads() -> None:
    addresses = [f"{city.prefecture}{city.name}{town}1-2-3" for city in master().cities for town in city.spelt]
    mask, _ = settle(pa.array(addresses), (), KnownHeads())
    assert mask.true_count > len(addresses) * 0.98
